"""What the words themselves say about structure, whatever the format: clause numbers, headings, contents, line ends.

Strings or blocks in, facts about them out. These modules know no format; every reader uses them.
"""

from __future__ import annotations

from tclp_daemon.extract.structure.clauses import assign_clauses
from tclp_daemon.extract.structure.hyphens import WORD, is_broken
from tclp_daemon.extract.structure.line_ends import cites, ends_sentence, is_aside, is_unfinished
from tclp_daemon.extract.structure.numbering import find_number, is_marker, starts_bullet, starts_item
from tclp_daemon.extract.structure.titles import ends_entry, is_contents_entry, is_title, looks_like_heading

__all__ = [
    "WORD",
    "assign_clauses",
    "cites",
    "ends_entry",
    "ends_sentence",
    "find_number",
    "is_aside",
    "is_broken",
    "is_contents_entry",
    "is_marker",
    "is_title",
    "is_unfinished",
    "looks_like_heading",
    "starts_bullet",
    "starts_item",
]
