"""Files that programs, NAS and sync tools leave behind are skipped; those that people drop are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tclp_daemon.inbox.scan import is_ignored, scan

HOUSEKEEPING = [
    *("@eaDir", "#recycle", "@Recycle", "#snapshot", "~snapshot", ".stfolder", "__MACOSX", "Icon\r", ".sb-1a2b-Xy"),
    *(".sync", "lost+found", ".@__thumb", "@tmp", ".TemporaryItems", ".dropbox.cache", "desktop.ini", ".DS_Store"),
    *("nda.pdf.download", "nda.docx.sb-1a2b3c4d-Ef5Gh6", "nda.pdf@SynoEAStream", "ehthumbs.db", "$RECYCLE.BIN"),
    *(
        ".~tmp~",
        ".stversions",
        ".AppleDouble",
        "Network Trash Folder",
        "@Recently-Snapshot",
        "found.000",
        "nda.pdf.!sync",
    ),
    *("~syncthing~nda.docx.tmp", ".syncthing.nda.docx.tmp", ".nda.pdf.icloud", "Temporary Items", "RECYCLER"),
]
CONTRACTS = [
    *("nda (John's conflicted copy 2026-01-02).docx", "nda.sync-conflict-20260102-123456-ABCDEFG.docx"),
    *("nda (conflicted copy 2026-01-02 123456).pdf", "nda-LAPTOP-7.docx", "nda (1).pdf", "Copy of nda.pdf", "@nda.pdf"),
    *("#12 nda.pdf", "download.pdf", "nda.download.pdf", "nda.sb-1.pdf", "tmp.pdf", "recycle.docx", "~nda.pdf"),
    *("lost+found.pdf", "icon.pdf", "nda.part2.pdf"),
]


@pytest.mark.parametrize("name", HOUSEKEEPING)
def test_housekeeping_is_skipped(tmp_path: Path, name: str) -> None:
    assert is_ignored(name)
    (tmp_path / name).mkdir()
    (tmp_path / name / "nda.pdf").write_text("a thumbnail, or what somebody deleted")
    assert scan(tmp_path) == []


@pytest.mark.parametrize("name", CONTRACTS)
def test_conflict_copies_and_names_that_look_alike_are_contracts(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    assert [seen.source for seen in scan(tmp_path)] == [name]
