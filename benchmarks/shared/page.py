"""What a benchmark gives: tables and pictures, and their places in a page. Nothing of newsgate is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.shared.processes import BenchmarkError


@dataclass(frozen=True)
class Table:
    """Markdown that is printed, and that stands in a page between the markers of this name."""

    marker: str
    markdown: str

    def show(self) -> None:
        """Print it, with an empty line behind it."""
        print(f"{self.markdown}\n", flush=True)

    def write(self, page: Path) -> None:
        """Put it into its place. Raises BenchmarkError where the page has no such place."""
        write_between_markers(page, name=self.marker, content=self.markdown)


@dataclass(frozen=True)
class Picture:
    """An SVG document that is only written. path: as the page names it, from the page's folder."""

    path: str
    svg: str

    def show(self) -> None:
        """Print nothing."""

    def write(self, page: Path) -> None:
        """Write it beside the page."""
        path = page.parent / self.path
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.svg, encoding="utf-8")


Found = Table | Picture


def write_between_markers(path: Path, *, name: str, content: str) -> None:
    """Replace what stands between `<!-- name: begin -->` and `<!-- name: end -->` in a document.

    Raises BenchmarkError where the document has no such markers.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise BenchmarkError(f"{path} has no place for these figures: {begin} {end}")
    path.write_text(f"{before}{begin}\n{content}\n{end}{after}", encoding="utf-8")
