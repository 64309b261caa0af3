"""Pages whose content breaks off: a stream that cannot be unpacked to its end, is not there, or stops inside a text.

pdfium shows what it can of such a page and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tclp_daemon.extract.pdf.objects import FORM, REFERENCE

_ROOT = re.compile(rb"/Root\s*(\d{1,10})\s+\d{1,5}\s+R(?![A-Za-z0-9])")
_PAGES = re.compile(rb"/Pages\s*(\d{1,10})\s+\d{1,5}\s+R(?![A-Za-z0-9])")
_PARENT = re.compile(rb"/(?:Parent|Annots|B)\s*(?:\d{1,10}\s+\d{1,5}\s+R(?![A-Za-z0-9])|\[[^\]]*+\])")
_NAMES = rb"\s*(?:\[([^\]]*+)|((?:\d{1,10})\s+\d{1,5}\s+R)(?![A-Za-z0-9]))"
_CONTENTS = re.compile(rb"/Contents" + _NAMES)
_KIDS = re.compile(rb"/Kids" + _NAMES)
_FILTER = re.compile(rb"/Filter\s*(?:\[([^\]]*+)\]|(/[A-Za-z0-9]+))")
_NAME = re.compile(rb"/([A-Za-z0-9]+)")
_CONTENT_FILTERS = frozenset(
    b"FlateDecode Fl LZWDecode LZW RunLengthDecode RL ASCIIHexDecode AHx ASCII85Decode A85 Crypt".split()
)
_BEFORE = rb"(?<![^\s\x00)>\]])"
_TEXT_BEGINS = re.compile(_BEFORE + rb"BT(?=[\s\x00/(<\[%])")
_TEXT_ENDS = re.compile(_BEFORE + rb"ET(?=[\s\x00/%]|endstream|\Z)")
_MOST_WORDS = 50  # that look like an operator but are part of a text
_MOST_NODES = 100_000


@dataclass(slots=True)
class Streams:
    """What is known of the streams of a file, by the number of the object.

    Attributes:
        broken: cannot be unpacked to their end, or are not there.
        open: end inside a text object.
    """

    broken: set[int] = field(default_factory=set)
    open: set[int] = field(default_factory=set)


def stops_in_text(content: bytes) -> bool:
    """Whether the last text object of a content stream has no end."""
    return _last(b"BT", _TEXT_BEGINS, content) > _last(b"ET", _TEXT_ENDS, content)


def _last(letters: bytes, operator: re.Pattern[bytes], content: bytes) -> int:
    at = len(content)
    for _ in range(_MOST_WORDS):
        at = content.rfind(letters, 0, at)
        if at < 0 or operator.match(content, at):
            return at
    return -1


def broken_pages(data: bytes, heads: Mapping[int, bytes], streams: Streams, count: int) -> tuple[int, ...] | None:
    """The 1-based numbers of the pages whose content breaks off, ascending; None where some do and no one knows which.

    Args:
        data: the file.
        heads: of all objects, by number.
        streams: see there.
        count: pages that pdfium finds.
    """
    pages = list(_pages(data, heads))
    found = tuple(number for number, head in enumerate(pages, 1) if _breaks(head, heads, streams))
    return found if len(pages) == count or not found else None


def _pages(data: bytes, heads: Mapping[int, bytes]) -> Iterator[bytes]:
    """The heads of the pages in their order; those that a damaged tree does not name are left out."""
    roots = [int(number) for number in _ROOT.findall(data)] + [
        int(number) for head in heads.values() for number in _ROOT.findall(head)
    ]
    tree = next((match[1] for root in reversed(roots) if (match := _PAGES.search(heads.get(root, b"")))), None)
    left = [int(tree)] if tree else []
    seen: set[int] = set()
    while left and len(seen) < _MOST_NODES:
        number = left.pop()
        head = heads.get(number)
        if head is None or number in seen:
            continue
        seen.add(number)
        if b"/Kids" in head:
            left += reversed(_named(_KIDS, head, heads))
        else:
            yield head


def _breaks(page: bytes, heads: Mapping[int, bytes], streams: Streams) -> bool:
    contents = _named(_CONTENTS, page, heads)
    if any(number in streams.broken or not _is_known(heads.get(number)) for number in contents):
        return True
    if contents and contents[-1] in streams.open:
        return True
    return any(number in streams.broken and FORM.search(heads[number]) for number in _used(page, heads))


def _is_known(head: bytes | None) -> bool:
    """Whether an object is there and packed in a way that content may be."""
    if head is None:
        return False
    match = _FILTER.search(head)
    return match is None or _CONTENT_FILTERS.issuperset(_NAME.findall(match[1] or match[2]))


def _used(page: bytes, heads: Mapping[int, bytes]) -> Iterator[int]:
    """What a page names, and what that names: its resources and the forms in them."""
    for number in _numbers(_PARENT.sub(b"", page)):
        if head := heads.get(number):
            yield number
            yield from (other for other in _numbers(_PARENT.sub(b"", head)) if other in heads)


def _named(entry: re.Pattern[bytes], head: bytes, heads: Mapping[int, bytes]) -> list[int]:
    """The objects that an entry names, be they in an array, in an array that is an object, or alone."""
    match = entry.search(head)
    if match is None:
        return []
    numbers = _numbers(match[1] if match[2] is None else match[2])
    if len(numbers) == 1 and heads.get(numbers[0], b"").lstrip().startswith(b"["):
        return _numbers(heads[numbers[0]])
    return numbers


def _numbers(text: bytes) -> list[int]:
    return [int(number) for number in REFERENCE.findall(text)]
