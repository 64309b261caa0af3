"""Reads .docx: everything the reader of the printed page would see, in document order, and nothing else.

python-docx knows paragraphs and tables, but not content controls, text boxes, notes or numbers, so the XML is walked
here. Word's own rules decide what counts: tracked insertions are in; tracked deletions, hidden text, comments and field
codes are out ([ECMA-376] part 1, 17).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from docx.oxml.ns import nsmap

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.budget import Budget
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.docx_body import Story
from tclp_daemon.extract.word.docx_numbering import Numbering
from tclp_daemon.extract.word.docx_styles import Styles, W
from tclp_daemon.extract.word.zipsafe import Package
from tclp_daemon.formats import Kind, of_kind
from tclp_daemon.warning import WarningCode, warning

EXTRACTOR = "tclp docx 1"
_R = f"{{{nsmap['r']}}}"
_OLE = of_kind(Kind.DOC).magic
_MAX_EMBEDDED = 1000  # some programs put a contract together from its clauses
_CONTENTS = ((b"xl/", "an Excel workbook"), (b"ppt/", "a PowerPoint presentation"))


@dataclass(frozen=True, slots=True)
class _Relation:
    kind: str
    target: str


def read_docx(data: bytes, context: ReadContext) -> Document:
    """Reads one Word document (.docx, .docm, .dotx).

    Args:
        data: the complete file.
        context: limits on the expanded size and ratio of the package, the depth of its XML and the characters of its
            text.

    Raises:
        ContractError: corrupt, encrypted, expands_too_much, too_deep, too_much_text, no_text, content_mismatch.
    """
    if data.startswith(_OLE):
        # Office encrypts by putting the package into an OLE container.
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise ContractError(ErrorCode.ENCRYPTED)
        raise ContractError(ErrorCode.CONTENT_MISMATCH, found="an Office file of another kind")
    return _read(data, context.limits, context.budget)


def _read(data: bytes, limits: Limits, budget: Budget | None = None) -> Document:
    """Reads a document; `budget` is that of the document in which it is embedded, if it is."""
    builder = DocumentBuilder(limits)
    try:
        _Reader(Package(data, limits, budget), builder, limits, nested=budget is not None).read()
    except RecursionError:
        raise ContractError(ErrorCode.TOO_DEEP, found=f"more than {limits.depth}", limit=limits.depth) from None
    return builder.build(Kind.DOCX, EXTRACTOR)


class _Texts:
    """Takes blocks and keeps their distinct texts."""

    def __init__(self, limits: Limits) -> None:
        self.found: dict[str, None] = {}
        self._limits = limits
        self._length = 0

    def add(self, _kind: BlockKind, text: str, **_: Any) -> None:
        """Keeps one text."""
        if text in self.found:
            return
        self.found[text] = None
        self._length += len(text)
        if self._length > self._limits.characters:
            raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=self._limits.characters)


class _Reader:
    """One package and the parts of it that show."""

    def __init__(self, package: Package, builder: DocumentBuilder, limits: Limits, *, nested: bool) -> None:
        self._package = package
        self._builder = builder
        self._limits = limits
        self._nested = nested
        self._chunks: dict[str, Document | None] = {}  # by part, as one may be embedded a thousand times
        self._main = self._find_main()
        self._relations = self._read_relations(self._main)

    def read(self) -> None:
        """Adds headers, body, footnotes, endnotes and footers."""
        if self._package.repeated:
            self._builder.warn(warning(WarningCode.REPEATED_PART))
        root = self._package.xml(self._main)
        styles = Styles(self._secondary("styles"))
        numbering = Numbering(self._secondary("numbering"), styles)
        bodies = [child for child in root if child.tag == W + "body"] or [root]
        headers, footers = self._running(root, styles)
        for text in headers:
            self._builder.add(BlockKind.HEADER_FOOTER, text)
        story = Story(self._builder, styles, numbering, self._embedded)
        for body in bodies:
            story.read(body)
        self._notes("footnotes", "footnote", story.footnotes, styles, numbering)
        self._notes("endnotes", "endnote", story.endnotes, styles, numbering)
        for text in footers:
            if text not in headers:
                self._builder.add(BlockKind.HEADER_FOOTER, text)

    def _find_main(self) -> str:
        for relation in self._read_relations("").values():
            if relation.kind == "officeDocument" and relation.target in self._package:
                return relation.target
        if "word/document.xml" in self._package:
            return "word/document.xml"
        for prefix, found in _CONTENTS:
            if any(name.startswith(prefix.decode()) for name in self._package.names):
                raise ContractError(ErrorCode.CONTENT_MISMATCH, found=found)
        raise ContractError(ErrorCode.CORRUPT, detail="the archive holds no Word document")

    def _read_relations(self, part: str) -> dict[str, _Relation]:
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path not in self._package:
            return {}
        try:
            root = self._package.xml(path)
        except ContractError as error:
            if error.code is not ErrorCode.CORRUPT:
                raise
            return {}
        relations = {}
        for element in root:
            target, kind = element.get("Target"), element.get("Type") or ""
            if not target or (element.get("TargetMode") or "").lower() == "external":
                continue  # links out of the document are never followed
            full = target if target.startswith("/") else posixpath.join(folder, target.replace("\\", "/"))
            name = posixpath.normpath(unquote(full)).lstrip("/")
            relations[element.get("Id") or ""] = _Relation(kind.rsplit("/", 1)[-1], name)
        return relations

    def _secondary(self, kind: str) -> Any | None:
        """A part that the text can be read without; a warning says where it is damaged."""
        names = [relation.target for relation in self._relations.values() if relation.kind == kind]
        names.append(posixpath.join(posixpath.dirname(self._main), f"{kind}.xml"))
        for name in names:
            if name in self._package:
                return self._tolerant(name, kind)
        return None

    def _tolerant(self, name: str, kind: str) -> Any | None:
        try:
            return self._package.xml(name)
        except ContractError as error:
            if error.code is not ErrorCode.CORRUPT:
                raise
            self._builder.warn(warning(WarningCode.PART_UNREADABLE, kind=kind))
            return None

    def _running(self, root: Any, styles: Styles) -> tuple[dict[str, None], dict[str, None]]:
        """The distinct texts of the headers and of the footers that sections refer to, in order."""
        headers, footers = _Texts(self._limits), _Texts(self._limits)
        seen: set[str] = set()
        for reference in root.iter(W + "headerReference", W + "footerReference"):
            relation = self._relations.get(reference.get(_R + "id") or "")
            if relation is None or relation.target in seen or relation.target not in self._package:
                continue
            seen.add(relation.target)
            part = self._tolerant(relation.target, "headers and footers")
            if part is not None:
                texts = headers if reference.tag == W + "headerReference" else footers
                Story(texts, styles, Numbering(None, styles)).read(part)
        return headers.found, footers.found

    def _notes(self, part: str, tag: str, ids: list[str], styles: Styles, numbering: Numbering) -> None:
        root = self._secondary(part) if ids else None
        if root is None:
            return
        notes = {note.get(W + "id"): note for note in _outermost(root, W + tag)}
        for note_id in dict.fromkeys(ids):
            if (note := notes.get(note_id)) is not None:
                Story(self._builder, styles, numbering, kind=BlockKind.FOOTNOTE).read(note)

    def _embedded(self, reference: Any) -> None:
        """A w:altChunk: another document that Word shows in this place."""
        relation = self._relations.get(reference.get(_R + "id") or "")
        if relation is None or relation.target not in self._package:
            return
        if relation.target not in self._chunks:
            few = len(self._chunks) < _MAX_EMBEDDED
            self._chunks[relation.target] = self._read_chunk(self._package.read(relation.target)) if few else None
        chunk = self._chunks[relation.target]
        if chunk is None:
            self._builder.warn(warning(WarningCode.EMBEDDED_DOCUMENT, parts=[posixpath.basename(relation.target)]))
            return
        for each in chunk.warnings:
            self._builder.warn(each)
        for block in chunk.blocks:
            text = chunk.text[block.start : block.end]
            self._builder.add(
                block.kind, text, level=block.level, number=block.number, row=block.row, contents=block.contents
            )

    def _read_chunk(self, data: bytes) -> Document | None:
        from tclp_daemon.extract.text import read_html
        from tclp_daemon.extract.word.rtf import read_rtf

        head = data[:1000].lstrip().lower()
        limits = self._limits.model_copy(update={"characters": self._builder.room})
        try:
            if head.startswith(b"pk"):
                return _read(data, limits, self._package.budget) if not self._nested else None
            if head.startswith(b"{\\rtf"):
                return read_rtf(data, ReadContext(limits))
            return read_html(data, ReadContext(limits, budget=self._package.budget))
        except ContractError as error:
            if error.code is ErrorCode.TOO_MUCH_TEXT:
                raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=self._limits.characters) from None
            if error.code in (ErrorCode.CORRUPT, ErrorCode.NO_TEXT, ErrorCode.CONTENT_MISMATCH, ErrorCode.ENCRYPTED):
                return None
            raise


def _outermost(element: Any, tag: str) -> Iterator[Any]:
    """The elements with a tag, but not those inside another one, which are read with it."""
    for child in element:
        if child.tag == tag:
            yield child
        else:
            yield from _outermost(child, tag)
