"""What is seen of a file before its labels are used: names it gives to numbers, its values, and no more than needed."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.tasks.reading import (
    LabelValuesError,
    Layout,
    ReadOptions,
    Row,
    labelled_layout,
    open_source,
    parse_vocabulary,
)
from newsgate.tasks.reading.label_values.class_names import by_names
from newsgate.tasks.reading.label_values.survey import settle_labels
from newsgate.tasks.reading.records import ClassNames

CONTENT = "text,label\na claim about the moon,0\na claim about the town,1\na claim about nothing,-1\n"


def labels_by(names: tuple[str, ...], options: ReadOptions, folder: Path) -> tuple[list[str | None], Layout]:
    path = folder / "a.csv"
    path.write_text(CONTENT)
    with open_source(path, spool_folder=folder) as source:
        layout = source.layout(replace(options, label_column="label"))
        layout = settle_labels(source, replace(layout, class_names=(ClassNames("label", names),)), options)
        return [row.label for row in source.rows(layout) if isinstance(row, Row)], layout


@pytest.mark.parametrize(
    ("names", "labels"),
    [(("fake", "real"), ["fake", "real", None]), (("TRUE", "FAKE"), ["real", "fake", None])],
)
def test_the_names_say_what_the_numbers_mean(names: tuple[str, ...], labels: list[str | None], tmp_path: Path) -> None:
    read, layout = labels_by(names, ReadOptions(), tmp_path)
    assert read == labels
    assert layout.notes[-1].startswith("labels in column 'label', by the names in the file: fake is ")


def test_names_that_say_nothing_are_asked_about_and_may_be_typed(tmp_path: Path) -> None:
    with pytest.raises(LabelValuesError, match="--labels fake=1,real=0 or --labels fake=0,real=1"):
        labels_by(("0", "1"), ReadOptions(), tmp_path)
    for typed in ("fake=b,real=a", "fake=1,real=0"):
        options = ReadOptions(vocabulary=parse_vocabulary(typed))
        assert labels_by(("a", "b"), options, tmp_path)[0] == ["real", "fake", None]


def test_what_is_typed_may_not_contradict_the_names(tmp_path: Path) -> None:
    options = ReadOptions(vocabulary=parse_vocabulary("fake=1,real=0"))
    with pytest.raises(LabelValuesError, match="the file calls 0 'fake' in column 'label'"):
        labels_by(("fake", "real"), options, tmp_path)


def test_a_number_without_a_name_stays_one() -> None:
    assert by_names({"0": 1, "1.0": 2, "7": 3, "x": 4, "-1": 5}, ("a", "b")) == Counter(a=1, b=2, **{"7": 3}, x=4)


def test_the_names_in_a_parquet_file_are_those(tmp_path: Path) -> None:
    features = {"label": {"_type": "ClassLabel", "names": ["real", "fake"]}}
    table = pa.table({"text": ["a claim about the moon", "a claim about the town"], "label": [0, 1]})
    path = tmp_path / "a.parquet"
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), path)
    with open_source(path, spool_folder=tmp_path) as source:
        layout = labelled_layout(source, ReadOptions(), needs_labels=True)
        assert [row.label for row in source.rows(layout) if isinstance(row, Row)] == ["real", "fake"]


def test_a_workbooks_numbers_and_truth_values_are_one_value(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in (
        ("text", "is_fake"),
        ("a claim about the moon", True),
        ("a claim about the town", 0.0),
        ("a third", 1),
    ):
        book.active.append(cells)
    book.save(tmp_path / "a.xlsx")
    for options in (ReadOptions(), ReadOptions(vocabulary=parse_vocabulary("fake=1,real=0"))):
        with open_source(tmp_path / "a.xlsx", spool_folder=tmp_path) as source:
            layout = labelled_layout(source, options, needs_labels=True)
            assert [row.label for row in source.rows(layout) if isinstance(row, Row)] == ["fake", "real", "fake"]


def test_a_file_that_begins_with_fake_and_real_is_not_read_twice_and_its_other_words_are_understood(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.csv"
    rows = ["a claim,fake", "a claim,real"] * 200 + ["a claim,TRUE", "a claim,hoax", "a claim,1", "a claim,"]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    with open_source(path, spool_folder=tmp_path) as source:
        layout = labelled_layout(source, ReadOptions(), needs_labels=True)
        assert source.position_bytes == 0
        assert [row.label for row in source.rows(layout) if isinstance(row, Row)][-4:] == ["real", "fake", None, None]
        assert source.warnings == ("labels ignored: 1 row had labels other than fake or real, such as '1'",)


LABELLED_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20)


@given(st.lists(st.tuples(st.sampled_from(["fake", "real"]), LABELLED_TEXT), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_lines_of_fasttext_are_a_label_and_a_text(rows: list[tuple[str, str]]) -> None:
    rows = [("fake", "A first claim"), ("real", "A second one"), *((label, f"A {text}.") for label, text in rows)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "news.train"
        lines = [f"__label__{label} {text}" for label, text in rows]
        # As pandas writes a column of such lines.
        quoted = [f'"{line.replace(chr(34), chr(34) * 2)}"' if set(line) & {",", '"'} else line for line in lines]
        path.write_text("\n".join(quoted) + "\n", encoding="utf-8")
        with open_source(path, spool_folder=Path(folder)) as source:
            read = list(source.rows(labelled_layout(source, ReadOptions(), needs_labels=True)))
    assert [(row.label, row.text) for row in read if isinstance(row, Row)] == rows


def test_a_line_of_fasttext_without_a_label_or_with_several_has_none(tmp_path: Path) -> None:
    path = tmp_path / "news.txt"
    path.write_text("__label__fake A claim.\n__label__real Another.\n__label__fake __label__x Both.\nNobody said.\n")
    with open_source(path, spool_folder=tmp_path) as source:
        read = list(source.rows(labelled_layout(source, ReadOptions(), needs_labels=True)))
    assert [(row.label, row.text) for row in read if isinstance(row, Row)] == [
        ("fake", "A claim."),
        ("real", "Another."),
        (None, "Both."),
        (None, "Nobody said."),
    ]
