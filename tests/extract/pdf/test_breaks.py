"""PDF: a page whose content breaks off is named, and what only looks damaged is not."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest
from extract.pdfmaker import write_objects

from tclp_daemon.config import Limits
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document

WORDS = "supplier customer shall measure report its emissions plants energy goods each year within month".split()
TEXT = "\n".join(
    f"BT /F1 10 Tf 72 {760 - 12 * at} Td (The {' '.join(WORDS[(at * step) % 14] for step in (1, 3, 5, 9, 11))}.) Tj ET"
    for at in range(50)
).encode()
PACKED = zlib.compress(TEXT)
Stream = tuple[bytes, str]  # bytes, and what its dictionary says of them
FLATE = "/Filter /FlateDecode"


def make(*contents: bytes | Stream, page: str = "/Contents 7 0 R", tail: tuple[bytes, ...] = ()) -> bytes:
    """Three pages, of which the second is built from these streams (objects 7, 8, ...) as `page` says."""
    whole = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(PACKED), PACKED)
    head = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
        "/Resources << /Font << /F1 9 0 R >> /XObject << /X 10 0 R >> >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R 5 0 R 6 0 R] /Count 3 >>",
        whole,
        f"{head} /Contents 3 0 R >>".replace("/XObject << /X 10 0 R >>", "").encode(),
        f"{head} {page} >>".encode(),
        f"{head} /Contents 3 0 R >>".replace("/XObject << /X 10 0 R >>", "").encode(),
    ]
    for item in contents:
        data, says = item if isinstance(item, tuple) else (item, "")
        objects.append(f"<< /Length {len(data)} {says} >>\nstream\n".encode() + data + b"\nendstream")
    objects += [b"null"] * (8 - len(objects))
    objects += [b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", *(tail or (b"null",))]
    return write_objects(objects)


def read(data: bytes) -> Document:
    return read_document(data, ".pdf", Limits())


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


def damaged(data: bytes) -> bytes:
    """The data with a wrong byte, after which it cannot be unpacked."""
    for at in range(len(data) // 3, len(data)):
        try:
            zlib.decompressobj(-15).decompress(flipped(data, at)[2:])
        except zlib.error:
            return flipped(data, at)
    raise AssertionError("no such byte")


FORM = b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 9 0 R >> >> /Length %d %s >>"
HALF = len(PACKED) // 2
BROKEN: dict[str, Callable[[], bytes]] = {
    "packed data that is cut": lambda: make((PACKED[:HALF], FLATE)),
    "packed data with a wrong byte": lambda: make((damaged(PACKED), FLATE)),
    "a text object without an end": lambda: make(TEXT[: len(TEXT) // 2 + 30]),
    "a string without an end": lambda: make(TEXT[: TEXT.rindex(b" Tj") - 4]),
    "one of two streams is cut": lambda: make((PACKED[:HALF], FLATE), TEXT, page="/Contents [7 0 R 8 0 R]"),
    "one of two streams is not there": lambda: make(TEXT, page="/Contents [7 0 R 88 0 R]"),
    "none is there": lambda: make(page="/Contents 88 0 R"),
    "a way of packing that nobody knows": lambda: make((PACKED, "/Filter /ZstdDecode")),
    "a form that is cut": lambda: make(
        b"/X Do", tail=(FORM % (HALF, FLATE.encode()) + b"\nstream\n" + PACKED[:HALF] + b"\nendstream",)
    ),
}
WHOLE: dict[str, Callable[[], bytes]] = {
    "packed data": lambda: make((PACKED, FLATE)),
    "a wrong check sum": lambda: make((flipped(PACKED, len(PACKED) - 1), FLATE)),
    "no check sum": lambda: make((PACKED[:-4], FLATE)),
    "a text object over two streams": lambda: make(TEXT[:2000], TEXT[2000:], page="/Contents [7 0 R 8 0 R]"),
    "the operators in words": lambda: make(TEXT + b"\nBT /F1 9 Tf (SUBTOTAL of BT plc) Tj ET Q"),
    "nothing": lambda: make(page=""),
    "a stream of nothing": lambda: make((b"", FLATE)),
    "armoured data": lambda: make((TEXT.hex().encode() + b">", "/Filter /AHx")),
    "a form": lambda: make(
        b"/X Do", tail=(FORM % (len(PACKED), FLATE.encode()) + b"\nstream\n" + PACKED + b"\nendstream",)
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_page_whose_content_breaks_off_is_named(name: str) -> None:
    document = read(BROKEN[name]())
    assert [(each.code, each.pages) for each in document.warnings] == [("page_incomplete", (2,))]


@pytest.mark.parametrize("name", WHOLE)
def test_what_only_looks_damaged_is_not(name: str) -> None:
    assert read(WHOLE[name]()).warnings == ()


def test_a_file_that_shows_nothing_since_all_content_is_damaged_is_corrupt() -> None:
    data = make((b"?" * 80, FLATE)).replace(b"/Contents 3 0 R", b"/Contents 7 0 R")
    with pytest.raises(ContractError) as caught:
        read(data)
    assert caught.value.code is ErrorCode.CORRUPT
