"""A real Chromium for the tests: the one of the system, driven by Playwright, with axe beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Set where no test may be skipped for what is not installed. Read now: tests see no settings of whoever runs them.
_ALL_ARE_NEEDED = bool(os.environ.get("NEWSGATE_TESTS_NEED_ALL"))
_NOT_INSTALLED = "Chromium is not installed: apt-get install chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_MOST_MILLISECONDS = 60_000
# What axe calls so keeps people out, or makes it hard for them.
_GRAVE = ("serious", "critical")
Scheme = Literal["light", "dark"]


def require_chromium() -> str:
    """The path of the browser; skips the test where there is none, and fails it where none may be skipped."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        if _ALL_ARE_NEEDED:
            pytest.fail(_NOT_INSTALLED)
        pytest.skip(_NOT_INSTALLED)
    return found


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser without a window, for as long as the block lasts."""
    path = require_chromium()
    from playwright.sync_api import sync_playwright

    # As root it refuses to run in its sandbox, and a container has little shared memory.
    flags = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


class Window:
    """A window of a person: what is wrong in it is collected, and must be nothing."""

    def __init__(self, browser: Browser, *, width: int = 1280, scheme: Scheme = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        self.context.set_default_timeout(_MOST_MILLISECONDS)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.faults.append(f"{kind}: {text}")

    def press(self, key: str) -> None:
        """Press a key once the page listens: its script is run only when all of it, which is shown before, is there."""
        self.page.wait_for_load_state()
        self.page.keyboard.press(key)

    def close(self) -> None:
        """Close it; fails for what was wrong in it."""
        self.context.close()
        assert self.faults == []

    def grave_findings(self, *, only: str | None = None) -> list[str]:
        """What axe finds on the page that is shown: each rule that is broken, and where. only: the one rule to try."""
        # Evaluated by the debugger, which the policy of the page does not concern.
        self.page.evaluate(_axe())
        options = {"resultTypes": ["violations"], **({"runOnly": [only]} if only else {})}
        found: dict[str, Any] = self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{self.page.url}: {each['id']}: {node['html']}"
            for each in found["violations"]
            if each["impact"] in _GRAVE
            for node in each["nodes"]
        ]

    def overflow_pixels(self) -> int:
        """By how much the page is wider than the window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return wider


@cache
def _axe() -> str:
    """axe-core (MPL-2.0), as the package axe-playwright-python carries it."""
    spec = find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")
