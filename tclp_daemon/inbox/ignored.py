"""Names that are skipped: temporary files of other programs, and the housekeeping of NAS and sync tools.

A conflict copy that a sync tool makes ("nda (Ann's conflicted copy 2026-01-02).docx", "nda.sync-conflict-….docx") is a
contract like any other: it holds somebody's version of the text.
"""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

# Half-written files and lock files of editors, browsers and copy programs.
_WORKING = (
    *(".*", "~$*", "*~", "*.swp", "*.tmp", "*.part", "*.partial", "*.filepart"),
    *("*.crdownload", "*.opdownload", "*.download", "*.unfinished", "*.aria2", "*.!sync", "*.!ut", "*.bts"),
)
# File managers and operating systems. macOS replaces a document through a directory such as
# "nda.docx.sb-1a2b3c4d-Ef5Gh6".
_SYSTEMS = (
    *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__macosx"),
    *("$recycle.bin", "recycler", "system volume information", "found.[0-9][0-9][0-9]", "lost+found"),
    *("network trash folder", "temporary items", "thevolumesettingsfolder"),
)
# NAS and sync tools: Synology, QNAP, NetApp, quotas, Dropbox. Those that begin with a dot are covered above.
_SERVERS = (
    *("@eadir", "#recycle", "#snapshot", "@tmp", "@sharebin", "@sharesnap", "*@synoresource", "*@synoeastream"),
    *("@recycle", "@recently-snapshot", "@recovery", "~snapshot", "aquota.user", "aquota.group", "*.dropbox.attr"),
)
IGNORED = (*_WORKING, *_SYSTEMS, *_SERVERS)
_SAFE_SAVE = r".*\.sb-[^.]*"


def is_ignored(name: str, patterns: tuple[str, ...] = ()) -> bool:
    """Whether a base name is skipped without a word, in upper or lower case; `patterns` are the administrator's."""
    return _compiled(patterns).fullmatch(name.lower()) is not None


@lru_cache(maxsize=8)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all patterns: a look at a large inbox asks for each name."""
    parts = [fnmatch.translate(pattern.lower()) for pattern in (*IGNORED, *patterns)]
    return re.compile("|".join([*parts, _SAFE_SAVE]), re.DOTALL)
