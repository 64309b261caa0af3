"""Opens the ZIP and XML of an Office file without trusting either.

A package is checked before anything is unpacked: how many parts it has and how large they claim to be. The claim may be
false, so parts are unpacked in portions, and each byte counts against one budget each time it is read. XML is parsed
without entities, without DTDs and without the network.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from lxml import etree

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.budget import Budget

MAX_PARTS = 20_000
_END_RECORD = b"PK\x05\x06"
_LOCAL_HEADER = b"PK\x03\x04"
_DIRECTORY_ENTRY = b"PK\x01\x02"
# Word uses only these two, and zipfile unpacks the others without a bound.
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PORTION = 1 << 18  # bytes
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
    (_STRICT + b"drawingml/main", b"http://schemas.openxmlformats.org/drawingml/2006/main"),
)


class Package:
    """The parts of an Office file, found by name as Word does: without regard to case, slashes either way.

    Where several parts have the same name, the last one counts: a program appended it.

    Args:
        data: the file.
        limits: depth of its XML.
        budget: of the file that this one is a part of; None for a file of its own.

    Attributes:
        repeated: the normalised names that several different parts have.

    Raises:
        ContractError: corrupt, encrypted, or expands_too_much.
    """

    def __init__(self, data: bytes, limits: Limits, budget: Budget | None = None) -> None:
        self._limits = limits
        self.budget = budget or Budget(len(data), limits)
        self._archive = _open(data)
        infos = self._archive.infolist()
        self.budget.check(sum(info.file_size for info in infos))
        self._parts: dict[str, zipfile.ZipInfo] = {}
        self.repeated: set[str] = set()
        for info in infos:
            name = _normal(info.filename)
            before = self._parts.get(name)
            if before is not None and (before.CRC, before.file_size) != (info.CRC, info.file_size):
                self.repeated.add(name)
            self._parts[name] = info

    @property
    def names(self) -> list[str]:
        """The normalised names of all parts, in the order of the archive."""
        return list(self._parts)

    def __contains__(self, name: str) -> bool:
        return _normal(name) in self._parts

    def read(self, name: str) -> bytes:
        """The bytes of a part.

        Raises:
            KeyError: there is no such part.
            ContractError: corrupt, encrypted or expands_too_much.
        """
        info = self._parts[_normal(name)]
        if info.flag_bits & 0x1:
            raise ContractError(ErrorCode.ENCRYPTED)
        if info.compress_type not in _PACKED:
            detail = f"its part {_shown(name)} is packed in a way that Word does not use"
            raise ContractError(ErrorCode.CORRUPT, detail=detail)
        try:
            return b"".join(self._portions(info))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError) as error:
            detail = f"its part {_shown(name)} cannot be unpacked"
            raise ContractError(ErrorCode.CORRUPT, detail=detail) from error

    def _portions(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """The bytes of a part in portions, so that counting can stop before all of it is unpacked."""
        with self._archive.open(info) as part:
            while portion := part.read(_PORTION):
                self.budget.unpack(len(portion))
                yield portion

    def xml(self, name: str) -> Any:
        """The root element of an XML part.

        Raises:
            KeyError: there is no such part.
            ContractError: corrupt, too_deep, expands_too_much.
        """
        return parse_xml(self.read(name), self._limits, _shown(name), self.budget)


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
    data = _utf8(data, name)
    if b"<!DOCTYPE" in data:
        raise ContractError(
            ErrorCode.CORRUPT, detail=f"its part {name} declares a document type, which Word never does"
        )
    if _STRICT in data:
        for strict, transitional in _TRANSITIONAL:
            data = data.replace(strict, transitional)
    if _LONG_NAMESPACE.search(data):
        raise ContractError(ErrorCode.CORRUPT, detail=f"its part {name} names a namespace that Word does not know")
    # Counted before there is a tree, which might take all memory.
    budget.elements(data.count(b"<") - data.count(b"</") + data.count(b'="') + data.count(b"='"))
    # huge_tree lifts the cap on long texts; DTDs are refused above, and libxml2 still stops at a depth of 2048.
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
        root = etree.fromstring(data.strip(), parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        if "depth" in str(error).lower():
            raise ContractError(ErrorCode.TOO_DEEP, found="more than 2048", limit=limits.depth) from None
        raise ContractError(ErrorCode.CORRUPT, detail=f"its part {name} is not well-formed XML") from None
    _check_depth(root, limits.depth)
    return root


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
            raise ContractError(ErrorCode.CORRUPT, detail=f"its part {name} is in an encoding that Word does not use")
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


def _open(data: bytes) -> zipfile.ZipFile:
    # Counted before they are read, which takes time and memory for each.
    if (parts := data.count(_DIRECTORY_ENTRY)) > MAX_PARTS:
        raise ContractError(ErrorCode.CORRUPT, detail=f"it holds {parts} parts, more than {MAX_PARTS}")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError):
        pass
    # Mail gateways and failed uploads append to a file; the archive ends where its last end record says.
    end = data.rfind(_END_RECORD)
    if end > 0 and end + 22 <= len(data):
        comment = int.from_bytes(data[end + 20 : end + 22], "little")
        try:
            return zipfile.ZipFile(io.BytesIO(data[: end + 22 + comment]))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError):
            pass
    cut = data.startswith(_LOCAL_HEADER)
    detail = "its end is missing, so the copy may be incomplete" if cut else "it is not a complete ZIP archive"
    raise ContractError(ErrorCode.CORRUPT, detail=detail)


def _normal(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _shown(name: str) -> str:
    """A part's name for a message: short and in plain characters."""
    return re.sub(r"[^\w./-]", "?", name, flags=re.ASCII)[-60:]
