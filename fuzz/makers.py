"""Small inputs that cause much work: things repeated, nested, shared or named twice, for every reader.

    python fuzz/makers.py [--size 20000] [--only name ...]

Each maker takes a size. Reading what it makes must take processor time in proportion to its bytes, or end with an error
code. The table shows the seconds at an eighth of the size and at the size.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz import marked, packages, pages
from tclp_daemon import ContractError, read
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Ocr
from tests.extract.docmaker import make_ole
from tests.extract.pdfmaker import Page, make_pdf, write_objects

_WITHOUT = Ocr(mode="off")  # what is measured here is the readers
_FONT = b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
_MEMORY_MB = 1500
_WORDS = b"BT /F1 9 Tf 72 700 Td (The Supplier shall report its emissions.) Tj ET "

Maker = Callable[[int], bytes]


def _stream(data: bytes, extra: bytes = b"", *, packed: bool = True) -> bytes:
    if packed:
        data, extra = zlib.compress(data, 9), extra + b" /Filter /FlateDecode"
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def _page(content: bytes, extra: bytes = b"", others: tuple[bytes, ...] = (), catalog: bytes = b"") -> bytes:
    """A page (object 3) with its content (4) and other objects (from 5)."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>" % (extra or _FONT)
    head = (b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page)
    return write_objects([*head, _stream(content), *others])


def _field_tree(n: int, link: Callable[[int], bytes]) -> bytes:
    depth = 30
    fields = [b"<< /T (b) /V (x) /Kids [%s] >>" % link(7)]
    fields += [b"<< /T (k) /Parent %d 0 R /Kids [%s] >>" % (at - 1, link(at + 1)) for at in range(7, 6 + depth)]
    note = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [1 1 9 9] /Parent 6 0 R >>"
    return _page(_WORDS, b"/Annots [5 0 R] " + _FONT, (note, *fields), b"/AcroForm << /Fields [6 0 R] >>")


def pdf_fields_twice(n: int) -> bytes:
    """Each field names its child twice."""
    return _field_tree(n, lambda at: b"%d 0 R %d 0 R" % (at, at))


def pdf_fields_escaped(n: int) -> bytes:
    """The same in another spelling, with comments."""
    return _field_tree(n, lambda at: b"%d 0 R %%x\n%d 0 R" % (at, at)).replace(b"/Kids [", b"/K#69ds %]\n[")


def _forms(name: bytes, paint: bytes) -> bytes:
    extra = b"/Type /XObject %s /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>" % name
    page = b"/Resources << /XObject << /X 5 0 R >> >>"
    return _page(b"/X Do", page, (_stream(paint, extra, packed=False),))


def pdf_form_escaped(n: int) -> bytes:
    """A form that paints itself twice, spelt with an escape."""
    return _forms(b"/Subtype /F#6frm", b"/X Do /X Do")


def pdf_form_comment(n: int) -> bytes:
    """The same with a comment between key and name."""
    return _forms(b"/Subtype % a comment\n /Form", b"/X Do /X Do")


def pdf_form_after_a_string(n: int) -> bytes:
    """The same after a string that says "endobj"."""
    return _forms(b"/Title (endobj >> stream\n) /Subtype /Form", b"/X Do /X Do")


def pdf_form_painted_often(n: int) -> bytes:
    """A form of a megabyte, painted over and over by a few bytes."""
    form = _stream(b"q 1 0 0 1 0 0 cm Q " * 50_000, b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    return _page(b"/X Do " * n, b"/Resources << /XObject << /X 5 0 R >> >>", (form,))


def pdf_contents_repeated(n: int) -> bytes:
    """A page that names the same content again and again."""
    content = _stream(b"q 1 0 0 1 0 0 cm Q " * 50_000)
    return _page(b"", b"/Contents [%s] %s" % (b"5 0 R " * n, _FONT), (content,)).replace(b"/Contents 4 0 R", b"")


def pdf_page_repeated(n: int) -> bytes:
    """A page tree that names the same heavy page again and again."""
    data = _page(b"q 1 0 0 1 0 0 cm Q " * 200_000)
    count = min(n, 4000)
    return data.replace(b"[3 0 R] /Count 1 ", b"[%s] /Count %d " % (b"3 0 R " * count, count))


def pdf_annots_shared(n: int) -> bytes:
    """Thousands of pages with the same thousands of notes."""
    count = min(n // 10, 3000)
    note = b"<< /Type /Annot /Subtype /FreeText /Contents (%s) /Rect [1 1 99 99] >>" % (b"note " * 200)
    pages = [b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots 4 0 R >>"] * count
    head = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = b" ".join(b"%d 0 R" % (5 + at) for at in range(count))
    head += [b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count), note, b"[%s]" % (b"3 0 R " * 2000)]
    return write_objects([*head, *pages])


def pdf_objects(n: int) -> bytes:
    """Only heads of objects."""
    return b"%PDF-1.7\n" + b"1 0 obj " * n * 10 + make_pdf([Page().text(72, 700, "word")])


def pdf_object_numbers(n: int) -> bytes:
    """Very many empty objects, each with its own number."""
    return make_pdf([Page().text(72, 700, "word")]) + b"".join(b"%d 0 obj\n" % at for at in range(100, 100 + n * 10))


def pdf_flate_twice(n: int) -> bytes:
    """Content that is packed twice."""
    once = zlib.compress(b" " * n * 40_000, 9)
    return _page(b"", others=(_stream(once, b"/Filter [/FlateDecode /FlateDecode]").replace(
        b"/Filter /FlateDecode ", b""
    ),)).replace(b"/Contents 4 0 R", b"/Contents 5 0 R")  # fmt: skip


def pdf_long_meaning(n: int) -> bytes:
    """A font in which one letter stands for a hundred thousand characters."""
    cmap = b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <41> <%s> endbfchar endcmap"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>"
    content = b"BT /F1 9 Tf (" + b"A" * n + b") Tj ET"
    page = b"/Resources << /Font << /F1 5 0 R >> >>"
    return _page(content, page, (font, _stream(cmap % (b"0041" * 100_000))))


def pdf_astral(n: int) -> bytes:
    """Lines of characters that are two units in UTF-16."""
    cmap = (
        b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <41> <D83DDE00> endbfchar endcmap"
    )
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>"
    lines = b"".join(b"1 0 0 1 72 %d Tm (A reports) Tj " % (n - at) for at in range(n))
    page = b"/Resources << /Font << /F1 5 0 R >> >>"
    return _page(b"BT /F1 1 Tf " + lines + b"ET", page, (font, _stream(cmap))).replace(b"595 842", b"595 %d" % (n + 9))


def _lines(texts: list[str], per_page: int) -> bytes:
    pages = []
    for first in range(0, len(texts), per_page):
        page = Page()
        for at, text in enumerate(texts[first : first + per_page]):
            page.text(72 + 20 * (at % 20), 800 - at * 700 / per_page, text, size=1)
        pages.append(page)
    return make_pdf(pages)


def pdf_lone_numbers(n: int) -> bytes:
    """A page of numbers that count up, each on its own line, and a few words."""
    page = Page(height=4.0 * n + 100)
    for at in range(n):
        page.text(72, 4.0 * (n - at), str(at % 9999) if at % 5 else "word", size=2)
    return make_pdf([page])


def pdf_fragments(n: int) -> bytes:
    """A page of fragments with bullets."""
    return _lines(["(a)" if at % 50 == 0 else f"w{at}" for at in range(n)], n)


def pdf_same_pages(n: int) -> bytes:
    """Thousands of pages with the same words."""
    return make_pdf([Page().text(72, 700, "The same words").text(72, 400, "once more")] * min(n // 10, 4000))


def rtf_notes_and_head(n: int) -> bytes:
    """Many notes after a long head."""
    return b"{\\rtf1\\ansi" + b"\\b" * n + b"".join(b"{\\footnote n%d}" % at for at in range(n)) + b" text}"


def rtf_fonts(n: int) -> bytes:
    """Tables of fonts that do not end like tables, and many notes."""
    return b"{\\rtf1" + b"{\\fonttbl\\f1} " * n + b"{\\footnote x}" * n + b" text}"


def rtf_font_words(n: int) -> bytes:
    """A table of fonts without an alphabet or a name."""
    return b"{\\rtf1{\\fonttbl" + b"\\f1\\fcharset0" * n + b"}" + b"\\f1 text}"


def rtf_fields(n: int) -> bytes:
    """Fields that are spelt in a way that only the library recognises."""
    return b"{\\rtf1 " + b'{\\field{\\*\\FLDINST{ HYPERLINK "x"}}} ' * (n // 4) + b" text" * n + b"}"


def _word(text: str, table: bytes, parts: dict[int, tuple[int, int]], pieces: bytes, tail: bytes = b"") -> bytes:
    """A .doc whose text begins at 1024; `tail` follows at the next multiple of 512."""
    import struct

    fib = bytearray(1024)
    struct.pack_into("<HHHHHH", fib, 0, 0xA5EC, 0xC1, 0, 0x409, 0, 0x0200)
    struct.pack_into("<i", fib, 0x4C, struct.unpack_from("<I", pieces, 5 + (len(pieces) - 9) // 12 * 4)[0])
    struct.pack_into("<H", fib, 0x98, 93)
    start = len(table)
    table += pieces
    for index, (at, length) in {**parts, 33: (start, len(pieces))}.items():
        struct.pack_into("<II", fib, 0x9A + index * 8, at, length)
    main = bytes(fib) + text.encode("latin-1")
    main += bytes(-len(main) % 512) + tail
    return make_ole({"WordDocument": main, "1Table": table})


def _pieces(spans: list[tuple[int, int, int]]) -> bytes:
    """A piece table of (start, end, offset)."""
    import struct

    body = struct.pack(f"<{len(spans) + 1}I", *(span[0] for span in spans), spans[-1][1])
    body += b"".join(struct.pack("<HIH", 0, 0x4000_0000 | offset * 2, 0) for _, _, offset in spans)
    return b"\x02" + struct.pack("<I", len(body)) + body


def doc_fields(n: int) -> bytes:
    """Nested fields, each with another one in its result."""
    text = "\x13x" * n + "\x14\x13y\x14z\x15\x15" * n + "The Supplier shall report.\r"
    return _word(text, b"", {}, _pieces([(0, len(text), 1024)]))


def doc_same_bytes(n: int) -> bytes:
    """Pieces that all show the same text."""
    text = "The Supplier shall report. " * 100
    size = len(text)
    spans = [(at * size, (at + 1) * size, 1024) for at in range(min(n, 7000))]
    return _word(text, b"", {}, _pieces(spans))


def doc_formats(n: int) -> bytes:
    """Pages of overlapping formats, in which each run has the same long list."""
    import struct

    count = max(n // 100, 1)
    text = "a" * (count * 101) + "\r"
    grpprl = struct.pack("<HB", 0x083C, 0) * 80
    tail, table = b"", b""
    number = (1024 + len(text) + 511) // 512
    for page in range(count):
        first = 1024 + page * 101
        made = bytearray(512)
        runs = 60
        struct.pack_into(f"<{runs + 1}I", made, 0, *(first + at for at in range(runs + 1)))
        for at in range(runs):
            made[(runs + 1) * 4 + at] = (310 + at % 8) // 2
        made[310:512] = (bytes([200]) + grpprl)[:202].ljust(202, b"\x00")
        made[511] = runs
        tail += bytes(made)
    entries = struct.pack(f"<{count + 1}I", *(1024 + at * 101 for at in range(count + 1)))
    table = entries + struct.pack(f"<{count}I", *(number + at for at in range(count)))
    return _word(text, table, {12: (0, len(table))}, _pieces([(0, len(text), 1024)]), tail)


def doc_table_of_sectors(n: int) -> bytes:
    """An allocation table that claims to be far larger than the file and goes in circles."""
    import struct

    data = bytearray(make_ole({"WordDocument": b"x" * 8192}))
    struct.pack_into("<I", data, 44, 109 + 127 * n)
    struct.pack_into("<II", data, 68, 1, n)
    struct.pack_into("<128I", data, 512 * 2, *([0] * 127), 1)
    return bytes(data)


def html_comments(n: int) -> bytes:
    """Comments before something that is not a web page."""
    return b"<!---->" * min(n, 500) + b"x"


def txt_objects(n: int) -> bytes:
    """Text full of the words that begin an object of a PDF."""
    return b"1 0 obj " * n * 10


def txt_stops(n: int) -> bytes:
    """Characters that end sentences, without spaces."""
    return b"The end?!" + b"?!" * n * 2 + b"." + b'.)"' * n


def txt_spaced_stops(n: int) -> bytes:
    """The same with spaces."""
    return b"The end" + b" ." * n * 2 + b" x" + b" ? !" * n


def txt_items(n: int) -> bytes:
    """Only items of a list."""
    return b"\n\n".join(b"%d. Item %d is here." % (at % 900 + 1, at) for at in range(n))


def txt_leaders(n: int) -> bytes:
    """Lines that are almost those of a table of contents."""
    return b"\n\n".join(b". " * 110 + b"x,%d" % (at % 10) for at in range(n // 100))


_SUFFIXES = {
    "pdf": ".pdf", "docx": ".docx", "odt": ".odt", "doc": ".doc", "rtf": ".doc", "html": ".txt", "htm": ".htm",
    "mht": ".mht", "md": ".md", "txt": ".txt",
}  # fmt: skip


def _makers(names: dict[str, object]) -> dict[str, Maker]:
    return {name: make for name, make in names.items() if name.split("_")[0] in _SUFFIXES and callable(make)}


# By the module that has them: those of this one are the oldest.
MAKERS = {
    "makers": _makers(globals()),
    "marked": _makers(vars(marked)),
    "packages": _makers(vars(packages)),
    "pages": _makers(vars(pages)),
}


def suffix(name: str) -> str:
    """The suffix under which a maker's file is read."""
    return _SUFFIXES[name.split("_")[0]]


def main() -> None:
    """Reads each maker's file at two sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=20_000)
    makers = {name: make for group in MAKERS.values() for name, make in group.items()}
    parser.add_argument("--only", nargs="*", default=list(makers))
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_MB << 20, _MEMORY_MB << 20))
    for name in options.only:
        times, outcome, size = [], "", 0
        for n in (options.size // 8, options.size):
            data = makers[name](n)
            size = len(data)
            begun = _seconds()
            try:
                document = read(data, name=name + suffix(name), ocr=_WITHOUT)
                outcome = f"{len(document.text)} characters, {len(split_sentences(document))} sentences"
            except ContractError as error:
                outcome = error.code.value
            times.append(_seconds() - begun)
        print(f"{name:26} {size / 1000:10.0f} KB {times[0]:7.2f} {times[1]:7.2f} s  {outcome}", flush=True)


def _seconds() -> float:
    """Processor time of this process and its children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
