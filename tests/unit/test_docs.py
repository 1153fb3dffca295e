"""The pages say what is true: every setting, every command, every option, and no link into nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from newsgate.enqueue import enqueue
from newsgate.main import newsgate
from newsgate.worker.settings import SETTINGS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
COMMANDS = {
    page: page.read_text(encoding="utf-8")
    for page in (ROOT / "docs" / "commands.md", *sorted((ROOT / "docs" / "commands").glob("*.md")))
}
VARIABLES = {f"NEWSGATE_{name.upper()}": field for name, field in SETTINGS.items()}
DATA = "csv|tsv|jsonl|json|xlsx|ods|parquet|txt|gz|zip|zst|bz2"
# They show the files that their commands read: tests/integration/test_file_pages.py runs them.
PAGES_WITH_FILES = [ROOT / "docs" / name for name in ("files.md", "labels-from-tools.md")]
# What is shown of these is measured on texts that are not newsgate's to give away.
MEASURED = {"held-out.csv.gz", "hotel-reviews.csv"}
SHARED_SECTION = "Commands that read a file"
LIST_SECTION = "All commands"


def commands_below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for part, below in command.commands.items():
            if below is not enqueue:
                yield from commands_below(f"{name} {part}", below)


EVERY_COMMAND = dict([*commands_below("enqueue", enqueue), *commands_below("newsgate", newsgate)])
FOUND_SECTIONS = [
    (page, *found)
    for page, text in COMMANDS.items()
    for found in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
]
SECTIONS = {title: text for _, title, text in FOUND_SECTIONS}


def options_of(command: click.Command) -> set[str]:
    shown = (each for each in command.params if isinstance(each, click.Option) and not each.hidden)
    return {spelling for option in shown for spelling in (*option.opts, *option.secondary_opts)}


def anchors_of(page: Path) -> set[str]:
    """What a browser is sent to within a page: its headings in small letters, a dash for a space, marks left out."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_setting_is_explained_with_its_default() -> None:
    rows = re.findall(r"^\| `(NEWSGATE_\w+)` \| (`[^`]+`|empty) \| [^|]+ \| [^|]+ \|$", SETTINGS_PAGE, re.MULTILINE)
    defaults = {name: str(field.default) for name, field in VARIABLES.items()}
    assert rows == [(name, f"`{default}`" if default else "empty") for name, default in defaults.items()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_only_variables_that_exist(page: Path) -> None:
    # `_NEWSGATE_COMPLETE` is a shell's.
    assert set(re.findall(r"(?<!_)NEWSGATE_\w+", page.read_text(encoding="utf-8"))) <= VARIABLES.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_relative_link_of_a_page_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_to_a_part_of_a_page_leads_to_its_heading(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    found = [(name, part) for name, part in targets if part not in anchors_of(page.parent / name if name else page)]
    assert found == []


def shown_commands(page: Path) -> list[str]:
    """What is typed in the console blocks of a page."""
    blocks = re.findall(r"```(?:console|sh)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in PAGES_WITH_FILES], ids=lambda page: page.stem)
def test_every_file_that_a_command_of_a_page_reads_is_there(page: Path) -> None:
    written = re.compile(rf"(?:-o|--output|--export|--html|--reliability|[^<]>) +(\S+\.(?:{DATA}))")
    read = re.compile(rf"[\w*./-]+\.(?:{DATA})(?![\w.])")
    # A batch has the name of its file.
    known = {file.name for file in (ROOT / "examples").iterdir()} | MEASURED
    missing = []
    for command in shown_commands(page):
        if not re.match(r"(enqueue|newsgate|zcat|docker compose run)\b", command):
            continue
        known |= set(written.findall(command))
        missing += [file for file in read.findall(command) if file not in known and not list(ROOT.glob(file))]
    assert missing == []


def test_the_readme_leads_to_every_page() -> None:
    listed = re.findall(r"^\| .+\? \| \[(docs/\w[\w-]*\.md)\]", PAGES[0].read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(str(page.relative_to(ROOT)) for page in PAGES if page.parent == ROOT / "docs")


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    titles = sorted(title for _, title, _ in FOUND_SECTIONS)
    assert titles == sorted([*EVERY_COMMAND, SHARED_SECTION, LIST_SECTION])


def test_the_list_of_commands_leads_to_every_section() -> None:
    listed = re.findall(
        r"^\| \[`(.+)`\]\((commands/\w+\.md)#([\w-]+)\) \| .+ \|$", SECTIONS[LIST_SECTION], re.MULTILINE
    )
    wanted = {
        (title, str(page.relative_to(ROOT / "docs")), title.replace(" ", "-"))
        for page, title, _ in FOUND_SECTIONS
        if title in EVERY_COMMAND
    }
    assert sorted(listed) == sorted(wanted)


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_every_option_of_a_command_is_explained(name: str) -> None:
    text = SECTIONS[name] + SECTIONS[SHARED_SECTION]
    assert {option for option in options_of(EVERY_COMMAND[name]) if not re.search(rf"`[^`]*{option}\b", text)} == set()


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_a_section_explains_only_options_that_exist(name: str) -> None:
    told = re.findall(r"(?<![\w-])--[a-z][a-z-]*", SECTIONS[name])
    assert set(told) <= options_of(EVERY_COMMAND[name])


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_a_section_shows_its_command_at_work(name: str) -> None:
    assert re.search(rf"(^\$ .*|`){re.escape(name)}\b", SECTIONS[name], re.MULTILINE)
