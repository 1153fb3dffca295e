"""Where the scripts stand that complete newsgate's two programs in a shell, and what makes a shell read them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final, Literal

from newsgate.console.user_folders import config_folder, data_folder
from newsgate.foundation.atomic_file import whole_file
from newsgate.foundation.errors import NewsgateError, WrongUsageError

if TYPE_CHECKING:
    import click

Shell = Literal["bash", "zsh", "fish"]
SHELLS: Final[tuple[Shell, ...]] = ("bash", "zsh", "fish")
_MARK: Final = "# newsgate completion"
# Where nobody has switched zsh's completion on, there is nothing to add to.
_ZSH_BEGINNING: Final = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"


class CompletionFileError(NewsgateError):
    """A file that completes newsgate's programs cannot be written."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What was written. start_file: what the shell reads at its start, None where it finds the scripts by itself."""

    scripts: tuple[Path, ...]
    start_file: Path | None


def shell_of_person() -> Shell:
    """The shell that this person uses. Raises WrongUsageError where it is none of those known here."""
    name = PurePath(os.environ.get("SHELL", "")).name
    for shell in SHELLS:
        if name == shell:
            return shell
    said = f"your shell is {name}" if name else "which shell you use is not said"
    raise WrongUsageError(said, remedy=f"Name one of {', '.join(SHELLS)}: newsgate completion install bash")


def script_for(shell: Shell, programs: dict[str, click.Command]) -> str:
    """What a shell must read to complete these programs, by their names."""
    script = "".join(_script(shell, name, command) for name, command in programs.items())
    return f"{_ZSH_BEGINNING}{script}" if shell == "zsh" else script


def install(shell: Shell, programs: dict[str, click.Command]) -> Installed:
    """Write the scripts where the shell finds them, once more if they are there. Raises CompletionFileError."""
    if shell == "fish":
        folder = config_folder() / "fish" / "completions"
        # fish finds the file of a program by its name, when somebody completes it.
        scripts = {folder / f"{name}.fish": _script(shell, name, command) for name, command in programs.items()}
        start_file = None
    else:
        folder = data_folder() / "newsgate"
        scripts = {folder / f"completion.{shell}": script_for(shell, programs)}
        start_file = Path.home() / ".bashrc" if shell == "bash" else _zsh_folder() / ".zshrc"
    try:
        for path, script in scripts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as file:
                file.write(script.encode())
        if start_file is not None:
            _add_line(start_file, next(iter(scripts)))
    except OSError as error:
        raise CompletionFileError(
            f"it cannot be written ({error.strerror})", where=error.filename, remedy="Allow it, or use `show`"
        ) from error
    return Installed(tuple(scripts), start_file)


def _script(shell: Shell, name: str, command: click.Command) -> str:
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise AssertionError(f"click completes {shell}")
    return found(command, {}, name, f"_{name.upper()}_COMPLETE").source() + "\n"


def _add_line(start_file: Path, script: Path) -> None:
    """Have the shell read the script at its start; an earlier line of ours is replaced."""
    before = start_file.read_bytes() if start_file.exists() else b""
    line = f'[ -f "{script}" ] && source "{script}" {_MARK}'.encode()
    lines = before.splitlines()
    if line in lines:
        return
    kept = [each for each in lines if not each.endswith(_MARK.encode())]
    # What stands there is a person's own, and may be a link to it.
    start_file.write_bytes(b"".join(each + b"\n" for each in (*kept, line)))


def _zsh_folder() -> Path:
    said = os.environ.get("ZDOTDIR", "")
    return Path(said) if said else Path.home()
