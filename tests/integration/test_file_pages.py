"""The pages about files and labels: their examples are run as they stand, and their tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsgate.tasks.reading.label_values import words
from tests.pages import DOCS, examples, run_page

PAGES = ("files.md", "labels-from-tools.md")


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_is_what_happens(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(examples(page))
    for typed, printed, shown in run_page(page):
        assert (typed, printed) == (typed, shown)


def test_the_tables_of_words_are_those_that_are_understood() -> None:
    page = (DOCS / "files.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (fake|real|neither) \| (.+) \|$", page, re.MULTILINE)
    shown = [(side, frozenset(listed.split(", "))) for side, listed in rows]
    assert shown == [
        ("fake", words.FAKE_WORDS),
        ("real", words.REAL_WORDS),
        ("neither", words.NEITHER_WORDS),
        ("fake", words.FAKE_COLUMNS),
        ("real", words.REAL_COLUMNS),
    ]
