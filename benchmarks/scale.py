"""`python -m benchmarks.scale`: does the daemon grow with what it has done? With 0, 10,000 and 100,000 contracts.

The real daemon and command line, with the keyword classifier, so that the machinery is what is measured; the contracts
are filled into store and outbox (`benchmarks.fill`), in leave mode into the inbox too. For each number and mode: start
until ready, processor time and memory of the main process at rest, drop to accepted, accepted to completed, `list`, and
`verify` with its peak memory. Prints a table with each figure's ratio to that of no contracts.

With --folder what was filled and measured is kept, and a run that was cut off continues where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from benchmarks.fill import content_of, fill
from harness import Site, site
from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.marker import OutboxMarker
from tclp_daemon.outbox.overview import Overview
from tclp_daemon.store import DATABASE, Store
from tclp_daemon.task import Placement

MODES = ("move", "leave")
DROPS = 9
RUNS = 3
REST_SECONDS = 30.0
# How long the daemon may go on with its pages before it counts as being at rest, and what that means.
CATCH_UP_SECONDS = 400.0
BUSY_PERCENT = 2.5
WANTED = 1.5
# Those that may grow with the number of contracts.
LINEAR = ("verify, s", "catch up, s")

Figures = dict[str, float]


def options_of(mode: str) -> dict[str, str]:
    """The configuration; nothing is ever forgotten."""
    return {
        "inbox": f'poll_seconds = 2.0\nsettle_seconds = 0.5\nwhen_accepted = "{mode}"\n',
        "retention": "completed_days = 36500\nfailed_days = 36500\n",
    }


def prepare(folder: Path, count: int, mode: str) -> Path:
    """Fills the root of a site, unless that was done before."""
    root = folder / f"{count}-{mode}"
    if (root / "filled").exists():
        return root
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    with site(root, **options_of(mode)) as place:
        if mode == "move":
            place.start()  # makes the state directory and marks the outbox
            place.stop()
            fill(place.state, count, outbox=place.outbox)
            write_pages(place)
        else:
            # The same contracts, but their originals stayed.
            source = prepare(folder, count, "move")
            shutil.copytree(source / "state", place.state)
            subprocess.run(["cp", "-al", f"{source / 'outbox'}/.", place.outbox], check=True)
            leave(place, count)
    (root / "filled").touch()
    return root


def write_pages(place: Site) -> None:
    """The pages of contents, at full speed; the daemon would take its time."""
    folder = OutboxFolder(OutboxMarker(place.outbox, place.state), mode=0o640)
    store = Store(place.state)
    overview = Overview(folder)
    while overview.pause(60.0) < 60.0:
        overview.refresh(store, False, last=True)
    store.close()


def leave(place: Site, count: int) -> None:
    """Puts the originals into the inbox, as files that the store knows."""
    database = sqlite3.connect(place.state / DATABASE)
    names = database.execute("SELECT source, mtime_ns FROM tasks ORDER BY created_at LIMIT ?", (count,)).fetchall()
    for source, mtime_ns in names:
        name = os.fsdecode(source)
        target = place.inbox / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content_of(int(name.rpartition(" ")[2].removesuffix(".txt"))))
        os.utime(target, ns=(mtime_ns, mtime_ns))
    # The inode number is known only once the file exists; 0 stands for any.
    with database:
        database.execute("UPDATE tasks SET placed = ?, inode = 0", (int(Placement.STAYS),))
    database.close()


def processor_seconds(pid: int) -> float:
    """What all threads of a process used so far."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue
    return total / 1e9


def percent_of_a_core(pid: int, seconds: float) -> float:
    """What a process uses while it is idle."""
    before = processor_seconds(pid)
    time.sleep(seconds)
    return 100 * (processor_seconds(pid) - before) / seconds


def resident(pid: int) -> float:
    """MB."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def catch_up(place: Site, pid: int) -> float:
    """Seconds until the pages of contents are up to date and the daemon is at rest."""
    began = time.monotonic()
    while time.monotonic() - began < CATCH_UP_SECONDS:
        if percent_of_a_core(pid, 3.0) < BUSY_PERCENT and (place.outbox / "contracts.csv").exists():
            break
    return time.monotonic() - began


def ways_of_contracts(place: Site, run: str) -> list[tuple[float, float]]:
    """(dropped to accepted, accepted to completed) in seconds."""
    ways = []
    for number in range(DROPS):
        name = f"dropped-{run}-{number}.txt"
        text = f"Contract {run}-{number}.\n\nThe Supplier shall reach net zero by 2040.\n\nNothing else is agreed.\n"
        dropped = time.time()
        place.drop(name, text)
        accepted = datetime.fromisoformat(place.finished(name)["created_at"]).timestamp()
        completed = (place.outbox / f"{name}.status.json").stat().st_mtime
        ways.append((accepted - dropped, completed - accepted))
    return ways


def command(place: Site, *arguments: str) -> tuple[float, float, str]:
    """(seconds, peak MB, last line) of a command."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen([*place.command, *arguments], stdout=output, stderr=subprocess.STDOUT)
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = 0  # wait4 above has reaped it
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").splitlines()
    return seconds, usage.ru_maxrss / 1024, lines[-1] if lines else ""


def measure(folder: Path, count: int, mode: str) -> Figures:
    """One column of the table."""
    with site(prepare(folder, count, mode), **options_of(mode)) as served:
        # The first start reads a database that another program wrote to completely, so it does not count.
        figures: Figures = {"start until ready, s": 0.0, "catch up, s": catch_up(served, served.start().pid)}
        served.stop()
        began = time.perf_counter()
        process = served.start()
        figures["start until ready, s"] = time.perf_counter() - began
        catch_up(served, process.pid)
        figures["at rest, % of a core"] = percent_of_a_core(process.pid, REST_SECONDS)
        ways = ways_of_contracts(served, f"{time.time():.0f}")
        figures["dropped to accepted, s"] = statistics.median(way[0] for way in ways)
        figures["accepted to completed, s"] = statistics.median(way[1] for way in ways)
        figures["the slowest of them, s"] = max(way[1] for way in ways)
        figures["main process, MB"] = resident(process.pid)
        listed = [command(served, "list") for _ in range(RUNS)]
        figures["list, s"] = statistics.median(run[0] for run in listed)
        figures["list, peak MB"] = max(run[1] for run in listed)
        served.stop()
        seconds, peak, said = command(served, "verify")
        figures |= {"verify, s": seconds, "verify, peak MB": peak}
        print(f"  {count:,} {mode}: {said}", file=sys.stderr, flush=True)
    return figures


def table(found: dict[str, Figures], counts: list[int], modes: list[str]) -> str:
    """In Markdown; ratios beside the figures, those that are too high in bold."""
    lines = []
    for mode in modes:
        columns = [found[f"{count}-{mode}"] for count in counts]
        heads = "".join(f" {count:,} |" + (" × |" if number else "") for number, count in enumerate(counts))
        lines += [f"| {mode} |{heads}", "|---|" + "---:|" * (2 * len(counts) - 1)]
        for name, first in columns[0].items():
            cells = f" {first:.2f} |"
            for column in columns[1:]:
                ratio = column[name] / first if first else float("nan")
                mark = "**" if ratio > WANTED and name not in LINEAR else ""
                cells += f" {column[name]:.2f} | {mark}{ratio:.1f}{mark} |"
            lines.append(f"| {name} |{cells}")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", type=int, nargs="+", default=[0, 10_000, 100_000])
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--folder", type=Path, help="where everything is kept; by default nothing is")
    parser.add_argument("--again", action="store_true", help="measure again what was measured, in the same folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tclp-scale-") as temporary:
        folder = (options.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / "figures.json"
        found: dict[str, Figures] = json.loads(kept.read_text()) if kept.exists() and not options.again else {}
        for count in options.counts:
            for mode in options.modes:
                if (key := f"{count}-{mode}") in found:
                    continue
                began = time.monotonic()
                prepare(folder, count, mode)  # here, so that its time is measured apart
                filled = time.monotonic() - began
                found[key] = measure(folder, count, mode)
                kept.write_text(json.dumps(found, indent=1))
                total = time.monotonic() - began
                print(f"{key}: {total:.0f} s, of them {filled:.0f} s to fill", file=sys.stderr, flush=True)
            if options.folder is None:
                for mode in MODES:
                    shutil.rmtree(folder / f"{count}-{mode}", ignore_errors=True)
        print(table(found, options.counts, options.modes))


if __name__ == "__main__":
    main()
