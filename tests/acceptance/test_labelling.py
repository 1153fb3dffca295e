"""Labelling with the real programs: the review loop under a real terminal, files in and out, and the summary."""

from __future__ import annotations

import csv
import io
import os
import pty
import select
import shutil
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.programs import BIN, World
from tests.services import short_folder, wait_until

PROMPT = "q quit > "
TEXTS = (
    "Garlic in the nose cures everything, share now",
    "The bridge closes for repairs on Monday",
    "=HYPERLINK(1) is what they sent me",
    "@everyone the mayor denies the secret cure",
    "'+quoted already, says the bulletin",
    "A colour \x1b[31m that must not reach the terminal",
)
_SECONDS = 30


class Terminal:
    """A program on a pseudo-terminal: what it shows, and a keyboard."""

    def __init__(self, world: World, *arguments: str) -> None:
        self._master, self._slave = pty.openpty()
        self.screen = ""
        self._read = 0
        self.process = subprocess.Popen(
            [str(BIN / "newsgate"), *arguments],
            env=world.environment,
            stdin=self._slave,
            stdout=subprocess.PIPE,
            stderr=self._slave,
            start_new_session=True,
        )

    def wait_for(self, words: str) -> str:
        """Read until these words stand behind what was read before; gives everything up to them."""
        deadline = time.monotonic() + _SECONDS
        while words not in self.screen[self._read :]:
            if time.monotonic() > deadline or (self.process.poll() is not None and not self._can_read()):
                raise AssertionError(f"{words!r} did not come: {self.screen!r}")
            if self._can_read():
                self.screen += os.read(self._master, 65536).decode(errors="replace")
        end = self.screen.index(words, self._read) + len(words)
        seen, self._read = self.screen[self._read : end], end
        return seen

    def press(self, key: str) -> None:
        """Press a key once the program reads keys: what came earlier it throws away."""
        wait_until(self._reads_keys, what="the program reads keys")
        os.write(self._master, key.encode())

    def answer(self, key: str) -> str:
        """Wait for the question, press a key; gives what was shown."""
        shown = self.wait_for(PROMPT)
        self.press(key)
        return shown

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        os.close(self._master)
        os.close(self._slave)

    def _can_read(self) -> bool:
        return bool(select.select([self._master], [], [], 0.05)[0])

    def _reads_keys(self) -> bool:
        flags: int = termios.tcgetattr(self._slave)[3]
        return not flags & termios.ICANON


@contextmanager
def terminal(world: World, *arguments: str) -> Iterator[Terminal]:
    opened = Terminal(world, *arguments)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def classified_home(prepared_home: Path) -> Iterator[Path]:
    """A home folder in which the six texts are classified, as items 1 to 6; to be copied."""
    with short_folder("newsgate-home-") as folder:
        home = Path(shutil.copytree(prepared_home, folder / "home"))
        file = folder / "posts.csv"
        with file.open("w", newline="", encoding="utf-8") as stream:
            rows = ((f"post-{number}", text) for number, text in enumerate(TEXTS, start=1))
            csv.writer(stream).writerows([("id", "text"), *rows])
        done = World(home, "").run("newsgate", "classify", file)
        assert done.code == 0, done.err
        yield home


@pytest.fixture
def classified(classified_home: Path, untouched: World) -> World:
    shutil.copytree(classified_home, untouched.home)
    return untouched


def exported(world: World) -> list[dict[str, str]]:
    done = world.run("newsgate", "labels", "export")
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out, newline="")))


def test_one_key_each_labels_skips_undoes_and_quits(classified: World) -> None:
    with terminal(classified, "review", "--by", "ann", "--limit", "5") as keys:
        first = keys.answer("f")
        assert "1 of 5" in first
        second = keys.answer("r")
        assert "2 of 5" in second
        third = keys.answer("s")
        fourth = keys.answer("u")
        assert "4 of 5" in fourth
        skipped = keys.answer("u")
        assert "3 of 5" in skipped
        assert _text(skipped) == _text(third)
        again = keys.answer("x")
        keys.answer("F")
        assert _text(again) == _text(second)
        assert _text(keys.answer("s")) == _text(third)
        assert _text(keys.answer("q")) == _text(fourth)
        ended = keys.wait_for("two of them judged: no text yet")
        assert keys.process.wait(_SECONDS) == 0
    assert "2 labelled, 1 skipped" in ended
    assert "agreement with the model: " in ended
    assert "\x1b[31m" not in keys.screen
    labels = exported(classified)
    assert [(row["label"], row["by"], row["judgements"]) for row in labels] == [("fake", "ann", "1")] * 2
    assert {row["chosen"] for row in labels} <= {"random", "uncertain", "unfamiliar"}

    # What was quit or skipped is free at once, and what was labelled is not asked again.
    with terminal(classified, "review", "--by", "bob") as keys:
        for _ in range(4):
            keys.answer("r")
        keys.wait_for("nothing is left to review")
        assert keys.process.wait(_SECONDS) == 0
    assert len(exported(classified)) == 6
    classified.assert_sound()


def test_ctrl_c_gives_the_row_back(classified: World) -> None:
    with terminal(classified, "review", "--by", "ann") as keys:
        keys.answer("f")
        shown = keys.answer("\x03")
        assert keys.process.wait(_SECONDS) == 1
    with terminal(classified, "review", "--by", "bob", "--random-share", "0") as keys:
        texts = [_text(keys.answer("r")) for _ in range(5)]
        keys.wait_for("nothing is left")
    assert _text(shown) in texts


def test_without_a_terminal_review_says_what_to_do(classified: World) -> None:
    done = classified.run("newsgate", "review")
    assert done.code == 1
    assert "newsgate review --export" in done.err
    assert len(done.err.splitlines()) == 1
    assert classified.run("newsgate", "review", "--export", "a", "--import", "b").code == 2
    assert classified.run("newsgate", "review", "--batch", "7", "--export", "a").code == 1


def test_the_queue_goes_through_a_spreadsheet_and_comes_back(classified: World, tmp_path: Path) -> None:
    sheet = tmp_path / "queue.csv"
    done = classified.run("newsgate", "review", "--export", sheet, "--random-share", "0.5")
    assert done.code == 0, done.err
    with sheet.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["text"] for row in rows} == {
        TEXTS[0],
        TEXTS[1],
        "'=HYPERLINK(1) is what they sent me",
        "'@everyone the mayor denies the secret cure",
        "''+quoted already, says the bulletin",
        TEXTS[5],
    }
    assert [row["chosen"] for row in rows].count("random") == 3
    assert {row["label"] for row in rows} == {""}

    # As a spreadsheet of another country writes it back.
    for row, answer in zip(rows, ("fake", "Real", "fake", "maybe", "", "real"), strict=True):
        row["label"] = answer
    with sheet.open("w", newline="", encoding="cp1252") as stream:
        writer = csv.DictWriter(stream, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    back = classified.run("newsgate", "review", "--import", sheet, "--by", "ann")
    assert back.code == 3
    assert "row 5 was refused: the label 'maybe' is neither fake nor real" in back.err
    assert "4 labels stored, 1 without an answer, 1 refused" in back.err
    chosen = {TEXTS[int(row["item"]) - 1]: row["chosen"] for row in rows if row["label"] not in ("maybe", "")}
    labels = exported(classified)
    assert {_unguarded(row["text"]): row["chosen"] for row in labels} == chosen

    # The same labels in another database, by their texts.
    out = tmp_path / "labels.csv"
    assert classified.run("newsgate", "labels", "export", "-o", out).code == 0
    again = classified.run("newsgate", "labels", "import", out, "--by", "bob")
    assert (again.code, again.out) == (0, ""), again.err
    assert {row["judgements"] for row in exported(classified)} == {"2"}
    classified.assert_sound()


@pytest.mark.parametrize("options", [(), ("--raw",)], ids=["for a spreadsheet", "raw"])
def test_answers_in_a_column_added_to_results_reach_their_texts(
    classified: World, tmp_path: Path, options: tuple[str, ...]
) -> None:
    file = tmp_path / "results.csv"
    assert classified.run("newsgate", "results", "1", "-o", file, *options).code == 0
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*rows[0], "judge"])
        writer.writeheader()
        writer.writerows({**row, "judge": "fake"} for row in rows)
    done = classified.run("newsgate", "labels", "import", file, "--label-column", "judge", "--by", "bob")
    assert (done.code, done.err) == (0, "6 labels stored\n")
    assert {_unguarded(row["text"]) for row in exported(classified)} == set(TEXTS)
    classified.assert_sound()


def test_label_and_labels_say_who_said_what(classified: World, tmp_path: Path) -> None:
    assert "no labels yet" in classified.run("newsgate", "labels").err
    first = classified.run("newsgate", "label", "2", "real", "--by", "ann")
    said = f"item 2 (batch 1, row 3) “{TEXTS[1]}” is real, says ann\n"
    assert (first.code, first.out, first.err) == (0, "", said)
    assert "ann said real before" in classified.run("newsgate", "label", "2", "fake", "--by", "bob").err
    assert classified.run("newsgate", "label", "2", "false").code == 2
    assert classified.run("newsgate", "label", "2", "fake", "--by", " ").code == 2
    assert "no item 99" in classified.run("newsgate", "label", "99", "fake").err

    test_set = tmp_path / "test.csv"
    test_set.write_text("text,label\nnever seen,fake\n" + f"{TEXTS[1]},real\n")
    done = classified.run("newsgate", "labels", "import", test_set, "--test-set", "--by", "cid")
    assert done.code == 3
    assert "row 3 was refused: bob called this text fake on " in done.err
    summary = classified.run("newsgate", "labels").out
    assert [line.split() for line in summary.splitlines()[:4]] == [
        ["chosen", "fake", "real"],
        ["direct", "1", "0"],
        ["test", "1", "0"],
        ["all", "2", "0"],
    ]
    assert "texts called both fake and real: 1" in summary
    assert "two of them judged: 0 of 1 (0.0%)" in summary
    classified.assert_sound()


def test_labels_of_an_enqueued_file_are_kept_for_every_file_the_text_stands_in(alone: World, tmp_path: Path) -> None:
    file = tmp_path / "known.csv"
    file.write_text("text,says\none,fake\ntwo,\nthree,real\n")
    assert alone.run("enqueue", file, "--label-column", "says").code == 0
    assert {(row["text"], row["label"], row["by"], row["chosen"]) for row in exported(alone)} == {
        ("one", "fake", "file:known.csv", "file"),
        ("three", "real", "file:known.csv", "file"),
    }


def _text(shown: str) -> str:
    """The text among what was shown before the keys."""
    return next(line for line in reversed(shown.splitlines()) if line.startswith("  "))


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith(("'=", "'@", "''+")) else cell
