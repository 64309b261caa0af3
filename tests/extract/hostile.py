"""Files that mean harm, made when needed: loops, bombs, deep nesting, and text that makes parsers slow."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from extract.pdfmaker import Page, make_pdf, write_objects

MB = 1_000_000
_FONT = b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
_PAINTS_A_FORM = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /XObject << /X 5 0 R >> >> /Contents 4 0 R >>"
)


def _stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def _one_page(content: bytes, extra: bytes = b"", page: bytes = b"") -> bytes:
    return write_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %s /Contents 4 0 R %s >>" % (page or _FONT, b""),
            _stream(content, extra),
        ]
    )


def page_tree_loop() -> bytes:
    """The page tree is its own child."""
    return write_objects(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>"]
    )


def endless_count() -> bytes:
    """One page that says it is two thousand million."""
    return make_pdf([Page().text(72, 700, "word")]).replace(b"/Count 1 ", b"/Count 2000000000 ")


def deep_page_tree() -> bytes:
    """A page under thousands of levels of page tree."""
    depth = 5000
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    objects += [
        b"<< /Type /Pages /Kids [%d 0 R] /Count 1 /Parent %d 0 R >>" % (number + 1, number - 1)
        for number in range(2, depth)
    ]
    objects.append(b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] %s >>" % (depth - 1, _FONT))
    return write_objects(objects)


def deep_array() -> bytes:
    """Brackets in brackets."""
    return write_objects([b"<< /Type /Catalog /Pages 2 0 R /X " + b"[" * 100_000 + b"]" * 100_000 + b" >>", b"<< >>"])


def xref_loop() -> bytes:
    """A cross-reference table whose predecessor is itself."""
    data = make_pdf([Page().text(72, 700, "word")])
    start = data.rindex(b"xref\n0")
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def object_that_is_itself() -> bytes:
    """No pages, and an encryption dictionary that refers to itself: pdfminer would follow it for ever."""
    return write_objects([b"1 0 R"], b"/Encrypt 1 0 R /ID [<00> <00>]")


def flate_bomb() -> bytes:
    """A page of a few hundred kilobytes that expands to 300 MB of spaces."""
    squeezer = zlib.compressobj(9)
    parts = [squeezer.compress(b" " * MB) for _ in range(300)]
    packed = b"".join(parts) + squeezer.flush()
    return _one_page(packed, b"/Filter /FlateDecode")


def _packed(size: int, content: bytes) -> bytes:
    squeezer = zlib.compressobj(9)
    return b"".join(squeezer.compress(content * (MB // len(content))) for _ in range(size)) + squeezer.flush()


def flate_twice() -> bytes:
    """Two kilobytes that expand to a megabyte, which expands to 900."""
    return _one_page(zlib.compress(_packed(900, b" ")), b"/Filter [/FlateDecode /FlateDecode]")


def content_that_calls_itself_metadata() -> bytes:
    """The same under a name by which it would not be looked into."""
    return _one_page(zlib.compress(_packed(900, b" ")), b"/Type /Metadata /Filter [/FlateDecode /FlateDecode]")


def signs_with_long_meanings() -> bytes:
    """Two megabytes of a letter that stands for sixty."""
    font = b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 5 0 R >> >> >>"
    shown = zlib.compress(b"BT /F1 9 Tf " + (b"(" + b"A" * 30_000 + b") Tj ") * 70 + b"ET")
    meaning = b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <41> <%s> endbfchar" % (b"0041" * 60)
    return write_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %s /Contents 4 0 R >>" % font,
            _stream(shown, b"/Filter /FlateDecode"),
            _stream(meaning),
        ]
    )


def nested_states() -> bytes:
    """A million saved graphics states."""
    return _one_page(b"q " * 1_000_000 + b"BT /F1 9 Tf (word) Tj ET")


def form_recursion() -> bytes:
    """A form that paints itself."""
    return write_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            _PAINTS_A_FORM,
            _stream(b"/X Do"),
            _stream(
                b"/X Do /X Do",
                b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>",
            ),
        ]
    )


def form_chain() -> bytes:
    """Forty forms, each of which paints the next one ten times: billion laughs in PDF."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        _PAINTS_A_FORM,
        _stream(b"/X Do"),
    ]
    for number in range(6, 46):
        extra = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X %d 0 R >> >>" % number
        objects.append(_stream(b"/X Do " * 10, extra))
    return write_objects([*objects, _stream(b"", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")])


def huge_media_box() -> bytes:
    """A page of the size of a country."""
    return make_pdf([Page(width=9e9, height=9e9).text(72, 700, "word").text(8e8, 8e8, "far away")])


def crowded_page() -> bytes:
    """One page with a hundred thousand pieces of text, all over the place."""
    page = Page()
    for index in range(100_000):
        page.text((index * 37) % 590, (index * 101) % 840, f"w{index}", size=1)
    return make_pdf([page])


def forest_of_rules() -> bytes:
    """Tables upon tables."""
    page = Page().text(72, 700, "word")
    for step in range(20):
        page.grid([10 + step * 5, 300 + step * 5], [10 + i * 4 for i in range(18)])
    return make_pdf([page] * 30)


def many_pages() -> bytes:
    """More pages than a contract may have."""
    return make_pdf([Page().text(72, 700, "word")] * 6000)


def trailing_blanks() -> bytes:
    """A PDF followed by 90 MB of spaces."""
    return make_pdf([Page().text(72, 700, "word")]) + b" " * (90 * MB)


def spaces() -> bytes:
    """100 MB of spaces."""
    return b" " * (100 * MB - 1)


def nuls() -> bytes:
    """50 MB of NUL bytes."""
    return bytes(50 * MB)


def one_word() -> bytes:
    """A word of 15 million letters."""
    return b"a" * (15 * MB)


def newlines() -> bytes:
    """Ten million line ends and two words."""
    return b"one" + b"\n" * (10 * MB) + b"two"


def blanks_in_words() -> bytes:
    """Alternating letters and blanks, for expressions that backtrack."""
    return b"a " * (5 * MB)


def dots() -> bytes:
    """Table-of-contents leaders without end."""
    return b"Section 1 " + b". " * 500_000 + b"\n" + b"1." * 300_000 + b"\n" + b"(a)" * 300_000


def short_lines() -> bytes:
    """Two million lines of one letter."""
    return b"a\n" * (2 * MB)


def endless_sentence() -> bytes:
    """A sentence in 200,000 paragraphs."""
    return b"".join(b"alpha beta w%d x\n\n" % number for number in range(200_000))


def quotes_in_quotes() -> bytes:
    """Markdown quotes, 50,000 deep."""
    return b">" * 50_000 + b" word"


def lists_in_lists() -> bytes:
    """Markdown lists, 2,000 deep."""
    return b"\n".join(b"  " * depth + b"- item" for depth in range(2000))


def brackets() -> bytes:
    """Markdown links that never close."""
    return b"[" * 50_000 + b"\n\n" + b"![[](" * 20_000


def stars() -> bytes:
    """Markdown emphasis that never ends."""
    return b"*a **b _c " * 20_000 + b"\n\n" + b"`" * 50_000 + b" x " + b"``` ` " * 20_000


def angle_brackets() -> bytes:
    """Tags and comments that never close."""
    return b"<" * 50_000 + b"\n\n" + b"<!-- " * 30_000 + b"\n\n" + b"<a href='" * 20_000


def wide_table() -> bytes:
    """A Markdown table with thousands of columns."""
    row = b"|" + b"a|" * 5000 + b"\n"
    return row + b"|" + b"-|" * 5000 + b"\n" + row * 100


def references() -> bytes:
    """Markdown link definitions that are used over and over."""
    return b"".join(b"[r%d]: /url\n" % i for i in range(5000)) + b"\n" + b"[r1][r2]" * 20_000


# What makes a file -> how reading it ends: "read" or the code of the error.
PDFS: dict[Callable[[], bytes], str] = {
    page_tree_loop: "corrupt",
    endless_count: "read",
    deep_page_tree: "corrupt",
    deep_array: "no_text",
    xref_loop: "read",
    object_that_is_itself: "corrupt",
    flate_bomb: "no_text",
    flate_twice: "expands_too_much",
    content_that_calls_itself_metadata: "corrupt",
    signs_with_long_meanings: "corrupt",
    nested_states: "read",
    form_recursion: "corrupt",
    form_chain: "corrupt",
    huge_media_box: "read",
    crowded_page: "read",
    forest_of_rules: "read",
    many_pages: "too_many_pages",
    trailing_blanks: "read",
}
TEXTS: dict[Callable[[], bytes], str] = {
    spaces: "no_text",
    nuls: "no_text",
    one_word: "read",
    newlines: "read",
    blanks_in_words: "read",
    dots: "read",
    short_lines: "read",
    endless_sentence: "read",
}
MARKDOWN: dict[Callable[[], bytes], str] = {
    quotes_in_quotes: "read",
    lists_in_lists: "read",
    brackets: "read",
    stars: "read",
    angle_brackets: "read",
    wide_table: "read",
    references: "read",
    dots: "read",
    spaces: "no_text",
    short_lines: "read",
    one_word: "read",
    blanks_in_words: "read",
}
