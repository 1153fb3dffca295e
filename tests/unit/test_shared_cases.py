"""The table of a folder's files adds up, and says where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shared_cases import Case, describe, main, try_file


def test_a_folder_of_files_is_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "posts.csv").write_text("text,label\nThe bridge reopened at noon.,1\n,0\n")
    (tmp_path / "rows.csv").write_text("The bridge reopened at noon.\nA fruit cures all of us.\n")
    (tmp_path / "named.csv").write_text("The bridge reopened at noon.\nA fruit cures all of us.\n")
    assert main([str(tmp_path.resolve()), "--typed", "named.csv --no-header"]) == 0
    told = capsys.readouterr().out
    assert "csv: 2 rows = 1 items + 1 rejects {'empty text': 1}; text=text" in told
    assert "csv: 2 rows = 2 items + 0 rejects ; text=text" in told
    assert told.endswith("3 files, 1 refused; rows do not add up: none\n")


def test_what_another_command_makes_of_a_file_stands_under_it(tmp_path: Path) -> None:
    file = tmp_path.resolve() / "answers.csv"
    file.write_text("text,label\nThe bridge reopened at noon.,true\nA fruit cures all of us.,false\n")
    case = try_file(file, (), others=(("labels", "import"),))
    assert "    labels import -> 0: 2 labels stored" in describe(case)


def test_rows_that_are_lost_are_seen() -> None:
    report = {"items": 3, "rejected": 0}
    assert Case(Path("a"), (), report, {"items": 3, "rejected": 0}, "").adds_up
    assert not Case(Path("a"), (), report, {"items": 2, "rejected": 0}, "").adds_up
    assert not Case(Path("a"), (), report, None, "").adds_up
