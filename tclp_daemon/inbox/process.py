"""Who a daemon is, among all hosts that can mount one share, and whether it still lives.

A host name proves nothing: machines are cloned, containers share one kernel, and two sites both have a "server1". The
machine's id, the kernel's boot id, the process-id namespace, the pid and the starting time together tell a process from
all others. Whether it lives can only be asked by a process with the same machine, boot and namespace.
"""

from __future__ import annotations

import hashlib
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# PID_MAX_LIMIT: no Linux process has a higher number (proc_sys_kernel(5)).
_PID_MAX = 1 << 22
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Process:
    """One daemon process. Made from what anybody may have written to a share, so each field is checked and plain.

    Attributes:
        host: the host's name, only for people.
        machine: a hash of the machine's id, "" if it has none.
        boot: the kernel's boot id, "" if it is not known.
        namespace: inode number of the process-id namespace, 0 if it is not known.
        pid: in that namespace.
        started: ticks between boot and its start, 0 if it is not known.
    """

    host: str
    pid: int
    machine: str = ""
    boot: str = ""
    namespace: int = 0
    started: int = 0

    @classmethod
    def current(cls) -> Process:
        """This process."""
        return cls(
            host=_plain(socket.gethostname()),
            pid=os.getpid(),
            machine=_machine(),
            boot=_text("/proc/sys/kernel/random/boot_id"),
            namespace=_namespace(),
            started=_started(os.getpid()) or 0,
        )

    @classmethod
    def parse(cls, content: object) -> Process | None:
        """The process that a heartbeat names; None if no daemon can have written it."""
        if not isinstance(content, dict):
            return None
        host, pid = content.get("host"), content.get("pid")
        if not isinstance(host, str) or type(pid) is not int or not 0 < pid <= _PID_MAX:
            return None
        machine, boot = (_plain(t) if isinstance(t := content.get(key), str) else "" for key in ("machine", "boot"))
        namespace, started = (n if type(n := content.get(key)) is int else 0 for key in ("namespace", "started"))
        return cls(_plain(host), pid, machine, boot, namespace, started)

    def as_dict(self) -> dict[str, Any]:
        """As it is written."""
        return asdict(self)

    def is_here(self, me: Process) -> bool:
        """Whether we can ask if it lives: same kernel, same numbering of processes."""
        return bool(self.boot) and (self.boot, self.namespace) == (me.boot, me.namespace)

    def may_be_a_predecessor(self, me: Process) -> bool:
        """Whether it may have run on this machine before a restart, or as a container before this one.

        It may also be a clone of this machine that kept its id, and be alive. Many containers have no machine id, but
        all of one machine have its boot id.
        """
        one = (self.machine, me.machine) if self.machine else (self.boot, me.boot)
        return bool(one[0]) and one[0] == one[1] and not self.is_here(me)

    def is_dead(self, me: Process) -> bool:
        """Whether it is known not to run any more; process numbers are used again."""
        if not self.is_here(me):
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass  # another user's
        # A killed process stays visible as a zombie until its parent asks for it, which some never do.
        if _stat(self.pid)[:1] in ([b"Z"], [b"X"]):
            return True
        started = _started(self.pid)
        return bool(started and self.started and started != self.started)


def _plain(text: str) -> str:
    """Text from a share as it may be shown on a terminal or in a log: short, ASCII, no control characters."""
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:_LONGEST_NAME])
    return shown.encode("ascii", "backslashreplace").decode("ascii")[:_LONGEST_NAME]


def _machine() -> str:
    # The id itself must not be shown to others (machine-id(5), "Relation to OSF UUIDs" and above).
    machine = _text("/etc/machine-id") or _text("/var/lib/dbus/machine-id")
    return hashlib.sha256(b"tclp-daemon " + machine.encode()).hexdigest()[:32] if machine else ""


def _namespace() -> int:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _text(path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _stat(pid: int) -> list[bytes]:
    """Fields 3 and on of a process (proc_pid_stat(5)); none if it cannot be seen."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []


def _started(pid: int) -> int | None:
    """When a process began, in ticks since boot; None if that cannot be seen."""
    fields = _stat(pid)
    return int(fields[19]) if len(fields) > 19 else None
