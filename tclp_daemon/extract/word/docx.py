"""Reads .docx: everything the reader of the printed page would see, in document order, and nothing else.

python-docx knows paragraphs and tables, but not content controls, text boxes, notes or numbers, so the XML is walked
here. Word's own rules decide what counts: tracked insertions are in; tracked deletions, hidden text, comments and field
codes are out ([ECMA-376] part 1, 17). Text that is struck out or white counts, with a warning: it may be a mistake.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Any

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.docx_body import Story
from tclp_daemon.extract.word.docx_numbering import Numbering
from tclp_daemon.extract.word.docx_objects import Findings, Library, Objects
from tclp_daemon.extract.word.docx_pictures import Pictures, paper_sizes
from tclp_daemon.extract.word.docx_styles import Styles
from tclp_daemon.extract.word.docx_xml import R, W
from tclp_daemon.extract.word.flat import FlatPackage
from tclp_daemon.extract.word.opc import Parts, relations_of
from tclp_daemon.extract.word.wordxml import XML_WINDOW, is_word_xml
from tclp_daemon.extract.word.zipsafe import Package
from tclp_daemon.formats import Kind, of_kind
from tclp_daemon.warning import WarningCode, warning

EXTRACTOR = "tclp docx 2"
_OLE = of_kind(Kind.DOC).magic
_CONTENTS = ((b"xl/", "an Excel workbook"), (b"ppt/", "a PowerPoint presentation"))


def read_docx(data: bytes, context: ReadContext) -> Document:
    """Reads one Word document (.docx, .docm, .dotx, .dotm).

    Args:
        data: the complete file.
        context: limits on the expanded size and ratio of the package, the depth of its XML and the characters of its
            text; what reads documents that are embedded in it; what was recognised in its pictures.

    Raises:
        ContractError: corrupt, encrypted, expands_too_much, too_deep, too_much_text, no_text, content_mismatch.
    """
    if data.startswith(_OLE):
        # Office encrypts by putting the package into an OLE container.
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise ContractError(ErrorCode.ENCRYPTED)
        raise ContractError(ErrorCode.CONTENT_MISMATCH, found="an Office file of another kind")
    return read_parts(_parts(data, context), context)


def _parts(data: bytes, context: ReadContext) -> Parts:
    if is_word_xml(data[:XML_WINDOW]):
        return FlatPackage(data, context)
    return Package(data, context.limits, context.budget)


def read_parts(parts: Parts, context: ReadContext) -> Document:
    """Reads a Word document from its parts, however they were stored; see `read_docx`."""
    builder = DocumentBuilder(context.limits)
    try:
        _Reader(parts, builder, context).read()
    except RecursionError:
        depth = context.limits.depth
        raise ContractError(ErrorCode.TOO_DEEP, found=f"more than {depth}", limit=depth) from None
    return builder.build(Kind.DOCX, EXTRACTOR, may_be_empty=context.recognisable)


def pictures_of(data: bytes, names: Iterable[str], context: ReadContext) -> Iterator[tuple[str, bytes]]:
    """The pictures that a warning `pictures_without_text` names, for text recognition.

    Args:
        data: the complete file.
        names: the warning's parts; those that the file does not hold are left out.
        context: limits on the package.

    Raises:
        ContractError: corrupt, encrypted, expands_too_much.
    """
    parts = _parts(data, context)
    for name in names:
        if name in parts:
            yield name, parts.read(name)


class _Texts:
    """Takes blocks and keeps their distinct texts."""

    def __init__(self, limits: Limits) -> None:
        self.found: dict[str, None] = {}
        self._limits = limits
        self._length = 0

    def add(self, _kind: BlockKind, text: str, **_: Any) -> None:
        """Keeps one text. Those that are known count, too: a header may refer to one document a million times."""
        self.found.setdefault(text)
        self._length += len(text)
        if self._length > self._limits.characters:
            raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=self._limits.characters)


class _Reader:
    """One package and the parts of it that show."""

    def __init__(self, parts: Parts, builder: DocumentBuilder, context: ReadContext) -> None:
        self._parts = parts
        self._builder = builder
        self._limits = context.limits
        self._main = self._find_main()
        self._relations = relations_of(parts, self._main)
        self._library = Library(parts, builder, context)

    def read(self) -> None:
        """Adds headers, body, footnotes, endnotes and footers."""
        if self._parts.repeated:
            self._builder.warn(warning(WarningCode.REPEATED_PART))
        root = self._parts.xml(self._main)
        findings = Findings(Pictures(paper_sizes(root)))
        styles = Styles(self._secondary("styles"))
        numbering = Numbering(self._secondary("numbering"), styles)
        bodies = [child for child in root if child.tag == W + "body"] or [root]
        headers, footers = self._running(root, styles, findings)
        for text in headers:
            self._builder.add(BlockKind.HEADER_FOOTER, text)
        story = Story(self._builder, styles, numbering, Objects(self._library, self._main, self._builder, findings))
        for body in bodies:
            story.read(body)
        self._notes("footnotes", "footnote", story.footnotes, styles, numbering)
        self._notes("endnotes", "endnote", story.endnotes, styles, numbering)
        for text in footers:
            if text not in headers:
                self._builder.add(BlockKind.HEADER_FOOTER, text)
        for each in findings.warnings():
            self._builder.warn(each)

    def _find_main(self) -> str:
        for relation in relations_of(self._parts, "").values():
            if relation.kind == "officeDocument" and relation.target in self._parts:
                return relation.target
        if "word/document.xml" in self._parts:
            return "word/document.xml"
        for prefix, found in _CONTENTS:
            if any(name.startswith(prefix.decode()) for name in self._parts.names):
                raise ContractError(ErrorCode.CONTENT_MISMATCH, found=found)
        raise ContractError(ErrorCode.CORRUPT, detail="the archive holds no Word document")

    def _secondary(self, kind: str) -> Any | None:
        """A part that the text can be read without; a warning says where it is damaged."""
        names = [
            relation.target for relation in self._relations.values() if relation.kind == kind and not relation.external
        ]
        names.append(posixpath.join(posixpath.dirname(self._main), f"{kind}.xml"))
        for name in names:
            if name in self._parts:
                return self._tolerant(name, kind)
        return None

    def _tolerant(self, name: str, kind: str) -> Any | None:
        try:
            return self._parts.xml(name)
        except ContractError as error:
            if error.code is not ErrorCode.CORRUPT:
                raise
            self._builder.warn(warning(WarningCode.PART_UNREADABLE, kind=kind))
            return None

    def _running(self, root: Any, styles: Styles, findings: Findings) -> tuple[dict[str, None], dict[str, None]]:
        """The distinct texts of the headers and of the footers that sections refer to, in order."""
        headers, footers = _Texts(self._limits), _Texts(self._limits)
        seen: set[str] = set()
        for reference in root.iter(W + "headerReference", W + "footerReference"):
            relation = self._relations.get(reference.get(R + "id") or "")
            if relation is None or relation.target in seen or relation.target not in self._parts:
                continue
            seen.add(relation.target)
            part = self._tolerant(relation.target, "headers and footers")
            if part is not None:
                texts = headers if reference.tag == W + "headerReference" else footers
                objects = Objects(self._library, relation.target, texts, findings, behind=True)
                Story(texts, styles, Numbering(None, styles), objects).read(part)
        return headers.found, footers.found

    def _notes(self, part: str, tag: str, ids: list[str], styles: Styles, numbering: Numbering) -> None:
        root = self._secondary(part) if ids else None
        if root is None:
            return
        notes = {note.get(W + "id"): note for note in _outermost(root, W + tag)}
        for note_id in dict.fromkeys(ids):
            if (note := notes.get(note_id)) is not None:
                Story(self._builder, styles, numbering, kind=BlockKind.FOOTNOTE).read(note)


def _outermost(element: Any, tag: str) -> Iterator[Any]:
    """The elements with a tag, but not those inside another one, which are read with it."""
    for child in element:
        if child.tag == tag:
            yield child
        else:
            yield from _outermost(child, tag)
