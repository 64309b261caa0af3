"""What a PDF will cost pdfium, estimated from its objects before any page is opened.

A page names what it shows, and what is named twice is read twice: a few kilobytes can ask for years of work. The names
are followed here and multiplied, which takes a few milliseconds. Where the product is not that of a contract, or cannot
be computed, `probe` tries the file out in a process of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.pdf.breaks import Streams, stops_in_text
from tclp_daemon.extract.pdf.objects import (
    BETWEEN_READINGS,
    FORM,
    MOST_OBJECTS,
    REFERENCE,
    Content,
    PdfObject,
    expand,
    objects,
    plain_head,
)

_MB = 1_000_000
_MOST_LETTERS = 8 * _MB  # of one page: pdfium takes 100 bytes for each
_MOST_WORK = 60 * _MB  # bytes of content that pages and forms ask for; pdfium reads about 20 MB in a second
_DEFLATE_RATIO = 1032  # no stream expands further
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z0-9])")
_UNREAD = re.compile(rb"/Subtype\s*/(?:Image|XML)(?![A-Za-z0-9])|/Type\s*/(?:EmbeddedFile|Metadata)(?![A-Za-z0-9])")
_FONT_FILE = re.compile(rb"/Length[123](?![0-9])|/Subtype\s*/(?:Type1C|CIDFontType0C|OpenType)(?![A-Za-z0-9])")
_OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm(?![A-Za-z0-9])")
_FIRST = re.compile(rb"/First\s+(\d{1,9})")
_RESOURCES = re.compile(rb"/(?:Resources|XObject)\s*(\d{1,10})\s+\d{1,5}\s+R(?![A-Za-z0-9])")
_NAMES = rb"\s*(?:\[([^\]]*+)|(\d{1,10})\s+\d{1,5}\s+R(?![A-Za-z0-9]))"
_CONTENTS = re.compile(rb"/Contents" + _NAMES)
_KIDS = re.compile(rb"/Kids" + _NAMES)
_MEANING = re.compile(rb"<[0-9A-Fa-f\s]{9,}")  # of one sign, in four digits for each letter; a ligature has several
# Streams that are read as they are named, whatever they say they are.
_READ = re.compile(
    rb"/(?:Contents|ToUnicode|Encoding|CharProcs)(?![A-Za-z0-9])([^/]*+(?:/[^\s/<>]*+\s+\d+\s+\d+\s+R\s*)*)"
)
# A list of layers that are off, the state of those that are not listed, and conditions that combine layers.
_HIDDEN_LAYER = re.compile(rb"/OFF\s*\[?\s*\d|/(?:BaseState|OCMD|Event)(?![A-Za-z0-9])")
_REPLACEMENT = b"/ActualText"


@dataclass(slots=True)
class Weight:
    """What is known of a file.

    Attributes:
        doubtful: it has to be tried out.
        shared_kids: two fields of its form share a child, which pdfium reads twice.
        pages: number of objects that are a page.
        heads: of all objects, by number.
        streams: those that break off.
        layers: some layers (optional content) may be hidden.
        replacements: some text may have a replacement (/ActualText).
    """

    doubtful: bool = False
    shared_kids: bool = False
    pages: int = 0
    heads: dict[int, bytes] = field(default_factory=dict)
    streams: Streams = field(default_factory=Streams)
    layers: bool = False
    replacements: bool = False


@dataclass(slots=True)
class _Found:
    heads: dict[int, bytes] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)  # of streams
    forms: dict[int, int] = field(default_factory=dict)  # sizes of forms
    fonts: list[PdfObject] = field(default_factory=list)
    unread: set[int] = field(default_factory=set)  # streams that were not looked into
    letters: int = 1  # that the longest meaning of a sign has
    paints: float = 0
    streams: Streams = field(default_factory=Streams)
    expanded: int = 0
    doubtful: bool = False
    replacements: bool = False


def weigh(data: bytes, limits: Limits) -> Weight:
    """Weighs a file.

    Args:
        data: the file.
        limits: expanded size.

    Raises:
        ContractError: expands_too_much.
    """
    found = _Found()
    most = int(limits.expanded_mb * _MB)
    for count, item in enumerate(objects(data)):
        if item is None or count > MOST_OBJECTS:
            found.doubtful = True
            if count > MOST_OBJECTS:
                break
            continue
        found.heads[item.number] = item.head
        if item.stream is not None:
            _add_stream(data, item, found, most)
    if sum(font.end - (font.stream or 0) for font in found.fonts) * _DEFLATE_RATIO > most:
        for font in found.fonts:
            _count(expand(data, font, most), found, most)
    kids = _kids(found.heads)
    shared = any(times > 1 for times in kids.values())
    largest = max(found.forms.values(), default=0)
    painted = found.paints * largest
    page, work = _content_work(found)
    # What a page shows is in memory at once; forms that are painted often are small ones.
    shown = max(page, painted if largest > _MB else largest) * found.letters
    too_much = work + painted > _MOST_WORK or shown > _MOST_LETTERS
    doubtful = found.doubtful or shared or too_much or _has_nested_forms(found) or _reads_unread(found)
    pages = sum(1 for head in found.heads.values() if b"/Page" in head and _PAGE.search(head))
    layers = any(_HIDDEN_LAYER.search(head) for head in found.heads.values())
    # Elements of the structure tree, which have children (/K), may have one as well, but pdfium does not read it.
    replaced = found.replacements or any(_REPLACEMENT in head and b"/K" not in head for head in found.heads.values())
    return Weight(doubtful, shared, pages, found.heads, found.streams, layers, replaced)


def _add_stream(data: bytes, item: PdfObject, found: _Found, most: int) -> None:
    head = item.head
    if _UNREAD.search(head):
        found.unread.add(item.number)
        return
    if _FONT_FILE.search(head):
        found.unread.add(item.number)
        found.fonts.append(item)
        return
    content = _count(expand(data, item, most - found.expanded), found, most)
    size, text, whole = content or Content(0, b"")
    if not whole:
        found.streams.broken.add(item.number)
    elif len(text) == size and stops_in_text(text):
        found.streams.open.add(item.number)
    found.sizes[item.number] = size
    found.doubtful |= bool(text) and len(text) < size  # content of several megabytes is a drawing at best
    if FORM.search(head):
        found.forms[item.number] = size
    if _OBJECT_STREAM.search(head):
        for number, packed in _packed(head, text):
            found.heads.setdefault(number, packed)
    elif text:
        found.replacements |= _REPLACEMENT in text
        found.paints += text.count(b"Do") * size / len(text)
        if b"beginbf" in text:
            longest = max(map(len, _MEANING.findall(text)), default=0)
            found.letters = max(found.letters, longest // 4)


def _count(content: Content | None, found: _Found, most: int) -> Content | None:
    if content is None:
        found.doubtful = True
        return None
    found.expanded += content.size
    if found.expanded > most:
        raise ContractError(
            ErrorCode.EXPANDS_TOO_MUCH,
            found_mb=f"more than {most / _MB:g}",
            limit_mb=f"{most / _MB:g}",
            limit_name="limits.expanded_mb",
        )
    return content


def _packed(head: bytes, text: bytes) -> Iterable[tuple[int, bytes]]:
    """The objects in an object stream, which begins with the number and offset of each."""
    first = _FIRST.search(head)
    places = text[: int(first[1])].split() if first else []
    if not first or not all(place.isdigit() and len(place) < 11 for place in places):
        return
    ends = [*places[3::2], b"%d" % len(text)]
    for number, start, end in zip(places[::2], places[1::2], ends, strict=False):
        yield int(number), plain_head(text[int(first[1]) + int(start) : int(first[1]) + int(end)])


def _kids(heads: dict[int, bytes]) -> Counter[bytes]:
    """How often each object is a child in the tree of pages or of fields."""
    kids: Counter[bytes] = Counter()
    for head in heads.values():
        if b"/Kids" in head:
            own: Counter[bytes] = Counter()
            for reading in head.split(BETWEEN_READINGS):  # which mostly say the same
                named = (REFERENCE.findall(_array(match, heads)) for match in _KIDS.finditer(reading))
                own |= Counter(chain.from_iterable(named))
            kids += own
    return kids


def _array(match: re.Match[bytes], heads: dict[int, bytes]) -> bytes:
    """The array, or the object that is one where there is a reference to it; any other reference is left as it is."""
    if match[1] is not None:
        return match[1]
    other = heads.get(int(match[2]), b"")
    return other if other.lstrip().startswith(b"[") else match[0]


def _content_work(found: _Found) -> tuple[int, int]:
    """Bytes of content of the page that has most, and of all pages, each as often as it is named."""
    most = work = 0
    for head in found.heads.values():
        if b"/Contents" in head:
            for match in _CONTENTS.finditer(head):
                numbers = [int(number) for number in REFERENCE.findall(_array(match, found.heads))]
                size = sum(found.sizes.get(number, 0) for number in numbers)
                most, work = max(most, size), work + size
                found.streams.broken.update(number for number in numbers if number not in found.heads)
    return most, work


def _reads_unread(found: _Found) -> bool:
    """Whether something that calls itself a picture, a font or an attachment is read as content all the same."""
    if not found.unread:
        return False
    entries = (match[1] for head in found.heads.values() for match in _READ.finditer(head))
    named = {int(number) for entry in entries for number in REFERENCE.findall(entry)}
    lists = [found.heads.get(number, b"") for number in named if number not in found.sizes]
    named.update(int(number) for entry in lists for number in REFERENCE.findall(entry))
    return not named.isdisjoint(found.unread)


def _has_nested_forms(found: _Found) -> bool:
    """True where a form names another form (or itself) in its resources, or names resources that are not found."""
    for number in found.forms:
        texts = [found.heads[number].partition(b"/Resources")[2]]
        texts[0] = b"/Resources" + texts[0] if texts[0] else b""
        for _ in range(2):  # the resources, and in them the forms
            for other in _RESOURCES.findall(texts[-1]):
                if int(other) not in found.heads:
                    return True
                texts.append(found.heads[int(other)])
        if any(int(other) in found.forms for text in texts for other in REFERENCE.findall(text)):
            return True
    return False
