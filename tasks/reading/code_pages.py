"""Which code page of old Windows programs a file that is not valid UTF-8 may be in: proposed, never taken for sure.

Spreadsheets save CSV in the code page of the country. Nearly all bytes mean something in each of these, so what tells
them apart is how often the letters come out that are frequent in their languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_MOST_LINES = 500
_NEAR_THE_BEST = 0.8
_LEAST_EXPECTED = 0.9
# A letter of ASCII beside another one: hardly ever where words are in letters of their own.
_MIXED = re.compile(r"[A-Za-z](?=[^\W\d_a-zA-Z])|(?<=[^\W\d_a-zA-Z])[A-Za-z]")
_MOST_MIXED = 0.2


@dataclass(frozen=True, slots=True)
class CodePage:
    """A codec's name, and what it is for.

    script: how the Unicode names of its letters begin. frequent: the letters that stand for its languages.
    least: the share of them among what is not ASCII.
    """

    codec: str
    languages: str
    script: str
    frequent: frozenset[str]
    least: float

    @property
    def is_wide(self) -> bool:
        """Whether its letters take two bytes or more."""
        return "CJK" in self.script or self.script == "HANGUL"


_CENTRAL = frozenset("ąćęłńóśźżáčďéěíňřšťúůýžőűöüăâîșțşţäßôľĺŕđ")
_CYRILLIC = frozenset("оеаинтсрвлкмдпуі")
_KANA = frozenset(map(chr, range(0x3041, 0x30FF)))
_HANGUL = frozenset(map(chr, range(0xAC00, 0xD7A4)))
_SIMPLIFIED = frozenset(
    "的一是不了在有人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说"
)
_TRADITIONAL = frozenset(
    "的一是不了在有人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說"
)

_CODE_PAGES: Final = (
    CodePage("cp1251", "Russian or another language in Cyrillic letters", "CYRILLIC", _CYRILLIC, 0.5),
    CodePage("koi8_r", "Russian", "CYRILLIC", _CYRILLIC, 0.5),
    CodePage("cp866", "Russian", "CYRILLIC", _CYRILLIC, 0.5),
    CodePage("cp1253", "Greek", "GREEK", frozenset("αειοτνηςρσκυπ"), 0.5),
    CodePage("cp1254", "Turkish", "LATIN", frozenset("ığşİüöçâĞŞÜÖÇ"), 0.85),
    CodePage("cp1250", "Polish, Czech, Hungarian or a neighbour", "LATIN", _CENTRAL, 0.85),
    CodePage("cp1255", "Hebrew", "HEBREW", frozenset("יוהלאתמרבשנ"), 0.5),
    CodePage("cp1256", "Arabic", "ARABIC", frozenset("اليمنرتوبةعدسفهك"), 0.5),
    CodePage("mac_roman", "text from a Mac", "LATIN", frozenset("éèàçùôêâîïëüöäßñáíóúÉÀ"), 0.85),
    CodePage("cp932", "Japanese", "HIRAGANA KATAKANA CJK", _KANA, 0.2),
    CodePage("euc_kr", "Korean", "HANGUL", _HANGUL, 0.9),
    CodePage("gb18030", "Chinese", "CJK", _SIMPLIFIED, 0.05),
    CodePage("big5", "Chinese in traditional characters", "CJK", _TRADITIONAL, 0.05),
)


def likely_code_pages(sample: bytes) -> tuple[CodePage, ...]:
    """Those in which the sample's lines that are not valid UTF-8 read like a language, the likeliest first."""
    lines = [line for line in sample.splitlines() if not line.isascii()]
    broken = [line for line in lines[:_MOST_LINES] if not _is_utf8(line)]
    if not broken or len(broken) * 2 < len(lines[:_MOST_LINES]):
        return ()
    scored = [(_likeness(b"\n".join(broken), page), page) for page in _CODE_PAGES]
    # The shares of different languages compare only by how far they are above the least.
    likely = [(share / page.least, page) for share, page in scored if share >= page.least]
    best = max((likeness for likeness, _ in likely), default=0.0)
    near = [each for each in likely if each[0] >= _NEAR_THE_BEST * best]
    return tuple(page for _, page in sorted(near, key=lambda each: -each[0]))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _likeness(data: bytes, page: CodePage) -> float:
    """The share of the frequent letters among the letters that are not ASCII; 0 where other letters come out too."""
    try:
        text = data.decode(page.codec)
    except UnicodeDecodeError:
        return 0.0
    others = [char for char in text if not char.isascii()]
    letters = [char for char in others if char.isalpha()]
    expected = sum(_is_of(char, page) for char in letters)
    if not letters or expected < _LEAST_EXPECTED * len(letters) or len(letters) * 2 < len(others):
        return 0.0
    if page.script != "LATIN" and len(_MIXED.findall(text)) > _MOST_MIXED * len(letters):
        return 0.0
    return sum(char in page.frequent for char in letters) / len(letters)


def _is_of(char: str, page: CodePage) -> bool:
    return unicodedata.name(char, "-").split(" ")[0] in page.script.split(" ")


def advise(pages: Sequence[CodePage]) -> str:
    """What to type for a file that is likely in one of these, as a sentence without its full stop."""
    if not pages:
        return "Name its encoding with --encoding, such as cp1250, cp1251, cp932 or gb18030"
    first, *others = pages[:3]
    more = f", or else {' or '.join(page.codec for page in others)}" if others else ""
    return f"If it is {first.languages}, add --encoding {first.codec}{more}"
