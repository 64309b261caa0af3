"""`python -m benchmarks.soak`: thousands of contracts through the real daemon while everything goes wrong.

The daemon is killed at random moments, its workers too; file operations fail; writers are slow, careful, careless,
replace files and drop the same bytes again; users delete what they see. At the end every contract that was dropped must
have exactly one task with its sha256, every task must be finished, and `tclp-daemon verify` must balance.

`--model embedded` (the default) uses the real classifier on contracts of real size, in the precision given; then no
sound contract may fail at all, and the memory of workers and the seconds per sentence of the last quarter are compared
with those of the first (memory with the second in a run of fewer than `WARM` contracts, where workers still meet new
shapes of batches in the first). `--model keyword` replaces the classifier and drops small contracts, some of which make
their worker misbehave: the daemon's own machinery is what is tested.

Exit code 1 unless lost = double = failures of our own making = 0, and worker memory grew by a fifth at most.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from benchmarks.contracts import make_contract
from fakes.faulty_files import FAULTY_DAEMON, Faults
from harness import Site, site, wait_for

GOOD = "The Supplier shall reach net zero by 2040. Emissions are reported each year.\n"
BAD = {
    "pdf": "%PDF-1.4 broken {token}\n",
    "docx": "PK\x03\x04 broken {token}\n",
    "png": "no contract {token}\n",
}
# Each costs seconds of waiting for attempts, so they are rare.
# No sound contract may fail with one of these: the daemon would be at fault.
OURS = (
    "out_of_memory", "internal", "worker_crashed", "timeout", "too_slow", "io_error", "spool_missing",
    "model_unavailable", "unreadable",
)  # fmt: skip
MEMORY_GROWTH = 1.2
WARM = 600
MISBEHAVIOURS = ("MISBEHAVE-CRASH {token}\n", "MISBEHAVE-EXIT {token}\n", "MISBEHAVE-RAISE {token}\n")


@dataclass
class Ledger:
    """What was done to the daemon."""

    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    writers: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    deleted: int = 0
    misbehaving: set[str] = field(default_factory=set)
    # (seconds since the start, VmData of a worker in MB)
    memory: list[tuple[float, float]] = field(default_factory=list)


class Soak:
    """One run.

    Args:
        place: a fresh site.
        faults: of its daemon.
        contracts, seconds: how much, and over how long.
        chance: the run's only source of randomness.
        embedded: real contracts for the real classifier.
    """

    def __init__(
        self, place: Site, faults: Faults, *, contracts: int, seconds: float, chance: random.Random, embedded: bool
    ) -> None:
        self.site = place
        self.faults = faults
        self.contracts = contracts
        self.seconds = seconds
        self.chance = chance
        self.ledger = Ledger()
        self.embedded = embedded
        # A daemon that loads the real model takes seconds; one killed each second would never do anything.
        self._between_kills = (20.0, 60.0) if embedded else (1.0, 10.0)
        self._done = threading.Event()
        self._log_offset = 0
        self._names: list[str] = []
        self._contents: list[tuple[str, bytes]] = []
        self._threads: list[threading.Thread] = []

    # -- writers ---------------------------------------------------------------------------------------------------

    def drop(self, number: int) -> None:
        """Drops one contract in one of many ways."""
        chance, token = self.chance, f"[{number}]"
        suffix, content = self._contract(token)
        name = f"client-{number % 17}/{number}{suffix}"
        writer = chance.choices(
            ("rename", "plain", "slow", "replace", "same bytes", "bad", "misbehaving"),
            (40, 20, 10, 10, 10, 9, 0 if self.embedded else 0.5),
        )[0]
        match writer:
            case "replace" if self._names:
                # Only what the daemon has taken: whoever overwrites a file before that has replaced it.
                older = [n for n in self._names[-200:] if n.endswith(suffix)] or [name]
                if (self.site.inbox / (chosen := chance.choice(older))).exists():
                    writer = "rename"
                else:
                    name = chosen
            case "same bytes" if self._contents:
                suffix, content = chance.choice(self._contents)
                name = f"client-{number % 17}/{number}{suffix}"
            case "bad":
                suffix, text = chance.choice(list(BAD.items()))
                name, content = f"bad/{number}.{suffix}", text.format(token=token).encode()
            case "misbehaving":
                content = chance.choice(MISBEHAVIOURS).format(token=token).encode()
                self.ledger.misbehaving.add(hashlib.sha256(content).hexdigest())
        self.ledger.writers[writer] += 1
        self.ledger.dropped[name, hashlib.sha256(content).hexdigest()] += 1
        if writer == "slow":
            thread = threading.Thread(target=self._write_slowly, args=(name, content, chance.uniform(0.1, 0.6)))
            thread.start()
            self._threads.append(thread)
        elif writer == "plain":
            path = self.site.inbox / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        else:
            self.site.drop(name, content)
        if name.startswith("client") and writer != "slow" and name not in self._names:
            self._names.append(name)
            self._contents = [*self._contents[-49:], (suffix, content)]

    def _contract(self, token: str) -> tuple[str, bytes]:
        """(suffix, bytes) of a sound contract."""
        if self.embedded:
            made = make_contract(self.chance)
            return made.suffix, made.data
        lines = (GOOD if self.chance.random() < 0.4 else f"Clause {i}. Nothing.\n" for i in range(5))
        return ".txt", ("".join(lines) + token).encode()

    def _write_slowly(self, name: str, content: bytes, pause: float) -> None:
        path = self.site.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
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
        self.site.start(ready=False, **self._environment)

    @property
    def _environment(self) -> dict[str, str]:
        return self.faults.environment | ({"TCLP_REAL_MODEL": "1"} if self.embedded else {})

    def watch_memory(self) -> None:
        """Notes every worker's private memory once a second."""
        began = time.monotonic()
        while not self._done.wait(1):
            try:
                for pid in self.site.workers():
                    status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
                    data = next(int(line.split()[1]) for line in status if line.startswith("VmData:"))
                    self.ledger.memory.append((time.monotonic() - began, data / 1024))
            except (OSError, StopIteration, AssertionError):
                continue  # the daemon or the worker died in between

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
        threading.Thread(target=self.watch_memory, daemon=True).start()
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
                next_kill = time.monotonic() + self.chance.uniform(*self._between_kills)
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
        self.site.start(**self._environment)
        wait_for(self.at_rest, f"everything is finished; {self.site.log_tail()}", 300 + self.contracts * 2)
        self._done.set()
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
        """Prints the table; true where nothing is lost or doubled and everything balances."""
        found = Counter((file, sha256) for file, sha256 in self.ask("SELECT file, sha256 FROM tasks"))
        lost = (self.ledger.dropped - found).total()
        double = (found - self.ledger.dropped).total()
        verified = self.site.cli("verify", "--repair" if self.ledger.deleted else "--json")
        if self.ledger.deleted:
            # Reports are made again from their contracts, by the daemon.
            self.site.start(**self._environment)
            wait_for(self.at_rest, f"lost reports are made again; {self.site.log_tail()}", 120 + self.seconds)
            self.site.stop()
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
        ours = sum(
            error_code in OURS and sha256 not in self.ledger.misbehaving
            for error_code, sha256 in self.ask("SELECT error_code, sha256 FROM tasks WHERE status = 'failed'")
        )
        memory, growth = self.memory_by_quarter()
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
            ("failures of our own making", ours, {}),
        ]
        print("| | | |\n|---|---:|---|")
        for label, count, details in table:
            print(f"| {label} | {count} | {', '.join(f'{n} {c}' for n, c in sorted(details.items()))} |")
        print(f"| verify | {'balances' if balances else 'DOES NOT BALANCE'} | |")
        against = "first" if self.contracts >= WARM else "second"
        print(f"| worker memory, last quarter against {against} | {growth:.2f} | {memory} |")
        first, last = self.speed_by_quarter()
        print(f"| seconds per sentence, last quarter against first | {last / first:.2f} | {first:.1f}, {last:.1f} ms |")
        if not balances:
            print(verified.stdout)
        for key in list(self.ledger.dropped - found)[:5] + list(found - self.ledger.dropped)[:5]:
            print("!", *key)
        return lost == double == ours == 0 and balances and growth <= MEMORY_GROWTH

    def memory_by_quarter(self) -> tuple[str, float]:
        """(the 95th percentiles of the workers' memory in each quarter, the last against the first warm one)."""
        rows = self.ledger.memory
        quarters: list[list[float]] = [[], [], [], []]
        for at, megabytes in rows:
            quarters[min(3, int(4 * at / (rows[-1][0] + 0.001)))].append(megabytes)
        if min(map(len, quarters)) < 2:
            return "too short to say", 1.0
        high = [statistics.quantiles(quarter, n=20)[-1] for quarter in quarters]
        return ", ".join(f"{x:.0f} MB" for x in high), high[-1] / high[self.contracts < WARM]

    def speed_by_quarter(self) -> tuple[float, float]:
        """Seconds per 1,000 sentences over the first and the last quarter of the contracts that were completed."""
        done = [e for e in self.site.events("contract") if e["status"] == "completed" and not e["reused"]]
        size = max(1, len(done) // 4)

        def pace(events: list[dict[str, Any]]) -> float:
            sentences = sum(event["sentences"] for event in events)
            return 1000 * sum(event["seconds"]["total"] for event in events) / max(1, sentences)

        return pace(done[:size]) or 1.0, pace(done[-size:])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=("embedded", "keyword"), default="embedded")
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--contracts", type=int, default=3000)
    parser.add_argument("--minutes", type=float, default=15, help="over which the contracts are dropped")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--folder", type=Path, help="where to work [default: a temporary directory]")
    options = parser.parse_args()
    # Ended from outside, it leaves neither a daemon nor a directory behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    print(
        f"model {options.model}, precision {options.precision}, seed {options.seed}, {options.contracts} contracts "
        f"over {options.minutes:g} minutes",
        flush=True,
    )
    embedded = options.model == "embedded"
    sections = {"workers": f"timeout_seconds = {120 if embedded else 20}\n"}
    sections["model"] = f'precision = "{options.precision}"\n'
    with tempfile.TemporaryDirectory(prefix="tclp-soak-", dir=options.folder) as folder:
        faults = Faults(Path(folder) / "faults.json")
        with site(Path(folder), program=FAULTY_DAEMON, **sections) as place:
            soak = Soak(
                place, faults, contracts=options.contracts, seconds=options.minutes * 60,
                chance=random.Random(options.seed), embedded=embedded,
            )  # fmt: skip
            began = time.monotonic()
            soak.run()
            sound = soak.settle_accounts()
            print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
