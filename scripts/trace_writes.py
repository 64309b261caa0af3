"""Shows with strace in which order one contract's bytes, rows and renames reach the disk, and checks that order.

Power may fail between any two system calls. So: the bytes are durable in the spool before a row says so; the row is
committed before the original leaves the inbox; the finished row is committed before any of its files is in the outbox;
each file there is synced before it gets its name, and its folder afterwards; the sidecar is the last of them; and the
spooled copy is removed only when all of that is recorded.

    python scripts/trace_writes.py
"""

from __future__ import annotations

import os
import re
import shutil
import signal
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
    # strace does not pass signals on, so the daemon itself gets the signal.
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
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
        sys.exit(f"not in the right order: {what}, after: {self.steps[-1] if self.steps else 'the start'}")

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


Fits = Callable[[Call], bool]


def is_sync(path: str) -> Fits:
    """Whether a call makes this path durable."""
    return lambda c: c.name in ("fsync", "fdatasync") and path in c.paths()


class Database:
    """Recognises what SQLite does to the daemon's database.

    Args:
        path: of the database file.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def writes_row(self, word: str) -> Fits:
        """Whether a call writes a row that has the word."""

        # Page 1 has the schema, which names every status.
        def fits(c: Call) -> bool:
            return (
                c.name == "pwrite64" and c.paths()[0] in (self._path, f"{self._path}-wal") and word in c.arguments
                and not re.search(r", 0$", c.arguments)
            )  # fmt: skip

        return fits

    def commits(self, c: Call) -> bool:
        """The rollback journal is deleted, or the write-ahead log is synced."""
        if "unlink" in c.name:
            return f"{self._path}-journal" in c.paths()
        return is_sync(f"{self._path}-wal")(c)


def check(calls: list[Call], place: Site) -> None:
    """Checks the order, printing each step.

    Raises:
        SystemExit: a step is missing or too early.
    """
    order = Order(calls)
    database = Database(f"{place.state}/tasks.sqlite3")
    check_acceptance(order, place, database)
    moved = check_move(order, place)
    finished = order.then("the finished row is written", database.writes_row("completed"))
    order.then("and committed", database.commits)
    early = [
        c for c in calls[:finished] if "rename" in c.name and c.paths()[-1].endswith((".result.json", ".report.html"))
    ]
    if early:
        sys.exit(f"in the outbox before its row was committed: {early}")
    order.at = max(order.at, moved)
    check_publishing(order, place, database)


def check_acceptance(order: Order, place: Site, database: Database) -> None:
    """The bytes are durable in the spool before the task's row is committed."""
    spool = f"{place.state}/spool"
    order.then("the spooled copy is synced", lambda c: c.name == "fsync" and any(
        p.startswith(spool) and p.endswith(".part") for p in c.paths()))  # fmt: skip
    order.then("it gets its name", lambda c: "rename" in c.name and c.paths()[-1].startswith(spool + "/"))
    order.then("the spool folder is synced", is_sync(spool))
    order.then("the task's row is written", database.writes_row(NAME))
    order.then("and committed", database.commits)


def check_move(order: Order, place: Site) -> int:
    """The original moves after that; the index of the last call."""
    inbox, outbox = str(place.inbox), str(place.outbox)
    order.then("the original is synced", is_sync(f"{inbox}/{NAME}"))
    order.then(
        "the original moves to the outbox",
        lambda c: "rename" in c.name and c.paths()[1::2] == [f"{inbox}/{NAME}", f"{outbox}/{NAME}"],
    )
    order.then("the outbox is synced", is_sync(outbox))
    return order.then("the inbox is synced", is_sync(inbox))


def check_publishing(order: Order, place: Site, database: Database) -> None:
    """Result, report and sidecar are published in this order; then the spooled copy goes."""
    spool = f"{place.state}/spool"
    order.published(place, ".result.json")
    order.published(place, ".report.html")
    order.published(place, ".status.json")
    order.then("that it is published is committed", database.commits)
    order.then("the spooled copy is removed", lambda c: "unlink" in c.name and any(
        p.startswith(spool + "/") and not p.endswith(".part") for p in c.paths()))  # fmt: skip


def main() -> None:
    """The command line."""
    if shutil.which("strace") is None:
        sys.exit("strace is missing: make trace")
    with tempfile.TemporaryDirectory(prefix="tclp-trace-") as folder, site(Path(folder)) as place:
        check(trace(place, Path(folder) / "strace.log"), place)
        print("The order is right.")


if __name__ == "__main__":
    main()
