"""Parquet files."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow
import pytest

from newsgate.foundation.installation import install_command
from newsgate.tasks.reading import DamagedFileError, MissingLibraryError, Row, UnusedOptionError
from newsgate.tasks.reading.records import ClassNames
from tests.unit.reading.helpers import Reading, rejects, texts
from tests.unit.reading.tables import parquet

LONG = "The river bridge reopened at noon."


def test_each_record_is_a_row_or_a_reject_by_its_number(reading: Reading) -> None:
    data = parquet({"id": [7, 8, 9], "text": [LONG, "", "two"], "label": ["real", "fake", None]}, row_group_size=2)
    rows = reading.read(data, name="a.parquet", label_column="label")
    assert rows[0] == Row(1, "7", LONG, "real")
    assert rejects(rows) == [(2, "empty text")]
    for after in range(4):
        assert reading.read(data, label_column="label", after_row=after) == rows[after:]


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_every_compression(reading: Reading, compression: str) -> None:
    data = parquet({"text": [f"{LONG} {number}" for number in range(2000)]}, compression=compression)
    assert len(texts(reading.read(data))) == 2000


def test_values_that_json_does_not_have(reading: Reading) -> None:
    values: dict[str, list[Any]] = {
        "date": [date(2024, 1, 31)],
        "decimal": [Decimal("1.50")],
        "float": [1.5],
        "number": [2**60],
        "word": pyarrow.array(["a"]).dictionary_encode(),
    }
    for name, column in values.items():
        data = parquet({name: column, "text": [LONG]})
        shown = {"date": "2024-01-31", "decimal": "1.50", "number": str(2**60), "float": "1.5", "word": "a"}
        assert reading.read(data, id_column=name) == [Row(1, shown[name], LONG, None)]


def test_nested_columns_have_dots_and_bytes_are_not_read(reading: Reading) -> None:
    data = parquet({"image": [{"bytes": b"\x00\xff"}], "data": [{"text": LONG, "id": 5}], "blob": [b"\xff"]})
    layout = reading.layout(data)
    assert (layout.columns, layout.text_columns) == (("data.text", "data.id"), ("data.text",))
    assert reading.read(data) == [Row(1, "5", LONG, None)]


def test_texts_that_are_not_said_to_be_texts(reading: Reading) -> None:
    assert texts(reading.read(parquet({"text": [LONG.encode()]}))) == [LONG]


def test_the_names_of_numbers_are_handed_on(reading: Reading) -> None:
    features = {"label": {"_type": "ClassLabel", "names": ["real", "fake"]}, "text": {"_type": "Value"}}
    layout = reading.layout(parquet({"text": [LONG], "label": [1]}, features=features))
    assert layout.class_names == (ClassNames("label", ("real", "fake")),)
    for odd in ({"label": 5}, {"label": {"_type": "ClassLabel"}}):
        assert reading.layout(parquet({"text": [LONG], "label": [1]}, features=odd)).class_names == ()


def test_a_damaged_file(reading: Reading) -> None:
    data = bytearray(parquet({"text": [f"{LONG} {number}" for number in range(5000)]}, row_group_size=500))
    with pytest.raises(DamagedFileError, match="the Parquet file cannot be read"):
        reading.read(bytes(data[: len(data) // 2]))
    with pytest.raises(DamagedFileError, match="the Parquet file cannot be read"):
        reading.read(b"PAR1\x15\x04")
    middle = len(data) * 2 // 3
    data[middle : middle + 2000] = b"\xff" * 2000
    with reading.open(bytes(data)) as source:
        assert 500 < len(list(source.rows(source.layout()))) < 5000
        assert source.warnings == ("the Parquet file is damaged: the rows after the damage are missing",)


def test_options_that_mean_nothing_here(reading: Reading) -> None:
    data = parquet({"text": [LONG]})
    for options in ({"no_header": True}, {"column_names": ("text",)}, {"sheet": "1"}, {"delimiter": ","}):
        with pytest.raises(UnusedOptionError):
            reading.read(data, **options)


def test_a_missing_library_names_the_extra(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    data = parquet({"text": [LONG]})

    def absent(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(MissingLibraryError, match=f"a Parquet file.*Run: {re.escape(install_command('files'))}"):
        reading.read(data)
