"""Who may use the page: each person has a name, a role and a token, of which only the hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from newsgate.foundation.atomic_file import whole_file
from newsgate.foundation.errors import WrongUsageError

Role = Literal["viewer", "reviewer", "admin"]
# Each may do what those before it may.
ROLES: Final[tuple[Role, ...]] = get_args(Role)
_TOKEN_BYTES = 32
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may use the page. name: what a judgement is stored under."""

    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        """Whether the role is enough for what needs this one."""
        return ROLES.index(self.role) >= ROLES.index(needed)


@dataclass(frozen=True, slots=True)
class Entry:
    """A person, and the SHA-256 of their token as hexadecimal digits."""

    person: Person
    sha256: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A person who was given a token just now, and the token, which nothing keeps."""

    person: Person
    token: str


class People:
    """Everybody who may use the page."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)

    def find(self, token: str) -> Person | None:
        """The person whose token this is. It takes as long whoever it is, and where it is nobody."""
        given = _hash(token)
        found = None
        for entry in self._entries:
            if hmac.compare_digest(entry.sha256, given):
                found = entry.person
        return found


def invite(person: Person) -> tuple[Entry, Invitation]:
    """Give a person a new token. Raises WrongUsageError for a name that cannot be stored."""
    if not person.name.strip() or len(person.name) > _LONGEST_NAME or not person.name.isprintable():
        raise WrongUsageError(
            f"{person.name!r} is no name for a person", remedy=f"Give one of up to {_LONGEST_NAME} characters"
        )
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    return Entry(person, _hash(token)), Invitation(person, token)


def admit(persons: Sequence[Person], *, file: Path | None) -> tuple[People, tuple[Invitation, ...]]:
    """Everybody in the file, and these persons too; those who were not in it get a token, and are added to it.

    Raises WrongUsageError for a name that is given twice, and a file that cannot be read or others may read.
    """
    names = [person.name for person in persons]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise WrongUsageError(f"{twice!r} is named twice", remedy="Give each person one role")
    known = read_people(file) if file is not None and file.exists() else []
    roles = {entry.person.name: entry.person.role for entry in known}
    made = []
    for person in persons:
        role = roles.get(person.name)
        if role is None:
            made.append(invite(person))
        elif role != person.role:
            raise WrongUsageError(
                f"{person.name} is {role} there, not {person.role}",
                where=str(file),
                remedy="Delete the line of that name from the file; the new address is printed then",
            )
    entries = [*known, *(entry for entry, _ in made)]
    if file is not None and made:
        _write_people(file, entries)
    return People(entries), tuple(invitation for _, invitation in made)


def read_people(file: Path) -> list[Entry]:
    """Everybody in a file. Raises WrongUsageError."""
    try:
        if file.stat().st_mode & 0o077:
            raise WrongUsageError("other users of this machine may read it", where=str(file), remedy="chmod 600 it")
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsageError(f"the people of the page cannot be read: {error}", where=str(file)) from error
    return [_entry(line, number, file) for number, line in enumerate(lines, 1) if line.strip()]


def _entry(line: str, number: int, file: Path) -> Entry:
    try:
        found = json.loads(line)
        entry = Entry(Person(str(found["name"]), found["role"]), str(found["sha256"]))
    except (ValueError, KeyError, TypeError) as error:
        raise _bad_line(file, number) from error
    if entry.person.role not in ROLES or len(entry.sha256) != hashlib.sha256().digest_size * 2:
        raise _bad_line(file, number)
    return entry


def _bad_line(file: Path, number: int) -> WrongUsageError:
    return WrongUsageError(
        f"line {number} names nobody", where=str(file), remedy="A line is JSON with name, role and sha256"
    )


def _write_people(file: Path, entries: Sequence[Entry]) -> None:
    try:
        with whole_file(file) as stream:
            for entry in entries:
                line = json.dumps({**asdict(entry.person), "sha256": entry.sha256}, ensure_ascii=False)
                stream.write(f"{line}\n".encode())
        file.chmod(0o600)
    except OSError as error:
        raise WrongUsageError(f"it cannot be written: {error.strerror}", where=str(file)) from error


def _hash(token: str) -> str:
    # Plain SHA-256 is enough: a token is 32 random bytes, which nobody can guess however fast.
    return hashlib.sha256(token.encode()).hexdigest()
