"""Builds the sample contracts of the package from sample_texts/: samples/lease.doc and samples/loan.docx.

Both contracts are fiction, in our own words. lease.doc is a real Word 97 file, which takes LibreOffice to write
(apt-get install libreoffice-writer-nogui); the package itself never needs it.

Lines of the texts begin with a mark: "#" title, "%" centred, "=" numbered heading, "+" clause, "-" lettered item,
"~" paragraph, "@" heading without a number, "1" numbered paragraph of a schedule, "|" table row, "---" new page.
"""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "tclp_daemon" / "samples"
_LEVELS = (("decimal", "%1.", "Heading1"), ("decimal", "%1.%2", None), ("lowerLetter", "(%3)", None))
_CLAUSES, _SCHEDULE = 77, 78


def main() -> None:
    """Writes both files."""
    build((HERE / "sample_texts" / "loan.txt").read_text(encoding="utf-8"), "Facility Agreement", SAMPLES / "loan.docx")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "lease.docx"
        build((HERE / "sample_texts" / "lease.txt").read_text(encoding="utf-8"), "Lease of Tannery House", source)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = ["soffice", "--headless", profile, "--convert-to", "doc:MS Word 97", "--outdir", folder, str(source)]
        subprocess.run(command, check=True, timeout=180)
        (SAMPLES / "lease.doc").write_bytes(source.with_suffix(".doc").read_bytes())


def build(text: str, title: str, target: Path) -> None:
    """Writes one contract as .docx."""
    document = docx.Document()
    _prepare(document, title)
    table: Any = None
    for line in text.splitlines():
        mark, _, content = line.partition(" ")
        if mark == "|":
            table = _add_row(document, table, [cell.strip() for cell in content.split("|")])
            continue
        table = None
        _add(document, mark, content)
    document.save(str(target))


def _prepare(document: Any, title: str) -> None:
    stamp = datetime(2026, 1, 5, 9, 0, tzinfo=UTC).replace(tzinfo=None)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "tclp-daemon", "A fictional contract"
    properties.created = properties.modified = stamp
    numbering = document.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{style}"/>'
        + (f'<w:pStyle w:val="{linked}"/>' if linked else "")
        + f'<w:lvlText w:val="{shown}"/><w:lvlJc w:val="left"/>'
        f'<w:pPr><w:ind w:left="{(720, 720, 1287)[depth]}" w:hanging="{(720, 720, 567)[depth]}"/></w:pPr></w:lvl>'
        for depth, (style, shown, linked) in enumerate(_LEVELS)
    )
    single = (
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/>'
        '<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="720" w:hanging="720"/></w:pPr></w:lvl>'
    )
    for number, xml in ((_CLAUSES, levels), (_SCHEDULE, single)):
        abstract = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}">{xml}</w:abstractNum>'
        numbering.insert(0, parse_xml(abstract))
        instance = f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="{number}"/></w:num>'
        numbering.append(parse_xml(instance))
    for name, size in (("Normal", 11), ("Heading 1", 12), ("Heading 2", 12), ("Title", 24)):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = "Georgia", Pt(size), RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:ascii"), "Georgia")
        fonts.set(qn("w:hAnsi"), "Georgia")
    normal = document.styles["Normal"].paragraph_format
    normal.space_after, normal.line_spacing = Pt(8), 1.25
    document.styles["Heading 1"].element.get_or_add_pPr().append(_numbers(_CLAUSES, 0))
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.7)
    section.header.paragraphs[0].text = title
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    footer._p.append(field)


def _numbers(instance: int, level: int) -> Any:
    return parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{instance}"/></w:numPr>')


def _add(document: Any, mark: str, content: str) -> None:
    match mark:
        case "#":
            document.add_paragraph(content, style="Title").alignment = WD_ALIGN_PARAGRAPH.CENTER
        case "%":
            paragraph = document.add_paragraph(content)
            paragraph.alignment, paragraph.paragraph_format.space_before = WD_ALIGN_PARAGRAPH.CENTER, Pt(30)
        case "=":
            document.add_paragraph(content, style="Heading 1")
        case "@":
            document.add_paragraph(content, style="Heading 2")
        case "+" | "-" | "1":
            instance, level = (_SCHEDULE, 0) if mark == "1" else (_CLAUSES, 1 if mark == "+" else 2)
            document.add_paragraph(content)._p.get_or_add_pPr().append(_numbers(instance, level))
        case "~":
            document.add_paragraph(content)
        case "---":
            document.add_page_break()
        case _:
            raise SystemExit(f"a line begins with {mark!r}")


def _add_row(document: Any, table: Any, cells: list[str]) -> Any:
    if table is None:
        table = document.add_table(rows=0, cols=len(cells), style="Table Grid")
    for cell, text in zip(table.add_row().cells, cells, strict=True):
        cell.text = text
    return table


if __name__ == "__main__":
    main()
