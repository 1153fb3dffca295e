"""What do the commands of a page print now? Runs the console blocks of pages again, and puts that in.

Every page starts in a new home in which `examples/headlines.csv` has been classified.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from benchmarks.shared.home import Home, program
from benchmarks.shared.processes import ROOT, BenchmarkError, scratch_folder
from benchmarks.shared.progress import say

PROMPT: Final = "$ "
FIRST: Final = "newsgate classify examples/headlines.csv --format csv -o /dev/null"
_BLOCK: Final = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument(
        "--with",
        dest="files",
        type=_named_file,
        nargs="*",
        default=[],
        metavar="NAME=FILE",
        help="a file that the pages name and newsgate does not have",
    )


def run(options: argparse.Namespace) -> None:
    for page in options.pages:
        with scratch_folder() as folder:
            rerun(page, folder=folder, files=dict(options.files))
        say(f"{page} is written")


def commands_of(block: str) -> Iterator[str]:
    """Yield what was typed in a block: from a prompt to where the shell takes it for whole."""
    lines = iter(block.splitlines())
    for line in lines:
        if not line.startswith(PROMPT):
            continue
        command = line.removeprefix(PROMPT)
        while not _is_whole(command):
            following = next(lines, None)
            if following is None:
                raise BenchmarkError(f"no shell would take this for whole: {command}")
            command += f"\n{following}"
        yield command


def rerun(page: Path, *, folder: Path, files: Mapping[str, Path]) -> None:
    """Write into `page` what its commands print in a new home in `folder`."""
    (folder / "examples").symlink_to(ROOT / "examples")
    for name, path in files.items():
        (folder / name).symlink_to(path.absolute())
    _run(FIRST, folder=folder)
    text = page.read_text(encoding="utf-8")
    page.write_text(_BLOCK.sub(lambda found: _printed(found[0], folder=folder), text), encoding="utf-8")


def _printed(block: str, *, folder: Path) -> str:
    parts = []
    for command in commands_of(block):
        say(f"$ {command.splitlines()[0]}")
        parts.append(f"{PROMPT}{command}\n{_run(command, folder=folder)}")
    return "".join(parts)


def _run(command: str, *, folder: Path) -> str:
    environment = Home(folder).environment
    environment["PATH"] = f"{Path(program('newsgate')).parent}:{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"{command}\nended with {done.returncode}: {done.stdout}")
    return done.stdout.replace(str(folder / "home"), "~/.newsgate")


def _is_whole(command: str) -> bool:
    return subprocess.run(["bash", "-n", "-c", command], capture_output=True, check=False).returncode == 0


def _named_file(argument: str) -> tuple[str, Path]:
    name, _, path = argument.partition("=")
    return name, Path(path)
