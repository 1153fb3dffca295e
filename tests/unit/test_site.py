"""The site of the pages: what is written from the code is up to date, and nothing is fetched from elsewhere."""

from __future__ import annotations

import functools
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.test_docs import PAGES, ROOT

_DOCS = ROOT / "docs"
_ROOMS = ["Tutorial", "How-tos", "Reference", "Explanation"]


@functools.cache
def script(path: str) -> ModuleType:
    """A script that is in no package."""
    name = Path(path).stem
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_code_says() -> None:
    """`make reference` writes it anew."""
    reference = script("docs/site/reference.py")
    pages = reference.pages()
    stale = [
        page.name for page, content in pages.items() if not page.exists() or page.read_text(encoding="utf-8") != content
    ]
    assert stale == []
    assert set(reference.MAN_FOLDER.iterdir()) <= set(pages)


def test_troubleshooting_has_every_error_with_the_lines_that_it_can_say() -> None:
    """`make reference` writes the lines anew; an error that is new needs an entry by hand."""
    lines = script("docs/site/error_lines.py")
    page = lines.PAGE.read_text(encoding="utf-8")
    explained = lines.entries(page)
    assert sorted(explained) == sorted(name for name, said in lines.error_tree().items() if said)
    assert page == lines.with_lines(page)


def test_every_error_is_told_what_it_means_and_what_to_do() -> None:
    lines = script("docs/site/error_lines.py")
    page = lines.PAGE.read_text(encoding="utf-8")
    sections = re.findall(r"^### [^\n]+ \(`(\w+)`\)\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE)
    assert [name for name, _ in sections] == lines.entries(page)
    for name, text in sections:
        assert f"<!-- {name} -->" in text
        assert re.search(r"^- \*\*It means:\*\* \S", text, re.MULTILINE), name
        assert re.search(r"^- \*\*Do:\*\* \S", text, re.MULTILINE), name


def test_lines_are_read_out_of_every_way_to_say_them() -> None:
    tree = script("docs/site/error_lines.py").error_tree()
    assert tree["NoSuchBatchError"] == ["there is no batch …"]
    assert tree["NoSuchModelError"] == ["no model is champion", "there is no model …"]
    assert "--name is for one file" in tree["WrongUsageError"]
    assert "the database refuses the connection: …" in tree["DatabaseUnavailableError"]
    assert tree["ReadError"] == []


def test_the_front_page_has_four_rooms_and_leads_to_every_page() -> None:
    text = (_DOCS / "index.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == _ROOMS
    linked = set(re.findall(r"\]\(([\w./-]+\.md)\)", text))
    # They are led to by the page that they are parts of.
    parts = {"index.md", *(f"{folder}/" for folder in ("commands", "decisions"))}
    wanted = {str(page.relative_to(_DOCS)) for page in PAGES if page.is_relative_to(_DOCS)}
    assert {page for page in wanted - linked if not page.startswith(tuple(parts))} == set()


@pytest.mark.parametrize(
    ("name", "content", "fetched"),
    [
        ("a.html", '<link rel="stylesheet" href="https://fonts.example.org/x.css">', "https://fonts.example.org/x.css"),
        ("a.html", "<script src='//cdn.example.org/x.js'></script>", "//cdn.example.org/x.js"),
        ("a.html", '<img src="HTTP://example.org/x.png">', "HTTP://example.org/x.png"),
        ("a.html", '<img srcset="x.png 1x, https://example.org/y.png 2x">', "https://example.org"),
        ("a.html", '<div style="background: url(https://example.org/x.png)">', "https://example.org/x.png"),
        ("a.html", "<style>@import 'https://example.org/x.css';</style>", "https://example.org/x.css"),
        ("a.html", '<script>fetch("https://example.org/count")</script>', "https://example.org/count"),
        ("a.html", '<svg><image xlink:href="https://example.org/x.png"/></svg>', "https://example.org/x.png"),
        ("a.css", "@font-face { src: url('https://example.org/x.woff2') }", "https://example.org/x.woff2"),
        ("a.js", "import('https://example.org/x.js')", "https://example.org/x.js"),
        ("a.html", '<a href="https://example.org/">a link waits for a click</a>', None),
        ("a.html", '<link rel="canonical" href="https://example.org/a.html">', None),
        ("a.html", '<img src="images/x.svg"><script src="_static/x.js?v=1"></script>', None),
        ("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><use href="#a"/></svg>', None),
        ("a.css", "a { background: url(data:image/png;base64,AA//BB) }", None),
    ],
)
def test_what_a_browser_would_fetch_from_another_host_is_found(
    name: str, content: str, fetched: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.html").write_text("<p>a page</p>")
    (tmp_path / name).write_text(content)
    assert script(".ci/check_site.py").main(tmp_path) == (0 if fetched is None else 1)
    assert fetched is None or fetched in capsys.readouterr().out


def test_no_site_is_no_sound_site(tmp_path: Path) -> None:
    assert script(".ci/check_site.py").main(tmp_path) == 1
