"""One document with every construct that a contract in Word may hold, each with a word of its own.

Words that begin with "seen" must be in the text once, words that begin with "gone" must not. The same document, saved
as .doc by LibreOffice (make_word_data.py), is data/markers.doc.
"""

from __future__ import annotations

from extract.docxmaker import Docx, numbered, paragraph

STYLES = """
<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/>
  <w:pPr><w:numPr><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Clause"><w:name w:val="Clause"/><w:basedOn w:val="Normal"/>
  <w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Schedule"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/>
  <w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:type="character" w:styleId="Secret"><w:name w:val="Secret"/><w:rPr><w:vanish/></w:rPr></w:style>
"""


def _level(depth: int, style: str, text: str, more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="{start}"/><w:numFmt w:val="{style}"/>{more}'
        f'<w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/></w:lvl>'
    )


NUMBERING = (
    '<w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="multilevel"/>'
    + _level(0, "decimal", "%1.", '<w:pStyle w:val="Heading1"/>', start=11)
    + _level(1, "decimal", "%1.%2", '<w:pStyle w:val="Clause"/>')
    + _level(2, "lowerLetter", "(%3)")
    + _level(3, "lowerRoman", "(%4)")
    + _level(4, "upperLetter", "(%5)")
    + "</w:abstractNum>"
    '<w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="hybridMultilevel"/>'
    + _level(0, "bullet", "\uf0b7")
    + "</w:abstractNum>"
    '<w:abstractNum w:abstractNumId="2"><w:multiLevelType w:val="multilevel"/>'
    + _level(0, "upperRoman", "Article %1")
    + _level(1, "decimal", "%1.%2", "<w:isLgl/>")
    + "</w:abstractNum>"
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="2"/></w:num>'
    '<w:num w:numId="4"><w:abstractNumId w:val="2"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>'
)


def _field(code: str, result: str) -> str:
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {code} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        f'<w:r><w:t xml:space="preserve">{result}</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def _cell(content: str, properties: str = "") -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="2000" w:type="dxa"/>{properties}</w:tcPr>{content}</w:tc>'


def _text_box(text: str) -> str:
    content = f"<w:txbxContent>{paragraph(text)}</w:txbxContent>"
    return (
        '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor distT="0" distB="0" distL="0" '
        'distR="0" simplePos="0" relativeHeight="2" behindDoc="0" locked="0" layoutInCell="1" allowOverlap="1">'
        '<wp:simplePos x="0" y="0"/><wp:positionH relativeFrom="column"><wp:posOffset>0</wp:posOffset></wp:positionH>'
        '<wp:positionV relativeFrom="paragraph"><wp:posOffset>0</wp:posOffset></wp:positionV>'
        '<wp:extent cx="2000000" cy="500000"/><wp:wrapSquare wrapText="bothSides"/><wp:docPr id="1" name="Box"/>'
        '<a:graphic><a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp>'
        '<wps:cNvSpPr txBox="1"/><wps:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="2000000" cy="500000"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></wps:spPr>'
        f"<wps:txbx>{content}</wps:txbx><wps:bodyPr/></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing>"
        f'</mc:Choice><mc:Fallback><w:pict><v:shape style="width:150pt;height:40pt"><v:textbox>{content}</v:textbox>'
        "</v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )


_NESTED = (
    '<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr><w:tblGrid><w:gridCol w:w="900"/></w:tblGrid>'
    f"<w:tr>{_cell(paragraph('seennested'))}</w:tr></w:tbl>"
)
_TABLE = (
    '<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
    '<w:tblGrid><w:gridCol w:w="2000"/><w:gridCol w:w="2000"/><w:gridCol w:w="2000"/></w:tblGrid>'
    "<w:tr>"
    + _cell(paragraph("seencellone"), '<w:vMerge w:val="restart"/>')
    + _cell(paragraph("seencelltwo") + _NESTED + paragraph("seenafternested"))
    + _cell(paragraph("seencellthree"))
    + "</w:tr>"
    "<w:tr>"
    + _cell("<w:p/>", "<w:vMerge/>")
    + _cell(paragraph("seenspan"), '<w:gridSpan w:val="2"/>')
    + "</w:tr></w:tbl>"
)

BODY = "".join(
    [
        paragraph("Climate Reporting seenheading", style="Heading1"),
        paragraph("The Supplier shall seenclause report.", style="Clause"),
        paragraph("The Customer shall seenclausetwo pay.", style="Clause"),
        numbered("seenlettera first item", 1, 2),
        numbered("seenletterb second item", 1, 2),
        numbered("seenroman deeper item", 1, 3),
        numbered("seenbullet item", 2),
        numbered("seenarticle one", 3),
        numbered("seenlegal section", 3, 1),
        numbered("seenoverride article", 4),
        paragraph("Payment seensecondheading", style="Heading1"),
        paragraph("Fees seenrestart are due.", style="Clause"),
        _TABLE,
        f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('seenblockcontrol')}</w:sdtContent></w:sdt>",
        '<w:p><w:r><w:t xml:space="preserve">Before </w:t></w:r><w:sdt><w:sdtPr/><w:sdtContent><w:r>'
        "<w:t>seeninline</w:t>"
        "</w:r></w:sdtContent></w:sdt></w:p>",
        f"<w:p><w:r><w:t>seenanchor</w:t></w:r>{_text_box('seenbox')}</w:p>",
        '<w:p><w:hyperlink w:anchor="x"><w:r><w:t>seenlink</w:t></w:r></w:hyperlink></w:p>',
        f"<w:p>{_field('HYPERLINK &quot;http://gonefieldcode.example/&quot;', 'seenfieldresult')}</w:p>",
        '<w:p><w:fldSimple w:instr=" DOCPROPERTY gonesimplecode "><w:r><w:t>seensimplefield</w:t></w:r>'
        "</w:fldSimple></w:p>",
        '<w:p><w:r><w:t xml:space="preserve">kept </w:t></w:r>'
        '<w:ins w:id="1" w:author="A" w:date="2026-01-01T00:00:00Z">'
        '<w:r><w:t>seeninserted</w:t></w:r></w:ins><w:del w:id="2" w:author="A" w:date="2026-01-01T00:00:00Z"><w:r>'
        "<w:delText>gonedeleted</w:delText></w:r></w:del></w:p>",
        '<w:p><w:moveFrom w:id="3" w:author="A"><w:r><w:t>gonemoved</w:t></w:r></w:moveFrom><w:moveTo w:id="4" '
        'w:author="A"><w:r><w:t>seenmoved</w:t></w:r></w:moveTo></w:p>',
        '<w:p><w:commentRangeStart w:id="0"/><w:r><w:t>seencommented</w:t></w:r><w:commentRangeEnd w:id="0"/>'
        '<w:r><w:commentReference w:id="0"/></w:r></w:p>',
        "<w:p><w:r><w:t>seenhidden</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>gonehidden</w:t></w:r>"
        '<w:r><w:rPr><w:rStyle w:val="Secret"/></w:rPr><w:t>gonestyle</w:t></w:r></w:p>',
        "<w:p><w:r><w:t>seentab</w:t><w:tab/><w:t>seenbreak</w:t><w:br/><w:t>seensoft</w:t><w:softHyphen/><w:t>hyphen</w:t>"
        "<w:noBreakHyphen/><w:t>hard</w:t></w:r></w:p>",
        '<w:p><w:r><w:sym w:font="Wingdings" w:char="F0FC"/><w:t>seensymbol</w:t></w:r></w:p>',
        '<w:p><w:r><w:t>seennoted</w:t></w:r><w:r><w:footnoteReference w:id="1"/></w:r></w:p>',
        '<w:p><w:r><w:t>seenendnoted</w:t></w:r><w:r><w:endnoteReference w:id="1"/></w:r></w:p>',
        '<w:p><w:pPr><w:rPr><w:del w:id="9" w:author="A" w:date="2026-01-01T00:00:00Z"/></w:rPr></w:pPr>'
        '<w:r><w:t xml:space="preserve">seenjoin </w:t></w:r></w:p>' + paragraph("seenjoined to one."),
        paragraph("Particulars seenschedule", style="Schedule"),
        paragraph("It’s “quoted” – 5 € seenunicode Ωμέγα."),
    ]
)

SEEN = (
    "seenheading seenclause seenclausetwo seenlettera seenletterb seenroman seenbullet seenarticle seenlegal "
    "seenoverride seensecondheading seenrestart seencellone seencelltwo seennested seenafternested seencellthree "
    "seenspan seenblockcontrol seeninline seenanchor seenbox seenlink seenfieldresult seensimplefield seeninserted "
    "seenmoved seencommented seenhidden seentab seenbreak seensofthyphen-hard seensymbol seennoted seenendnoted "
    "seenjoin seenjoined seenschedule seenunicode seenfootnote seenendnote seenheader seenfooter"
)
GONE = "gonefieldcode gonesimplecode gonedeleted gonemoved gonehidden gonestyle gonecomment"


def document() -> Docx:
    """The document as parts."""
    return Docx(
        BODY,
        styles=STYLES,
        numbering=NUMBERING,
        footnotes={1: paragraph("A note: seenfootnote shall apply.")},
        endnotes={1: paragraph("At the end: seenendnote shall apply.")},
        comments={0: paragraph("gonecomment")},
        headers=[paragraph("Draft seenheader")],
        footers=[f"<w:p><w:r><w:t xml:space='preserve'>seenfooter page </w:t></w:r>{_field('PAGE', '1')}</w:p>"],
    )


CONTENTS_STYLES = (
    STYLES
    + """
<w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/><w:basedOn w:val="Normal"/></w:style>
"""
)
ENTRIES = ["Interpretation", "Net zero and carbon reduction", "Climate change reporting", "Schedule of targets"]


def with_contents(*, style: str = "TOC1", field: bool = True, closed: bool = True) -> Docx:
    """A document that begins with a table of contents as Word makes it: a field over several paragraphs."""
    begin = '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> TOC \\o "1-3" \\h </w:instrText></w:r>'
    begin += '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    end = '<w:p><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>' if field and closed else ""
    lines = [
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{begin if field and page == 3 else ""}'
        f"<w:r><w:t>{entry}</w:t></w:r><w:r><w:tab/></w:r>{_field('PAGEREF _Toc1', str(page))}</w:p>"
        for page, entry in enumerate(ENTRIES, start=3)
    ]
    body = [
        paragraph("12. Net zero and carbon reduction"),
        paragraph("The Supplier shall reach net zero by 2030."),
        paragraph("It shall report its emissions of each year until the end of 2030"),
    ]
    return Docx("".join([*lines, end, *body]), styles=CONTENTS_STYLES)
