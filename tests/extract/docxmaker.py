"""Writes .docx packages from scraps of WordprocessingML, so that tests can hold constructs no library writes."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
import zipfile
from dataclasses import dataclass

W_NS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R_NS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_NAMESPACES = (
    f'xmlns:w="{W_NS}" xmlns:r="{R_NS}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:lc="http://schemas.openxmlformats.org/drawingml/2006/lockedCanvas" '
    'xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"
DOCX_TYPE = f"{_MAIN}.document.main+xml"
DOCM_TYPE = "application/vnd.ms-word.document.macroEnabled.main+xml"


@dataclass(slots=True)
class Docx:
    """The parts of a document to be. `headers` and `footers` become rId names in the order given."""

    body: str
    styles: str | None = None
    numbering: str | None = None
    footnotes: dict[int, str] = dataclasses.field(default_factory=dict)
    endnotes: dict[int, str] = dataclasses.field(default_factory=dict)
    comments: dict[int, str] = dataclasses.field(default_factory=dict)
    headers: list[str] = dataclasses.field(default_factory=list)
    footers: list[str] = dataclasses.field(default_factory=list)
    content_type: str = DOCX_TYPE
    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    # Id, type, target; "external:" before a target puts it outside the package.
    relations: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    strict: bool = False
    prolog: str = ""


def paragraph(text: str, *, style: str = "", properties: str = "", run: str = "") -> str:
    """A paragraph of one run."""
    style_xml = f'<w:pStyle w:val="{style}"/>' if style else ""
    return (
        f"<w:p><w:pPr>{style_xml}{properties}</w:pPr>"
        f'<w:r><w:rPr>{run}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
    )


def numbered(text: str, num: int, level: int = 0) -> str:
    """A paragraph with an automatic number."""
    return paragraph(text, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{num}"/></w:numPr>')


def field(code: str, result: str | None = None, data: str = "") -> str:
    """Runs with a field; without a result, Word computes what it shows."""
    shown = f'<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>{result}</w:t></w:r>' if result else ""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin">{data}</w:fldChar></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {code} </w:instrText></w:r>{shown}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def drawing(inner: str, *, width: float = 5, height: float = 5, behind: bool = False, uri: str = "x") -> str:
    """A run with a drawing; its size is in centimetres."""
    box = f'<wp:anchor behindDoc="{int(behind)}">' if behind else "<wp:inline>"
    return (
        f'<w:r><w:drawing>{box}<wp:extent cx="{int(width * 360_000)}" cy="{int(height * 360_000)}"/>'
        f'<a:graphic><a:graphicData uri="{uri}">{inner}</a:graphicData></a:graphic>'
        f"</wp:{'anchor' if behind else 'inline'}></w:drawing></w:r>"
    )


def picture(relation: str, width: float, height: float, *, behind: bool = False) -> str:
    """A run with a picture."""
    blip = f'<pic:pic><pic:blipFill><a:blip r:embed="{relation}"/></pic:blipFill></pic:pic>'
    return drawing(blip, width=width, height=height, behind=behind)


def ole_object(relation: str, program: str, kind: str = "Embed") -> str:
    """A run with an embedded or linked object, and its picture."""
    return (
        '<w:r><w:object><v:shape style="width:500pt;height:700pt"><v:imagedata r:id="preview"/></v:shape>'
        f'<o:OLEObject Type="{kind}" ProgID="{program}" r:id="{relation}"/></w:object></w:r>'
    )


def make_docx(document: Docx) -> bytes:
    """The bytes of the package."""
    parts: dict[str, str] = {}
    relations = list(document.relations)
    section = ""
    for kind, texts in (("header", document.headers), ("footer", document.footers)):
        for index, xml in enumerate(texts, start=1):
            tag = "hdr" if kind == "header" else "ftr"
            parts[f"word/{kind}{index}.xml"] = f"<w:{tag} {_NAMESPACES}>{xml}</w:{tag}>"
            relations.append((f"{kind}{index}", kind, f"{kind}{index}.xml"))
            place = ("default", "first", "even")[index - 1]
            section += f'<w:{kind}Reference w:type="{place}" r:id="{kind}{index}"/>'
    title_page = "<w:titlePg/>" if len(document.headers) > 1 else ""
    parts["word/document.xml"] = (
        f"{document.prolog}<w:document {_NAMESPACES}><w:body>{document.body}"
        f"<w:sectPr>{section}{title_page}</w:sectPr></w:body></w:document>"
    )
    if document.styles is not None:
        parts["word/styles.xml"] = f"<w:styles {_NAMESPACES}>{document.styles}</w:styles>"
        relations.append(("styles", "styles", "styles.xml"))
    if document.numbering is not None:
        parts["word/numbering.xml"] = f"<w:numbering {_NAMESPACES}>{document.numbering}</w:numbering>"
        relations.append(("numbering", "numbering", "numbering.xml"))
    for name, notes in (("footnote", document.footnotes), ("endnote", document.endnotes)):
        if notes:
            xml = "".join(f'<w:{name} w:id="{key}">{value}</w:{name}>' for key, value in notes.items())
            xml = f'<w:{name} w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:{name}>' + xml
            parts[f"word/{name}s.xml"] = f"<w:{name}s {_NAMESPACES}>{xml}</w:{name}s>"
            relations.append((f"{name}s", f"{name}s", f"{name}s.xml"))
    if document.comments:
        xml = "".join(
            f'<w:comment w:id="{key}" w:author="A" w:initials="A">{value}</w:comment>'
            for key, value in document.comments.items()
        )
        parts["word/comments.xml"] = f"<w:comments {_NAMESPACES}>{xml}</w:comments>"
        relations.append(("comments", "comments", "comments.xml"))
    parts["word/_rels/document.xml.rels"] = _relations(relations)
    parts["_rels/.rels"] = _relations([("rId1", "officeDocument", "word/document.xml")])
    parts["[Content_Types].xml"] = _content_types(parts, document.content_type)
    if document.strict:
        parts = {name: _strict(xml) for name, xml in parts.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts):
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{parts[name]}')
        for name, data in document.files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def make_flat(package: bytes) -> bytes:
    """The same document as one XML file (Flat OPC)."""
    parts = ""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith((".xml", ".rels")):
                xml = re.sub(r"^<\?xml[^>]*>\s*", "", data.decode())
                held = f"<pkg:xmlData>{xml}</pkg:xmlData>"
            else:
                held = f"<pkg:binaryData>{base64.encodebytes(data).decode()}</pkg:binaryData>"
            parts += f'<pkg:part pkg:name="/{name}" pkg:contentType="application/xml">{held}</pkg:part>'
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<?mso-application progid="Word.Document"?>\n'
        f'<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">{parts}</pkg:package>'
    ).encode()


def _relations(relations: list[tuple[str, str, str]]) -> str:
    items = ""
    for name, kind, target in relations:
        mode = ' TargetMode="External"' if target.startswith("external:") else ""
        target = target.removeprefix("external:")
        items += f'<Relationship Id="{name}" Type="{R_NS}/{kind}" Target="{target}"{mode}/>'
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{items}</Relationships>'
    )


def _content_types(parts: dict[str, str], main: str) -> str:
    items = ""
    for name in parts:
        kind = name.removeprefix("word/").removesuffix(".xml").rstrip("0123456789")
        if name == "word/document.xml":
            items += f'<Override PartName="/{name}" ContentType="{main}"/>'
        elif name.startswith("word/") and "/_rels/" not in name:
            items += f'<Override PartName="/{name}" ContentType="{_MAIN}.{kind}+xml"/>'
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{items}</Types>'
    )


def _strict(xml: str) -> str:
    xml = xml.replace(W_NS, "http://purl.oclc.org/ooxml/wordprocessingml/main")
    xml = xml.replace(R_NS, "http://purl.oclc.org/ooxml/officeDocument/relationships")
    return xml.replace("http://schemas.openxmlformats.org/drawingml/2006/", "http://purl.oclc.org/ooxml/drawingml/")
