"""Types newsgate's commands in an order that a seed decides, kills what works meanwhile, and knows what must stand."""

from __future__ import annotations

import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import text

from tests.programs import BIN, Done, World, children_named
from tests.services import wait_until
from tests.texts import posts, write_posts

# How often each is typed, for what it does to the others.
_WEIGHTS: Final = {
    "enqueue": 5,
    "cancel": 2,
    "requeue": 2,
    "reclassify": 3,
    "promote": 1,
    "rollback": 1,
    "label": 3,
    "undo": 1,
    "purge": 1,
    "purge a text": 1,
    "backup": 1,
}
# Fewer files than enqueues, so that the same one comes again.
_FILES: Final = 12
_FIRST_FILES: Final = 4
_ROWS: Final = (20, 400)
_COMMANDS_A_ROUND: Final = 8
_BEFORE_A_KILL_SECONDS: Final = (0.0, 0.6)
_END_SECONDS: Final = 120
# A refusal is an answer too: a batch may be cancelled by now, or its run under way.
_ANSWERS: Final = (0, 1, 2, 3)
# Two of one file at once are an answer as well.
_REFUSED: Final = ("already enqueued", "took over")


@dataclass
class Driver:
    """One system under random commands. up: works on what they say. models: how many there are.

    typed: what was done so far, for the message of a failure. rows: of each file, by its name.
    """

    world: World
    folder: Path
    rng: random.Random
    up: subprocess.Popen[bytes]
    models: int
    typed: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    def go_on(self, *, rounds: int) -> None:
        """Rounds of commands, two at a time, and a kill, with the audit after each."""
        with ThreadPoolExecutor(2) as pool:
            for number in range(rounds):
                # All chosen before the first is run: what runs at once must not change what the seed says.
                kinds = self.rng.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()), k=_COMMANDS_A_ROUND)
                commands = [self._command(kind) for kind in (kinds if number else ["enqueue"] * _FIRST_FILES)]
                for command, done in zip(commands, pool.map(self._run, commands), strict=True):
                    self._note(command, done)
                self._kill()
                self.assert_sound()

    def finish(self) -> None:
        """Wait for the end of all work. Each row of each file must be there, and none may have failed."""
        unfinished = "select count(*) from runs where state in ('queued', 'running')"
        wait_until(lambda: self.world.figure(unfinished) == 0, what="all runs end", seconds=_END_SECONDS)
        self.assert_sound()
        stored = (
            "select b.name, b.purged_rows + count(i.id) from batches b left join items i on i.batch_id = b.id"
            " group by b.id, b.name, b.purged_rows"
        )
        with self.world.database.read() as connection:
            lost = [(file, rows) for file, rows in connection.execute(text(stored)) if rows != self.rows[file]]
        assert not lost, (lost, self.typed)
        assert self.world.figure("select coalesce(sum(failed), 0) from runs") == 0, self.typed

    def assert_sound(self) -> None:
        """The audit, beside the work that goes on."""
        broken = self.world.broken_invariants()
        assert not broken, (broken, self.typed)
        assert self.up.poll() is None, self.typed

    def _command(self, kind: str) -> tuple[str, ...]:
        match kind:
            case "enqueue":
                return ("enqueue", str(self._file()), *self.rng.choice(((), ("--again",))))
            case "cancel" | "requeue":
                return ("newsgate", kind, self._batch())
            case "reclassify":
                return ("newsgate", kind, self._batch(), "--model", self._model())
            case "promote":
                return ("newsgate", kind, self._model(), "--reason", "drawn")
            case "label":
                return ("newsgate", kind, self._item(), self.rng.choice(("fake", "real")), "--by", self._person())
            case "undo":
                return ("newsgate", "labels", "undo", self._item(), "--by", self._person())
            case "purge":
                return ("newsgate", kind, self._batch(), "--yes", *self.rng.choice(((), ("--labels",))))
            case "purge a text":
                return ("newsgate", "purge", "--text", str(self._one_text()), "--yes")
            case "backup":
                return ("newsgate", kind, str(self.folder / "copy.db"))
        return ("newsgate", kind)

    def _run(self, command: tuple[str, ...]) -> Done:
        program, *arguments = command
        return self.world.run(program, *arguments)

    def _note(self, command: tuple[str, ...], done: Done) -> None:
        self.typed.append(f"{' '.join(command)} -> {done.code}")
        assert done.code in _ANSWERS, (done, self.typed)
        assert "Traceback" not in done.err, (done, self.typed)
        if command[0] == "enqueue":
            assert done.code == 0 or any(word in done.err for word in _REFUSED), (done, self.typed)

    def _kill(self) -> None:
        """SIGKILL for the worker, or for an `enqueue` that is then typed again."""
        if self.rng.random() < 0.5:
            for worker in children_named(self.up.pid, "worker"):
                worker.kill()
            self.typed.append("the worker killed")
            return
        command = ("enqueue", str(self._file()))
        process = subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            env=self.world.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(self.rng.uniform(*_BEFORE_A_KILL_SECONDS))
        process.kill()
        process.wait()
        self.typed.append(f"{command[1]} killed")
        self._note(command, self._run(command))

    def _file(self) -> Path:
        number = self.rng.randrange(_FILES)
        file = self.folder / f"{number}.csv"
        if file.name not in self.rows:
            self.rows[file.name] = random.Random(number).randint(*_ROWS)
            write_posts(file, self.rows[file.name], seed=number)
        return file

    def _one_text(self) -> Path:
        """A file with the first text of one of the files."""
        text_of_it, *_ = posts(1, seed=self.rng.randrange(_FILES))
        file = self.folder / "erase.txt"
        file.write_text(text_of_it)
        return file

    def _batch(self) -> str:
        # One more than there can be: a number that is nobody's is typed too.
        enqueued = sum(each.startswith("enqueue") and each.endswith("-> 0") for each in self.typed)
        return str(self.rng.randint(1, 1 + enqueued))

    def _item(self) -> str:
        return str(self.rng.randint(1, 1 + sum(self.rows.values())))

    def _model(self) -> str:
        return str(self.rng.randint(1, self.models))

    def _person(self) -> str:
        return self.rng.choice(("ann", "bob"))
