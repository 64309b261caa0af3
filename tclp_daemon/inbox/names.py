"""What a name in the inbox says about the file."""

from __future__ import annotations

import os


def suffix_of(name: str) -> str:
    """The lower-case suffix that says what a contract claims to be: ".pdf"."""
    return os.path.splitext(name)[1].lower()
