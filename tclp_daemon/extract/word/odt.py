"""Reads .odt, the documents of LibreOffice and its kin: what the printed page shows, in document order.

As in .docx, tracked insertions are in; tracked deletions (which stand apart from the text), comments, hidden text and
hidden sections are out ([OpenDocument] 1.3 part 3).
"""

from __future__ import annotations

from typing import Any

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word.blocks import Paragraphs
from tclp_daemon.extract.word.docx_objects import Findings, Library
from tclp_daemon.extract.word.docx_pictures import Pictures
from tclp_daemon.extract.word.odt_body import Story
from tclp_daemon.extract.word.odt_styles import FO, OFFICE, STYLE, OdtStyles, length
from tclp_daemon.extract.word.zipsafe import Package
from tclp_daemon.formats import Kind
from tclp_daemon.warning import WarningCode, warning

EXTRACTOR = "tclp odt 1"
_PLACES = ("", "-left", "-first")  # on which pages a header stands
_A4 = (11906, 16838)


def read_odt(data: bytes, context: ReadContext) -> Document:
    """Reads one OpenDocument text (.odt).

    Args:
        data: the complete file.
        context: see `read_docx`.

    Raises:
        ContractError: corrupt, encrypted, expands_too_much, too_deep, too_much_text, no_text.
    """
    package = Package(data, context.limits, context.budget)
    if "META-INF/manifest.xml" in package and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise ContractError(ErrorCode.ENCRYPTED)
    if "content.xml" not in package:
        raise ContractError(ErrorCode.CORRUPT, detail="the archive holds no text")
    builder = DocumentBuilder(context.limits)
    content = package.xml("content.xml")
    master = _master(package, content, builder)
    styles = OdtStyles(master, content)
    findings = Findings(Pictures(_papers(master)))
    headers = _running(master, styles, "header")
    for text in headers:
        builder.add(BlockKind.HEADER_FOOTER, text)
    library = Library(package, builder, context)
    story = Story(Paragraphs(builder), styles, findings, library)
    for body in content.iter(OFFICE + "text"):
        story.read(body)
    for note in story.notes:
        Story(Paragraphs(builder, BlockKind.FOOTNOTE), styles, findings).read(note)
    for text in _running(master, styles, "footer"):
        if text not in headers:
            builder.add(BlockKind.HEADER_FOOTER, text)
    return findings.build(builder, Kind.ODT, EXTRACTOR, context)


def _master(package: Package, content: Any, builder: DocumentBuilder) -> Any:
    """The root of the styles; that of the content where they are missing or damaged, as the text can still be read."""
    try:
        return package.xml("styles.xml") if "styles.xml" in package else content
    except ContractError as error:
        if error.code is not ErrorCode.CORRUPT:
            raise
        builder.warn(warning(WarningCode.PART_UNREADABLE, kind="styles"))
        return content


def _papers(root: Any) -> list[tuple[int, int]]:
    sizes = []
    for layout in root.iter(STYLE + "page-layout-properties"):
        width, height = length(layout.get(FO + "page-width")), length(layout.get(FO + "page-height"))
        if width and height:
            sizes.append((int(width), int(height)))
    return list(dict.fromkeys(sizes))[:20] or [_A4]


class _Texts:
    """Takes blocks and keeps their distinct texts."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    def add(self, _kind: BlockKind, text: str, **_: Any) -> None:
        self.found.setdefault(text)


def _running(master: Any, styles: OdtStyles, kind: str) -> dict[str, None]:
    """The distinct texts of the headers, or of the footers."""
    texts = _Texts()
    for page in master.iter(STYLE + "master-page"):
        for suffix in _PLACES:
            for part in page.iterfind(f"{STYLE}{kind}{suffix}"):
                Story(Paragraphs(texts), styles, None).read(part)
    return texts.found
