"""Under which name a contract goes to the outbox."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tclp_daemon.outbox.names import CSV, INDEX, QUARTET, choose_name, is_reserved, page_name
from tclp_daemon.system.files import NAME_MAX

ID = "5b0f1a2c-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "name", ["nda.pdf", "acme/nda.pdf", "a b.txt", "q\"uo'te.md", "new\nline.txt", "🌍.pdf", "ÄÖ.docx"]
)
def test_a_contract_keeps_its_name(name: str) -> None:
    chosen = choose_name(name, ID)
    assert (chosen.file, chosen.outbox_name, chosen.note) == (name, name, None)


@pytest.mark.parametrize(
    ("name", "kept", "why"),
    [
        ("acme/nda.pdf.status.json", f"acme/{ID}.json", "uses itself"),
        ("x.RESULT.JSON", f"{ID}.JSON", "uses itself"),
        ("index.html", f"{ID}.html", "uses itself"),
        ("index-12.html", f"{ID}.html", "uses itself"),
        ("contracts.csv", f"{ID}.csv", "uses itself"),
        ("x" * 240 + ".pdf", f"{ID}.pdf", "too long"),
        ("\udcff\udcfe.pdf", f"{ID}.pdf", "UTF-8"),
    ],
)
def test_names_that_cannot_be_used(name: str, kept: str, why: str) -> None:
    chosen = choose_name(name, ID)
    assert chosen.outbox_name == kept
    assert chosen.note is not None
    assert why in chosen.note


def test_folder_and_file_of_one_name_do_not_collide() -> None:
    assert choose_name("nda.pdf/a.txt", ID, is_task=lambda n: n == "nda.pdf").outbox_name == "nda.pdf.folder/a.txt"
    assert choose_name("nda.pdf", ID, is_folder=lambda n: n == "nda.pdf").outbox_name == f"{ID}.pdf"
    assert choose_name("x.status.json/a.txt", ID).outbox_name == "x.status.json.folder/a.txt"


@given(
    st.lists(
        st.binary(min_size=1, max_size=255).filter(lambda b: b not in (b".", b"..") and not {0, 47} & set(b)),
        min_size=1,
        max_size=4,
    )
)
def test_every_name_leads_to_a_usable_one(parts: list[bytes]) -> None:
    source = "/".join(os.fsdecode(part) for part in parts)
    chosen = choose_name(source, ID)
    chosen.file.encode("utf-8")
    *folders, base = chosen.outbox_name.split("/")
    assert len(folders) == len(parts) - 1
    for part in folders:
        assert 0 < len(part.encode("utf-8")) <= NAME_MAX
    assert len(base.encode("utf-8")) + len(".00000000.status.json") <= NAME_MAX
    assert not is_reserved(base)


def test_every_name_that_the_daemon_writes_is_reserved() -> None:
    for name in (*(f"nda.pdf{suffix}" for suffix in QUARTET[1:]), INDEX, page_name(0), page_name(41), CSV):
        assert is_reserved(name)
        assert is_reserved(name.upper())
    assert not is_reserved("nda.pdf")
