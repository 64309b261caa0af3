"""analyze says what it knows as soon as it knows it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import Site

GOOD = "The Supplier shall reach net zero by 2040.\n"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_each_answer_is_printed_when_it_is_there(
    make_site: Callable[..., Site], tmp_path: Path, options: tuple[str, ...]
) -> None:
    site = make_site()
    gate = tmp_path / "gate"
    (tmp_path / "first.txt").write_text(GOOD)
    # Hangs for as long as nothing lies under the gate's name, and then stops at once.
    (tmp_path / "second.txt").write_text(f"MISBEHAVE-WAIT-FOR:{gate}\n\n{GOOD}")
    command = [*site.command, "analyze", *options, str(tmp_path / "first.txt"), str(tmp_path / "second.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        early = process.stdout.readline() + process.stdout.readline()
        gate.touch()
        rest = process.stdout.read()
    assert process.returncode == 0
    if options:
        assert early.startswith("[\n  {")
        assert [answer["status"] for answer in json.loads(early + rest)] == ["completed", "completed"]
    else:
        assert "first.txt: possible" in early
        assert "second.txt: possible" in rest


def test_what_is_logged_does_not_mix_with_the_answer(make_site: Callable[..., Site], tmp_path: Path) -> None:
    (tmp_path / "first.txt").write_text("MISBEHAVE-CRASH\n")
    done = make_site().cli("analyze", "--json", str(tmp_path / "first.txt"))
    assert done.returncode == 3
    assert [answer["error_code"] for answer in json.loads(done.stdout)] == ["worker_crashed"]
    assert "worker_replaced" in done.stderr


def test_a_worker_in_trouble_costs_one_file_not_all_that_follow(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site()
    files = [tmp_path / f"{number}.txt" for number in range(4)]
    for path in files:
        path.write_text(GOOD)
    files[0].write_text(f"READING-IMPORT-ONCE:{tmp_path}/once\n{GOOD}")
    done = site.cli("analyze", "--json", *map(str, files))
    assert done.returncode == 3
    answers = json.loads(done.stdout)
    assert [answer.get("error_code") for answer in answers] == ["model_unavailable", None, None, None]


def test_one_of_a_thing_is_singular(make_site: Callable[..., Site], tmp_path: Path) -> None:
    (tmp_path / "nda.txt").write_text(GOOD)
    assert "possible (1 finding in 1 clause, 8 words" in make_site().cli("analyze", str(tmp_path / "nda.txt")).stdout


def test_a_name_that_leaves_no_room_for_a_suffix_has_its_report(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site()
    contract = tmp_path / ("n" * 250 + ".txt")
    contract.write_text(GOOD)
    done = site.cli("analyze", "--report", str(tmp_path / "reports"), str(contract))
    assert done.returncode == 0, done.stderr
    (report,) = (tmp_path / "reports").iterdir()
    assert report.name.endswith("n.txt.report.html")
