"""Pages for `man`: what they say is what `--help` says, and real programs render them without a warning."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsgate.console.man_pages import MARK, man_pages
from newsgate.enqueue import enqueue
from newsgate.main import newsgate
from newsgate.worker.settings import SETTINGS
from tests.shells import require_program
from tests.unit.test_docs import EVERY_COMMAND, options_of
from tests.unit.test_help import examples_of

PAGES = man_pages({"newsgate": newsgate, "enqueue": enqueue})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "MANPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def rendered(*arguments: str | Path) -> str:
    """What `man` shows on a terminal of a hundred columns, without its ways to write bold."""
    require_program("man", package="man-db")
    environment = {**os.environ, "MANWIDTH": "100", "MAN_KEEP_FORMATTING": "", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"}
    done = subprocess.run(
        ["man", "--warnings=w", *map(str, arguments)], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)


def test_every_command_has_a_page_and_enqueue_has_two_names() -> None:
    assert set(PAGES) == {name.replace(" ", "-") for name in EVERY_COMMAND} | {"newsgate-enqueue"}
    assert PAGES["newsgate-enqueue"] == f"{MARK}\n.so man1/enqueue.1\n"
    assert all(page.startswith(MARK) for page in PAGES.values())


def test_all_pages_are_rendered_without_a_warning(tmp_path: Path) -> None:
    """In one run of the program: it takes longer to start than to render."""
    files = []
    for name, page in PAGES.items():
        if name != "newsgate-enqueue":
            files.append(tmp_path / f"{name}.1")
            files[-1].write_text(page, encoding="utf-8")
    shown = rendered("-l", *files)
    for name, command in EVERY_COMMAND.items():
        page = name.replace(" ", "-").upper()
        assert f"{page}(1)" in shown
        for example in examples_of(command):
            assert example in shown
    assert "\\" not in shown


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_a_page_names_every_option_and_the_parts_it_should_have(name: str) -> None:
    page = PAGES[name.replace(" ", "-")]
    plain = re.sub(r"\\f[BRI]", "", page).replace(r"\-", "-")
    assert {option for option in options_of(EVERY_COMMAND[name]) if option not in plain} == set()
    titles = re.findall(r'^\.SH "?([A-Z ]+)"?$', page, re.MULTILINE)
    assert titles[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert {"OPTIONS", "EXAMPLES", "ENVIRONMENT", "SEE ALSO"} <= set(titles)


def test_the_page_of_a_program_names_every_setting() -> None:
    for program in ("newsgate", "enqueue"):
        assert all(f"NEWSGATE_{name.upper()}" in PAGES[program] for name in SETTINGS)


@pytest.mark.parametrize(
    "text", ["'quoted' at the start", ".dot at the start", "a \\back\\slash", "`code` -x --long", "~ ^ ` and end"]
)
def test_what_would_be_an_order_to_troff_is_text(text: str, tmp_path: Path) -> None:
    import click

    command = click.Command("thing", help=f"Does it.\n\n{text}", callback=lambda: None)
    page = tmp_path / "thing.1"
    page.write_text(man_pages({"thing": command})["thing"], encoding="utf-8")
    assert text.replace("`code`", "code") in rendered("-l", page)


def test_man_finds_the_pages_once_they_are_installed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_program("man", package="man-db")
    done = CliRunner().invoke(newsgate, ["man", "install"])
    folder = home / ".local" / "share" / "man" / "man1"
    assert done.stderr.startswith(f"{len(PAGES)} pages are written into {folder}\n")
    told = re.search(r'^export MANPATH="(.+):\$MANPATH"$', done.stderr, re.MULTILINE)
    assert told is not None
    # As the line says, of which nothing was set before.
    monkeypatch.setenv("MANPATH", f"{told[1]}:")
    assert "newsgate status --watch" in rendered("newsgate-status")
    assert "newsgate status --watch" in rendered("newsgate", "status")
    assert rendered("newsgate-enqueue") == rendered("enqueue")
    assert CliRunner().invoke(newsgate, ["man", "install"]).stderr.endswith("\ntype: man newsgate\n")


def test_pages_of_an_older_newsgate_go_and_those_of_others_stay(home: Path) -> None:
    folder = home / ".local" / "share" / "man" / "man1"
    folder.mkdir(parents=True)
    (folder / "newsgate-gone.1").write_text(f"{MARK}\n")
    (folder / "newsgate-own.1").write_text(".TH OWN 1\n")
    (folder / "other.1").write_text(f"{MARK}\n")
    CliRunner().invoke(newsgate, ["man", "install"])
    assert {file.stem for file in folder.iterdir()} == {*PAGES, "newsgate-own", "other"}


def test_a_folder_that_cannot_be_written_is_told_in_one_line(home: Path) -> None:
    (home / ".local").write_text("a file in its place")
    done = CliRunner().invoke(newsgate, ["man", "install"])
    assert done.exit_code == 1
    assert re.fullmatch(r"error: .+: it cannot be written \(Not a directory\)\. Allow it, .+\n", done.stderr)


@pytest.mark.parametrize(
    ("words", "page"),
    [([], "newsgate"), (["models", "show"], "newsgate-models-show"), (["enqueue"], "enqueue"), (["up"], "newsgate-up")],
)
def test_show_prints_a_page(words: list[str], page: str) -> None:
    assert CliRunner().invoke(newsgate, ["man", "show", *words]).stdout == PAGES[page]


def test_show_refuses_what_is_no_command() -> None:
    done = CliRunner().invoke(newsgate, ["man", "show", "models", "shwo"])
    assert (done.exit_code, done.stderr) == (
        2,
        "error: there is no command 'models shwo'. `newsgate --help` lists the commands\n",
    )
