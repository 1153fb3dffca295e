"""Which characters the bytes stand for: what the person named, or the likeliest reading of a sample."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from newsgate.tasks.reading.errors import UnknownEncodingError

_ASCII_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
# With them Œ and œ, which stand where no other letter does.
_CP1252_QUOTES_AND_SIGNS = frozenset(b"\x80\x82\x84\x85\x8b\x8c\x91\x92\x93\x94\x95\x96\x97\x99\x9b\x9c") | frozenset(
    range(0xA0, 0xC0)
)
# ý, þ and ÿ are rare in text, and 0xFE and 0xFF are what byte order marks and fill bytes look like.
_CP1252_LETTERS = frozenset(range(0xC0, 0x100)) - {0xD7, 0xF7, 0xFD, 0xFE, 0xFF}
# What cp1250 writes for the Polish letters of which cp1252 makes the signs of a third power, of one, and of a question.
_SIGN_IN_A_WORD = re.compile(rb"[A-Za-z\xc0-\xff][\xb3\xb9\xbf][a-z\xc0-\xff]")
# A lead byte with some of the continuation bytes it calls for: UTF-8 that was cut, not another encoding.
_CUT_UTF8 = re.compile(rb"[\xc2-\xdf\xe0-\xf4][\x80-\xbf]+")
_BROKEN_RUN = re.compile("[\udc80-\udcff]+")
_BROKEN_LINES_JUDGED = 2_000
_NUL_SAMPLE_BYTES = 65_536
_BYTE_ORDER_MARKS = (
    # UTF-32's little-endian mark begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF8_NAMES = frozenset({"utf-8", "utf-8-sig"})
_LONE_BYTES = "newsgate.lone-bytes"
_LONE_BYTE_BASE = 0xDC00


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name, and a note where it had to be guessed against the odds, or where the bytes say another."""

    name: str
    note: str | None = None


def _keep_lone_bytes(error: UnicodeError) -> tuple[str, int]:
    """Turn each undecodable byte into a lone surrogate, as surrogateescape does, but for any codec and byte."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    broken = error.object[error.start : error.end]
    return "".join(chr(_LONE_BYTE_BASE + byte) for byte in broken), error.end


codecs.register_error(_LONE_BYTES, _keep_lone_bytes)


def error_handler_for(encoding: str) -> str:
    """Name the decoding error handler that keeps broken bytes as lone surrogates."""
    return "surrogateescape" if encoding in _UTF8_NAMES else _LONE_BYTES


def lone_byte(char: str) -> int | None:
    """Return the byte that a lone surrogate stands for."""
    byte = ord(char) - _LONE_BYTE_BASE
    return byte if 0 <= byte <= 0xFF else None


def spell_encoding(encoding: str) -> str:
    """Spell the encoding's name for people."""
    return "UTF-8" if encoding in _UTF8_NAMES else encoding


def named_encoding(name: str) -> Encoding:
    """Take the person's word for it; raises UnknownEncodingError for anything but a text encoding."""
    try:
        codec = codecs.lookup(name)
        # Refuses the codecs that are not text encodings, such as base64.
        b"abcd".decode(codec.name, "replace")
        decoder = codecs.getincrementaldecoder(codec.name)(error_handler_for(codec.name))
        decoder.decode(b"abcd", final=True)
    except (LookupError, ValueError) as error:
        raise UnknownEncodingError(
            f"no text encoding is called {name!a}",
            where="--encoding",
            remedy="Name one such as utf-8, cp1252, latin-1, utf-16 or shift_jis, or leave the option out",
        ) from error
    return Encoding(codec.name)


def detect_encoding(sample: bytes, *, is_whole: bool) -> Encoding:
    """Guess from a sample; `is_whole` says that nothing follows it."""
    for mark, name in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return Encoding(name)
    if wide := _detect_by_nuls(sample):
        return Encoding(wide, f"read as {wide}: every other byte is NUL (--encoding overrides)")
    if not is_whole:
        sample = sample[: sample.rfind(b"\n") + 1] or sample[:-3]
    try:
        sample.decode()
    except UnicodeDecodeError:
        # Hardly any file comes this far.
        from newsgate.tasks.reading.code_pages import advise, likely_code_pages

        likely = likely_code_pages(sample)
        # Text of cp1252 is hardly ever valid in two bytes a character.
        is_wide = any(page.is_wide for page in likely)
        if not is_wide and _looks_like_cp1252(sample):
            return Encoding("cp1252", "read as cp1252: not valid UTF-8 (--encoding overrides)")
        if likely:
            return Encoding("utf-8", f"not valid UTF-8. {advise(likely)}")
    return Encoding("utf-8")


def _detect_by_nuls(sample: bytes) -> str | None:
    head = sample[:_NUL_SAMPLE_BYTES]
    pairs = len(head) // 2
    if not pairs:
        return None
    even_nuls, odd_nuls = head[0::2].count(0), head[1::2].count(0)
    if odd_nuls > pairs / 2 and even_nuls < pairs / 20:
        return "utf-16-le"
    if even_nuls > pairs / 2 and odd_nuls < pairs / 20:
        return "utf-16-be"
    return None


def _looks_like_cp1252(sample: bytes) -> bool:
    """Tell a cp1252 file from a UTF-8 file with a few broken rows."""
    valid_lines = 0
    broken_lines = []
    for line in sample.splitlines():
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError:
            broken_lines.append(line)
        else:
            valid_lines += 1
    if any(_SIGN_IN_A_WORD.search(line) for line in broken_lines[:_BROKEN_LINES_JUDGED]):
        return False
    # Two bytes of cp1252 text are hardly ever valid UTF-8 by accident, so few such lines prove UTF-8.
    if valid_lines * 10 >= len(broken_lines):
        return False
    evidence = [_judge_line(line) for line in broken_lines[:_BROKEN_LINES_JUDGED]]
    plausible = sum(found for found, _ in evidence)
    implausible = sum(strange for _, strange in evidence)
    return plausible > 3 * implausible


def _judge_line(line: bytes) -> tuple[int, int]:
    """Count the broken runs that read well as cp1252, and those that do not."""
    plausible = implausible = 0
    text = line.decode("utf-8", "surrogateescape")
    for run in _BROKEN_RUN.finditer(text):
        broken = run.group().encode("utf-8", "surrogateescape")
        beside = text[run.start() - 1 : run.start()] + text[run.end() : run.end() + 1]
        if _reads_as_cp1252(broken, beside):
            plausible += 1
        else:
            implausible += 1
    return plausible, implausible


def _reads_as_cp1252(broken: bytes, beside: str) -> bool:
    if _CUT_UTF8.fullmatch(broken):
        return False
    if all(byte in _CP1252_LETTERS for byte in broken):
        return len(broken) <= 4 and any(ord(char) in _ASCII_LETTERS for char in beside)
    if len(set(broken)) > 4:
        # Long words without a letter of ASCII: Chinese, for instance.
        return False
    return all(byte in _CP1252_QUOTES_AND_SIGNS or byte in _CP1252_LETTERS for byte in broken)
