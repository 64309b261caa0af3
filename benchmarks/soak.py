"""`python -m benchmarks.soak`: thousands of small contracts through the real daemon while everything goes wrong.

The daemon (with the keyword classifier, so that its own machinery is what is tested) is killed at random moments, its
workers too; file operations fail; writers are slow, careful, careless, replace files and drop the same bytes again;
users delete what they see. At the end every contract that was dropped must have exactly one task with its sha256, every
task must be finished, and `tclp-daemon verify` must balance. Exit code 1 unless lost = double = 0.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site, site, wait_for

GOOD = "The Supplier shall reach net zero by 2040. Emissions are reported each year.\n"
BAD = {
    "pdf": "%PDF-1.4 broken {token}\n",
    "docx": "PK\x03\x04 broken {token}\n",
    "png": "no contract {token}\n",
}
# Each costs seconds of waiting for attempts, so they are rare.
MISBEHAVIOURS = ("MISBEHAVE-CRASH {token}\n", "MISBEHAVE-EXIT {token}\n", "MISBEHAVE-RAISE {token}\n")


@dataclass
class Ledger:
    """What was done to the daemon."""

    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    writers: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    deleted: int = 0


class Soak:
    """One run.

    Args:
        place: a fresh site.
        faults: of its daemon.
        contracts, seconds: how much, and over how long.
        chance: the run's only source of randomness.
    """

    def __init__(self, place: Site, faults: Faults, *, contracts: int, seconds: float, chance: random.Random) -> None:
        self.site = place
        self.faults = faults
        self.contracts = contracts
        self.seconds = seconds
        self.chance = chance
        self.ledger = Ledger()
        self._log_offset = 0
        self._names: list[str] = []
        self._contents: list[str] = []
        self._threads: list[threading.Thread] = []

    # -- writers ---------------------------------------------------------------------------------------------------

    def drop(self, number: int) -> None:
        """Drops one contract in one of many ways."""
        chance, token = self.chance, f"[{number}]"
        name = f"client-{number % 17}/{number}.txt"
        content = "".join(GOOD if chance.random() < 0.4 else f"Clause {i}. Nothing.\n" for i in range(5)) + token
        writer = chance.choices(
            ("rename", "plain", "slow", "replace", "same bytes", "bad", "misbehaving"), (40, 20, 10, 10, 10, 9, 0.5)
        )[0]
        match writer:
            case "replace" if self._names:
                # Only what the daemon has taken: whoever overwrites a file before that has replaced it himself.
                name = chance.choice(self._names)
                if (self.site.inbox / name).exists():
                    writer, name = "rename", f"client-{number % 17}/{number}.txt"
            case "same bytes" if self._contents:
                content = chance.choice(self._contents)
            case "bad":
                suffix, text = chance.choice(list(BAD.items()))
                name, content = f"bad/{number}.{suffix}", text.format(token=token)
            case "misbehaving":
                content = chance.choice(MISBEHAVIOURS).format(token=token)
        self.ledger.writers[writer] += 1
        self.ledger.dropped[name, hashlib.sha256(content.encode()).hexdigest()] += 1
        if writer == "slow":
            thread = threading.Thread(target=self._write_slowly, args=(name, content, chance.uniform(0.1, 0.6)))
            thread.start()
            self._threads.append(thread)
        elif writer == "plain":
            path = self.site.inbox / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        else:
            self.site.drop(name, content)
        if name.startswith("client") and writer != "slow" and name not in self._names:
            self._names.append(name)
            self._contents.append(content)

    def _write_slowly(self, name: str, content: str, pause: float) -> None:
        path = self.site.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            for i in range(3):
                file.write(content[i * len(content) // 3 : (i + 1) * len(content) // 3])
                file.flush()
                time.sleep(pause)

    def delete_something(self) -> None:
        """A user deletes a sidecar, result or report: what the store can give back."""
        name = self.chance.choice(self._names) if self._names else ""
        victim = self.site.outbox / f"{name}{self.chance.choice(('.status.json', '.result.json', '.report.html'))}"
        if name and victim.exists():
            victim.unlink(missing_ok=True)
            self.ledger.deleted += 1

    # -- what goes wrong -------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """Kills the daemon, a worker, or both; what dies is started again."""
        process = self.site.process
        assert process is not None
        kind = self.chance.choices(("daemon", "worker", "both", "SIGTERM"), (50, 30, 10, 10))[0]
        self.ledger.kills[kind] += 1
        try:
            workers = self.site.workers()
        except OSError:
            workers = []
        if kind in ("worker", "both") and workers:
            for pid in workers if kind == "both" else [self.chance.choice(workers)]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        if kind == "SIGTERM":
            self.site.stop()
        elif kind != "worker":
            process.kill()
            process.wait()
        if kind != "worker":
            self.start()

    def start(self) -> None:
        """Starts the daemon without waiting for it."""
        self._log_offset = self.site.log.stat().st_size if self.site.log.exists() else 0
        self.site.start(ready=False, **self.faults.environment)

    def ready(self) -> bool:
        """Whether the daemon that was started last has said so."""
        with self.site.log.open("rb") as log:
            log.seek(self._log_offset)
            return b'"ready"' in log.read()

    def break_something(self) -> None:
        """Sets one or two faults, or none."""
        outbox, inbox, spool = str(self.site.outbox), str(self.site.inbox), str(self.site.state / "spool")
        menu: list[dict[str, Any]] = [
            {"call": "write", "under": outbox, "fault": "ENOSPC", "chance": 0.5},
            {"call": "write", "under": outbox, "fault": "SHORT", "chance": 0.5},
            {"call": "fsync", "under": outbox, "fault": "EIO", "chance": 0.3},
            {"call": "rename", "under": outbox, "fault": "EIO", "chance": 0.3},
            {"call": "rename", "under": outbox, "fault": "EXDEV", "chance": 0.5},
            {"call": "open", "under": outbox, "fault": "ESTALE", "chance": 0.3},
            {"call": "*", "under": outbox, "fault": "EACCES", "chance": 0.2},
            {"call": "read", "under": inbox, "fault": "EIO", "chance": 0.3},
            {"call": "scandir", "under": inbox, "fault": "ESTALE", "chance": 0.3},
            {"call": "unlink", "under": inbox, "fault": "EIO", "chance": 0.3},
            {"call": "write", "under": spool, "fault": "ENOSPC", "chance": 0.3},
            {"call": "fsync_folder", "under": outbox, "fault": "EINVAL"},
        ]
        chosen = self.chance.sample(menu, self.chance.choice((0, 1, 1, 2)))
        for rule in chosen:
            self.ledger.faults[f"{rule['call']} {rule['fault']}"] += 1
        self.faults.set(*chosen)

    # -- the run ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Drops everything while everything goes wrong, then lets the daemon finish in peace."""
        began = time.monotonic()
        next_kill, impatient = began + 2, False
        next_fault = next_delete = began
        self.start()
        number = 0
        while number < self.contracts:
            now = time.monotonic()
            due = min(self.contracts, int((now - began) / self.seconds * self.contracts) + 1)
            while number < due:
                self.drop(number)
                number += 1
            # Every third kill may hit a daemon that still starts; if all did, a slow machine would stand still.
            if now >= next_kill and (impatient or self.ready()):
                self.kill()
                impatient = self.chance.random() < 1 / 3
                next_kill = time.monotonic() + self.chance.uniform(1, 10)
            if now >= next_fault:
                self.break_something()
                next_fault = now + self.chance.uniform(1, 5)
            if now >= next_delete:
                self.delete_something()
                next_delete = now + self.chance.uniform(0.5, 3)
            time.sleep(0.02)
        for thread in self._threads:
            thread.join()
        self.faults.set()
        self.site.stop()
        self.site.start(**self.faults.environment)
        wait_for(self.at_rest, f"everything is finished; {self.site.log_tail()}", 120 + self.seconds)
        self.site.stop()

    def at_rest(self) -> bool:
        """Nothing waits in the inbox, nothing in the store, nothing for the outbox."""
        time.sleep(0.3)
        if any(p.is_file() and not p.name.startswith(".") for p in self.site.inbox.rglob("*")):
            return False
        return self.ask("SELECT count(*) FROM tasks WHERE finished_at IS NULL OR published < revision")[0][0] == 0

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The store, past the daemon's own code."""
        database = sqlite3.connect(f"file:{self.site.state / 'tasks.sqlite3'}?mode=ro", uri=True, timeout=30)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()

    def settle_accounts(self) -> bool:
        """Prints the table; true where nothing is lost, nothing double, and everything balances."""
        found = Counter((file, sha256) for file, sha256 in self.ask("SELECT file, sha256 FROM tasks"))
        lost = (self.ledger.dropped - found).total()
        double = (found - self.ledger.dropped).total()
        verified = self.site.cli("verify", "--repair" if self.ledger.deleted else "--json")
        if self.ledger.deleted:
            verified = self.site.cli("verify")
        balances = verified.returncode == 0
        events = Counter(
            detail if event == "released" else event
            for event, detail in self.ask("SELECT event, detail FROM events WHERE event IN ('released', 'interrupted')")
        )
        statuses = dict(self.ask("SELECT status, count(*) FROM tasks GROUP BY status"))
        failed = dict(
            self.ask("SELECT error_code, count(*) FROM tasks WHERE status = 'failed' GROUP BY error_code ORDER BY 1")
        )
        survived = self.ledger.kills.total()
        table = [
            ("dropped", self.ledger.dropped.total(), self.ledger.writers),
            ("completed", statuses.get("completed", 0), {}),
            ("failed", statuses.get("failed", 0), failed),
            ("attempts given back", events.total(), events),
            ("kills survived", survived, self.ledger.kills),
            ("faults injected", self.ledger.faults.total(), self.ledger.faults),
            ("outputs deleted by users and restored", self.ledger.deleted, {}),
            ("lost", lost, {}),
            ("double", double, {}),
        ]
        print("| | | |\n|---|---:|---|")
        for label, count, details in table:
            print(f"| {label} | {count} | {', '.join(f'{n} {c}' for n, c in sorted(details.items()))} |")
        print(f"| verify | {'balances' if balances else 'DOES NOT BALANCE'} | |")
        if not balances:
            print(verified.stdout)
        for key in list(self.ledger.dropped - found)[:5] + list(found - self.ledger.dropped)[:5]:
            print("!", *key)
        return lost == double == 0 and balances


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=5000)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--folder", type=Path, help="where to work [default: a temporary folder]")
    options = parser.parse_args()
    # Ended from outside, it leaves neither a daemon nor a folder behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    print(f"seed {options.seed}, {options.contracts} contracts over {options.minutes:g} minutes", flush=True)
    with tempfile.TemporaryDirectory(prefix="tclp-soak-", dir=options.folder) as folder:
        faults = Faults(Path(folder) / "faults.json")
        with site(Path(folder), program=FAULTY_DAEMON, workers="timeout_seconds = 20\n") as place:
            soak = Soak(
                place, faults, contracts=options.contracts, seconds=options.minutes * 60,
                chance=random.Random(options.seed),
            )  # fmt: skip
            began = time.monotonic()
            soak.run()
            sound = soak.settle_accounts()
            print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
