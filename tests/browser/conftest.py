"""A real headless Chromium, and pages that note whatever they should never do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Watched:
    """A page and what was seen on it: every address it asked for, every dialog, every complaint of the browser."""

    page: Any
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, path: Path, fragment: str = "") -> None:
        """Opens a file as a double click does."""
        self.page.goto(path.as_uri() + fragment)

    def nothing_ran(self) -> None:
        """Asserts that no foreign code ran and nothing left the machine."""
        assert self.dialogs == []
        assert self.page.evaluate("window.pwned") is None
        assert [url for url in self.requests if not url.startswith("file:")] == []

    def serious(self) -> list[str]:
        """What axe-core calls serious or critical."""
        if not AXE.exists():
            pytest.skip("axe-core is not installed (make browser)")
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [
            f"{v['id']} ({v['impact']}): {v['help']}: {[n['html'][:200] for n in v['nodes'][:3]]}"
            for v in found
            if v["impact"] in ("serious", "critical")
        ]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, once for all tests."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed (make browser)")
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def watched(chromium: Any) -> Iterator[Callable[..., Watched]]:
    """Makes pages; options are those of a Playwright context."""
    contexts = []

    def make(width: int = 1280, height: int = 900, scheme: str = "light", **options: Any) -> Watched:
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        contexts.append(context)
        found = Watched(context.new_page())
        context.on("request", lambda request: found.requests.append(request.url))
        found.page.on("dialog", lambda dialog: (found.dialogs.append(dialog.message), dialog.dismiss()))
        found.page.on("pageerror", lambda error: found.errors.append(str(error)))
        return found

    yield make
    for context in contexts:
        context.close()
