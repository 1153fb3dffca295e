"""The options that say what the labels of a file mean, and which file has which label."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from newsgate.foundation.errors import WrongUsageError

if TYPE_CHECKING:
    from newsgate.model.labels import Label
    from newsgate.tasks.reading import ReadOptions

# A file, and what all of its rows are where --label says it.
LabelledPath: TypeAlias = "tuple[str, Label | None]"
Function = TypeVar("Function", bound=Callable[..., Any])

_LABELS = ("fake", "real")
_NAMES = {"fake": {"fake", "fakes", "false", "hoax", "hoaxes"}, "real": {"real", "true", "genuine", "reliable"}}
# Those of `tasks.reading.label_tools.recognise.TOOLS`, which a command's help need not import.
TOOL_NAMES = ("prodigy", "label-studio", "doccano", "argilla", "potato")
_VOCABULARY_OPTIONS = (
    click.option(
        "--labels",
        metavar="fake=A,real=B",
        help="Which values of the label column say fake, and which real; several a side: 'fake=0,1;real=2'. "
        "[default: fake, real and words that mean one of them]",
    ),
    click.option(
        "--from",
        "tool",
        type=click.Choice(TOOL_NAMES),
        help="The tool for labelling that wrote the file. [default: told by its shape]",
    ),
    click.option(
        "--labels-strict", is_flag=True, help="Refuse rows whose label says neither. [default: they have no label]"
    ),
)


def label_options(function: Function) -> Function:
    """Give a command that reads one file the options about its labels."""
    every_label = click.option("--label", type=click.Choice(_LABELS), help="What every row of FILE is.")
    return _with_options(function, every_label)


def label_options_of_files(function: Function) -> Function:
    """Give a command that reads several files the options about their labels."""
    every_label = click.option(
        "--label",
        "labels_of_files",
        type=click.Choice(_LABELS),
        multiple=True,
        help="What every row of a file is, once for each FILE: --label real True.csv --label fake Fake.csv",
    )
    return _with_options(function, every_label)


def pair_files(files: Sequence[str], labels: Sequence[Label]) -> list[LabelledPath]:
    """Each file with the label of all its rows, None where its own rows say it. Raises WrongUsageError.

    The first --label is that of the first file, and so on, wherever they stand between the files.
    """
    if not labels:
        return [(file, None) for file in files]
    if len(labels) != len(files):
        counts = f"{_count(len(files), 'file')} and {_count(len(labels), '--label')}"
        example = " ".join(f"--label {label} FILE" for label in ("real", "fake"))
        raise WrongUsageError(
            f"{counts}: which label is whose?", remedy=f"Give one for each file, in their order: {example}"
        )
    return list(zip(files, labels, strict=True))


def says_the_opposite(path: str, label: Label) -> bool:
    """Whether the name of a file says the other label: Fake.csv where all is said to be real."""
    words = set(re.findall("[a-z]+", PurePath(path).name.casefold()))
    said = {own for own, names in _NAMES.items() if words & names}
    return len(said) == 1 and label not in said


def make_vocabulary(options: ReadOptions, **given: Any) -> ReadOptions:
    """Add what the options about labels say to what the others say: `given` are their values by name."""
    from dataclasses import replace

    from newsgate.tasks.reading import parse_vocabulary

    vocabulary = None if given.get("labels") is None else parse_vocabulary(given["labels"])
    return replace(
        options,
        vocabulary=vocabulary,
        labels_strict=given.get("labels_strict", False),
        every_label=given.get("label"),
        tool=given.get("tool"),
    )


def _with_options(function: Function, every_label: Callable[[Function], Function]) -> Function:
    for option in reversed((*_VOCABULARY_OPTIONS, every_label)):
        function = option(function)
    return function


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
