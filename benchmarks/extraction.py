"""How completely and how fast documents are read, on contracts that exist as PDF and as text.

    python benchmarks/extraction.py [--data ../shared/dev-data] [--output table.md]

Fidelity is the multiset F1 of the words (runs of letters and digits, lower case) of a PDF against those of its text.
Speed is processor time of one core; the engines read the same pages.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pdfplumber
import pypdfium2

from tclp_daemon import read
from tclp_daemon.config import Ocr

_WITHOUT = Ocr(mode="off")  # what is measured here is the readers
_WORD = re.compile(r"\w+")
_SLOW_FILES = 6  # pdfplumber reads only this many; it is slow


def pairs(data: Path) -> list[tuple[str, Path, Path]]:
    """(name, PDF, text) of each contract in both forms."""
    folder = data / "contracts"
    texts = {path.stem.rstrip(" -"): path for path in (folder / "txt").rglob("*.txt")}
    found = []
    for path in sorted((folder / "pdf").rglob("*")):
        name = path.stem.rstrip(" -")
        if path.suffix.lower() == ".pdf" and name in texts:
            found.append((name, path, texts[name]))
    return found


def fidelity(data: Path) -> list[str]:
    """The table of all pairs."""
    lines = ["| Contract | Pages | Words | F1 | Only in the PDF | Only in the text |", "|---|---:|---:|---:|---|---|"]
    scores = []
    for name, pdf, text in pairs(data):
        document = read(pdf, ocr=_WITHOUT)
        found = Counter(_WORD.findall(document.text.lower()))
        wanted = Counter(_WORD.findall(text.read_text(encoding="utf-8").lower()))
        score = 2 * (found & wanted).total() / (found.total() + wanted.total())
        scores.append(score)
        extra, missing = (_sample(a - b) for a, b in ((found, wanted), (wanted, found)))
        lines.append(f"| {name[:50]} | {document.page_count} | {wanted.total()} | {score:.4f} | {extra} | {missing} |")
    lines.append(f"\nMean F1 {sum(scores) / len(scores):.4f}, lowest {min(scores):.4f}, {len(scores)} pairs.")
    return lines


def speed(data: Path) -> list[str]:
    """Pages per second of processor time, by engine."""
    files = [path.read_bytes() for _, path, _ in pairs(data)]
    rows = ["| Engine | Pages | Pages per second |", "|---|---:|---:|"]
    _ours(files[0])  # imports
    for label, count, some in (
        ("this package (paragraphs, clauses, tables)", _ours, files),
        ("pypdfium2, bare text", _pdfium, files),
        ("pdfplumber, bare text", _plumber, files[:_SLOW_FILES]),
    ):
        rows.append(_measure(label, count, some))
    return rows


def _measure(label: str, count: Callable[[bytes], int], files: list[bytes]) -> str:
    begun = time.process_time()
    pages = sum(count(data) for data in files)
    return f"| {label} | {pages} | {pages / (time.process_time() - begun):.0f} |"


def _ours(data: bytes) -> int:
    return read(data, name="contract.pdf", ocr=_WITHOUT).page_count or 0


def _pdfium(data: bytes) -> int:
    document = pypdfium2.PdfDocument(data)
    for page in document:
        page.get_textpage().get_text_bounded()
    return len(document)


def _plumber(data: bytes) -> int:
    with pdfplumber.open(io.BytesIO(data)) as document:
        for page in document.pages:
            page.extract_text()
            page.close()
        return len(document.pages)


def _sample(words: Counter[str]) -> str:
    return ", ".join(f"{word} {count}" if count > 1 else word for word, count in words.most_common(4))


def main() -> None:
    """Prints both tables, or writes them to a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("TCLP_DEV_DATA", Path(__file__).parents[2] / "shared" / "dev-data")
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    text = "\n".join(["## Fidelity", "", *fidelity(options.data), "", "## Speed", "", *speed(options.data), ""])
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
