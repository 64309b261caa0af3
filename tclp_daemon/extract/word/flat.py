"""Word documents in one XML file: Flat OPC, which holds the parts of a package, and the XML of Word 2003.

Word writes both under .xml and opens them under any name; programs that make documents give them .doc.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lxml import etree

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.budget import Budget
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.docx_xml import W
from tclp_daemon.extract.word.word2003 import parts_of_word_2003
from tclp_daemon.extract.word.xmlsafe import parse_xml

_PKG = "{http://schemas.microsoft.com/office/2006/xmlPackage}"


class FlatPackage:
    """The parts in an XML file; see `opc.Parts`.

    Raises:
        ContractError: corrupt, too_deep, expands_too_much.
    """

    def __init__(self, data: bytes, context: ReadContext) -> None:
        self.budget = context.budget or Budget(len(data), context.limits)
        self.repeated: set[str] = set()
        root = parse_xml(data, context.limits, "document", self.budget)
        if root.tag == _PKG + "package":
            self._parts = {_normal(part.get(_PKG + "name") or ""): part for part in root.iter(_PKG + "part")}
        elif root.tag == W + "wordDocument":
            self._parts = {_normal(name): part for name, part in parts_of_word_2003(root).items()}
        else:
            raise ContractError(ErrorCode.CORRUPT, detail="the XML file holds no Word document")

    @property
    def names(self) -> list[str]:
        """The normalised names of all parts, in the order of the file."""
        return list(self._parts)

    def __contains__(self, name: str) -> bool:
        return _normal(name) in self._parts

    def read(self, name: str) -> bytes:
        """The bytes of a part.

        Raises:
            KeyError: there is no such part.
            ContractError: corrupt or expands_too_much.
        """
        part = self._parts[_normal(name)]
        if part.tag == _PKG + "part":
            held = next(iter(part), None)
            if held is None or held.tag != _PKG + "binaryData":
                return self._counted(etree.tostring(self.xml(name)))
            part = held
        try:
            return self._counted(base64.b64decode(part.text or "") if not len(part) else etree.tostring(part))
        except (binascii.Error, ValueError):
            raise ContractError(ErrorCode.CORRUPT, detail="one of its parts is not base64") from None

    def _counted(self, data: bytes) -> bytes:
        self.budget.unpack(len(data))
        return data

    def xml(self, name: str) -> Any:
        """The root element of an XML part.

        Raises:
            KeyError: there is no such part.
            ContractError: corrupt.
        """
        part = self._parts[_normal(name)]
        if part.tag != _PKG + "part":
            return part
        root = next((child for child in part.iterfind(f"{_PKG}xmlData/*")), None)
        if root is None:
            raise ContractError(ErrorCode.CORRUPT, detail="one of its parts is not XML")
        return root


def _normal(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
