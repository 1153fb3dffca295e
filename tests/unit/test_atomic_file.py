"""Files that are written whole or not at all, whatever stands at their name and whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsgate.console.output_file import OutputError, open_output
from newsgate.foundation.atomic_file import whole_file


@contextmanager
def masked(umask: int) -> Iterator[None]:
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)


def _write_half(path: Path, error: BaseException) -> None:
    with open_output(str(path)) as stream:
        stream.write("half\n" * 100_000)
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a defect"), SystemExit(1)])
def test_a_block_that_raises_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "old.csv"
    path.write_text("good\n")
    with pytest.raises(type(error)):
        _write_half(path, error)
    assert path.read_text() == "good\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_program_that_is_killed_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("good\n")
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        with whole_file(path) as file:
            file.write(b"half\n" * 100_000)
            file.flush()
            os.write(theirs, b"x")
            signal.pause()
    assert os.read(ours, 1) == b"x"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(ours)
    os.close(theirs)
    assert path.read_text() == "good\n"
    assert list(tmp_path.iterdir()) == [path]


def test_where_files_without_a_name_are_unknown_it_is_written_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No folder, so that the system refuses.
    monkeypatch.setattr("newsgate.foundation.atomic_file._WITHOUT_NAME", os.O_WRONLY)
    with whole_file(tmp_path / "new") as file:
        file.write(b"x")
        assert len(list(tmp_path.iterdir())) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["new"]
    _assert_nothing_is_left_of_half(tmp_path / "other")


def _assert_nothing_is_left_of_half(path: Path) -> None:
    with pytest.raises(ValueError, match="a defect"):
        _write_half(path, ValueError("a defect"))
    assert not path.exists()
    assert not list(path.parent.glob(".newsgate-*"))


def test_a_full_disk_leaves_what_was_there_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.csv"
    path.write_text("good\n")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match="No space left on device"), open_output(str(path)) as stream:
        stream.write("half\n")
    assert path.read_text() == "good\n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_written_is_there_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    with open_output(str(path)) as stream:
        stream.write("one\r\ntwo\nthree\r")
        stream.flush()
        assert not path.exists()
    assert path.read_bytes() == b"one\r\ntwo\nthree\r"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o644), (0, 0o644)])
def test_only_its_owner_can_change_a_new_file_and_the_umask_says_who_reads_it(
    tmp_path: Path, umask: int, mode: int
) -> None:
    with masked(umask), whole_file(tmp_path / "new") as file:
        file.write(b"x")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode


def test_a_file_that_was_there_hands_on_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "private"
    path.touch(mode=0o600)
    with masked(0o022), whole_file(path) as file:
        file.write(b"x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link, real = tmp_path / "link", tmp_path / "folder" / "real"
    link.symlink_to(real)
    with whole_file(link) as file:
        file.write(b"x")
    assert link.is_symlink()
    assert real.read_bytes() == b"x"


def test_a_pipe_is_written_into_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()), daemon=True)
    reader.start()
    with open_output(str(path)) as stream:
        stream.write("one\n")
    reader.join(10)
    assert read == ["one\n"]
    assert path.is_fifo()


def test_a_descriptor_that_the_shell_hands_over_is_written_into() -> None:
    ours, theirs = os.pipe()
    with open_output(f"/dev/fd/{theirs}") as stream:
        stream.write("one\n")
    os.close(theirs)
    assert os.read(ours, 100) == b"one\n"
    os.close(ours)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"), open_output(str(tmp_path / "no" / "x")):
        pass
