"""What settings can be: the values that pydantic takes in its usual mode, and its words for what they cannot."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from newsgate.worker.setting_kinds import choice, folder, number, setting_of, text, whole_number, yes_or_no

_WEEK = 604_800


@dataclass(frozen=True)
class _Ours:
    rows: int = whole_number(1, "", least=1, most=100_000)
    labels: int = whole_number(0, "", least=0)
    lease: float = number(60, "", above=0, most=_WEEK)
    lost: float = number(5, "", least=0, most=_WEEK)
    trains: bool = yes_or_no(True, "")
    name: str = text("", "")
    level: Literal["debug", "info", "error"] = choice(("debug", "info", "error"), "info", "")
    form: Literal["text", "json"] = choice(("text", "json"), "text", "")


class _Theirs(BaseModel):
    rows: int = Field(default=1, ge=1, le=100_000)
    labels: int = Field(default=0, ge=0)
    lease: Annotated[float, Field(le=_WEEK, allow_inf_nan=False)] = Field(default=60, gt=0)
    lost: Annotated[float, Field(le=_WEEK, allow_inf_nan=False)] = Field(default=5, ge=0)
    trains: bool = True
    name: str = ""
    level: Literal["debug", "info", "error"] = "info"
    form: Literal["text", "json"] = "text"


_READERS = {field.name: setting_of(field).read for field in fields(_Ours)}
_WORDS = (
    *("", " ", "1", " 1 ", "1\n", "1_0", "1__0", "_1", "1_", "+1", "-1", "--1", "+ 1", "01", "0_1", "-0", "00", "1 0"),
    *("1.0", "1.", "1.00", "1.5", ".5", "1_000.0", "1.0_0", "-1.0", "1e3", "1e-3", "0x10", "١", "100001", "604801"),
    *("inf", "-inf", "Infinity", "nan", "+nan", "9" * 400),
    *("true", "TRUE", " true", "t", "yes", "Y", "on", "off", "n", "F", "no", "0", "2", "debug", "Info", "json"),
)
_OTHERS: tuple[Any, ...] = (
    *(0, 1, -1, 2, 10**9, 0.0, 1.0, 2.0, 2.5, -0.5, 1e9, float("inf"), float("nan"), True, False, None),
    *([1], {"a": 1}, datetime.date(2020, 1, 1), Path("x")),
)


def _ours(name: str, value: Any) -> tuple[Any, str | None]:
    try:
        return _READERS[name](value), None
    except ValueError as error:
        return None, str(error)


def _theirs(name: str, value: Any) -> tuple[Any, str | None]:
    try:
        return getattr(_Theirs(**{name: value}), name), None
    except ValidationError as error:
        told = error.errors()[0]["msg"]
        return None, told[:1].lower() + told[1:]


@pytest.mark.parametrize("name", _READERS)
def test_a_value_is_read_and_refused_as_pydantic_does(name: str) -> None:
    values = (*_WORDS, *_OTHERS)
    ours = [(value, _ours(name, value)) for value in values]
    assert ours == [(value, _theirs(name, value)) for value in values]
    assert [type(read) for _, (read, _) in ours] == [type(_theirs(name, value)[0]) for value in values]


@settings(max_examples=300, deadline=None)
@example(name="lease", value="0_.")
@example(name="lease", value="1_.5")
@example(name="lease", value=" 1_0")
@given(name=st.sampled_from(sorted(_READERS)), value=st.text(alphabet="0123456789.+-_eE tTyYnNoOfF\u0660", max_size=8))
def test_any_text_is_read_and_refused_as_pydantic_does(name: str, value: str) -> None:
    assert _ours(name, value) == _theirs(name, value)


def test_a_folder_is_absolute_and_an_empty_one_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    read = folder(Path("~/.newsgate"), "").metadata["setting"].read
    expected = {"": "/home/somebody/.newsgate", "x": str(tmp_path / "x"), "/y": "/y", "~/z": "/home/somebody/z"}
    assert {written: str(read(written)) for written in expected} == expected
    assert read(Path("x")) == tmp_path / "x"
    with pytest.raises(ValueError, match="input is not a valid path"):
        read(7)
