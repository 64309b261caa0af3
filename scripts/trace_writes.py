"""Shows, by strace, in which order one contract's bytes, rows and renames reach the disk, and checks it.

Power may fail between any two system calls. What must hold then, whatever of it the disk has: the spool holds the bytes
for good before a row says so; the row is committed before the original leaves the inbox; the finished row is committed
before anything of it is in the outbox; each file there is synced before it gets its name, and its folder after; the
sidecar is last; and the spooled copy goes only when all that is recorded.

    python scripts/trace_writes.py
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from harness import Site, site

NAME = "nda.txt"
CONTENT = "The Supplier shall reach net zero by 2040.\n"
_CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat"


@dataclass(frozen=True)
class Call:
    """One system call that succeeded."""

    name: str
    arguments: str

    def paths(self) -> list[str]:
        """Absolute paths in it: of descriptors, and of names relative to those."""
        found: list[str] = []
        folder = ""
        for fd, text in re.findall(r'<(/[^>]*)>|"((?:[^"\\]|\\.)*)"', self.arguments):
            if fd:
                folder = fd
                found.append(fd)
            else:
                found.append(text if text.startswith("/") else f"{folder}/{text}")
        return found


def trace(place: Site, log: Path) -> list[Call]:
    """Runs one contract through a traced daemon; the calls in the order in which they returned."""
    strace = ("strace", "-f", "--seccomp-bpf", "-y", "-s", "4200", "-e", f"trace={_CALLS}", "-o", str(log))
    place.start(wrapper=strace)
    place.drop(NAME, CONTENT)
    place.finished(NAME)
    process = place.process
    assert process is not None
    # strace passes no signal on: the daemon itself is told to stop.
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    import os
    import signal

    for child in children:
        os.kill(int(child), signal.SIGTERM)
    process.wait(timeout=60)
    return parse(log.read_text("utf-8", "replace"))


def parse(text: str) -> list[Call]:
    """strace's lines, with calls that another thread interrupted put together again."""
    calls: list[Call] = []
    unfinished: dict[str, str] = {}
    for line in text.splitlines():
        pid, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            unfinished[pid] = rest.removesuffix("<unfinished ...>")
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", rest):
            rest = unfinished.pop(pid, "") + resumed[1]
        if match := re.match(r"(\w+)\((.*)\)\s+= \d", rest):
            calls.append(Call(match[1], match[2]))
    return calls


class Order:
    """Walks through the calls, each step after the one before."""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.at = -1
        self.steps: list[str] = []

    def then(self, what: str, fits: Callable[[Call], bool], after: int | None = None) -> int:
        """Finds the next call that fits.

        Raises:
            SystemExit: there is none after the last step.
        """
        start = (self.at if after is None else after) + 1
        for index in range(start, len(self.calls)):
            if fits(self.calls[index]):
                self.at = index
                self.steps.append(what)
                print(f"{index:6}  {what}")
                return index
        sys.exit(f"not in the needed order: {what}, after: {self.steps[-1] if self.steps else 'the start'}")

    def published(self, place: Site, suffix: str) -> int:
        """A file of the outbox: written under a temporary name, synced, renamed, its folder synced."""
        target = f"{place.outbox}/{NAME}{suffix}"
        renamed = self.then(f"{NAME}{suffix} gets its name", lambda c: "rename" in c.name and c.paths()[-1] == target)
        temporary = self.calls[renamed].paths()[1]
        synced = [i for i, c in enumerate(self.calls[:renamed]) if c.name == "fsync" and temporary in c.paths()]
        if not synced:
            sys.exit(f"{NAME}{suffix} got its name before its bytes were synced")
        print(f"{synced[-1]:6}    (its bytes were synced)")
        return self.then(f"its folder is synced after {suffix}", is_sync(str(place.outbox)))


def is_sync(path: str) -> Callable[[Call], bool]:
    """Whether a call makes this very path durable."""
    return lambda c: c.name in ("fsync", "fdatasync") and path in c.paths()


def check(calls: list[Call], place: Site) -> None:
    """Checks the order, printing each step.

    Raises:
        SystemExit: a step is missing or too early.
    """
    database = f"{place.state}/tasks.sqlite3"
    spool = f"{place.state}/spool"

    def writes_row(word: str) -> Callable[[Call], bool]:
        # Page 1 holds the schema, which names every status.
        def fits(c: Call) -> bool:
            return (
                c.name == "pwrite64" and c.paths()[0] in (database, f"{database}-wal") and word in c.arguments
                and not re.search(r", 0$", c.arguments)
            )  # fmt: skip

        return fits

    def commits(c: Call) -> bool:
        """The rollback journal is deleted, or the write-ahead log is synced."""
        if "unlink" in c.name:
            return f"{database}-journal" in c.paths()
        return is_sync(f"{database}-wal")(c)

    order = Order(calls)
    order.then("the spooled copy is synced", lambda c: c.name == "fsync" and any(
        p.startswith(spool) and p.endswith(".part") for p in c.paths()))  # fmt: skip
    order.then("it gets its name", lambda c: "rename" in c.name and c.paths()[-1].startswith(spool + "/"))
    order.then("the spool folder is synced", is_sync(spool))
    order.then("the task's row is written", writes_row(NAME))
    order.then("and committed", commits)
    order.then("the original is synced", is_sync(f"{place.inbox}/{NAME}"))
    order.then(
        "the original moves to the outbox",
        lambda c: "rename" in c.name and c.paths()[1::2] == [f"{place.inbox}/{NAME}", f"{place.outbox}/{NAME}"],
    )
    order.then("the outbox is synced", is_sync(str(place.outbox)))
    moved = order.then("the inbox is synced", is_sync(str(place.inbox)))
    finished = order.then("the finished row is written", writes_row("completed"))
    order.then("and committed", commits)
    early = [
        c for c in calls[:finished] if "rename" in c.name and c.paths()[-1].endswith((".result.json", ".report.html"))
    ]
    if early:
        sys.exit(f"in the outbox before its row was committed: {early}")
    order.at = max(order.at, moved)
    order.published(place, ".result.json")
    order.published(place, ".report.html")
    order.published(place, ".status.json")
    order.then("that it is published is committed", commits)
    order.then("the spooled copy goes", lambda c: "unlink" in c.name and any(
        p.startswith(spool + "/") and not p.endswith(".part") for p in c.paths()))  # fmt: skip


def main() -> None:
    """The command line."""
    if shutil.which("strace") is None:
        sys.exit("strace is missing: make trace")
    with tempfile.TemporaryDirectory(prefix="tclp-trace-") as folder, site(Path(folder)) as place:
        check(trace(place, Path(folder) / "strace.log"), place)
        print("The order is the needed one.")


if __name__ == "__main__":
    main()
