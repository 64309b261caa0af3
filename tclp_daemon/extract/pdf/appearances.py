"""The words that only the pictures (appearance streams) of annotations have, such as those of a stamp.

pdfium extracts text from pages alone. Flattening makes the pictures part of the page, but it crashes on damaged files,
so it is done in a process of its own.
"""

from __future__ import annotations

import json
import subprocess

from tclp_daemon.config import Limits
from tclp_daemon.extract.child import run_apart

_PROCESSOR_S = 15  # for all pages
_PATIENCE_S = 60  # by the clock, on a busy machine
# Prints a line of JSON for each page with such annotations: [page, {place: words}], both from 0.
_SCRIPT = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1]) + 1))
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[2]) * 1_000_000,) * 2)
import pypdfium2, pypdfium2.raw as raw
KINDS = (raw.FPDF_ANNOT_STAMP, raw.FPDF_ANNOT_WATERMARK, raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_WIDGET)
left = int(sys.argv[3])
document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
for number in range(len(document)):
    page = document[number]
    places = []
    for place in range(min(raw.FPDFPage_GetAnnotCount(page), 2000)):
        note = raw.FPDFPage_GetAnnot(page, place)
        if note and raw.FPDFAnnot_GetSubtype(note) in KINDS and raw.FPDFAnnot_GetObjectCount(note) > 0:
            rect = raw.FS_RECTF()
            raw.FPDFAnnot_GetRect(note, rect)
            places.append((place, rect.left, rect.top, rect.right, rect.bottom))
        if note:
            raw.FPDFPage_CloseAnnot(note)
    before = raw.FPDFPage_CountObjects(page)
    if places and raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS:
        page.close()
        page = document[number]
        for index in range(before):
            raw.FPDFPageObj_SetIsActive(raw.FPDFPage_GetObject(page, index), False)
        text = page.get_textpage()
        words = {place: text.get_text_bounded(left=x0, top=y1, right=x1, bottom=y0) for place, x0, y1, x1, y0 in places}
        left -= sum(map(len, words.values()))
        if left < 0:
            break
        print(json.dumps([number, words]), flush=True)
        text.close()
    page.close()
print("null", flush=True)
"""


def read_appearances(data: bytes, limits: Limits) -> tuple[dict[tuple[int, int], str], bool]:
    """The words by page and place among its annotations, both from 0, and whether all pages were read.

    Args:
        data: the file.
        limits: characters, memory of the process.
    """
    arguments = (str(_PROCESSOR_S), str(limits.memory_mb), str(limits.characters))
    try:
        output = run_apart(_SCRIPT, *arguments, data=data, seconds=_PATIENCE_S).stdout
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""  # the pages until then
    found: dict[tuple[int, int], str] = {}
    for row in output.decode("ascii", errors="replace").splitlines():
        try:
            page = json.loads(row)
        except ValueError:
            break  # the process ended in the middle of a page
        if page is None:
            return found, True
        number, words = page
        found |= {(number, int(place)): text for place, text in words.items()}
    return found, False
