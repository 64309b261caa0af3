"""Relations between the parts of an Office package ([ECMA-376] part 2)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.budget import Budget

_CONTENT_TYPES = "[Content_Types].xml"


class Parts(Protocol):
    """The parts of a package, however they are stored: see `zipsafe.Package`."""

    budget: Budget

    @property
    def names(self) -> list[str]:
        """Their normalised names."""

    @property
    def repeated(self) -> set[str]:
        """The names that several different parts have."""

    def __contains__(self, name: str) -> bool: ...

    def read(self, name: str) -> bytes:
        """The bytes of a part."""

    def xml(self, name: str) -> Any:
        """The root element of an XML part."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part refers to by an id.

    Attributes:
        kind: last word of its type, such as "image".
        target: the name of another part; of an external one, the file or address as it is written.
        external: it lies outside the package, so it is never opened.
    """

    kind: str
    target: str
    external: bool = False

    @property
    def file(self) -> str:
        """The last step of the target, to show to people."""
        return re.split(r"[\\/]", unquote(self.target).rstrip("\\/"))[-1] or self.target


def relations_of(parts: Parts, name: str) -> dict[str, Relation]:
    """The relations of a part by id; of the package where `name` is empty. Damaged ones are as if they were not there.

    Raises:
        ContractError: too_deep, expands_too_much.
    """
    folder, file = posixpath.split(name)
    path = posixpath.join(folder, "_rels", f"{file}.rels")
    root = _tolerant(parts, path)
    relations = {}
    for element in root if root is not None else ():
        target, kind = element.get("Target"), (element.get("Type") or "").rsplit("/", 1)[-1]
        if not target:
            continue
        if external := (element.get("TargetMode") or "").lower() == "external":
            full = target
        else:
            full = target if target.startswith("/") else posixpath.join(folder, target.replace("\\", "/"))
            full = posixpath.normpath(unquote(full)).lstrip("/")
        relations[element.get("Id") or ""] = Relation(kind, full, external)
    return relations


def media_types(parts: Parts) -> Mapping[str, str]:
    """The declared types, in lower case: by name of the part, with a slash before it, or by suffix without the dot."""
    root = _tolerant(parts, _CONTENT_TYPES)
    types = {}
    for element in root if root is not None else ():
        key = element.get("PartName") or element.get("Extension") or ""
        types[key.lower()] = (element.get("ContentType") or "").partition(";")[0].strip().lower()
    return types


def _tolerant(parts: Parts, name: str) -> Any | None:
    if name not in parts:
        return None
    try:
        return parts.xml(name)
    except ContractError as error:
        if error.code is not ErrorCode.CORRUPT:
            raise
        return None
