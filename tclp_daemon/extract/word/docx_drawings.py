"""Words that stand in drawings and not in paragraphs of Word: SmartArt, charts, and shapes of other programs.

Each kind has a part or an element of its own ([ECMA-376] part 1, 20.1, 21.2, 21.4).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tclp_daemon.extract.word.docx_xml import CX, DGM, A, C

_SPACES = re.compile(r"[ \t\r\n]+")
_LAID_OUT = frozenset({"pres", "parTrans", "sibTrans"})  # how SmartArt is drawn, not what it says


def shape_texts(body: Any) -> Iterator[str]:
    """The paragraphs of a text body of DrawingML."""
    for paragraph in body.iter(A + "p"):
        parts = (
            "\n" if each.tag == A + "br" else _SPACES.sub(" ", each.text or "")
            for each in paragraph.iter(A + "t", A + "br")
        )
        if text := "".join(parts).strip():
            yield text


def diagram_texts(data: Any) -> list[str]:
    """The texts of a SmartArt in the order in which they are read: each point, then those below it."""
    points = {point.get("modelId") or "": point for point in data.iter(DGM + "pt")}
    below: dict[str, list[tuple[int, str]]] = defaultdict(list)
    children = set()
    for link in data.iter(DGM + "cxn"):
        if (link.get("type") or "parOf") == "parOf":
            order, child = link.get("srcOrd") or "", link.get("destId") or ""
            below[link.get("srcId") or ""].append((int(order) if order.isdecimal() and len(order) < 9 else 0, child))
            children.add(child)
    texts: list[str] = []
    # Those that nothing is linked to come first in line; a circle of links is broken by taking each point once.
    for start in [*(name for name in points if name not in children), *points]:
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if (point := points.pop(name, None)) is None:
                continue
            if point.get("type") not in _LAID_OUT:
                texts += [text for body in point.iterfind(DGM + "t") for text in shape_texts(body)]
            waiting += [child for _, child in sorted(below[name], reverse=True)]
    return texts


def chart_texts(chart: Any) -> list[str]:
    """The titles of a chart and of its axes; its figures are data."""
    return [text for title in chart.iter(C + "title", CX + "title") for text in shape_texts(title)]
