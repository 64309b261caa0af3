"""systemd's notification protocol, sd_notify(3): one datagram of KEY=VALUE lines to $NOTIFY_SOCKET."""

from __future__ import annotations

import socket
from collections.abc import Mapping

_PATIENCE = 2.0


class Notifier:
    """Sends messages to the service manager, if there is one.

    Args:
        environ: holds NOTIFY_SOCKET and WATCHDOG_USEC under systemd.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ means the abstract namespace, which the kernel writes as a NUL.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        usec = environ.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(usec) / 1e6 if usec.isdigit() else None

    def send(self, **values: object) -> None:
        """Sends READY=1, STATUS="…", WATCHDOG=1 or STOPPING=1. A failure is ignored: the manager notices silence."""
        if not self._address:
            return
        message = "\n".join(f"{key}={value}" for key, value in values.items()).encode("utf-8")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            # A manager that does not listen must not hold up the daemon: the socket's queue is short.
            channel.settimeout(_PATIENCE)
            try:
                channel.sendto(message, self._address)
            except OSError:
                return
