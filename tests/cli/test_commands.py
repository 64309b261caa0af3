"""The command line as people and scripts call it, against a real daemon."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.main import get_command

from benchmarks.fill import fill
from fakes.next_version import NEXT_VERSION
from harness import Site, wait_for
from tclp_daemon.cli.app import app
from tclp_daemon.cli.base import Settings, local_config
from tclp_daemon.cli.demo import SAMPLES
from tclp_daemon.errors import ConfigError
from tclp_daemon.store import Store

GOOD = "The Supplier shall reach net zero by 2040.\n"


def test_submit_prints_the_task_id(served: Site, contract: Path) -> None:
    done = served.cli("submit", str(contract))
    assert done.returncode == 0, done.stderr
    task_id, name = done.stdout.split()
    assert name == "nda.txt"
    assert contract.exists(), "submit copies"
    status = served.finished("nda.txt")
    assert status["task_id"] == task_id


def test_submit_wait_follows_to_the_end(served: Site, contract: Path) -> None:
    done = served.cli("submit", "--wait", str(contract))
    assert done.returncode == 0, done.stderr
    assert "nda.txt: possible" in done.stdout
    broken = contract.with_name("broken.pdf")
    broken.write_bytes(b"%PDF-1.4 no")
    failed = served.cli("submit", "--wait", str(broken))
    assert failed.returncode == 3
    assert "broken.pdf: failed" in failed.stdout


def test_submit_without_a_daemon_says_so(make_site: Callable[..., Site], contract: Path) -> None:
    site = make_site()
    done = site.cli("submit", "--timeout", "1", str(contract))
    assert done.returncode == 1
    assert "did not accept nda.txt" in done.stderr
    assert "systemctl status" in done.stderr
    again = site.cli("submit", "--timeout", "1", str(contract))
    assert again.returncode == 2
    assert "is already in the inbox" in again.stderr


def test_submit_again_where_originals_stay(make_site: Callable[..., Site], contract: Path) -> None:
    site = make_site(inbox='when_accepted = "leave"')
    site.start()
    ids = []
    for text in (GOOD, "Nothing of the kind.\n"):
        contract.write_text(text)
        done = site.cli("submit", "--wait", str(contract))
        assert done.returncode == 0, done.stderr
        ids.append(done.stdout.split()[0])
    assert len(set(ids)) == 2
    assert (site.inbox / "nda.txt").read_text() == "Nothing of the kind.\n"
    both = {GOOD, "Nothing of the kind.\n"}
    wait_for(lambda: {path.read_text() for path in site.outbox.glob("nda*.txt")} == both, "the outbox has both")
    site.stop()
    site.drop("nda.txt", "Nobody has taken this in yet.\n")
    refused = site.cli("submit", str(contract))
    assert refused.returncode == 2
    assert "is already in the inbox" in refused.stderr
    assert (site.inbox / "nda.txt").read_text() == "Nobody has taken this in yet.\n"


def test_submit_drops_all_or_nothing(make_site: Callable[..., Site], contract: Path, tmp_path: Path) -> None:
    site = make_site()
    namesake = tmp_path / "other" / "nda.txt"
    namesake.parent.mkdir()
    namesake.write_text(GOOD)
    other = contract.with_name("other.txt")
    other.write_text(GOOD)
    for files in ((contract, namesake), (contract, other, namesake)):
        done = site.cli("submit", *map(str, files))
        assert done.returncode == 2
        assert "2 of the files are named nda.txt" in done.stderr
        assert list(site.inbox.iterdir()) == []
    site.drop("other.txt", GOOD)
    done = site.cli("submit", str(contract), str(other))
    assert done.returncode == 2
    assert "other.txt is already in the inbox" in done.stderr
    assert [path.name for path in site.inbox.iterdir()] == ["other.txt"]


def test_submit_does_not_wait_for_ever(served: Site) -> None:
    served.drop("nda.txt", f"MISBEHAVE-HANG\n\n{GOOD}")
    task_id = wait_for(lambda: served.status("nda.txt"), "accepted")["task_id"]
    served.stop(signal.SIGKILL)
    code = (
        "import sys; from pathlib import Path\n"
        "from tclp_daemon.cli.base import Settings; from tclp_daemon.cli.follow import follow\n"
        "follow(Settings(Path(sys.argv[1])), [sys.argv[2]], patience=0.6)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(served.config), task_id], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "No progress for 0.01 minutes. Not finished: nda.txt." in done.stderr
    assert "systemctl status" in done.stderr


def test_task_by_id_prefix_and_name(served: Site) -> None:
    served.drop("acme/nda.txt", GOOD)
    status = served.finished("acme/nda.txt")
    for key in (status["task_id"], status["task_id"][:8], "nda.txt", "acme/nda.txt"):
        shown = json.loads(served.cli("task", key, "--json").stdout)
        assert shown["task_id"] == status["task_id"]
        assert shown["result"]["findings"][0]["text"] == GOOD.strip()
        assert [e["event"] for e in shown["events"]] == ["created", "claimed", "completed"]
    text = served.cli("task", status["task_id"][:8]).stdout
    assert "possible (1 finding in 1 clause)" in text
    missing = served.cli("task", "nothing.txt")
    assert missing.returncode == 4
    assert "There is no task 'nothing.txt'" in missing.stderr


def test_names_that_are_not_utf8(served: Site, tmp_path: Path) -> None:
    name = os.fsdecode(b"na\xefve.txt")
    (tmp_path / name).write_text(GOOD)
    done = served.cli("submit", "--wait", str(tmp_path / name))
    assert done.returncode == 0, done.stderr
    task_id = done.stdout.split()[0]
    for key in (name, "na\\xefve.txt"):
        assert json.loads(served.cli("task", key, "--json").stdout)["task_id"] == task_id
    assert [t["task_id"] for t in json.loads(served.cli("list", "--json", "--name", name[:4]).stdout)] == [task_id]
    for command in ("task", "retry"):
        missing = served.cli(command, "x" + name)
        assert missing.returncode == 4
        assert "There is no task 'xna" in missing.stderr
    analysed = served.cli("analyze", str(tmp_path / name), "--report", str(tmp_path / "reports"))
    assert analysed.returncode == 0, analysed.stderr
    assert (tmp_path / "reports" / f"{name}.report.html").exists()


def test_list_filters_and_json(served: Site) -> None:
    served.drop("a.txt", GOOD)
    served.drop("photo.png", b"x")
    served.finished("a.txt")
    served.finished("photo.png")
    assert {t["file"] for t in json.loads(served.cli("list", "--json").stdout)} == {"a.txt", "photo.png"}
    assert [t["file"] for t in json.loads(served.cli("list", "--json", "--status", "failed").stdout)] == ["photo.png"]
    assert "a.txt" in served.cli("list", "--name", "A.T").stdout
    assert served.cli("list", "--since", "1h").stdout.count("\n") == 3
    served.drop("\u00c9cole.txt", GOOD)
    served.finished("\u00c9cole.txt")
    for part in ("\u00c9cole", "\u00c9COLE", "e\u0301cole"):
        assert "cole.txt" in served.cli("list", "--name", part).stdout, part
    assert served.cli("list", "--since", "2099-01-01").stdout == "No tasks.\n"
    wrong = served.cli("list", "--since", "yesterday")
    assert wrong.returncode == 2
    assert "Write 2h, 3d, 1w" in wrong.stderr


def test_retry_queues_a_failed_task_again(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site(workers="max_attempts = 1\n")
    site.start()
    site.drop("nda.txt", f"MISBEHAVE-CRASH-ONCE:{tmp_path / 'once'}\n\n{GOOD}")
    failed = site.finished("nda.txt")
    assert failed["error_code"] == "worker_crashed"
    assert site.cli("retry", failed["task_id"][:8]).returncode == 0

    def completed() -> bool:
        status = site.status("nda.txt")
        return bool(status) and status["status"] == "completed"

    wait_for(completed, "the retried task is completed")
    refused = site.cli("retry", failed["task_id"])
    assert refused.returncode == 2
    assert "only failed tasks" in refused.stderr


def test_retry_of_what_was_never_read_says_what_to_do(make_site: Callable[..., Site]) -> None:
    site = make_site(limits="file_mb = 0.001\n")
    site.start()
    site.drop("big.txt", GOOD * 100)
    assert site.finished("big.txt")["error_code"] == "too_large"
    refused = site.cli("retry", "big.txt")
    assert refused.returncode == 2
    assert "Drop big.txt again" in refused.stderr
    assert (site.status("big.txt") or {})["error_code"] == "too_large"


def test_retry_of_several_does_all_it_can(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site(workers="max_attempts = 1\n")
    site.start()
    ids = []
    for name in ("a.txt", "b.txt"):
        site.drop(name, f"MISBEHAVE-CRASH-ONCE:{tmp_path / name}\n\n{GOOD}")
        failed = site.finished(name)
        assert failed["error_code"] == "worker_crashed"
        ids.append(failed["task_id"])
    site.drop("done.txt", GOOD)
    done = site.finished("done.txt")["task_id"]
    site.stop()
    tried = site.cli("retry", "nothing.txt", done, ids[0], "neither.txt", ids[0], ids[1])
    assert tried.returncode == 1
    assert tried.stdout.splitlines() == [f"{i} queued again" for i in (ids[0], ids[0], ids[1])]
    told = tried.stderr.splitlines()
    assert len(told) == 3
    assert "There is no task 'nothing.txt'" in told[0]
    assert f"Task {done} is completed" in told[1]
    assert "There is no task 'neither.txt'" in told[2]
    assert site.cli("retry", "nothing.txt", "neither.txt").returncode == 4
    assert site.cli("retry", done, ids[0]).returncode == 2


def test_a_long_list_comes_in_pages(make_site: Callable[..., Site]) -> None:
    site = make_site()
    fill(site.state, 1203)
    listed = site.cli("list", "--limit", "0", check=True).stdout.splitlines()
    assert listed[0].split() == ["ID", "STATUS", "DONE", "VERDICT", "FINDINGS", "AGE", "FILE"]
    assert len(listed) == 1204
    assert [line.rpartition(" ")[2] for line in listed[1:]] == [f"{number}.txt" for number in reversed(range(1203))]
    told = site.cli("list", "--limit", "600", check=True)
    assert told.stdout.splitlines()[:501] == listed[:501]
    assert "the newest 600" in told.stderr
    as_json = site.cli("list", "--limit", "0", "--json", check=True).stdout
    tasks = json.loads(as_json)
    assert as_json == json.dumps(tasks, indent=2) + "\n"
    assert [task["file"].rpartition(" ")[2] for task in tasks] == [f"{number}.txt" for number in reversed(range(1203))]
    assert site.cli("list", "--json", "--since", "2099-01-01").stdout == "[]\n"
    assert len(site.cli("export", check=True).stdout.splitlines()) == 1204


def writable(path: Path) -> bool:
    """Whether a writer that does not wait gets in."""
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        database.execute("PRAGMA user_version = 1")
    except sqlite3.OperationalError:
        return False
    finally:
        database.close()
    return True


def test_a_reader_that_takes_its_time_keeps_nobody_waiting(make_site: Callable[..., Site]) -> None:
    site = make_site()
    fill(site.state, 1500)
    for command in (
        ["list", "--limit", "0"],
        ["list", "--limit", "0", "--json"],
        ["export"],
        ["export", "-f", "jsonl"],
    ):
        reader = subprocess.Popen([*site.command, *command], stdout=subprocess.PIPE)
        assert reader.stdout
        reader.stdout.read(100)  # more comes than the pipe holds
        try:
            # Between two of its pages the reader holds a lock for a moment.
            wait_for(lambda: writable(site.state / "tasks.sqlite3"), f"a write beside {command}")
            assert reader.poll() is None, "it is still reading"
        finally:
            reader.stdout.close()
            reader.wait()


def test_a_database_of_an_older_version_is_brought_up_to_date_by_who_may_write(make_site: Callable[..., Site]) -> None:
    site = make_site()
    site.state.mkdir()
    Store(site.state).close()
    site.program = NEXT_VERSION
    looked = site.cli("list")
    assert looked.returncode == 2
    assert "older version" in looked.stderr
    assert "Start the daemon once" in looked.stderr
    assert site.cli("cleanup").returncode == 0
    assert site.cli("list").stdout == "No tasks.\n"


def test_cleanup_forgets_as_the_configuration_says(make_site: Callable[..., Site]) -> None:
    site = make_site()
    fill(site.state, 1100, failed_every=100, until=datetime.now(UTC) - timedelta(days=200))
    assert site.cli("cleanup", check=True).stdout.startswith("11 tasks"), "failed ones after 90 days, others never"
    site.configure(retention="completed_days = 100\nfailed_days = 0\n")
    assert site.cli("cleanup", check=True).stdout.startswith("1,089 tasks")
    site.configure(retention="completed_days = 0\nfailed_days = 0\n")
    fill(site.state, 100, until=datetime.now(UTC) - timedelta(days=20_000))
    assert site.cli("cleanup", check=True).stdout.startswith("0 tasks")
    assert site.cli("cleanup", "--days", "7", check=True).stdout.startswith("100 tasks")


def test_cleanup_forgets_but_keeps_the_outbox(served: Site) -> None:
    served.drop("nda.txt", GOOD)
    served.finished("nda.txt")
    served.stop()
    for days in ("1000000", "inf", "nan"):
        refused = served.cli("cleanup", "--days", days)
        assert (refused.returncode, "Traceback" in refused.stderr) == (2, False), days
    assert served.cli("cleanup", "--days", "1").stdout.startswith("0 tasks")
    assert served.cli("cleanup", "--days", "0").stdout.startswith("1 task forgotten")
    assert served.cli("list").stdout == "No tasks.\n"
    assert (served.outbox / "nda.txt.result.json").exists()
    assert served.cli("verify").returncode == 0


def test_analyze_needs_no_daemon(make_site: Callable[..., Site], contract: Path, tmp_path: Path) -> None:
    site = make_site()
    done = site.cli("analyze", str(contract), "--report", str(tmp_path / "reports"))
    assert done.returncode == 0, done.stderr
    assert "nda.txt: possible (1 finding in 1 clause," in done.stdout
    assert "net zero" in (tmp_path / "reports" / "nda.txt.report.html").read_text()
    empty = contract.with_name("empty.txt")
    empty.touch()
    (tmp_path / "x.png").touch()
    several = site.cli(
        "analyze", "--json", str(contract), str(empty), str(tmp_path / "gone.txt"), str(tmp_path / "x.png")
    )
    assert several.returncode == 3
    answers = json.loads(several.stdout)
    assert [a.get("error_code") for a in answers] == [None, "empty_file", "unreadable", "unsupported_type"]
    assert answers[0]["result"]["classification"] == "possible"


def test_reports_of_one_name_do_not_overwrite_each_other(
    make_site: Callable[..., Site], contract: Path, tmp_path: Path
) -> None:
    namesake = tmp_path / "other" / "nda.txt"
    namesake.parent.mkdir()
    namesake.write_text("Nothing.\n")
    site = make_site()
    done = site.cli("analyze", str(contract), str(namesake), "--report", str(tmp_path / "reports"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "2 of the files are named nda.txt" in done.stderr
    assert not (tmp_path / "reports").exists()
    assert site.cli("analyze", str(contract), str(namesake)).returncode == 0


@pytest.mark.parametrize("default", ["none", "typo", "folder", "dangling"])
def test_only_a_configuration_that_nobody_wrote_is_done_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, default: str
) -> None:
    """`analyze` and `evaluate` on a machine without /etc/tclp-daemon/config.toml, and on one where it is wrong."""
    monkeypatch.delenv("TCLP_CONFIG", raising=False)
    installed = tmp_path / "config.toml"
    monkeypatch.setattr("tclp_daemon.config.DEFAULT_CONFIG", installed)
    match default:
        case "typo":
            installed.write_text("[limitz]\n")
        case "folder":
            installed.mkdir()
        case "dangling":
            installed.symlink_to(tmp_path / "gone.toml")
    if default == "none":
        assert local_config(Settings()).workers.timeout_seconds == 900
        with pytest.raises(ConfigError):
            local_config(Settings(installed))
    else:
        with pytest.raises(ConfigError):
            local_config(Settings())


@pytest.mark.parametrize("text", [None, "[inbox]\npth = '/x'\n"])
@pytest.mark.parametrize("command", ["analyze", "evaluate"])
def test_a_named_configuration_is_never_done_without(
    tmp_path: Path, contract: Path, command: str, text: str | None
) -> None:
    named = tmp_path / "named.toml"
    if text is not None:
        named.write_text(text)
    contract.write_text(json.dumps({"text": GOOD, "label": 1}))
    done = subprocess.run(
        [sys.executable, "-m", "tclp_daemon", command, str(contract)],
        capture_output=True, text=True, env=os.environ | {"TCLP_CONFIG": str(named)}, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert str(named) in done.stderr
    assert "Traceback" not in done.stderr


def test_errors_are_one_sentence_without_traceback(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tclp_daemon", *arguments],
            capture_output=True, text=True, env=os.environ | {"TCLP_CONFIG": str(tmp_path / "none.toml")}, timeout=60,
        )  # fmt: skip

    for command in (["list"], ["run"], ["doctor"], ["verify"], ["task", "abcd"]):
        done = run(*command)
        assert done.returncode == 2, command
        assert "There is no configuration file" in done.stderr
        assert "Traceback" not in done.stderr
    assert "Traceback" in run("--debug", "list").stderr
    assert run("nonsense").returncode == 2
    assert run("--version").stdout.startswith("tclp-daemon ")


@pytest.mark.parametrize("name", get_command(app).commands)  # type: ignore[attr-defined]
def test_the_help_of_each_command_has_an_example_that_is_understood(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    (example,) = re.findall(rf"^Example: tclp-daemon {name}\b(.*)$", command.help, re.M)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nda.pdf").touch()
    command.make_context(name, shlex.split(example))  # raises where an option is unknown or an argument missing


def test_help_and_list_import_no_torch(served: Site) -> None:
    """The 300 ms that the benchmarks measure rest on this."""
    code = (
        "import sys; from tclp_daemon.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\nprint(*sorted(sys.modules))"
    )
    for arguments in (["--help"], ["list"], ["task", "--help"], ["watch", "--help"], ["export", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code, "--config", str(served.config), *arguments], capture_output=True, text=True
        )
        modules = set(done.stdout.split())
        assert "typer" in modules
        assert not modules & {"torch", "transformers", "numpy", "jinja2", "openpyxl", "structlog"}, arguments


def test_shell_completion() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tclp_daemon", "--show-completion", "bash"],
        capture_output=True, text=True, env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "_TCLP_DAEMON_COMPLETE" in done.stdout or "complete" in done.stdout


@pytest.mark.parametrize(("kind", "version"), [("status", 1), ("result", 2)])
def test_schema(kind: str, version: int) -> None:
    done = subprocess.run([sys.executable, "-m", "tclp_daemon", "schema", kind], capture_output=True, text=True)
    assert json.loads(done.stdout)["title"] == f"tclp-daemon {kind}, version {version}"


@pytest.mark.daemon
@pytest.mark.slow
def test_demo_twice_in_one_folder(tmp_path: Path) -> None:
    """With a relative name, and the second time among what the first one left."""
    samples = {path.name for path in SAMPLES.iterdir()}
    for times in (1, 2):
        done = subprocess.run(
            [sys.executable, "-m", "tclp_daemon", "demo", "--dir", "demo"],
            cwd=tmp_path, capture_output=True, text=True, timeout=900,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert f"Dashboard: {tmp_path / 'demo' / 'outbox' / 'index.html'}" in done.stdout
        assert not samples & {path.name for path in (tmp_path / "demo" / "inbox").iterdir()}, "all were accepted"
        sidecars = [json.loads(path.read_text()) for path in (tmp_path / "demo" / "outbox").glob("*.status.json")]
        assert len(sidecars) == times * len(samples)
        assert {status["status"] for status in sidecars} == {"completed", "failed"}
