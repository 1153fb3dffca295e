"""What TensorFlow says of itself is left out; what anybody else says meanwhile is not."""

from __future__ import annotations

import os

import pytest

from newsgate.model.tensorflow_loading import without_chatter


def test_lines_for_its_developers_are_left_out_and_all_others_come(capfd: pytest.CaptureFixture[str]) -> None:
    with without_chatter():
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n")
        os.write(2, b"I0000 00:00:1796.022 15341 port.cc:153] oneDNN custom operations are on.\n")
        os.write(2, b"E0000 00:00:1796.023 15341 a.cc:1] the card is broken\n")
        os.write(2, b"somebody else\n")
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "E0000 00:00:1796.023 15341 a.cc:1] the card is broken\nsomebody else\n"
    os.write(2, b"I0000 said later\n")
    assert capfd.readouterr().err == "I0000 said later\n"


def test_what_was_said_comes_too_where_it_cannot_be_loaded(capfd: pytest.CaptureFixture[str]) -> None:
    def load() -> None:
        with without_chatter():
            os.write(2, b"a library is missing\n")
            raise ImportError

    with pytest.raises(ImportError):
        load()
    assert capfd.readouterr().err == "a library is missing\n"
