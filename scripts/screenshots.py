"""Makes docs/screenshots: runs the real daemon on the sample contracts and photographs what people see, in Chromium.

Run: python -m scripts.screenshots [--keyword]   (make browser installs Chromium)

With --keyword the keyword classifier of the tests replaces the model, to try out a change of the pages.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from harness import Site, site, wait_for  # noqa: E402  (the tests' folder is not a package of ours)
from tclp_daemon.formats import SUFFIXES  # noqa: E402

SAMPLES = ROOT / "tclp_daemon" / "samples"
TARGET = ROOT / "docs" / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as work,
        site(Path(work), keyword="--keyword" in sys.argv, workers="count = 1") as running,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        running.start()
        report = _drop_samples(running)
        _dashboard(browser, running)
        for name, options in (
            ("report", {}),
            ("report-dark", {"scheme": "dark"}),
            ("report-phone", {"width": 390, "height": 1100}),
        ):
            page = _page(browser, **options)
            page.goto(report.as_uri())
            _save(page.screenshot(), name)
        page = _page(browser)
        page.goto(report.as_uri() + "#f2")
        _save(page.screenshot(), "report-in-text")
        pdf = pypdfium2.PdfDocument(page.pdf(format="A4"))
        paper = Image.new("RGB", (1190, 842), "white")
        for index in range(min(2, len(pdf))):
            paper.paste(pdf[index].render(scale=1).to_pil(), (595 * index, 0))
        pdf.close()
        _save_image(paper, "report-print")
        browser.close()


def _drop_samples(running: Site) -> Path:
    """Every sample and a file that cannot be read; the report of the sample with most findings."""
    names = sorted(path.name for path in SAMPLES.iterdir() if path.suffix in SUFFIXES)
    running.drop("acme/board minutes.pages", b"not a contract that we read")
    for name in names:
        running.drop(name, (SAMPLES / name).read_bytes())
    done = {name: running.finished(name, 600) for name in names}
    findings = {
        name: len(_json(running.outbox / status["result"]["result_file"])["findings"])
        for name, status in done.items()
        if status["status"] == "completed"
    }
    best = max(findings, key=lambda name: findings[name])
    return running.outbox / f"{best}.report.html"


def _dashboard(browser: Any, running: Site) -> None:
    """The dashboard while long contracts are in progress."""
    index = running.outbox / "index.html"
    wait_for(lambda: 'data-active="0"' in index.read_text("utf-8"), "all is listed as done")
    text = (ROOT / "scripts" / "sample_texts" / "lease.txt").read_text("utf-8") * 60
    slow = "MISBEHAVE-SLOW\n\n" * 3 if running.keyword else ""
    for number in range(1, 4):
        running.drop(f"tender 2026/bid {number}.txt", f"Bid {number}\n\n{text}\n\n{slow}")
    wait_for(lambda: "<progress" in index.read_text("utf-8"), "work is shown")
    wait_for(lambda: "Classifying</span>" in index.read_text("utf-8"), "progress is shown")
    page = _page(browser, height=880)
    page.goto(index.as_uri())
    page.click("#pause")  # a reload in the middle of the exposure would spoil it
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur(); document.getElementById('pause').textContent = 'Pause updates'")
    _save(page.screenshot(), "dashboard")


def _page(browser: Any, width: int = 1280, height: int = 1000, scheme: str = "light") -> Any:
    return browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()


def _save(data: bytes, name: str) -> None:
    _save_image(Image.open(io.BytesIO(data)), name)


def _save_image(image: Image.Image, name: str) -> None:
    """Few colours: the pages have few, and the repository keeps every version."""
    target = TARGET / f"{name}.png"
    image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.relative_to(ROOT)}  {target.stat().st_size // 1024} KB")


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


if __name__ == "__main__":
    main()
