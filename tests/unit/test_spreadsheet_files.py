"""CSV as newsgate writes it: newsgate's own reader gives back the cells, whatever they hold."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsgate.tasks.labelling.spreadsheet_files import row_writer
from newsgate.tasks.reading import ReadOptions, Row, open_source
from newsgate.tasks.reading.row_maker import is_blank, is_removed

# What CSV gives a meaning, and what it does not.
_SPECIAL = st.text(alphabet=st.sampled_from("\r\n\",;|\t' ab\u2028\x0b\x1f"), min_size=1)
# A file of mostly controls is binary, and refused.
_ANY = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1)
_TEXTS = st.lists(
    (_SPECIAL | _ANY).filter(lambda text: not (is_blank(text) or is_removed(text))), min_size=1, max_size=8
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_TEXTS)
def test_any_texts_read_back_as_the_same_rows(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        write_row = row_writer(stream)
        write_row(("text", "before", "after"))
        for number, text in enumerate(texts):
            write_row((text, number, text))
    with open_source(path, spool_folder=tmp_path) as source:
        layout = source.layout(ReadOptions(text_columns=("text",), id_column="before", encoding="utf-8"))
        rows = list(source.rows(layout))
    assert [row.text for row in rows if isinstance(row, Row)] == texts
    assert [row.external_id for row in rows if isinstance(row, Row)] == [str(number) for number in range(len(texts))]


@pytest.mark.parametrize("text", ["a\rb", "\r", "a\r", "a\r\nb", "a\nb"])
def test_a_line_end_of_any_kind_is_quoted_and_rows_end_with_a_line_feed(text: str) -> None:
    stream = io.StringIO(newline="")
    row_writer(stream)((1, text, None, 0.5))
    assert stream.getvalue() == f'1,"{text}",,0.5\n'
    assert next(csv.reader(io.StringIO(stream.getvalue(), newline=""))) == ["1", text, "", "0.5"]
