"""Scanned pages in a Word file are read where they stand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from extract.docxmaker import Docx, make_docx, paragraph
from extract.scanmaker import FIRST, SECOND, accuracy, picture_of, skewed, typed_page
from extract.word.test_docx_objects import PAGES, SCANS, picture
from PIL import Image

from tclp_daemon.api import read
from tclp_daemon.config import Limits, Ocr
from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.ocr.word_pictures import WordPictures
from tclp_daemon.warning import WarningCode

pytestmark = pytest.mark.ocr
BEFORE, AFTER = "The signed pages follow.", "The signed pages have ended."


def saved(page: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    page.save(out, kind)
    return out.getvalue()


def scanned(*files: bytes, text: bool = True) -> bytes:
    runs = "".join(picture(name, 16, 23) for (name, _, _), _ in zip(SCANS, files, strict=False))
    body = f"<w:p>{runs}</w:p>"
    body = paragraph(BEFORE) + body + paragraph(AFTER) if text else body
    return make_docx(Docx(body, relations=SCANS, files=dict(zip(PAGES, files, strict=False))))


def named(document: Document) -> dict[WarningCode, tuple[str, ...]]:
    return {each.code: each.parts for each in document.warnings}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF"])
def test_the_text_stands_where_the_picture_does(kind: str) -> None:
    document = read(scanned(saved(skewed(2)(picture_of(typed_page(FIRST), 200)), kind)), name="signed.docx")
    assert accuracy(document.text, [BEFORE, *FIRST, AFTER]) >= 0.97
    assert named(document) == {WarningCode.OCR: (PAGES[0],)}
    (found,) = document.warnings
    assert PAGES[0] in found.message
    duty = next(block for block in document.blocks if "by fifty per cent" in document.text[block.start : block.end])
    assert duty.clause == "3.1"


def test_a_file_of_nothing_but_pictures() -> None:
    pages = [saved(picture_of(typed_page(lines), 200)) for lines in (FIRST, SECOND)]
    document = read(scanned(*pages, text=False), name="signed.docx")
    assert accuracy(document.text, FIRST + SECOND) >= 0.97


def test_what_cannot_be_decoded_stays_unread() -> None:
    good = saved(picture_of(typed_page(FIRST), 200))
    document = read(scanned(good, good[: len(good) // 2]), name="signed.docx")
    assert named(document) == {WarningCode.OCR: (PAGES[0],), WarningCode.PICTURES_WITHOUT_TEXT: (PAGES[1],)}


@pytest.mark.parametrize("ocr", [Ocr(mode="off"), Ocr(languages="tlh")])
def test_without_recognition_a_file_of_pictures_is_refused(ocr: Ocr) -> None:
    with pytest.raises(ContractError) as caught:
        read(scanned(saved(picture_of(typed_page(FIRST), 100)), text=False), name="signed.docx", ocr=ocr)
    assert caught.value.code is ErrorCode.NO_TEXT


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LA", "RGBA", "I;16"])
def test_pictures_of_all_kinds_are_dark_on_white(mode: str) -> None:
    page = picture_of(typed_page(FIRST), 150)
    if mode in ("LA", "RGBA"):
        page = Image.merge("LA", [Image.new("L", page.size, 0), page.point(lambda value: 255 - value)]).convert(mode)
    elif mode == "I;16":
        page = Image.fromarray(np.asarray(page).astype(np.uint16) * 257)
    else:
        page = page.convert(mode)
    data = scanned(saved(page, "TIFF"))
    grey, _ = WordPictures(data, PAGES[:1], Limits()).grey(PAGES[0], 300, text=False)
    assert 240 < np.mean(grey) < 255
    assert np.min(grey) < 40
