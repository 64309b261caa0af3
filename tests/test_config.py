"""The configuration: what is refused, and with which sentence."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tclp_daemon.config import Config, find_config, known_keys, load_config, parse_config
from tclp_daemon.errors import ConfigError
from tclp_daemon.service.startup import prepare_state
from tclp_daemon.system.mounts import filesystem_of, has_mounts_below, is_network

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"


def minimal(tmp_path: Path, **sections: dict[str, Any]) -> dict[str, Any]:
    base: dict[str, Any] = {name: {"path": str(tmp_path / name)} for name in ("inbox", "outbox", "state")}
    for name, values in sections.items():
        base.setdefault(name, {}).update(values)
    return base


def test_three_paths_are_enough(tmp_path: Path) -> None:
    config = parse_config(minimal(tmp_path))
    assert config.workers.processes >= 1
    assert config.outbox.mode == 0o640


def test_the_example_shows_every_key_with_its_default(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    shown = tomllib.loads(re.sub(r"^# (\w+ = )", r"\1", text, flags=re.M))
    assert {section: sorted(keys) for section, keys in shown.items()} == {
        section: sorted(keys) for section, keys in known_keys().items()
    }
    defaults = parse_config(minimal(tmp_path)).model_dump(mode="json")
    for section, keys in tomllib.loads(text).items():
        for key, value in keys.items():
            if key != "path":
                assert defaults[section][key] == value, f"{section}.{key}"
    assert load_config(EXAMPLE).state.path == Path("/var/lib/tclp-daemon")


def test_every_key_of_the_example_has_a_comment() -> None:
    lines = EXAMPLE.read_text().splitlines()
    for before, line in itertools.pairwise(lines):
        if re.match(r"(# )?\w+ = ", line):
            assert before.startswith("#") or re.match(r"\w+ = ", before), f"{line!r} has no comment"


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"inbox": {"settle_second": 2}}, "Unknown key 'inbox.settle_second'. Did you mean 'inbox.settle_seconds'?"),
        ({"worker": {"count": 2}}, "Did you mean 'workers"),
        ({"inbox": {"settle_seconds": -1}}, "inbox.settle_seconds"),
        ({"inbox": {"watch": "sometimes"}}, "'auto', 'native' or 'poll'"),
        ({"outbox": {"file_mode": "rw"}}, "outbox.file_mode"),
        ({"classification": {"likely": 9}}, "write possible < likely < very_likely"),
        ({"inbox": {"path": "inbox"}}, "write an absolute path"),
        ({"model": {"threshold": 1.5}}, "model.threshold"),
        ({"workers": {"count": "many"}}, "workers.count"),
        # More than the kernel's timers hold: every contract would fail.
        ({"limits": {"cpu_seconds": float("inf")}}, "limits.cpu_seconds"),
        ({"limits": {"cpu_seconds_per_mb": 1e12}}, "limits.cpu_seconds_per_mb"),
    ],
)
def test_refused_with_a_sentence(tmp_path: Path, sections: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        parse_config(minimal(tmp_path, **sections))


@pytest.mark.parametrize(
    ("inner", "outer"),
    [("outbox", "inbox"), ("inbox", "outbox"), ("state", "inbox"), ("state", "outbox"), ("inbox", "state")],
)
def test_overlapping_folders_are_refused(tmp_path: Path, inner: str, outer: str) -> None:
    sections = minimal(tmp_path, **{inner: {"path": str(tmp_path / outer / "inside")}})
    with pytest.raises(ConfigError, match=rf"{inner}.path .* is inside {outer}.path .*side by side"):
        parse_config(sections)
    sections = minimal(tmp_path, **{inner: {"path": str(tmp_path / outer)}})
    with pytest.raises(ConfigError, match="is inside"):
        parse_config(sections)


def test_overlap_is_seen_through_links(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "alias").symlink_to(tmp_path / "inbox")
    with pytest.raises(ConfigError, match="is inside"):
        parse_config(minimal(tmp_path, outbox={"path": str(tmp_path / "alias" / "out")}))


def test_missing_paths_and_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'outbox' is missing"):
        parse_config({"inbox": {"path": "/a"}, "state": {"path": "/b"}})
    with pytest.raises(ConfigError, match=r"config\.example\.toml"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[inbox\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(tmp_path / "bad.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "binary.toml")


def test_which_file_is_read() -> None:
    assert find_config(Path("/x.toml"), {"TCLP_CONFIG": "/y.toml"}) == Path("/x.toml")
    assert find_config(None, {"TCLP_CONFIG": "/y.toml"}) == Path("/y.toml")
    assert find_config(None, {}) == Path("/etc/tclp-daemon/config.toml")


def test_the_configuration_is_frozen(tmp_path: Path) -> None:
    config = parse_config(minimal(tmp_path))
    with pytest.raises(Exception, match="frozen"):
        config.log.level = "debug"  # type: ignore[misc]
    assert isinstance(config, Config)


MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:40 / /mnt/share rw,relatime shared:1 - cifs //server/share rw
41 22 0:41 / /mnt/with\\040space rw - nfs4 server:/x rw
42 40 0:42 / /mnt/share/local rw - xfs /dev/sdb1 rw
43 22 0:43 / /mnt/fuse rw - fuse.sshfs x rw
"""


@pytest.mark.parametrize(
    ("path", "filesystem", "network"),
    [
        ("/srv/inbox", "ext4", False),
        ("/mnt/share/inbox", "cifs", True),
        ("/mnt/with space/inbox", "nfs4", True),
        ("/mnt/share/local/x", "xfs", False),
        ("/mnt/fuse/x", "fuse.sshfs", True),
        ("/mnt/shared", "ext4", False),
    ],
)
def test_filesystems_from_mountinfo(path: str, filesystem: str, network: bool) -> None:
    assert filesystem_of(Path(path), MOUNTS) == filesystem
    assert is_network(filesystem) is network


@pytest.mark.parametrize(("path", "below"), [("/mnt/share", True), ("/mnt", True), ("/mnt/share/local", False)])
def test_mounts_below_a_directory(path: str, below: bool) -> None:
    assert has_mounts_below(Path(path), MOUNTS) is below


def test_state_on_a_network_filesystem_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tclp_daemon.service.startup.filesystem_of", lambda path: "nfs4")
    with pytest.raises(ConfigError, match=r"nfs4, a network filesystem.*/var/lib/tclp-daemon"):
        prepare_state(tmp_path)
