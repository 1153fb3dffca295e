"""Remedies that a program can follow: arguments in place of options."""

from __future__ import annotations

from inspect import signature

import pytest
from click import Option

from newsgate import AsyncClient, Client
from newsgate.api.in_python import in_words_of_python, translated
from newsgate.api.reading_options import ReadingOptions
from newsgate.enqueue import enqueue
from newsgate.foundation.errors import NewsgateError


@pytest.mark.parametrize(
    ("said", "in_python"),
    [
        (
            "Name it with --text-column, or add --no-header if the first line is a row",
            "Name it with text_column, or add no_header=True if the first line is a row",
        ),
        (
            "Say which is which: --labels fake=1,real=0 or --labels fake=0,real=1.",
            'Say which is which: labels="fake=1,real=0" or labels="fake=0,real=1".',
        ),
        (
            "If flase is real: --labels 'fake=pants on fire,real=true'",
            'If flase is real: labels="fake=pants on fire,real=true"',
        ),
        ("Leave --labels out, or write the names in it", "Leave labels out, or write the names in it"),
        (
            "add --label fake; if every row is real, --label real",
            'add label="fake"; if every row is real, label="real"',
        ),
        (
            "Choose: --records . for the object, or --records data.items",
            'Choose: records="." for the object, or records="data.items"',
        ),
        ("Leave --records out", "Leave records out"),
        ("Leave --columns out, or add --no-header", "Leave columns out, or add no_header=True"),
        ("--columns names 2 columns, and the line has 3", "columns names 2 columns, and the line has 3"),
        (
            "name the columns too: --columns 1,text; if it is a header",
            'name the columns too: columns="1,text"; if it is a header',
        ),
        ("where quotes mean nothing: --quoting none", 'where quotes mean nothing: quoting="none"'),
        ("(--html keep leaves it as it stands)", '(html="keep" leaves it as it stands)'),
        ("Leave --quoting out", "Leave quoting out"),
        ("Leave --from out", "Leave tool out"),
        ("Leave --from out, or write --from doccano", 'Leave tool out, or write tool="doccano"'),
        ("Add --labels-strict", "Add labels_strict=True"),
        ("Name it with --text-fallback", "Name it with text_fallback"),
        ("Name one of these with --records: a, b", "Name one of these with records: a, b"),
        ("for instance with: --member 'a b.csv'", 'for instance with: member="a b.csv"'),
        ("text from 'body': --text-column names another", "text from 'body': text_column names another"),
        ("`newsgate requeue 3` does; --again enqueues it", "`newsgate requeue 3` does; again=True enqueues it"),
        ("Enqueue it again: `enqueue --again FILE`", "Enqueue it again: `enqueue --again FILE`"),
        ("--label-columns is no option, nor is --names", "--label-columns is no option, nor is --names"),
    ],
)
def test_arguments_stand_in_place_of_options(said: str, in_python: str) -> None:
    assert translated(said) == in_python


def test_an_error_stays_the_same_error() -> None:
    error = NewsgateError(
        "no column of texts, --text-column names it", where="a.csv", remedy="Name it with --text-column"
    )
    with pytest.raises(NewsgateError) as raised, in_words_of_python():
        raise error
    assert raised.value is error
    assert str(error) == "a.csv: no column of texts, text_column names it. Name it with text_column"


def test_every_option_of_enqueue_is_an_argument_or_has_no_use_in_a_program() -> None:
    by_command = {parameter.opts[0].removeprefix("--") for parameter in enqueue.params if isinstance(parameter, Option)}
    of_commands = {"wait", "dry-run", "json", "help", "version"}
    for method in (Client.enqueue, AsyncClient.enqueue):
        plain = set(signature(method).parameters) - {"self", "rows", "reading"}
        arguments = {
            name.replace("tool", "from").replace("_", "-") for name in plain | set(ReadingOptions.__annotations__)
        }
        assert by_command - of_commands == arguments


def test_all_options_of_reading_a_file_are_arguments_and_are_told_as_such() -> None:
    by_command = {parameter.opts[0].removeprefix("--") for parameter in enqueue.params if isinstance(parameter, Option)}
    reading = by_command - {
        "priority",
        "notify",
        "name",
        "model",
        "again",
        "wait",
        "dry-run",
        "json",
        "help",
        "version",
    }
    assert {name.replace("-", "_").replace("from", "tool") for name in reading} == set(ReadingOptions.__annotations__)
    for name in reading:
        assert "--" not in translated(f"Leave --{name} out")
