"""Parses the XML of an Office file without trusting it: without entities, DTDs and the network, and with limits."""

from __future__ import annotations

import codecs
import re
from typing import Any

from lxml import etree

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.budget import Budget

_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']", re.I)
_DECLARATION = re.compile(r"<\?xml\s[^>]{0,400}\?>")
# The name of each element is built with its namespace in front: a long one would be copied a million times.
_LONG_NAMESPACE = re.compile(rb"""xmlns(?::[^\s=<>"']{1,100})?\s{0,20}=\s{0,20}(?:"[^"<>]{500}|'[^'<>]{500})""")
_ENCODINGS = frozenset({"utf-8", "utf-16", "ascii", "iso8859-1", "cp1252", "utf-16-le", "utf-16-be"})
_STARTS = (
    (codecs.BOM_UTF8, 3, "utf-8"),
    (codecs.BOM_UTF16_LE, 2, "utf-16-le"),
    (codecs.BOM_UTF16_BE, 2, "utf-16-be"),
    (b"<\x00", 0, "utf-16-le"),
    (b"\x00<", 0, "utf-16-be"),
)
# Strict OOXML has other names for the same things.
_STRICT = b"http://purl.oclc.org/ooxml/"
_TRANSITIONAL = (
    (_STRICT + b"wordprocessingml/main", b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
    (_STRICT + b"officeDocument/", b"http://schemas.openxmlformats.org/officeDocument/2006/"),
    *(
        (_STRICT + b"drawingml/" + name, b"http://schemas.openxmlformats.org/drawingml/2006/" + name)
        for name in (b"main", b"wordprocessingDrawing", b"picture", b"diagram", b"chart", b"lockedCanvas")
    ),
)
# Word 2003 has the same elements, with few exceptions (see `word2003`).
_WORD_2003 = re.compile(rb"""(["'])http://schemas\.microsoft\.com/office/word/2003/wordml\1""")
_WORD = _TRANSITIONAL[0][1]


def parse_xml(data: bytes, limits: Limits, name: str, budget: Budget) -> Any:
    """Parses XML that may be hostile.

    Args:
        data: the XML.
        limits: depth of its elements.
        name: what a message calls it.
        budget: what may still be parsed.

    Raises:
        ContractError: corrupt (not well formed, or with a DTD), too_deep, expands_too_much.
    """
    budget.parse(len(data))
    data = _transitional(_utf8(data, name))
    if b"<!DOCTYPE" in data:
        raise _corrupt(name, "declares a document type, which Word never does")
    if _LONG_NAMESPACE.search(data):
        raise _corrupt(name, "names a namespace that Word does not know")
    # Counted before there is a tree, which might take all memory.
    budget.elements(data.count(b"<") - data.count(b"</") + data.count(b'="') + data.count(b"='"))
    root = _tree(data, limits, name)
    _check_depth(root, limits.depth)
    return root


def _corrupt(name: str, what: str) -> ContractError:
    return ContractError(ErrorCode.CORRUPT, detail=f"its part {name} {what}")


def _transitional(data: bytes) -> bytes:
    """The XML with the namespaces that Word itself uses, where it has those of strict OOXML or of Word 2003."""
    if _STRICT in data:
        for strict, transitional in _TRANSITIONAL:
            data = data.replace(strict, transitional)
    return _WORD_2003.sub(rb"\1" + _WORD + rb"\1", data)


def _tree(data: bytes, limits: Limits, name: str) -> Any:
    # huge_tree lifts the cap on long texts; DTDs are refused before, and libxml2 still stops at a depth of 2048.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data.strip(), parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        if "depth" in str(error).lower():
            raise ContractError(ErrorCode.TOO_DEEP, found="more than 2048", limit=limits.depth) from None
        raise _corrupt(name, "is not well-formed XML") from None


def _check_depth(root: Any, limit: int) -> None:
    """Raises too_deep where elements are nested too deeply."""
    depth = deepest = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            depth += 1
            if depth > deepest:
                deepest = depth
        else:
            depth -= 1
    if deepest > limit:
        raise ContractError(ErrorCode.TOO_DEEP, found=deepest, limit=limit)


def _utf8(data: bytes, name: str) -> bytes:
    """The part in UTF-8. Parts are UTF-8 or UTF-16; other declarations mean a single-byte alphabet, or an evasion."""
    for start, length, encoding in _STARTS:
        if data.startswith(start):
            return _recoded(data[length:], encoding)
    declared = _DECLARED.match(data)
    encoding = "utf-8"
    if declared:
        try:
            encoding = codecs.lookup(declared[1].decode("ascii")).name
        except LookupError:
            encoding = ""
        if encoding not in _ENCODINGS:
            raise _corrupt(name, "is in an encoding that Word does not use")
    if encoding in ("utf-8", "ascii") or encoding.startswith("utf-16"):  # its first bytes are not UTF-16
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return _recoded(data, "utf-8")
        return data
    return _recoded(data, encoding)


def _recoded(data: bytes, encoding: str) -> bytes:
    """The text in UTF-8, without a declaration, which would name the old encoding."""
    text = data.decode(encoding, errors="replace").lstrip()
    declaration = _DECLARATION.match(text)
    return text[declaration.end() if declaration else 0 :].encode("utf-8", errors="replace")
