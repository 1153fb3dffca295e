"""Formats that are not text, told by their first bytes."""

from __future__ import annotations

import re

from newsgate.tasks.reading.errors import NotTextError
from newsgate.tasks.reading.other_lines import what_lines_are

_FORMATS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an .xls workbook", "Save it as .xlsx or CSV"),
    (b"%PDF-", "a PDF document", "Export its rows as CSV"),
    (b"SQLite format 3\0", "an SQLite database", "Export the table as CSV"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive", "Unpack it first"),
    (b"<stata_dta>", "a Stata file", "Export it as CSV"),
    (b"Obj\x01", "an Avro file", "Export its rows as JSONL or CSV"),
    (b"FEA1", "a Feather file", "Save it as Parquet or CSV"),
    (b"ARROW1", "an Arrow file", "Save it as Parquet or CSV"),
    (b"\x80\x02}", "a Python pickle", "Save it as CSV or JSON: a pickle can run programs when it is read"),
    (b"\x80\x03", "a Python pickle", "Save it as CSV or JSON: a pickle can run programs when it is read"),
    (b"\x80\x04\x95", "a Python pickle", "Save it as CSV or JSON: a pickle can run programs when it is read"),
    (b"\x80\x05\x95", "a Python pickle", "Save it as CSV or JSON: a pickle can run programs when it is read"),
    (b"$FL2@(#)", "an SPSS file", "Export it as CSV"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "Export its rows as CSV"),
    (b"{\\rtf", "an RTF document", "Save it as plain text or CSV"),
    (b"RDX3\n", "an R data file", "Export it as CSV"),
    (b"RDX2\n", "an R data file", "Export it as CSV"),
    (b"X\n\0\0\0", "an R data file", "Export it as CSV"),
    (b"\x89PNG\r\n", "a picture", "Name a file of texts"),
    (b"\xff\xd8\xff", "a picture", "Name a file of texts"),
)
_GIT_LFS = b"version https://git-lfs.github.com/spec/"
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
# A comment ends at its first end, or else many of them could be divided in more ways than can be tried.
_COMMENTS = rb"(?:<!--(?:[^-]|-(?!->))*-->\s*)*"
_WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*" + _COMMENTS + rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_FEED = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?[^>]*>\s*)*" + _COMMENTS + rb"(?:<\?[^>]*>\s*)*<(?:rss|feed|rdf:RDF)\b")
_HEADER_LINE = re.compile(rb"([A-Za-z][A-Za-z0-9-]*):[ \t\r]|[ \t]+\S|>?From ")
_LETTER_HEADERS = frozenset(
    (
        *(b"date", b"from", b"to", b"subject", b"message-id", b"mime-version", b"content-type", b"received"),
        *(b"return-path", b"delivered-to", b"dkim-signature", b"reply-to", b"list-unsubscribe", b"list-id"),
    )
)
_LEAST_HEADERS = 3
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b")
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f")
_BINARY_CONTROLS = 20
_BINARY_CONTROLS_SHARE = 0.05


def refuse_known_formats(head: bytes, *, where: str) -> None:
    """Raise NotTextError, naming the format, for what people mistake for a file of rows."""
    for magic, what, remedy in _FORMATS:
        if head.startswith(magic):
            raise NotTextError(f"this is {what}", where=where, remedy=remedy)
    if head.startswith(_GIT_LFS):
        raise NotTextError(
            "this is a Git LFS pointer, which stands for the file and does not hold it",
            where=where,
            remedy="Get the file, for instance with: git lfs pull",
        )
    if _WEB_PAGE.match(head):
        if where.casefold().endswith((".xls", ".xlsx")):
            raise NotTextError(
                "this is a web page that is called a workbook",
                where=where,
                remedy="Open it in a spreadsheet, and save it as .xlsx or CSV",
            )
        raise NotTextError(
            "this is a web page, saved in place of the data it shows", where=where, remedy="Download the file itself"
        )
    if _FEED.match(head):
        raise NotTextError(
            "this is an RSS or Atom feed",
            where=where,
            remedy=f"Make JSON lines of it: python feed.py {where} > posts.jsonl, with feed.py of docs/files.md",
        )
    if _is_letter(head):
        raise NotTextError(
            "this is mail, of which each line would become a text",
            where=where,
            remedy=f"Make JSON lines of it: python letters.py {where} > posts.jsonl, with letters.py of docs/files.md",
        )
    if _XML.match(head):
        raise NotTextError("this is an XML document", where=where, remedy="Export its rows as CSV or JSON")
    if (known := what_lines_are(head, where=where)) is not None:
        raise NotTextError(f"this is {known[0]}", where=where, remedy=known[1])


def _is_letter(head: bytes) -> bool:
    """Whether it begins with the headers of a letter, as in .eml and .mbox files, and with nothing else."""
    headers, _, _ = head.lstrip().replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = headers.split(b"\n")
    # The last of them may be cut where the first bytes of the file end.
    found = [_HEADER_LINE.match(line) for line in (lines[:-1] if len(lines) > 1 else lines)]
    if not all(found):
        return False
    return len({each[1].lower() for each in found if each and each[1]} & _LETTER_HEADERS) >= _LEAST_HEADERS


def refuse_tar(head: bytes, *, where: str) -> None:
    """Raise NotTextError for a tar archive, with the command that gets its first file out."""
    if head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + len(_TAR_MAGIC)] != _TAR_MAGIC:
        return
    raise NotTextError(
        "this is a tar archive",
        where=where,
        remedy=f"See its files with: tar -tf {where}, then pipe one in: tar -xOf {where} MEMBER | enqueue -",
    )


def refuse_control_characters(text: str, *, where: str) -> None:
    """Raise NotTextError when too many characters are controls that no text has; a few only spoil their rows."""
    # One pass over bytes: in UTF-8 no other character holds one of theirs.
    data = text.encode("utf-8", "surrogatepass")
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > _BINARY_CONTROLS and controls > len(text) * _BINARY_CONTROLS_SHARE:
        raise NotTextError("this is a binary file, not text", where=where, remedy="Export its rows as CSV or JSONL")
