"""`python -m benchmarks.daemon`: what the daemon itself costs, with the embedded model and real processes.

* a 10-page text contract from settled to completed, and the daemon's own share of it (all but reading, segmenting and
  classifying);
* the command line's answers;
* memory and processor time of the main process at rest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from harness import Site, site

RUNS = 5
REST_SECONDS = 30.0


def ten_pages() -> str:
    """About 5,000 words of contract language in which no two sentences are alike, with two climate clauses."""
    paragraphs = []
    for i in range(1, 200):
        paragraphs.append(
            f"{i}. The Supplier shall deliver item {i} to the Customer's premises on day {i} of the term, and the "
            f"Customer shall pay {i * 17} pounds within thirty days after it has received invoice number {i} for it."
        )
    paragraphs.insert(60, "The Supplier shall reduce its greenhouse gas emissions to net zero by 2040.")
    paragraphs.insert(140, "The Supplier shall power its sites with renewable electricity only.")
    return "\n\n".join(paragraphs)


def way_of_a_contract(served: Site, text: str) -> list[tuple[float, float, float]]:
    """(settled to completed, analysis, the daemon's own share) in seconds, for each run."""
    rows = []
    for run in range(RUNS):
        name = f"ten-pages-{run}.txt"
        served.drop(name, f"Contract {run}\n\n{text}")
        status = served.finished(name, 120)
        accepted = datetime.fromisoformat(status["created_at"])
        line = next(e for e in reversed(served.events("contract")) if e["file"] == repr(name))
        published = (served.outbox / f"{name}.status.json").stat().st_mtime
        total = published - accepted.timestamp()
        analysis = sum(line["seconds"][stage] for stage in ("reading", "segmenting", "classifying"))
        rows.append((total, analysis, total - analysis))
    return rows


def seconds_of(command: list[str]) -> float:
    """Median wall time of a command."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def at_rest(pid: int) -> tuple[float, float]:
    """(resident MB, per cent of a core) of the main process while nothing happens."""
    ticks = os.sysconf("SC_CLK_TCK")

    def used() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    before = used()
    time.sleep(REST_SECONDS)
    percent = 100 * (used() - before) / REST_SECONDS
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    resident = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
    return resident, percent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="tclp-bench-") as folder,
        site(
            Path(folder), keyword=False, inbox="poll_seconds = 2.0\nsettle_seconds = 0.5\n", workers="count = 0\n"
        ) as served,
    ):
        began = time.perf_counter()
        process = served.start()
        ready = time.perf_counter() - began
        served.drop("warm.txt", "Warm up.")
        served.finished("warm.txt", 120)
        rows = way_of_a_contract(served, ten_pages())
        rest = at_rest(process.pid)
        program = str(Path(sys.executable).with_name("tclp-daemon"))
        figures = {
            "start until ready, s": ready,
            "10 pages, settled to completed, s": statistics.median(r[0] for r in rows),
            "of that analysis, s": statistics.median(r[1] for r in rows),
            "of that the daemon itself, s": statistics.median(r[2] for r in rows),
            "--help, s": seconds_of([program, "--help"]),
            "list, s": seconds_of([program, "--config", str(served.config), "list"]),
            "main process at rest, MB": rest[0],
            "main process at rest, % of a core": rest[1],
            "stop, exit code": float(served.stop()),
        }
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:40} {value:8.2f}")
    print(f"{'cores':40} {len(os.sched_getaffinity(0)):8}")


if __name__ == "__main__":
    main()
