"""Names in the outbox: which ones the daemon uses itself, and under which one a contract goes there.

A contract keeps its own name unless that is reserved, not valid UTF-8, too long or taken (decision 5).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from tclp_daemon.store import Store
from tclp_daemon.system.files import NAME_MAX, readable, shorten
from tclp_daemon.task import OutboxName

STATUS = ".status.json"
RESULT = ".result.json"
REPORT = ".report.html"
# A contract and what is written next to it, in the order in which they are renamed: while the sidecar has a name, the
# others have it too.
QUARTET = ("", RESULT, REPORT, STATUS)
# The pages of contents.
INDEX = "index.html"
CSV = "contracts.csv"

# Names that a dropped file cannot have in the outbox. The last two are those of exports that people save there.
_RESERVED = (
    *(f".*{re.escape(suffix)}" for suffix in (STATUS, RESULT, REPORT)),
    r"index(-\d+)?\.html",
    *map(re.escape, (CSV, "contracts.xlsx", "contracts.jsonl")),
)
_RESERVED_NAME = re.compile("|".join(_RESERVED), re.IGNORECASE | re.DOTALL)
# Room for ".7f3a9c2e" of a task that steps aside, and for the longest suffix.
_ROOM = NAME_MAX - len(".00000000") - len(STATUS)
_FOLDER = ".folder"


def page_name(block: int) -> str:
    """The page that lists a block of older contracts; block 0 holds the oldest."""
    return f"index-{block + 2}.html"


def is_reserved(name: str) -> bool:
    """Whether a base name is one that the daemon uses itself, in upper or lower case."""
    return _RESERVED_NAME.fullmatch(name) is not None


def name_in_outbox(source: str, task_id: str, store: Store) -> OutboxName:
    """The name for a dropped file, given the contracts that the store knows; arguments as `choose_name`."""
    return choose_name(source, task_id, is_task=store.is_outbox_name, is_folder=store.is_outbox_folder)


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
        is_task: whether a contract has this name in the outbox; a directory cannot take it then.
        is_folder: whether the outbox has a directory of this name with contracts in it; a contract cannot take it then.
    """
    file = readable(source)
    *folders, base = file.split("/")
    kept: list[str] = []
    for part in folders:
        if part.startswith(".") or is_reserved(part) or is_task("/".join([*kept, part])):
            part = shorten(part, NAME_MAX - len(_FOLDER)) + _FOLDER
        kept.append(shorten(part, NAME_MAX))
    if base != source.rpartition("/")[2]:
        why = "its name is not valid UTF-8"
    elif is_reserved(base):
        why = "its name is one that the daemon uses itself"
    elif len(os.fsencode(base)) > _ROOM:
        why = "its name is too long to take a suffix"
    elif is_folder("/".join([*kept, base])):
        why = "a directory in the outbox has its name"
    else:
        return OutboxName(file, "/".join([*kept, base]))
    suffix = os.path.splitext(base)[1]
    own = task_id + (suffix if suffix.isascii() and 1 < len(suffix) <= 8 else "")
    return OutboxName(file, "/".join([*kept, own]), f"The file is kept as {own}, because {why}.")
