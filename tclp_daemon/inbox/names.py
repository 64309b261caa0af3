"""Under which name a contract goes to the outbox: its own, unless that is reserved, unreadable, too long or taken."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from tclp_daemon.system.files import NAME_MAX, shorten

RESERVED = re.compile(
    r".*\.(status\.json|result\.json|report\.html)|index(-\d+)?\.html|contracts\.(csv|xlsx|jsonl)", re.I | re.S
)
# Room for ".7f3a9c2e" of a task that steps aside and for the longest suffix of ours, ".status.json".
_ROOM = NAME_MAX - len(".00000000") - len(".status.json")


@dataclass(frozen=True, slots=True)
class OutboxName:
    """`file` is shown to people, `outbox_name` is where it goes, `note` says why they differ."""

    file: str
    outbox_name: str
    note: str | None


def choose_name(
    source: str,
    task_id: str,
    *,
    is_task: Callable[[str], bool] = lambda name: False,
    is_folder: Callable[[str], bool] = lambda name: False,
) -> OutboxName:
    """The name for a dropped file.

    Args:
        source: relative to the inbox, as the filesystem knows it.
        task_id: names the file where its own name cannot be used.
        is_task: whether a contract bears this name in the outbox; a folder cannot take it then.
        is_folder: whether contracts lie in a folder of this name in the outbox; a contract cannot take it then.
    """
    *folders, base = [readable(part) for part in source.split("/")]
    file = "/".join([*folders, base])
    kept: list[str] = []
    for part in folders:
        if part.startswith(".") or RESERVED.fullmatch(part) or is_task("/".join([*kept, part])):
            part = shorten(part, NAME_MAX - len(".folder")) + ".folder"
        kept.append(shorten(part, NAME_MAX))
    why = None
    if base != source.rpartition("/")[2]:
        why = "its name is not valid UTF-8"
    elif RESERVED.fullmatch(base):
        why = "its name is one that the daemon uses itself"
    elif len(os.fsencode(base)) > _ROOM:
        why = "its name is too long to take a suffix"
    elif is_folder("/".join([*kept, base])):
        why = "a folder in the outbox bears its name"
    if why is None:
        return OutboxName(file, "/".join([*kept, base]), None)
    suffix = os.path.splitext(base)[1]
    own = task_id + (suffix if suffix.isascii() and 1 < len(suffix) <= 8 else "")
    return OutboxName(file, "/".join([*kept, own]), f"The file is kept as {own}, because {why}.")


def suffix_of(name: str) -> str:
    """The lower-case suffix that says what a contract claims to be: ".pdf"."""
    return os.path.splitext(name)[1].lower()


def readable(part: str) -> str:
    """A name as it is stored and shown: bytes that are not UTF-8 appear as \\xNN."""
    return os.fsencode(part).decode("utf-8", "backslashreplace")
