"""What kind of filesystem a path is on, from /proc/self/mountinfo (proc_pid_mountinfo(5))."""

from __future__ import annotations

import re
from pathlib import Path

_NETWORK_FILESYSTEMS = (
    "cifs smb smb2 smb3 smbfs nfs nfs4 9p afs ceph glusterfs ncpfs lustre virtiofs vboxsf drvfs gpfs beegfs davfs sshfs"
    " orangefs pvfs2 coda"
)
NETWORK_FILESYSTEMS = frozenset(_NETWORK_FILESYSTEMS.split())


def filesystem_of(path: Path, mountinfo: str | None = None) -> str:
    """Filesystem type of the mount that `path` is on, "unknown" where that cannot be found out.

    Args:
        path: of a file or directory.
        mountinfo: the content of /proc/self/mountinfo, read by default.
    """
    real, best, kind = path.resolve(), -1, "unknown"
    for mount, filesystem in _mounts(mountinfo):
        # Of several mounts at one point, the last covers the others.
        if len(mount.parts) >= best and real.is_relative_to(mount):
            best, kind = len(mount.parts), filesystem
    return kind


def has_mounts_below(path: Path, mountinfo: str | None = None) -> bool:
    """Whether something is mounted on a directory below `path`; true where that cannot be found out.

    Args:
        path: of a folder.
        mountinfo: the content of /proc/self/mountinfo, read by default.
    """
    mounts = _mounts(mountinfo)
    if not mounts:
        return True
    real = path.resolve()
    return any(mount != real and mount.is_relative_to(real) for mount, _ in mounts)


def is_network(filesystem: str) -> bool:
    """Whether other machines can change files there, which raises no events here. FUSE counts: it may be anything."""
    return filesystem in NETWORK_FILESYSTEMS or filesystem.startswith("fuse")


def _mounts(mountinfo: str | None) -> list[tuple[Path, str]]:
    """Each mount point with its filesystem type, in the order of the mounts; none where that cannot be found out."""
    if mountinfo is None:
        try:
            mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return []
    found = []
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        parts = fields.split()
        if len(parts) >= 5 and rest:
            mount = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), parts[4])
            found.append((Path(mount), rest.split()[0]))
    return found
