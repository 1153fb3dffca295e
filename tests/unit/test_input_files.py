"""Files that are named one by one, by patterns and by folders; texts that are typed in the place of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsgate.console.result_files import choose_result_files
from newsgate.foundation.errors import WrongUsageError
from newsgate.tasks.enqueueing.input_files import InputFiles, find_input_files, stem_of
from newsgate.tasks.reading import EmptyFileError, MissingFileError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With files that newsgate reads, that it does not read, and another folder."""
    others = ["notes.pdf", "README.txt", "licence.md", ".hidden.csv", "~$b.xlsx"]
    names = ["part-10.csv", "part-2.csv", "A.JSONL.GZ", "readme-posts.csv", *others]
    (tmp_path / "in" / "older").mkdir(parents=True)
    for name in [*names, "older/old.csv"]:
        (tmp_path / "in" / name).write_text("text\na b\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _found(*names: str) -> InputFiles:
    return find_input_files([(name, None) for name in names])


def _paths(found: InputFiles) -> list[str]:
    return [each.path for each in found.files]


@pytest.mark.usefixtures("folder")
def test_a_folder_gives_the_files_that_newsgate_reads_and_says_which_it_skips() -> None:
    found = _found("in")
    assert _paths(found) == ["in/A.JSONL.GZ", "in/part-2.csv", "in/part-10.csv", "in/readme-posts.csv"]
    assert found.are_several
    (skipped,) = found.skipped
    assert skipped.folder == "in"
    assert set(skipped.names) == {"notes.pdf", "README.txt", "licence.md", ".hidden.csv", "~$b.xlsx", "older/"}


@pytest.mark.usefixtures("folder")
def test_patterns_are_what_a_shell_makes_of_them_and_each_file_is_read_once() -> None:
    found = _found("in/part-*.csv", "in/part-2.csv", "in/**/old*", "in")
    parts = ["in/part-2.csv", "in/part-10.csv", "in/older/old.csv"]
    assert _paths(found) == [*parts, "in/A.JSONL.GZ", "in/readme-posts.csv"]


@pytest.mark.usefixtures("folder")
def test_one_file_is_one_file_even_if_its_name_is_like_a_pattern() -> None:
    Path("what[1].csv").write_text("text\na b\n")
    assert not _found("in/part-2.csv").are_several
    assert not _found("-").are_several
    assert _found("what[1].csv") == find_input_files([("what[1].csv", None)])
    assert _paths(_found("what[1].csv")) == ["what[1].csv"]
    assert not _found("what[1].csv").are_several


@pytest.mark.usefixtures("folder")
def test_every_file_of_a_folder_has_the_label_that_was_given_to_the_folder() -> None:
    found = find_input_files([("in/part*", "fake"), ("in/older", "real"), ("in/older", "fake")])
    assert [(each.path, each.label) for each in found.files] == [
        ("in/part-2.csv", "fake"),
        ("in/part-10.csv", "fake"),
        ("in/older/old.csv", "real"),
        ("in/older/old.csv", "fake"),
    ]


@pytest.mark.usefixtures("folder")
def test_what_names_no_file_is_told_and_costs_no_other() -> None:
    Path("empty").mkdir()
    found = _found("x*.csv", "in/part-2.csv", "empty")
    assert [type(each.error) for each in found.files] == [MissingFileError, type(None), EmptyFileError]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (["Vaccines cause 5G, they say."], "newsgate explain 'Vaccines cause 5G, they say.'"),
        (["is", "it", "true?"], "newsgate explain 'is it true?'"),
        (["It's at http://x.y/z now"], """newsgate explain 'It'"'"'s at http://x.y/z now'"""),
        (["word " * 5000], "newsgate explain 'THE TEXT'"),
    ],
)
def test_a_text_in_the_place_of_a_file_is_sent_to_where_texts_go(typed: list[str], shown: str) -> None:
    with pytest.raises(MissingFileError, match="looks like a text") as caught:
        _found(*typed)
    assert shown in str(caught.value)
    assert "newsgate classify --no-header --delimiter none - < FILE" in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "typed", [["my own posts.csv"], ["/data/posts of may"], ["a.csv", "b.csv", "c.csv"], ["posts"], ["two words"]]
)
def test_what_may_be_the_path_of_a_file_is_not_called_a_text(typed: list[str]) -> None:
    assert _paths(_found(*typed)) == typed


def test_a_stem_is_a_name_without_what_says_its_format() -> None:
    paths = ["in/posts.csv", "posts.v2.csv.gz", "-", "posts", "x.ZIP"]
    assert [stem_of(path) for path in paths] == ["posts", "posts.v2", "stdin", "posts", "x"]


@pytest.mark.usefixtures("folder")
def test_the_verdicts_of_several_files_go_into_a_file_each() -> None:
    found = _found("in/part-2.csv", "in/older/old.csv", "older.csv", "old.csv")
    files = choose_result_files(found, form="jsonl", output="out/new")
    assert [files.path_for(each.path, batch=number) for number, each in enumerate(found.files, start=1)] == [
        "out/new/part-2.jsonl",
        "out/new/old-batch-2.jsonl",
        "out/new/older.jsonl",
        "out/new/old-batch-4.jsonl",
    ]
    assert Path("out/new").is_dir()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("output", "told"),
    [
        (None, "no one CSV"),
        ("-", "no one CSV"),
        ("in/part-2.csv", "is a file"),
        ("out.csv", "looks like a file"),
        ("in", "itself stands where its verdicts would go"),
        ("in/older/..", "itself stands where its verdicts would go"),
    ],
)
def test_verdicts_of_several_files_go_nowhere_where_they_could_be_mixed_or_cost_a_file(
    output: str | None, told: str
) -> None:
    with pytest.raises(WrongUsageError, match=told):
        choose_result_files(_found("in"), form=None, output=output)
    assert Path("in/part-2.csv").read_text() == "text\na b\n"


@pytest.mark.usefixtures("folder")
def test_the_verdicts_of_one_file_go_into_no_folder() -> None:
    with pytest.raises(WrongUsageError, match="in is a folder"):
        choose_result_files(_found("in/part-2.csv"), form=None, output="in")
