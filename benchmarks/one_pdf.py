"""`python -m benchmarks.one_pdf [FILE.pdf]`: seconds from a PDF to its result and report, in one process, by stage.

With the embedded model, all cores, and the precision that suits this machine; without a file, the 29-page sample. The
first run compiles kernels; the median of the others counts. "processor" is what all cores spent together.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import torch

from tclp_daemon import Analyzer
from tclp_daemon.config import Model

SAMPLE = Path(__file__).parents[1] / "tclp_daemon" / "samples" / "construction.pdf"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    began = time.perf_counter()
    analyzer = Analyzer(model=Model(precision=options.precision))
    loading = time.perf_counter() - began
    torch.set_num_threads(cores)
    rows = []
    for _ in range(options.runs + 1):
        began, cpu = time.perf_counter(), time.process_time()
        outcome = analyzer.analyze(options.file)
        everything = {"all": time.perf_counter() - began, "processor": time.process_time() - cpu}
        rows.append(outcome.seconds | everything)
    found = outcome.result
    print(
        f"{options.file.name}: {found.statistics.page_count} pages, {found.statistics.word_count} words, "
        f"{found.counts.sentences} sentences, {found.counts.findings} findings; {cores} cores, "
        f"{found.provenance.precision}; model loaded in {loading:.1f} s"
    )
    for stage in rows[0]:
        print(
            f"{stage:12} {statistics.median(row[stage] for row in rows[1:]):6.2f} s, first run {rows[0][stage]:.2f} s"
        )


if __name__ == "__main__":
    main()
