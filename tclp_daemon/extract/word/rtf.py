"""Reads Rich Text, which often has the name of a Word file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.structure import looks_like_heading, starts_item
from tclp_daemon.extract.word.blocks import Paragraphs
from tclp_daemon.extract.word.rtf_reader import RtfReader
from tclp_daemon.formats import Kind, of_kind
from tclp_daemon.warning import WarningCode, warning

EXTRACTOR = "tclp rtf 2"
_LEAD = b"\xef\xbb\xbf \t\r\n\x00"


def read_rtf(data: bytes, context: ReadContext) -> Document:
    """Reads one Rich Text document.

    Raises:
        ContractError: corrupt, too_deep, too_much_text, no_text.
    """
    data = data.lstrip(_LEAD)
    if not data.startswith(of_kind(Kind.RTF).magic):
        raise ContractError(ErrorCode.CORRUPT, detail="it does not begin like a Rich Text document")
    builder = DocumentBuilder(context.limits)
    paragraphs = Paragraphs(_Guessing(builder))
    reader = RtfReader(
        data.decode("latin-1"), context.limits, lambda piece: paragraphs.add(piece.text, **piece.arguments())
    )
    reader.run()
    paragraphs.flush()
    for kind in (BlockKind.FOOTNOTE, BlockKind.HEADER_FOOTER):
        found = [piece.text for each, piece in reader.found.apart if each is kind]
        for text in dict.fromkeys(found) if kind is BlockKind.HEADER_FOOTER else found:
            builder.add(kind, text)
    if reader.cut_off:
        builder.warn(warning(WarningCode.DAMAGED, missing="parts"))
    # Text recognition finds no pictures in this format, so a document without text is refused.
    return reader.found.findings().build(builder, Kind.RTF, EXTRACTOR, replace(context, recognisable=False))


class _Guessing:
    """Takes the blocks; a paragraph that no style, number or look makes something else may say in words what it is."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder

    def add(self, kind: BlockKind, text: str, /, **more: Any) -> None:
        """Takes one block."""
        if kind is BlockKind.PARAGRAPH and not more.get("contents"):
            if looks_like_heading(text):
                kind = BlockKind.HEADING
            elif starts_item(text):
                kind = BlockKind.LIST_ITEM
        self._builder.add(kind, text, **more)
