"""Opens the ZIP archive that an Office file is, without trusting it.

It is checked before anything is unpacked: how many parts it has and how large they claim to be. The claim may be false,
so parts are unpacked in portions, and each byte counts against one budget each time it is read.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.budget import Budget
from tclp_daemon.extract.word.xmlsafe import parse_xml

_MOST_PARTS = 20_000
_END_RECORD = b"PK\x05\x06"
_LOCAL_HEADER = b"PK\x03\x04"
_DIRECTORY_ENTRY = b"PK\x01\x02"
# Word uses only these two, and zipfile unpacks the others without a bound.
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PORTION = 1 << 18  # bytes
# What zipfile raises for an archive that is damaged. The bytes are in memory, so an OSError is about them, too.
_DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError)


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
        except _DAMAGED as error:
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


def _open(data: bytes) -> zipfile.ZipFile:
    # Counted before they are read, which takes time and memory for each.
    if (parts := data.count(_DIRECTORY_ENTRY)) > _MOST_PARTS:
        raise ContractError(ErrorCode.CORRUPT, detail=f"it holds {parts} parts, more than {_MOST_PARTS}")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGED:
        pass
    # Mail gateways and failed uploads append to a file; the archive ends where its last end record says.
    end = data.rfind(_END_RECORD)
    if end > 0 and end + 22 <= len(data):
        comment = int.from_bytes(data[end + 20 : end + 22], "little")
        try:
            return zipfile.ZipFile(io.BytesIO(data[: end + 22 + comment]))
        except _DAMAGED:
            pass
    cut = data.startswith(_LOCAL_HEADER)
    detail = "its end is missing, so the copy may be incomplete" if cut else "it is not a complete ZIP archive"
    raise ContractError(ErrorCode.CORRUPT, detail=detail)


def _normal(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _shown(name: str) -> str:
    """A part's name for a message: short and in plain characters."""
    return re.sub(r"[^\w./-]", "?", name, flags=re.ASCII)[-60:]
