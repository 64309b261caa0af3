"""The dashboard in a real browser, opened from the drive, while a real daemon works."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from browser.conftest import Watched

from harness import Site, wait_for

pytestmark = pytest.mark.browser
Make = Callable[..., Watched]
CLIMATE = "1. Climate\n\nThe Supplier shall reach net zero by 2040.\n"
NAMES = (
    "</script><script>window.pwned=1</script>.txt",
    "'\"><img src=x onerror=window.pwned=2>.txt",
    "two\nlines\tand tab.txt",
    "\u202etxt.exe \u2067right to left.txt",
    "javascript:window.pwned=3.txt",
    "😀 naïve & co #1?x=%2e%2e%2f&amp;.txt",
    "back\\slash and  spaces .txt",
    "{{7*7}}.txt",
    "=HYPERLINK(1).txt",
)


def in_row(name: str) -> str:
    return f"#table tbody tr[data-n='{name}']"


def test_moves_from_pending_to_completed_by_itself(make_site: Callable[..., Site], watched: Make) -> None:
    site = make_site(workers="count = 1")
    site.start()
    index = site.outbox / "index.html"
    wait_for(index.exists, "the first page of contents")
    shown = watched()  # first: on a busy machine a browser takes longer to start than a contract to be analysed
    site.drop("slow.txt", "".join(f"MISBEHAVE-SLOW {i}\n\n" for i in range(5)) + CLIMATE)
    site.drop("quick.txt", CLIMATE)
    wait_for(lambda: "quick.txt" in index.read_text("utf-8"), "the contract is listed")
    shown.open(index)
    shown.page.wait_for_selector(in_row("slow.txt") + "[data-s=processing] progress")
    shown.page.wait_for_selector(in_row("slow.txt") + "[data-s=completed]", timeout=60_000)
    shown.page.wait_for_selector(in_row("quick.txt") + "[data-s=completed]", timeout=60_000)
    # The last reload after the last change shows that the daemon is idle and stops hurrying.
    shown.page.wait_for_selector("body[data-active='0']", timeout=60_000)
    assert "Possible" in shown.page.inner_text(in_row("slow.txt"))
    shown.page.click(in_row("slow.txt") + " .links a >> text=Report")
    assert shown.page.inner_text("mark") == "The Supplier shall reach net zero by 2040."
    assert shown.errors == []
    shown.nothing_ran()


def test_follows_the_work_without_script(make_site: Callable[..., Site], watched: Make) -> None:
    site = make_site(workers="count = 1")
    site.start()
    index = site.outbox / "index.html"
    wait_for(index.exists, "the first page of contents")
    site.drop("slow.txt", "MISBEHAVE-SLOW\n\n" + CLIMATE)
    wait_for(lambda: "slow.txt" in index.read_text("utf-8"), "the contract is listed")
    shown = watched(java_script_enabled=False)
    shown.open(index)
    shown.page.wait_for_selector(in_row("slow.txt") + "[data-s=completed]", timeout=60_000)
    assert not shown.page.is_visible("#filters")
    shown.page.click(in_row("slow.txt") + " .links a >> text=Report")
    shown.page.wait_for_selector("mark")


def test_reload_keeps_place_filter_and_order(served: Site, watched: Make) -> None:
    for number in range(30):
        served.drop(f"lease {number}.txt", CLIMATE)
    served.drop("other.txt", "Nothing.\n")
    for number in range(30):
        served.finished(f"lease {number}.txt")
    _done(served, 31)
    shown = watched(height=500)
    shown.open(served.outbox / "index.html")
    shown.page.fill("#find", "lease")
    shown.page.click("#sort-n")
    wait_for(lambda: _visible(shown)[:3] == [f"lease {n}.txt" for n in range(3)], "sorted by name, numbers as numbers")
    assert len(_visible(shown)) == 30
    shown.page.evaluate("scrollTo(0, 600)")
    shown.page.reload()
    assert shown.page.evaluate("scrollY") == 600
    assert shown.page.input_value("#find") == "lease"
    assert _visible(shown)[:3] == [f"lease {n}.txt" for n in range(3)]
    shown.page.select_option("#verdict", "unlikely")
    assert _visible(shown) == []
    shown.page.fill("#find", "")
    assert _visible(shown) == ["other.txt"]
    assert shown.errors == []


def test_names_that_attack_run_nothing_and_their_links_lead_home(served: Site, watched: Make) -> None:
    for name in NAMES:
        served.drop(name, CLIMATE + "<script>window.pwned=9</script> emissions\n")
    for name in NAMES:
        served.finished(name)
    served.drop("<b>bad.xyz", b"x")
    served.finished("<b>bad.xyz")
    _done(served, len(NAMES) + 1)
    shown = watched()
    shown.open(served.outbox / "index.html")
    shown.page.wait_for_timeout(300)
    shown.nothing_ran()
    assert shown.page.locator("script").count() == 1
    assert shown.page.locator("img, iframe, b, [onerror], [style]").count() == 0
    links = shown.page.eval_on_selector_all("#table a, .failures a", "links => links.map(a => a.href)")
    assert len(links) == 4 * len(NAMES) + 1 + 1
    for url in links:
        assert url.startswith(served.outbox.as_uri() + "/")
        assert Path(unquote(urlsplit(url).path)).is_file()
    for url in [link for link in links if link.endswith(".report.html")]:
        shown.page.goto(url)
        shown.page.wait_for_selector("mark")
        assert shown.page.locator("script").count() == 0
        shown.nothing_ran()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(served: Site, watched: Make, scheme: str, width: int) -> None:
    served.drop("a/nda.txt", CLIMATE)
    served.drop("none.txt", "Nothing.\n")
    for number in range(7):
        served.drop(f"bad {number}.xyz", b"x")
        served.finished(f"bad {number}.xyz")
    served.finished("a/nda.txt")
    served.finished("none.txt")
    _done(served, 9)
    served.drop("working.txt", "MISBEHAVE-HANG\n")
    wait_for(lambda: (served.status("working.txt") or {}).get("status") == "processing", "one is in progress")
    shown = watched(width=width, scheme=scheme)
    shown.open(served.outbox / "index.html")
    shown.page.click("#pause")
    shown.page.click("#more-failed summary")
    assert shown.serious() == []
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


def _done(site: Site, contracts: int) -> None:
    """Waits until the page lists this many contracts and none of them in progress."""

    def listed() -> bool:
        html = (site.outbox / "index.html").read_text("utf-8")
        return 'data-active="0"' in html and html.count("<tr data-n=") == contracts

    wait_for(listed, f"{contracts} contracts are listed as done")


def _visible(shown: Watched) -> list[Any]:
    names: list[Any] = shown.page.eval_on_selector_all(
        "#table tbody tr", "rows => rows.filter(r => !r.hidden).map(r => r.querySelector('.name').textContent)"
    )
    return names
