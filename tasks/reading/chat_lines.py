"""The lines of a chat that WhatsApp exported: `12/31/20, 10:15 PM - Ann: …` or `[31.12.20, 22:15:03] Ann: …`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

CHAT_COLUMNS: Final = ("time", "author", "text")
NO_MESSAGE: Final = "no message: WhatsApp itself wrote this line"
NO_WORDS: Final = "no words of a person: a picture, a sound, a deleted message, or what WhatsApp itself wrote"

# Which WhatsApp writes around what is not the person's.
_MARK: Final = "\u200e"
_BLANK: Final = "[ \u00a0\u202f]"
_DATE: Final = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\.?"
# 10:15 PM, 10:15 p. m., 22:15:03, 22.15, 午後10:15
_TIME: Final = (
    rf"(?:[^\W\d_]{{2}}{_BLANK}?)?\d{{1,2}}[:.]\d\d(?:[:.]\d\d)?(?:{_BLANK}?[^\W\d_]\.?{_BLANK}?[^\W\d_]{{1,2}}\.?)?"
)
_STAMP: Final = re.compile(
    rf"{_MARK}?(?:\[(?P<inside>{_DATE},?{_BLANK}{_TIME})\]|(?P<before>{_DATE},?{_BLANK}{_TIME}){_BLANK}-){_BLANK}"
)
# A name holds no quotes; a line about the group's new name does.
_AUTHOR: Final = re.compile(r"([^:\"“”«»\n]{1,120}): ?")
_ATTACHED: Final = re.compile(rf"{_MARK}?<[^<>\n]{{1,40}}: [^<>\n]{{1,200}}>\s*$")
_FILE: Final = re.compile(rf"{_MARK}?[^\n/\\]{{1,120}}\.\w{{2,5}} \([^()\n]{{3,40}}\)\s*(?:\n|$)")
_LEFT_OUT: Final = re.compile(r"\s*<[^<>\n]{3,40}>\s*")
_EDITED: Final = re.compile(
    rf"\s*(?:{_MARK}<[^<>\n]{{3,60}}>|<(?:This message was edited|Diese Nachricht wurde bearbeitet\.?"
    r"|Se editó este mensaje\.?|Ce message a été modifié|Mensagem editada|Questo messaggio è stato modificato)>)\s*$"
)
_DELETED: Final = frozenset(
    (
        *("this message was deleted", "you deleted this message", "waiting for this message"),
        *("diese nachricht wurde gelöscht", "du hast diese nachricht gelöscht"),
        *("se eliminó este mensaje", "eliminaste este mensaje", "ce message a été supprimé"),
        *("vous avez supprimé ce message", "mensagem apagada", "você apagou esta mensagem"),
        *("questo messaggio è stato eliminato", "hai eliminato questo messaggio", "dit bericht is verwijderd"),
    )
)
_DELETED_CHARS: Final = 60
_LEAST_MESSAGES: Final = 2


@dataclass(frozen=True, slots=True)
class Message:
    """One message or one line of WhatsApp's own, which has no author; text: what a person wrote, as it stands."""

    time: str
    author: str | None
    text: str


def begins_message(line: str) -> bool:
    """Whether a line begins with when a message was sent."""
    # Nearly all lines of other files are told by their first character.
    return line[:1] in "[0123456789\u200e" and _STAMP.match(line) is not None


def are_chat_lines(lines: Iterable[str]) -> bool:
    """Whether lines are those of a chat: the first that is not empty begins a message, and others do as well."""
    filled = [line for line in lines if line.strip()]
    if not filled or not begins_message(filled[0]):
        return False
    messages = [read_message([line]) for line in filled if begins_message(line)]
    return sum(message.author is not None for message in messages) >= _LEAST_MESSAGES


def read_message(lines: Sequence[str]) -> Message:
    """The message of these lines, the first of which begins it."""
    stamp = _STAMP.match(lines[0])
    if stamp is None:
        return Message("", None, "".join(lines))
    said = "".join(lines)[stamp.end() :].replace("\r\n", "\n").rstrip("\r\n")
    author = _AUTHOR.match(said)
    time = stamp["inside"] or stamp["before"]
    if author is None:
        return Message(time, None, said)
    return Message(time, author[1].strip(f"{_MARK} "), said[author.end() :])


def words_of(message: Message) -> str | None:
    """What the author wrote, without what WhatsApp says in its place or behind it; None where that is nothing."""
    text = _EDITED.sub("", message.text)
    text = _ATTACHED.sub("", text)
    text = _FILE.sub("", text, count=1) if _FILE.match(text) else text
    bare = text.strip(f"{_MARK} \n")
    if not bare or text.startswith(_MARK) or _LEFT_OUT.fullmatch(text):
        return None
    if len(bare) < _DELETED_CHARS and bare.rstrip(".").casefold() in _DELETED:
        return None
    return text.strip("\n")
