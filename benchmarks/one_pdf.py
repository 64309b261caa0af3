"""`python -m benchmarks.one_pdf [FILE.pdf]`: seconds from a PDF to its result and report, in one process, by stage.

With the embedded model, all cores of this machine, and the precision that the machine has; without a file, the 29-page
sample. The first run compiles kernels; the median of the others counts. "processor" is what all cores spent together.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
import time
from pathlib import Path

from tclp_daemon.config import parse_config
from tclp_daemon.pipeline import Analyser
from tclp_daemon.task import Job

SAMPLE = Path(__file__).parents[1] / "tclp_daemon" / "samples" / "construction.pdf"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as scratch:
        folders = {name: {"path": f"{scratch}/{name}"} for name in ("inbox", "outbox", "state")}
        began = time.perf_counter()
        analyser = Analyser(parse_config({**folders, "model": {"precision": options.precision}}))
        analyser.load()
        loading = time.perf_counter() - began
        job = Job(
            task_id="benchmark",
            attempt=1,
            spool=options.file,
            suffix=options.file.suffix,
            display_name=options.file.name,
            sha256=hashlib.sha256(options.file.read_bytes()).hexdigest(),
            size=options.file.stat().st_size,
            threads=cores,
        )
        rows = []
        for _ in range(options.runs + 1):
            began, cpu = time.perf_counter(), time.process_time()
            outcome = analyser.process_contract(job, lambda progress: None)
            whole = {"all": time.perf_counter() - began, "processor": time.process_time() - cpu}
            rows.append(outcome.seconds | whole)
    found = outcome.result
    print(
        f"{options.file.name}: {found.statistics.page_count} pages, {found.statistics.word_count} words, "
        f"{found.counts.sentences} sentences, {found.counts.findings} findings; {cores} cores, "
        f"{analyser.identity()['precision']}; model loaded in {loading:.1f} s"
    )
    for stage in rows[0]:
        print(
            f"{stage:12} {statistics.median(row[stage] for row in rows[1:]):6.2f} s, first run {rows[0][stage]:.2f} s"
        )


if __name__ == "__main__":
    main()
