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
    if mountinfo is None:
        try:
            mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return "unknown"
    real, best, kind = path.resolve(), -1, "unknown"
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        parts = fields.split()
        if len(parts) < 5 or not rest:
            continue
        mount = Path(re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), parts[4]))
        # Of several mounts at one point, the last covers the others.
        if len(mount.parts) >= best and real.is_relative_to(mount):
            best, kind = len(mount.parts), rest.split()[0]
    return kind


def is_network(filesystem: str) -> bool:
    """Whether other machines can change files there, which raises no events here. FUSE counts: it may be anything."""
    return filesystem in NETWORK_FILESYSTEMS or filesystem.startswith("fuse")
