"""What stands in a story of a .docx besides its paragraphs: other documents, drawings with words, and pictures."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import Any

from tclp_daemon.document import Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext, Recognised
from tclp_daemon.extract.word.blocks import Sink
from tclp_daemon.extract.word.docx_drawings import chart_texts, diagram_texts, shape_texts
from tclp_daemon.extract.word.docx_pictures import Picture, Pictures, drawn_size, styled_size
from tclp_daemon.extract.word.docx_xml import CX, DGM, A, C, O, R, V, W
from tclp_daemon.extract.word.ole_objects import is_picture, unpacked
from tclp_daemon.extract.word.opc import Parts, media_types, relations_of
from tclp_daemon.formats import Kind
from tclp_daemon.warning import DocumentWarning, WarningCode, warning

DOCUMENTS = frozenset({W + "altChunk", W + "subDoc", O + "OLEObject", W + "objectEmbed", W + "objectLink"})
DRAWINGS = frozenset({DGM + "relIds", C + "chart", CX + "chart", A + "txBody", V + "textpath"})
PICTURES = frozenset({A + "blip", V + "imagedata", V + "fill"})
_MOST_EMBEDDED = 1000  # some programs put a contract together from its clauses
_DEEPEST = 3  # documents in documents
_PARAGRAPH_GAP = 2.0  # from baseline to baseline, in heights of the font: lines of one paragraph are closer
# What content types promise; anything else is known by its content.
_DECLARED = {
    "text/html": Kind.HTML, "application/xhtml+xml": Kind.HTML, "text/plain": Kind.TEXT, "text/markdown": Kind.MARKDOWN,
}  # fmt: skip
_SUFFIXES = {"htm": Kind.HTML, "html": Kind.HTML, "xhtml": Kind.HTML, "txt": Kind.TEXT}
# Whatever is wrong with an embedded document, the document around it is read.
_LEFT_OUT = (ErrorCode.CORRUPT, ErrorCode.NO_TEXT, ErrorCode.CONTENT_MISMATCH, ErrorCode.ENCRYPTED)


@dataclass(slots=True)
class Tables:
    """Numbers the tables of a story, with those of the documents that are embedded in it."""

    last: int = 0

    def next(self) -> int:
        """The number of the next table."""
        self.last += 1
        return self.last


@dataclass(slots=True)
class Findings:
    """What the stories of one document came upon, in order.

    Attributes:
        pictures: see `Pictures`.
        unread: names of embedded documents that could not be read.
        outside: names of files that hold parts of the document.
        covered: some text is struck out or white.
    """

    pictures: Pictures
    unread: dict[str, None] = field(default_factory=dict)
    outside: dict[str, None] = field(default_factory=dict)
    covered: bool = False

    def warnings(self) -> list[DocumentWarning]:
        """What the reader of the result has to know about them."""
        found = []
        for code, parts in (
            (WarningCode.PICTURES_WITHOUT_TEXT, self.pictures.without_text()),
            (WarningCode.EMBEDDED_DOCUMENT, list(self.unread)),
            (WarningCode.EXTERNAL_PART, list(self.outside)),
        ):
            if parts:
                found.append(warning(code, parts=parts))
        if self.covered:
            found.append(warning(WarningCode.COVERED_TEXT))
        return found


def add_blocks(sink: Sink, document: Document, tables: Tables) -> None:
    """Adds the blocks of another document; its tables come after those that are counted in `tables`."""
    before = tables.last
    for block in document.blocks:
        text, row = document.text[block.start : block.end], block.row
        if row is not None:
            row = (before + row[0], row[1], row[2])
            tables.last = max(tables.last, row[0])
        sink.add(block.kind, text, level=block.level, number=block.number, row=row, contents=block.contents)


class Library:
    """The other documents of a package, each read once, as one may be embedded a thousand times."""

    def __init__(self, parts: Parts, builder: DocumentBuilder, context: ReadContext) -> None:
        self.parts = parts
        self.builder = builder
        self.context = context
        self._types = media_types(parts)
        self._read: dict[str, tuple[str, Document | None]] = {}
        self._drawn: set[str] = set()

    def document(self, name: str) -> tuple[str, Document | None]:
        """What to call the document in a part, and the document, None where it cannot be read."""
        if name not in self._read:
            few = len(self._read) < _MOST_EMBEDDED
            self._read[name] = self._open(name) if few else (posixpath.basename(name), None)
        return self._read[name]

    def _open(self, name: str) -> tuple[str, Document | None]:
        try:
            label, data = unpacked(self.parts.read(name))
        except ContractError as error:
            if error.code not in _LEFT_OUT:
                raise
            return posixpath.basename(name), None
        return label or posixpath.basename(name), self._document(data, self._declared(label or name))

    def drawing(self, name: str) -> Any | None:
        """The root of a part that a drawing consists of; None where it has been read before, or cannot be.

        Raises:
            ContractError: too_deep, expands_too_much.
        """
        if name in self._drawn:
            return None
        self._drawn.add(name)
        try:
            if name in self.parts:
                return self.parts.xml(name)
        except ContractError as error:
            if error.code is not ErrorCode.CORRUPT:
                raise
        self.builder.warn(warning(WarningCode.PART_UNREADABLE, kind="drawings"))
        return None

    def recognised(self, picture: Recognised) -> Document:
        """The text that was recognised in a picture, as paragraphs."""
        from tclp_daemon.extract.text import read_text

        lines: list[str] = []
        for line, above in zip(picture.lines, (None, *picture.lines), strict=False):
            if above is not None and line.y - above.y > _PARAGRAPH_GAP * max(line.size, above.size):
                lines.append("")
            lines.append(line.text)
        limits = self.context.limits.model_copy(update={"characters": self.builder.room})
        return read_text("\n".join(lines).encode("utf-8", "replace"), ReadContext(limits))

    def _declared(self, name: str) -> Kind | None:
        suffix = posixpath.splitext(name)[1].lower().lstrip(".")
        media = self._types.get(f"/{name.lower()}") or self._types.get(suffix)
        return _DECLARED.get(media or "") or _SUFFIXES.get(suffix)

    def _document(self, data: bytes, declared: Kind | None) -> Document | None:
        outer = self.context
        if outer.read_embedded is None or outer.depth >= _DEEPEST:
            return None
        limits = outer.limits.model_copy(update={"characters": self.builder.room})
        inner = replace(
            outer, limits=limits, budget=self.parts.budget, depth=outer.depth + 1, recognised={}, recognisable=False
        )
        try:
            return outer.read_embedded(data, declared, inner)
        except ContractError as error:
            if error.code is ErrorCode.TOO_MUCH_TEXT:
                raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=outer.limits.characters) from None
            if error.code in _LEFT_OUT:
                return None
            raise


class Objects:
    """The objects of one part.

    Args:
        library: of the package.
        part: its name; ids in it are those of its own relations.
        sink: takes the blocks of other documents.
        findings: what is noted on the way.
        behind: the part shows on every page, so its pictures are letterheads.
    """

    def __init__(self, library: Library, part: str, sink: Sink, findings: Findings, *, behind: bool = False) -> None:
        self.findings = findings
        self.tables = Tables()
        self._library = library
        self._sink = sink
        self._behind = behind
        self._relations = relations_of(library.parts, part)

    def add_document(self, element: Any) -> None:
        """Adds the blocks of a document that stands in this place, or notes that it is missing."""
        relation = self._relations.get(element.get(R + "id") or "")
        program = element.get("ProgID") or element.get(W + "progId") or ""
        if is_picture(program):
            return
        if relation is None:
            if program:
                self.findings.unread.setdefault(program)
            return
        if relation.external:
            self.findings.outside.setdefault(relation.file)
            return
        if relation.target not in self._library.parts:
            self.findings.unread.setdefault(relation.file)
            return
        label, document = self._library.document(relation.target)
        if document is None:
            self.findings.unread.setdefault(label)
            return
        self.add(document, label)

    def add(self, document: Document, label: str = "") -> None:
        """Adds the blocks of another document and its warnings; the parts that these name are parts of `label`."""
        for each in document.warnings:
            parts = [f"{label}: {part}" for part in each.parts]
            self._library.builder.warn(warning(each.code, parts=parts) if parts and label else each)
        add_blocks(self._sink, document, self.tables)

    def drawn_texts(self, element: Any) -> list[str]:
        """The paragraphs of a drawing: one of `DRAWINGS`."""
        if element.tag == A + "txBody":
            return list(shape_texts(element))
        if element.tag == V + "textpath":
            return [element.get("string") or ""]
        diagram = element.tag == DGM + "relIds"
        relation = self._relations.get(element.get(R + "dm" if diagram else R + "id") or "")
        root = self._library.drawing(relation.target) if relation is not None and not relation.external else None
        if root is None:
            return []
        return diagram_texts(root) if diagram else chart_texts(root)

    def picture(self, element: Any) -> Document | None:
        """Notes a picture, or returns the text that was recognised in it."""
        if element.tag == A + "blip":
            width, height, behind = drawn_size(element)
            relation = self._relations.get(element.get(R + "embed") or element.get(R + "link") or "")
        else:
            width, height, behind = styled_size(element)
            relation = self._relations.get(element.get(R + "id") or "")
        if relation is None or next(element.iterancestors(W + "object"), None) is not None:
            return None  # the picture of an object stands for the object
        name = relation.file if relation.external else relation.target
        recognised = self._library.context.recognised.get(name)
        if recognised is None or not any(line.text.strip() for line in recognised.lines):
            self.findings.pictures.add(Picture(name, width, height, behind or self._behind))
            return None
        return self._library.recognised(recognised)

    def note_text(self, words: int) -> None:
        """Notes that the story has so many words here; those of headers say nothing about the pages."""
        if not self._behind:
            self.findings.pictures.text(words)

    def note_covered(self, covered: bool) -> None:
        """Notes whether there is text that was perhaps meant to be gone; what headers say does not matter."""
        self.findings.covered = self.findings.covered or (covered and not self._behind)
