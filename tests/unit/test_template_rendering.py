"""What every page and picture can rely on: nothing that a template prints becomes markup, and nothing is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, UndefinedError

from newsgate.pages import template_rendering
from newsgate.pages.template_rendering import shortened, template_environment

_TEMPLATES = Path(template_rendering.__file__).with_name("templates")


def rendered(source: str, **variables: object) -> str:
    environment = template_environment().overlay(loader=DictLoader({"tried": source}))
    return environment.get_template("tried").render(variables)


@given(st.text())
def test_what_a_template_prints_is_harmless_wherever_it_stands(text: str) -> None:
    source = '{% macro shown(text) %}<b title="{{ text }}">{{ text | shortened(9) }}</b>{% endmacro %}{{ shown(text) }}'
    page = rendered(source, text=text)
    assert all(char.isprintable() for char in page)
    assert page.count("<") == page.count(">") == 2
    assert page.count('"') == 2


def test_what_a_macro_returns_is_escaped_once() -> None:
    assert rendered("{% macro twice(a) %}<i>{{ a }}</i>{% endmacro %}{{ twice('&') }}") == "<i>&amp;</i>"


def test_a_variable_that_is_missing_is_a_defect_and_no_blank() -> None:
    with pytest.raises(UndefinedError):
        rendered("{{ nobody.gave.this }}")
    with pytest.raises(UndefinedError):
        rendered("{% if nothing %}{% endif %}")


def test_no_template_lets_anything_through_as_it_is() -> None:
    templates = [path for path in _TEMPLATES.iterdir() if path.suffix == ".j2"]
    assert templates
    for path in templates:
        assert not re.search(r"\|\s*safe\b|\bautoescape\b|%-?\s*raw\b", path.read_text(encoding="utf-8")), path


def test_every_template_is_one_that_jinja_takes() -> None:
    environment = template_environment()
    for path in _TEMPLATES.iterdir():
        environment.get_template(path.name)


def test_a_text_is_cut_where_it_is_longer() -> None:
    assert [shortened(text, 3) for text in ("abc", "abcd")] == ["abc", "abc…"]
