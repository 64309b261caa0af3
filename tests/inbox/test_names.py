"""What a name in the inbox says about the file."""

from __future__ import annotations

from tclp_daemon.inbox.names import suffix_of


def test_suffix() -> None:
    assert suffix_of("acme/NDA.Pdf") == ".pdf"
    assert suffix_of("README") == ""
