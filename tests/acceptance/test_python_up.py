"""`Client.up` runs real workers, which work on what the client was told and not on what the environment says."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsgate import Client
from newsgate.tasks.running.local_system import is_up
from tests.programs import World


def test_what_a_client_was_told_its_workers_are_told_too(
    alone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSGATE_HOME", str(tmp_path / "another"))
    monkeypatch.setenv("NEWSGATE_UP_WORKERS", "1")
    with Client(home=alone.home) as client:
        with client.up():
            assert is_up(client._settings)
            batch = client.enqueue(["Garlic cures the virus, share it now!", "Schools reopen on Monday"])
            assert batch.warnings == ()
            # Somebody runs them already.
            with Client(home=alone.home) as second, second.up():
                assert second.batch("latest").wait(progress=False, timeout_seconds=120).done == 2
            assert is_up(client._settings)
        assert not is_up(client._settings)
        assert [row["label"] for row in batch.verdicts()] == ["fake", "real"]
    assert not (tmp_path / "another").exists()
    alone.assert_sound()
