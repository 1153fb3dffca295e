"""What is said of an argument that is no number."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from newsgate.main import newsgate


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("classify", "--model", "champion", "a.csv"),
            "'champion' is no number of a model: `newsgate models` lists them.",
        ),
        (("report", "--limit", "all"), "'all' is no whole number."),
        (("report", "--limit", "1.5"), "'1.5' is no whole number."),
        (("results", "--min-score", "high"), "'high' is no number."),
        (("train", "a.csv", "--seed", ""), "'' is no whole number."),
    ],
)
def test_what_is_no_number_is_told_in_plain_words(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(newsgate, arguments)
    assert done.exit_code == 2
    assert said in done.stderr
