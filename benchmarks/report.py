"""How long the report of an 800-page contract takes in a process of its own, how much memory, and how large it is.

Run: python -m benchmarks.report [pages]
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "report"))

from bigdoc import big_document

from tclp_daemon.report.render import render_report


def main() -> None:
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 800
    document, result = big_document(pages)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, cpu = time.perf_counter(), time.process_time()
    html = render_report(document, result, "benchmark.pdf")
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{pages} pages, {document.word_count:,} words, {len(document.blocks):,} blocks")
    print(f"{seconds:.2f} s, of CPU {cpu:.2f} s; peak {peak:.0f} MB, {before:.0f} before; {len(html) / 1e6:.1f} MB")
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(html, encoding="utf-8")


if __name__ == "__main__":
    main()
