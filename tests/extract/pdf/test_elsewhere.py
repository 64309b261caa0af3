"""PDF: what is on none of the pages is said to be elsewhere, and what stands there instead is not judged."""

from __future__ import annotations

import pytest
from extract.pdfmaker import write_objects

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document

WAIT = [
    "Please wait...",
    "If this message is not eventually replaced with what the form contains, your program cannot show it.",
    "Get the newest Adobe Reader.",
]
ATTENDRE = ["Veuillez patienter...", "Installez la derniere version d'Adobe Reader pour ouvrir ce document."]
WARTEN = ["Bitte warten Sie.", "Wenn nichts erscheint, brauchen Sie eine neuere Version von Adobe Reader."]
COVER = ["For the best experience, open this PDF portfolio in Acrobat or Adobe Reader."]
PROSE = ["The Supplier shall measure the emissions of its plants in each year and shall tell the Customer."] * 3


def make(
    *pages: list[str],
    catalog: str = "",
    attached: tuple[str, ...] = (),
    noted: tuple[str, ...] = (),
    relation: str = "Unspecified",
) -> bytes:
    """Pages of lines; files attached to the document, and to its first page."""
    objects: list[str] = ["", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]

    def add(item: str) -> int:
        objects.append(item)
        return len(objects)

    def add_file(name: str) -> int:
        stream = add("<< /Type /EmbeddedFile /Length 4 >>\nstream\nwhat\nendstream")
        return add(
            f"<< /Type /Filespec /F ({name}) /UF ({name}) /AFRelationship /{relation} /EF << /F {stream} 0 R >> >>"
        )

    notes = [
        add(f"<< /Type /Annot /Subtype /FileAttachment /Rect [9 9 20 20] /FS {add_file(name)} 0 R >>") for name in noted
    ]
    files = [(name, add_file(name)) for name in attached]
    kids = []
    for lines in pages:
        content = "\n".join(f"BT /F1 10 Tf 72 {760 - 14 * at} Td ({words}) Tj ET" for at, words in enumerate(lines))
        stream = add(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        annots = f"/Annots [{' '.join(f'{note} 0 R' for note in notes)}]" if not kids else ""
        kids.append(
            add(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {stream} 0 R {annots} "
                "/Resources << /Font << /F1 3 0 R >> >> >>"
            )
        )
    names = " ".join(f"({name}) {number} 0 R" for name, number in files)
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R {catalog} /Names << /EmbeddedFiles << /Names [{names}] >> >> >>"
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] /Count {len(kids)} >>"
    return write_objects([item.encode() for item in objects])


def read(data: bytes) -> Document:
    return read_document(data, ".pdf", Limits())


DYNAMIC = "/AcroForm << /Fields [] /XFA [(template) 3 0 R] >> /NeedsRendering true"
STATIC = "/AcroForm << /Fields [] /XFA [(template) 3 0 R] >>"


@pytest.mark.parametrize(
    ("lines", "catalog"),
    [(WAIT, DYNAMIC), (WAIT, STATIC), (WAIT, ""), (WARTEN, DYNAMIC), (ATTENDRE, STATIC), ([], DYNAMIC)],
)
def test_a_form_that_only_adobe_shows_has_no_text(lines: list[str], catalog: str) -> None:
    with pytest.raises(ContractError) as caught:
        read(make(lines, catalog=catalog))
    assert caught.value.code is ErrorCode.NO_TEXT
    assert "XFA" in caught.value.message
    assert "print" in caught.value.advice


def test_a_form_that_the_pages_show_is_read() -> None:
    assert read(make(PROSE, catalog=STATIC)).warnings == ()
    (warning,) = read(make(PROSE, catalog=DYNAMIC)).warnings
    assert warning.code == "xfa_form"


def test_a_page_that_waits_among_others_is_not_judged() -> None:
    document = read(make(PROSE, WAIT, catalog=DYNAMIC))
    assert [(each.code, each.pages) for each in document.warnings] == [("xfa_form", (2,))]
    assert {block.kind for block in document.blocks if block.page == 2} == {BlockKind.HEADER_FOOTER}


@pytest.mark.parametrize(
    ("attached", "noted", "named"),
    [
        (("contract.pdf",), (), ("contract.pdf",)),
        (("a.docx", "b.pdf"), ("c.pdf", "b.pdf"), ("a.docx", "b.pdf", "c.pdf")),
        ((), ("Schedule 2.xlsx",), ("Schedule 2.xlsx",)),
        (("Standard.joboptions", "factur-x.xml"), ("signature.p7s",), ()),
        (("scan.JPG", "notes"), (), ("notes", "scan.JPG")),
    ],
)
def test_attached_files_are_named(attached: tuple[str, ...], noted: tuple[str, ...], named: tuple[str, ...]) -> None:
    document = read(make(PROSE, PROSE, attached=tuple(sorted(attached)), noted=noted))
    assert tuple(part for each in document.warnings if each.code == "attached_file" for part in each.parts) == named
    assert len(document.warnings) == bool(named)
    assert document.unread_pages == ()


def test_the_file_that_the_pages_were_made_from_is_no_other() -> None:
    assert read(make(PROSE, attached=("contract.odt",), relation="Source")).warnings == ()


def test_the_cover_of_a_portfolio_is_not_judged() -> None:
    document = read(make(COVER, attached=("contract.pdf",)))
    (warning,) = document.warnings
    assert (warning.code, warning.pages, warning.parts) == ("attached_file", (1,), ("contract.pdf",))
    assert {block.kind for block in document.blocks} == {BlockKind.HEADER_FOOTER}
    with pytest.raises(ContractError, match=r"contract\.pdf"):
        read(make([], attached=("contract.pdf",)))
