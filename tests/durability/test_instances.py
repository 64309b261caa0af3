"""One daemon per state directory and per inbox, and one owner per attempt."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mounting import tmpfs

from harness import Site, wait_for
from tclp_daemon.config import load_config
from tclp_daemon.errors import ConfigError
from tclp_daemon.inbox.heartbeat import HEARTBEAT, InboxHeartbeat
from tclp_daemon.inbox.intake import Intake
from tclp_daemon.inbox.process import Process
from tclp_daemon.inbox.scan import scan
from tclp_daemon.outbox.folder import OutboxFolder
from tclp_daemon.outbox.marker import OutboxMarker
from tclp_daemon.outbox.names import name_in_outbox
from tclp_daemon.outbox.placing import ContractPlacer
from tclp_daemon.pipeline import Outcome
from tclp_daemon.service.dispatcher import Dispatcher
from tclp_daemon.spool import Spool
from tclp_daemon.store import Store
from tclp_daemon.task import FileIdentity, Job, Progress
from tclp_daemon.workers.base import Executor
from tclp_daemon.workers.serial import SerialExecutor

GOOD = "The Supplier shall reach net zero by 2040.\n"


def second(site: Site, *, state: str) -> str:
    """What a second daemon says when it is refused."""
    config = site.root / "second.toml"
    (site.root / "outbox2").mkdir(exist_ok=True)
    text = site.config.read_text().replace(f'path = "{site.state}"', f'path = "{site.root / state}"')
    if state != "state":
        text = text.replace(f'path = "{site.outbox}"', f'path = "{site.root / "outbox2"}"')
    config.write_text(text)
    refused = site.cli("--config", str(config), "run")
    assert refused.returncode == 2, refused.stderr
    return refused.stderr


def test_a_second_daemon_is_refused_with_the_name_of_the_first(served: Site) -> None:
    assert served.process is not None
    me = (str(served.process.pid), socket.gethostname())
    on_state = second(served, state="state")
    assert "state directory" in on_state
    assert all(word in on_state for word in me)
    on_inbox = second(served, state="state2")
    assert "inbox" in on_inbox
    assert all(word in on_inbox for word in me)
    served.drop("nda.txt", GOOD)
    assert served.finished("nda.txt")["status"] == "completed", "the first does not mind"


def test_a_second_daemon_on_one_outbox_is_refused(served: Site) -> None:
    config = served.root / "second.toml"
    (served.root / "inbox2").mkdir()
    text = served.config.read_text().replace(f'path = "{served.state}"', f'path = "{served.root / "state2"}"')
    config.write_text(text.replace(f'path = "{served.inbox}"', f'path = "{served.root / "inbox2"}"'))
    refused = served.cli("--config", str(config), "run")
    assert refused.returncode == 2
    assert "belongs to the state directory" in refused.stderr


def plant(inbox: Path, *, host: str = "elsewhere", pid: int = 4242, age: float = 0.0) -> None:
    """A heartbeat as another host's daemon writes it."""
    (inbox / HEARTBEAT).write_text(json.dumps({"host": host, "pid": pid}))
    os.utime(inbox / HEARTBEAT, (time.time() - age, time.time() - age))


def test_another_host_is_named(make_site: Callable[..., Site]) -> None:
    site = make_site()
    plant(site.inbox)
    process = site.start(ready=False)
    assert process.wait(timeout=60) == 2
    assert "pid 4242 on elsewhere" in site.log.read_text()
    assert json.loads((site.inbox / HEARTBEAT).read_text())["host"] == "elsewhere"


@pytest.mark.parametrize(
    "heartbeat", [{"age": 3600.0}, {"age": -3600.0}, {"host": socket.gethostname(), "pid": 2**22 + 1}]
)
def test_a_claim_that_nobody_keeps_is_taken_over(tmp_path: Path, heartbeat: dict[str, object]) -> None:
    """Left long ago, from a future that no daemon has seen, or by a process of this host that is gone."""
    plant(tmp_path, **heartbeat)  # type: ignore[arg-type]
    with InboxHeartbeat(tmp_path) as mine:
        assert mine.claim()
        assert json.loads((tmp_path / HEARTBEAT).read_text())["pid"] == os.getpid()
    assert not (tmp_path / HEARTBEAT).exists(), "released"


def test_a_holder_that_finds_another_heartbeat_in_place_of_its_own_stops(tmp_path: Path) -> None:
    now = [0.0]
    mine = InboxHeartbeat(tmp_path, clock=lambda: now[0])
    mine.claim()
    for _ in range(10):
        plant(tmp_path)  # another daemon writes it again and again
        now[0] += 10
        assert "pid 4242 on elsewhere" in (mine.keep() or "")
    assert json.loads((tmp_path / HEARTBEAT).read_text())["pid"] == 4242, "it is left alone"
    plant(tmp_path, age=3600)
    now[0] += 10
    assert mine.keep() is None, "given up by the other, it is ours again"
    assert json.loads((tmp_path / HEARTBEAT).read_text())["pid"] == os.getpid()


def test_a_claim_on_another_folder_is_none_on_the_share_that_is_mounted_over_it(tmp_path: Path) -> None:
    """Whoever watches the share has it, for as long as that claim is fresh: we never held it."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    now = [0.0]
    mine = InboxHeartbeat(inbox, clock=lambda: now[0])
    mine.claim()
    inbox.rename(tmp_path / "below")
    inbox.mkdir()
    plant(inbox)
    for _ in range(5):
        now[0] += 10
        assert "pid 4242 on elsewhere" in (mine.keep() or "")


def test_a_planted_heartbeat_that_nobody_renews_stops_a_holder_for_seconds_only(tmp_path: Path) -> None:
    now = [0.0]
    mine = InboxHeartbeat(tmp_path, clock=lambda: now[0])
    mine.claim()
    plant(tmp_path)
    for _ in range(5):
        now[0] += 5
        assert "pid 4242 on elsewhere" in (mine.keep() or "")
    now[0] += 6
    assert mine.keep() is None
    assert json.loads((tmp_path / HEARTBEAT).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b"{}", b'{"host": 1, "pid": 2}', b'{"host": "h", "pid": "1"}']
)
def test_what_no_daemon_writes_is_written_over(tmp_path: Path, content: bytes) -> None:
    now = [0.0]
    mine = InboxHeartbeat(tmp_path, clock=lambda: now[0])
    mine.claim()
    (tmp_path / HEARTBEAT).write_bytes(content)
    now[0] += 11
    assert mine.keep() is None
    assert json.loads((tmp_path / HEARTBEAT).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize(
    "other",
    [
        {"boot": "another", "machine": "another"},
        {"boot": "another"},  # a clone that kept its machine id
        {"namespace": 1},  # another container on this kernel
        {"boot": "", "machine": "", "namespace": 0},  # nothing is known of it
    ],
)
def test_two_hosts_of_one_name_are_two_hosts(tmp_path: Path, other: dict[str, Any]) -> None:
    """The pid is that of no process here, which proves nothing of there."""
    here = Process.current()
    now = [0.0]
    theirs = InboxHeartbeat(tmp_path, clock=lambda: now[0], me=replace(here, pid=2**22, started=1, **other))
    assert theirs.claim()

    def pause(seconds: float) -> None:
        now[0] += seconds
        theirs.keep()

    mine = InboxHeartbeat(tmp_path, clock=lambda: now[0], me=here)
    with pytest.raises(ConfigError, match="is already watched by the daemon with pid 4194304"):
        mine.claim(pause)
    assert theirs.keep() is None


@pytest.mark.parametrize(
    ("here", "before"),
    [({}, {"boot": "before"}), ({"machine": ""}, {"machine": "", "namespace": 1})],
    ids=["machine", "container"],  # most images of containers have no /etc/machine-id
)
def test_a_restarted_machine_is_not_locked_out(tmp_path: Path, here: dict[str, Any], before: dict[str, Any]) -> None:
    """Its daemon before the restart wrote a heartbeat a moment ago and renews it no more."""
    me = replace(Process.current(), **here)
    now = [0.0]
    assert InboxHeartbeat(tmp_path, clock=lambda: now[0], me=replace(me, **before)).claim()

    def pause(seconds: float) -> None:
        now[0] += seconds

    assert InboxHeartbeat(tmp_path, clock=lambda: now[0], me=me).claim(pause)
    assert now[0] < 30


def test_a_daemon_in_another_pid_namespace_is_refused(served: Site) -> None:
    """A container on the same machine, with the same host name and mount: only its process numbers are its own."""
    wrapper = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    if subprocess.run([*wrapper, "true"], capture_output=True).returncode:
        pytest.skip("no permission for a namespace")
    (served.root / "outbox2").mkdir()
    other = Site(served.root, inbox="")
    other.config = served.root / "other.toml"
    other.outbox, other.state, other.log = (served.root / name for name in ("outbox2", "state2", "other.log"))
    other.configure()
    process = other.start(ready=False, wrapper=wrapper)
    try:
        assert process.wait(timeout=120) == 2, other.log_tail()
    finally:
        process.kill()
    assert f"pid {served.process.pid if served.process else 0} on {socket.gethostname()}" in other.log.read_text()


def test_a_forged_heartbeat_sends_nothing_to_a_terminal(make_site: Callable[..., Site]) -> None:
    site = make_site()
    plant(site.inbox, host="\x1b]0;owned\x07\x9b2J\u202egnp.\n" + "x" * 3000)
    process = site.start(ready=False)
    assert process.wait(timeout=60) == 2
    doctor = site.cli("doctor")
    for said in (site.log.read_text(), doctor.stdout + doctor.stderr):
        assert "4242" in said
        assert not [c for c in said if not c.isprintable() and c != "\n"]
        assert "x" * 100 not in said


def test_a_beat_leaves_the_times_of_the_folder_alone(tmp_path: Path) -> None:
    """By which a look tells that nothing has happened in a large inbox."""
    now = [0.0]
    mine = InboxHeartbeat(tmp_path, clock=lambda: now[0])
    mine.claim()
    os.utime(tmp_path / HEARTBEAT, (0, 0))
    before = tmp_path.stat().st_mtime_ns
    now[0] += 11
    assert mine.keep() is None
    assert tmp_path.stat().st_mtime_ns == before
    assert (tmp_path / HEARTBEAT).stat().st_mtime > 0, "renewed"


def test_an_inbox_that_comes_back_with_another_daemon_on_it_is_left_to_it(tmp_path: Path) -> None:
    now = [0.0]
    inbox = tmp_path / "inbox"
    mine = InboxHeartbeat(inbox, clock=lambda: now[0])
    assert mine.keep() is None, "away: nothing to say yet"
    inbox.mkdir()
    plant(inbox)
    now[0] += 11
    assert "pid 4242 on elsewhere" in (mine.keep() or "")
    plant(inbox, age=3600)
    now[0] += 11
    assert mine.keep() is None
    assert json.loads((inbox / HEARTBEAT).read_text())["pid"] == os.getpid()


def test_a_daemon_that_hung_for_long_wins_its_inbox_again(tmp_path: Path) -> None:
    """Over a call that hung for a minute another daemon may have claimed it, and was right to."""
    now = [0.0]
    mine = InboxHeartbeat(tmp_path, clock=lambda: now[0])
    mine.claim()
    now[0] += 70
    plant(tmp_path)
    assert "pid 4242 on elsewhere" in (mine.keep() or "")
    assert json.loads((tmp_path / HEARTBEAT).read_text())["pid"] == 4242


def test_a_share_mounted_over_the_claim_is_won_again(tmp_path: Path) -> None:
    """The daemon started first, on the empty mount point; another host's daemon holds the share."""
    now = [0.0]
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    mine = InboxHeartbeat(inbox, clock=lambda: now[0])
    assert mine.claim()
    inbox.rename(tmp_path / "below")
    inbox.mkdir()
    plant(inbox)
    for later in (1, 11):
        now[0] += later
        assert "pid 4242 on elsewhere" in (mine.keep() or "")
    assert json.loads((inbox / HEARTBEAT).read_text())["pid"] == 4242


def test_a_full_inbox_is_not_written_to_at_each_look(tmp_path: Path) -> None:
    now = [0.0]
    with tmpfs(tmp_path, size="1m"):
        mine = InboxHeartbeat(tmp_path, clock=lambda: now[0])
        with contextlib.suppress(OSError):
            (tmp_path / "ballast").write_bytes(b"x" * (2 << 20))
        now[0] += 11
        assert mine.keep() is None
        before = tmp_path.stat().st_mtime_ns
        for _ in range(5):
            now[0] += 1
            assert mine.keep() is None
        assert tmp_path.stat().st_mtime_ns == before, "an attempt is a change, which wakes the next look"
        (tmp_path / "ballast").unlink()
        now[0] += 11
        assert mine.keep() is None
        assert json.loads((tmp_path / HEARTBEAT).read_text())["pid"] == os.getpid()


def test_a_long_copy_is_heard_of(tmp_path: Path) -> None:
    """Over a slow line one file takes minutes; nobody must take the part for stuck, or the inbox for free."""
    inbox, state, outbox = (tmp_path / name for name in ("inbox", "state", "outbox"))
    for folder in (inbox, state, outbox):
        folder.mkdir()
    content = os.urandom(1 << 20) * 5
    (inbox / "nda.pdf").write_bytes(content)
    heard: list[str] = []
    store = Store(state)
    spool = Spool(state)
    intake = Intake(inbox, spool, store, naming=name_in_outbox, file_mb=100, alive=lambda: heard.append("inbox"))
    (seen,) = scan(inbox)
    task = intake.accept(seen, patient=False)
    assert heard.count("inbox") >= 5
    (inbox / "nda.pdf").unlink()  # so that the outbox copies from the spool
    marker = OutboxMarker(outbox, state)
    marker.adopt()
    folder = OutboxFolder(marker, mode=0o600, alive=lambda: heard.append("outbox"))
    place = ContractPlacer(folder, inbox=inbox, spool=spool, leave=False)
    place.place(task)
    assert (outbox / "nda.pdf").read_bytes() == content
    assert heard.count("outbox") >= 10, "writing and reading back"
    spool.forget(task.task_id)
    assert place.sources.restore(task, lambda: heard.append("dispatcher"), from_outbox=True)
    assert heard.count("dispatcher") >= 5
    store.close()


class Zombie(Executor):
    """A worker that is presumed dead and delivers later, when the test says so."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Job, Future[Outcome]]] = []

    @property
    def slots(self) -> int:
        return 1

    def start(self) -> dict[str, str]:
        return {
            "model": "z",
            "model_fingerprint": "z",
            "precision": "float32",
            "threshold": "0.5",
            "lone_threshold": "0.5",
            "sure_threshold": "0.5",
            "judge": "",
            "judge_fingerprint": "",
            "version": "0",
        }

    def submit(self, job: Job) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        self.jobs.append((job, future))
        return future

    def progress(self, job: Job) -> Progress | None:
        return None

    def forget(self, job: Job) -> None:
        pass

    def heal(self) -> int:
        return 0

    def shutdown(self) -> None:
        pass


def test_a_worker_that_comes_back_changes_nothing_of_a_newer_attempt(
    make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fakes.keyword_daemon import KeywordClassifier

    site = make_site()
    config = load_config(site.config)
    spool = site.state / "spool"
    spool.mkdir(parents=True)
    store = Store(site.state)
    task = store.create_task(
        "nda.txt",
        size=len(GOOD),
        sha256=hashlib.sha256(GOOD.encode()).hexdigest(),
        identity=FileIdentity(len(GOOD), 1, 1),
    )
    (spool / task.task_id).write_text(GOOD)
    zombie = Zombie()
    dispatcher = Dispatcher(
        config, lambda: Store(site.state), zombie, zombie.start(),
        changed=lambda: None, alive=lambda: None, restore_spool=lambda task, alive: True,
    )  # fmt: skip
    with dispatcher:
        dispatcher.round()
    (job, future), = zombie.jobs  # fmt: skip
    assert job.attempt == 1

    # The daemon takes the attempt for dead; a second one runs.
    store.recover()
    newer = store.claim_task()
    assert newer is not None
    assert newer.attempt == 2
    before = store.get_task(task.task_id)

    monkeypatch.setattr("tclp_daemon.analysis.classifier.Classifier.load", KeywordClassifier.load)
    serial = SerialExecutor(config)
    serial.start()
    outcome = serial.submit(job).result()
    future.set_result(outcome)
    with dispatcher:
        dispatcher.round()
    assert store.get_task(task.task_id) == before, "the row is the newer attempt's"
    assert store.report(task.task_id) is None
    assert store.complete_task(task.task_id, 2, outcome.result.model_dump(mode="json"), "the newer report")
    assert store.report(task.task_id) == b"the newer report"


def test_what_never_reached_a_worker_is_queued_again(make_site: Callable[..., Site]) -> None:
    """The dispatcher was restarted between claim and submit."""
    site = make_site()
    config = load_config(site.config)
    site.state.mkdir()
    store = Store(site.state)
    task = store.create_task("nda.txt", size=1, sha256="0" * 64, identity=FileIdentity(1, 1, 1))
    assert store.claim_task() is not None
    zombie = Zombie()
    dispatcher = Dispatcher(
        config, lambda: Store(site.state), zombie, zombie.start(),
        changed=lambda: None, alive=lambda: None, restore_spool=lambda task, alive: True,
    )  # fmt: skip
    dispatcher.drain(0)
    with dispatcher:
        assert dispatcher.round() is None
    assert store.get_task(task.task_id).status == "pending"


def test_the_claim_is_kept_while_the_model_loads(make_site: Callable[..., Site]) -> None:
    """A large model loads for longer than a claim holds, and nobody else may have the inbox meanwhile."""
    site = make_site()
    loading = site.root / "loading"
    loading.touch()
    site.start(ready=False, TCLP_LOADING=str(loading))
    claim = site.inbox / HEARTBEAT
    first = wait_for(lambda: claim.exists() and claim.stat().st_mtime_ns, "the inbox is claimed")
    wait_for(lambda: claim.stat().st_mtime_ns != first, "the claim is renewed")
    assert not site.events("ready")
    loading.unlink()
    wait_for(lambda: site.events("ready"), "the model is loaded")


def test_a_killed_daemon_that_nobody_has_reaped_holds_no_inbox(make_site: Callable[..., Site]) -> None:
    """Its parent may take long to ask for it, as the first process of some containers does."""
    site = make_site()
    killed = site.start()
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # a zombie now, and not reaped
    again = site.start()
    assert again.poll() is None
    killed.wait()
