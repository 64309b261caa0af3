"""Names and values of WordprocessingML and its neighbours ([ECMA-376] part 1)."""

from __future__ import annotations

from typing import Any

from docx.oxml.ns import nsmap

W = f"{{{nsmap['w']}}}"
R = f"{{{nsmap['r']}}}"
A = f"{{{nsmap['a']}}}"
WP = f"{{{nsmap['wp']}}}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
V = "{urn:schemas-microsoft-com:vml}"
O = "{urn:schemas-microsoft-com:office:office}"  # noqa: E741 - the prefix that Office uses
DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
OFF = frozenset({"0", "false", "off"})


def tags(names: str) -> frozenset[str]:
    """The tags of elements of WordprocessingML."""
    return frozenset(W + name for name in names.split())


def flag(parent: Any, name: str) -> bool | None:
    """An on/off property: True, False, or None where it is not set."""
    element = parent.find(W + name) if parent is not None else None
    if element is None:
        return None
    return (element.get(W + "val") or "true").lower() not in OFF


def value(parent: Any, name: str) -> str | None:
    """The w:val of a child."""
    element = parent.find(W + name) if parent is not None else None
    return element.get(W + "val") if element is not None else None


def integer(text: str | None) -> int | None:
    """A number as Office writes it, None for anything else."""
    try:
        return int(text) if text is not None and len(text) < 12 else None
    except ValueError:
        return None
