"""How well and how fast scans are read: word accuracy and seconds for each way in which a page may be spoilt.

    python -m benchmarks.ocr

The pages are those of the tests (`tests/extract/scanmaker.py`). Accuracy is the share of a page's words that are read,
in their order; seconds are processor time of one core, rendering and cleaning included.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from extract.pdfmaker import make_pdf
from extract.scanmaker import FIRST, SPOILT, accuracy, columned_page, picture_of, scanned_page, typed_page

from tclp_daemon import read


def measured(data: bytes, lines: list[str]) -> tuple[float, float]:
    """Accuracy and processor seconds of one page."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = read(data, name="scan.pdf").text
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return accuracy(text, lines), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints the table."""
    clean = picture_of(typed_page(FIRST))
    pages = {name: scanned_page(spoil(clean)) for name, spoil, _ in SPOILT}
    for dpi in (200, 150):
        pages[f"{dpi} dpi"] = scanned_page(picture_of(typed_page(FIRST), dpi), dpi=dpi)
    pages["JPEG quality 30"] = scanned_page(clean, quality=30)
    pages["two columns"] = scanned_page(picture_of(columned_page(FIRST)))
    print("| Page | Words read | Seconds |\n|---|---:|---:|")
    for name, page in pages.items():
        share, seconds = measured(make_pdf([page]), FIRST)
        print(f"| {name} | {share:.3f} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
