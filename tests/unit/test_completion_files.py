"""`newsgate completion`: what is written for each shell, once, beside what a person has there already."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from newsgate.console.completion_files import SHELLS, Shell
from newsgate.enqueue import enqueue
from newsgate.main import newsgate

_STARTS = {"bash": ".bashrc", "zsh": ".zshrc"}
_SCRIPTS = {
    "bash": [".local/share/newsgate/completion.bash"],
    "zsh": [".local/share/newsgate/completion.zsh"],
    "fish": [".config/fish/completions/enqueue.fish", ".config/fish/completions/newsgate.fish"],
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR", "SHELL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def install(*arguments: str) -> str:
    done = CliRunner().invoke(newsgate, ["completion", "install", *arguments])
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_files_and_the_two_programs_in_them(shell: Shell, home: Path) -> None:
    told = install(shell)
    scripts = [home / name for name in _SCRIPTS[shell]]
    assert all(f"{script} is written\n" in told for script in scripts)
    written = "".join(script.read_text() for script in scripts)
    assert "_NEWSGATE_COMPLETE" in written
    assert "_ENQUEUE_COMPLETE" in written
    if shell in _STARTS:
        assert str(scripts[0]) in (home / _STARTS[shell]).read_text()


@pytest.mark.parametrize("shell", _STARTS)
def test_a_start_file_keeps_what_it_has_and_gets_one_line_however_often(shell: str, home: Path) -> None:
    start = home / _STARTS[shell]
    start.write_bytes(b"alias ll='ls -l' # \xff without a line end")
    install(shell)
    first = start.read_bytes()
    install(shell)
    assert start.read_bytes() == first
    assert first.startswith(b"alias ll='ls -l' # \xff without a line end\n")
    assert first.count(b"newsgate completion") == 1


def test_a_line_of_another_place_is_replaced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install("bash")
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "elsewhere"))
    install("bash")
    assert (home / ".bashrc").read_text().count("source") == 1
    assert str(home / "elsewhere") in (home / ".bashrc").read_text()


def test_zsh_reads_its_files_where_zdotdir_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "zsh").mkdir()
    monkeypatch.setenv("ZDOTDIR", str(home / "zsh"))
    install("zsh")
    assert (home / "zsh" / ".zshrc").exists()
    assert not (home / ".zshrc").exists()


def test_the_shell_is_the_one_that_the_person_uses(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert "open a new fish" in install()
    for said, message in (("/bin/tcsh", "your shell is tcsh"), ("", "which shell you use is not said")):
        monkeypatch.setenv("SHELL", said)
        done = CliRunner().invoke(newsgate, ["completion", "install"])
        assert done.exit_code == 2
        assert done.stderr == f"error: {message}. Name one of bash, zsh, fish: newsgate completion install bash\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_show_prints_it_and_writes_nothing(shell: Shell, home: Path) -> None:
    done = CliRunner().invoke(newsgate, ["completion", "show", shell])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "_ENQUEUE_COMPLETE" in done.stdout
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_in_one_line(home: Path) -> None:
    (home / ".config").write_text("a file in its place")
    done = CliRunner().invoke(newsgate, ["completion", "install", "fish"])
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert "it cannot be written (Not a directory)" in done.stderr


@pytest.mark.parametrize(
    "typed",
    ["classify", "evaluate", "inspect", "labels import", "train", "train --validation", "purge --text"],
)
def test_where_a_file_is_named_the_shell_completes_files(typed: str) -> None:
    (found,) = ShellComplete(newsgate, {}, "newsgate", "_").get_completions(typed.split(), "po")
    assert (found.type, found.value) == ("file", "po")


def test_enqueue_completes_files_and_options() -> None:
    complete = ShellComplete(enqueue, {}, "enqueue", "_")
    assert [each.type for each in complete.get_completions(["one.csv"], "tw")] == ["file"]
    assert "--dry-run" in [each.value for each in complete.get_completions([], "--d")]
