"""Looks through the built site for anything that a browser would fetch from another host.

A page of documentation must not tell anybody who reads it: no fonts, scripts, pictures or styles from elsewhere. Links
that a person clicks are no part of this.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

# What a browser fetches by itself, by tag and attribute. Any other `href` waits for a click.
_FETCHED = {
    ("link", "href"),
    *((tag, "src") for tag in ("audio", "embed", "iframe", "img", "input", "script", "source", "track", "video")),
    *((tag, "srcset") for tag in ("img", "source")),
    *((tag, name) for tag in ("image", "use", "feimage") for name in ("href", "xlink:href")),
    ("object", "data"),
    ("video", "poster"),
    ("body", "background"),
    ("form", "action"),
}
# Of a `link`, these say something and fetch nothing.
_ONLY_SAID = frozenset({"canonical", "author", "license", "help", "next", "prev", "search", "index"})
_ELSEWHERE = re.compile(r"(?:^|[\s,])(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_IN_STYLES = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])\s*((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)
_IN_SCRIPTS = re.compile(r"(?:fetch|import|importScripts|open)\s*\(\s*['\"`]((?:https?:)?//[^'\"`]+)", re.IGNORECASE)


class _Page(HTMLParser):
    """Collects what is fetched by the tags of a page, and by the styles and scripts in it."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes."""
        self._inside = tag
        said = dict(attrs)
        if tag == "link" and _ONLY_SAID & set((said.get("rel") or "").split()):
            return
        for name, value in attrs:
            if value and (tag, name) in _FETCHED and _ELSEWHERE.search(value):
                self.fetched.append(value)
            elif value and name == "style":
                self.fetched += _IN_STYLES.findall(value)

    def handle_data(self, data: str) -> None:
        """Look at a style or a script that stands in the page."""
        if self._inside == "style":
            self.fetched += _IN_STYLES.findall(data)
        elif self._inside == "script":
            self.fetched += _IN_SCRIPTS.findall(data)

    def handle_endtag(self, tag: str) -> None:
        """Nothing is inside any more."""
        self._inside = ""


def fetched_from_elsewhere(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every address of another host that a file of the site has a browser fetch."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".html", ".svg"):
            page = _Page()
            page.feed(file.read_text(encoding="utf-8"))
            yield from ((file, address) for address in page.fetched)
        elif file.suffix in (".css", ".js"):
            pattern = _IN_STYLES if file.suffix == ".css" else _IN_SCRIPTS
            yield from ((file, address) for address in pattern.findall(file.read_text(encoding="utf-8")))


def main(folder: Path) -> int:
    """Print what is found; gives the exit code, 1 where there is anything, or no site."""
    pages = len(list(folder.rglob("*.html")))
    found = list(fetched_from_elsewhere(folder))
    for file, address in found:
        print(f"{file}: fetches {address}")
    print(f"site: {pages} pages, {len(found)} fetch something from another host")
    return 0 if pages and not found else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
