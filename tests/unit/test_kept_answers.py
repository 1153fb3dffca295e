"""What teachers said is kept between trainings: a file that is damaged or cannot be written costs time, no training."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from newsgate.training import distillation
from newsgate.training.distillation import _Asked, _cached_answers, _keep_answers, _read_answers

TEXTS = 300
LOGITS = np.random.default_rng(0).normal(size=TEXTS).astype(np.float32)


def test_answers_that_were_kept_are_read_again(tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "teachers-1.npz"
    _keep_answers(LOGITS, kept)
    found = _read_answers(kept, texts=TEXTS)
    assert found is not None
    assert found.tolist() == LOGITS.tolist()
    assert _read_answers(kept, texts=TEXTS - 1) is None
    assert [each.name for each in kept.parent.iterdir()] == [kept.name]


def test_whatever_is_wrong_with_the_file_the_teachers_are_asked_again(tmp_path: Path) -> None:
    kept = tmp_path / "teachers-1.npz"
    _keep_answers(LOGITS, kept)
    whole = kept.read_bytes()
    for damaged in (b"", bytes(len(whole)), whole[: len(whole) // 2], b"text"):
        kept.write_bytes(damaged)
        assert _read_answers(kept, texts=TEXTS) is None
    for place in range(0, len(whole), 3):
        kept.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        # Not every byte of the file means something.
        found = _read_answers(kept, texts=TEXTS)
        assert found is None or found.tolist() == LOGITS.tolist(), place


def test_a_disk_without_room_for_them_ends_no_training_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def write(file: Any, **_: Any) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez_compressed", write)
    monkeypatch.setattr(distillation, "_name", lambda *_: "1")
    monkeypatch.setattr(distillation, "_ask_teachers", lambda *_, **__: LOGITS)
    nothing: Any = None
    answers = _cached_answers(nothing, asked=_Asked((), ()), recipe=nothing, cache_folder=tmp_path, progress=nothing)
    assert answers.tolist() == LOGITS.tolist()
    assert list(tmp_path.iterdir()) == []
    assert f"the teachers' answers are not kept: {tmp_path}: No space left on device" in caplog.text
