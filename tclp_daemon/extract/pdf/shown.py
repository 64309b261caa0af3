"""Which text of a page shows, and which lies in a hidden layer, outside the sheet or outside its clip path.

pdfium extracts all text, whether the page shows it or not. It does know what shows when it paints: so on the few pages
where something may be hidden, each text object is painted in a colour of its own, and the colours that are not on the
sheet are those of text that does not show. Layers, whatever the policy or expression that rules them, and clip paths of
any form are so judged by the program that paints them, and there is no second opinion on how to read them.

Text that is painted but cannot be seen, since it is white or under a box, is another matter: see `covered`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from itertools import chain
from typing import Any

import pypdfium2.raw as pdfium

from tclp_daemon.extract.pdf.layout import LAYOUT
from tclp_daemon.extract.pdf.lines import Line
from tclp_daemon.extract.pdf.page_objects import Box, PageObjects, own_box, page_objects
from tclp_daemon.extract.pdf.raster import PLAIN, Raster
from tclp_daemon.extract.pdf.text_page import TextPage

_MOST_FONTS = 10  # of a page that are tried out; text in others is kept
_SAMPLE = 20  # letters
_MOST_MARKS = 8  # of one object; it has one for each level of tagging
_RECTANGLE = 6  # segments of a rectangle, closed in one way or another
_NOTHING = (0.0, 0.0, 0.0, 0.0)
_LAYER = "OC".encode("utf-16-le") + b"\0\0"
_POINT = ctypes.c_float(), ctypes.c_float()

_Clips = dict[tuple[int, int], Box]


def hide_unpainted(page: Any, number: int, found: PageObjects, *, layers: bool) -> None:
    """Takes the text that is not painted, for its layer or its clip path, out of the loaded page.

    Args:
        page: a loaded `pypdfium2.PdfPage` whose text is not loaded yet.
        number: 1-based.
        found: its objects.
        layers: whether the file has layers that may be hidden.
    """
    if _is_space(found.sheet) or not ((layers and _has_layers(found)) or _may_be_clipped(found)):
        return
    copy = page.pdf[number - 1]  # which is changed for painting
    try:
        gone = [found.texts[index] for index in _unpainted(copy)]
    finally:
        copy.close()
    for item in gone:
        pdfium.FPDFPageObj_SetIsActive(item.handle, 0)


def may_be_off_sheet(found: PageObjects, text: TextPage, lines: Iterable[Line]) -> bool:
    """Whether some lines of a page reach over its edge."""
    left, bottom, right, top = found.sheet
    if _is_space(found.sheet):
        return False  # damaged: every program shows something else
    if text.is_turned:
        return any(_reaches_over(text.box(line), found.sheet) for line in lines)
    return any(line.x0 < left or line.x1 > right or not bottom <= -line.y <= top for line in lines)


def hide_off_sheet(found: PageObjects) -> bool:
    """Takes the text outside the sheet out of the loaded page; returns whether there was any."""
    gone = [item for item in found.texts if _is_outside(item.box(), found.sheet)]
    for item in gone:
        pdfium.FPDFPageObj_SetIsActive(item.handle, 0)
    return bool(gone)


def _reaches_over(box: Box, sheet: Box) -> bool:
    return box[0] < sheet[0] or box[1] < sheet[1] or box[2] > sheet[2] or box[3] > sheet[3]


def _is_outside(box: Box, sheet: Box) -> bool:
    """Whether text is off the sheet; a line that runs over its edge is not."""
    left, bottom, right, top = box
    if _is_space(box):
        return False
    # The tips of letters may reach the sheet: what decides is the middle of their height, which is the shorter side.
    if right - left >= top - bottom:
        bottom = top = (bottom + top) / 2
    else:
        left = right = (left + right) / 2
    return right <= sheet[0] or left >= sheet[2] or top <= sheet[1] or bottom >= sheet[3]


def _is_space(box: Box) -> bool:
    return box[2] - box[0] < LAYOUT.nothing or box[3] - box[1] < LAYOUT.nothing


def _has_layers(found: PageObjects) -> bool:
    """Whether something on the page may belong to a layer; of forms and pictures pdfium does not tell."""
    return bool(found.forms) or any(_is_in_layer(item.handle) for item in found.texts)


def _is_in_layer(handle: Any) -> bool:
    name = ctypes.create_string_buffer(len(_LAYER))
    size = ctypes.c_ulong()
    for index in range(min(pdfium.FPDFPageObj_CountMarks(handle), _MOST_MARKS)):
        mark = pdfium.FPDFPageObj_GetMark(handle, index)
        buffer = ctypes.cast(name, ctypes.POINTER(ctypes.c_ushort))
        if pdfium.FPDFPageObjMark_GetName(mark, buffer, len(_LAYER), size) and name.raw == _LAYER:
            return True
    return False


def _may_be_clipped(found: PageObjects) -> bool:
    """Whether some text may be outside a clip path: the box around the path does not hold half of it."""
    known: _Clips = {}
    # Forms that are cut off, and what is left of each on the page: often one form has the text of many pages.
    cut = {}
    for form in found.forms:
        clip = _clip(form.handle, known)
        if clip is not None and not _shows(clip, own_box(form.handle), share=1):
            cut[form.order] = form.matrix.box(clip)
    for item in found.some_texts():
        clip = _clip(item.handle, known)
        if clip is not None and not _shows(clip, own_box(item.handle)):
            return True
        holder = item.inside
        while cut and holder is not None:
            if holder.order in cut and not _shows(cut[holder.order], item.box()):
                return True
            holder = holder.inside
    return False


def _shows(clip: Box, box: Box, *, share: float = LAYOUT.clip_shows) -> bool:
    """Whether that share of a box is inside a clip path; a space always is."""
    width = min(clip[2], box[2]) - max(clip[0], box[0])
    height = min(clip[3], box[3]) - max(clip[1], box[1])
    whole = (box[2] - box[0]) * (box[3] - box[1])
    return _is_space(box) or (width > 0 and height > 0 and width * height >= share * whole)


def _clip(handle: Any, known: _Clips) -> Box | None:
    """The box around what the clip paths of an object leave, None where it has none; objects share their paths."""
    path = pdfium.FPDFPageObj_GetClipPath(handle)
    count = pdfium.FPDFClipPath_CountPaths(path)
    if count <= 0:
        return None
    last = pdfium.FPDFClipPath_GetPathSegment(path, count - 1, 0)
    key = (count, ctypes.addressof(last.contents))
    if key not in known:
        known[key] = box = _path_box(path, count - 1)
        for index in range(count - 1):
            known[key] = box = _common(box, _path_box(path, index))
    return known[key]


def _common(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _path_box(path: Any, index: int) -> Box:
    """A clip path by two opposite corners; one that holds nothing where only painting can tell what the path leaves."""
    if not 0 < pdfium.FPDFClipPath_CountPathSegments(path, index) <= _RECTANGLE:
        return _NOTHING
    corners = []
    for number in (0, 2):
        if not pdfium.FPDFPathSegment_GetPoint(pdfium.FPDFClipPath_GetPathSegment(path, index, number), *_POINT):
            return _NOTHING
        corners += [_POINT[0].value, _POINT[1].value]
    x0, y0, x1, y1 = corners
    return (x0 if x0 < x1 else x1, y0 if y0 < y1 else y1, x1 if x0 < x1 else x0, y1 if y0 < y1 else y0)


def _unpainted(page: Any) -> list[int]:
    """The places, among the text objects of a page, of those that are not on the sheet after painting.

    What one colour does not show may only lie under other text, so what is left is painted once more without the rest.
    """
    found = page_objects(page)
    for item in chain(found.paths, found.images, found.shadings):
        pdfium.FPDFPageObj_SetIsActive(item.handle, 0)
    for colour, item in enumerate(found.texts, 1):
        # Text that is invisible by itself may be that of a scan.
        pdfium.FPDFTextObj_SetTextRenderMode(item.handle, pdfium.FPDF_TEXTRENDERMODE_FILL)
        pdfium.FPDFPageObj_SetFillColor(item.handle, colour >> 16, colour >> 8 & 0xFF, colour & 0xFF, 0xFF)
    seen = Raster(page, PLAIN, LAYOUT.pixels_rough).colours()
    left = []
    for index, item in enumerate(found.texts):
        if index + 1 in seen:
            pdfium.FPDFPageObj_SetIsActive(item.handle, 0)
        else:
            left.append(index)
    boxes = {index: found.texts[index].box() for index in left}
    left = [index for index in left if not _is_space(boxes[index])]
    if not left:
        return []
    rest = Raster(page, 0)
    gone = [index for index in left if rest.is_blank(rest.place(boxes[index]))]
    if not gone:
        return []
    known = {_font(item.handle) for index, item in enumerate(found.texts) if index + 1 in seen}
    shapeless = _shapeless(page, found, {_font(found.texts[index].handle): index for index in gone}, known)
    return [index for index in gone if _font(found.texts[index].handle) not in shapeless]


def _font(handle: Any) -> int | None:
    return ctypes.cast(pdfium.FPDFTextObj_GetFont(handle), ctypes.c_void_p).value


def _shapeless(page: Any, found: PageObjects, fonts: dict[int | None, int], known: set[int | None]) -> set[int | None]:
    """The fonts that leave no traces wherever they are painted: text recognition has such, and some are missing.

    Args:
        page: on which nothing more is to be painted but samples of fonts.
        found: its objects.
        fonts: place, among the texts of the page, of a text in each font.
        known: the fonts that have left traces on the page.
    """
    unknown = [(font, found.texts[index].handle) for font, index in fonts.items() if font not in known]
    if not unknown:
        return set()
    samples = []
    with TextPage(page, 1) as text:
        for font, handle in unknown[:_MOST_FONTS]:
            samples.append((font, handle, text.of_object(handle).strip()[:_SAMPLE]))
    for item in found.texts:
        pdfium.FPDFPageObj_SetIsActive(item.handle, 0)
    left, bottom, right, top = found.sheet
    height = (top - bottom) / (_MOST_FONTS + 1)
    bands = {}
    for row, (font, handle, words) in enumerate(samples):
        base = bottom + (row + LAYOUT.sample_base) * height
        bands[font] = (left, base - LAYOUT.sample_base * height, right, base + (1 - LAYOUT.sample_base) * height)
        _paint_sample(page, pdfium.FPDFTextObj_GetFont(handle), words, left, base, LAYOUT.sample_size * height)
    raster = Raster(page, 0)
    traced = {font for font, band in bands.items() if not raster.is_blank(raster.place(band))}
    return {font for font, _ in unknown} - traced


def _paint_sample(page: Any, font: Any, words: str, x: float, y: float, size: float) -> None:
    encoded = ctypes.create_string_buffer(words.encode("utf-16-le", errors="ignore") + b"\0\0")
    sample = pdfium.FPDFPageObj_CreateTextObj(page.pdf.raw, font, size)
    if sample:
        pdfium.FPDFText_SetText(sample, ctypes.cast(encoded, ctypes.POINTER(ctypes.c_ushort)))
        pdfium.FPDFPageObj_Transform(sample, 1, 0, 0, 1, x, y)
        pdfium.FPDFPage_InsertObject(page.raw, sample)
