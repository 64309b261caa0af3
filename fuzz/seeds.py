"""Sound documents of each kind that the readers know, small, for `fuzz.readers` to break."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

from tests.extract.docmaker import Doc, Floating, Piece, Style, form_field, make_doc, make_ole, picture, sprm
from tests.extract.docxmaker import DOCM_TYPE, Docx, drawing, field, make_docx, make_flat, ole_object, paragraph
from tests.extract.docxmaker import picture as shown_picture
from tests.extract.odtmaker import h, items, level, make_odt, p
from tests.extract.pdfmaker import Page, make_pdf, make_stream


def samples() -> dict[str, list[bytes]]:
    """Suffix -> sound documents to break."""
    page = Page(field_value="a value").text(72, 700, "11.4 Climate Reporting. The Supplier shall report.")
    page.grid([72, 200, 300], [600, 580, 560]).text(80, 565, "cell").text(210, 585, "cell")
    text = "1. TERM. It begins now\nand ends later.\n\n(a) one;\n(b) two – “three”.\n\f2\n"
    markers = (Path(__file__).parents[1] / "tests" / "extract" / "data" / "markers.doc").read_bytes()
    flat = make_flat(_objects())
    return {
        ".pdf": [make_pdf([page, Page().text(72, 700, "two")]), make_pdf([page], user_password=""), _layers()],
        ".docx": [_docx(), _objects(), flat, _WORD_2003],
        ".docm": [make_docx(Docx(paragraph("The Supplier shall report."), content_type=DOCM_TYPE))],
        ".odt": [_odt()],
        ".doc": [markers, _formatted(), _RTF, _HTML, _WORD_2003, flat, _archive()],
        ".rtf": [_RTF, _RTF_PARTS],
        ".htm": [_HTML, _WORD_PAGE, _FILING],
        ".mht": [_archive(), _mail()],
        ".txt": [text.encode(), text.encode("utf-16"), text.encode("cp1252"), _FILING, _PAGED, _mail()],
        ".md": [_MARKDOWN, _PANDOC],
    }


_RTF = b"{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 The Supplier \\b shall\\b0  report.\\par\\u8217? Second.\\par}"
_RTF_PARTS = (
    rb"{\rtf1\ansi\deff0{\fonttbl{\f0 Arial;}{\f2\fcharset2 Symbol;}}{\colortbl;\red255\green255\blue255;}"
    rb"{\stylesheet{\s1\outlinelevel0 heading 1;}{\s2\sbasedon1 Duty;}}"
    rb"{\*\listtable{\list{\listlevel\levelnfc0\levelstartat4{\leveltext\'02\'00.;}{\levelnumbers\'01;}}\listid7}}"
    rb"{\*\listoverridetable{\listoverride\listid7\listoverridecount0\ls1}}{\header Draft\par}"
    rb"\pard\s1 Climate\par\pard\ls1\ilvl0 Duty.\par{\pntext\f2\'b7\tab}\pard\fi-360 reduce;\par"
    rb"\trowd\cellx900\cellx1800\pard\intbl one\cell two\itap2 in\nestcell{\*\nesttableprops\trowd\nestrow}\cell\row"
    rb"\pard{\object\objemb{\*\objclass Word.Document.8}{\*\objdata 0105}{\result {\pard Its text.\par}}}\par"
    rb"{\field{\*\fldinst FORMDROPDOWN{\*\formfield{\fftype2\ffres1{\*\ffl "
    rb"x}{\*\ffl 2040}}}}{\fldrslt x}}{\footnote A note.}"
    rb"{\cf1 white}{\strike gone}{\v hidden}{\upr{a}{\*\ud{\u937?}}}{\pict\picwgoal11000\pichgoal15000 00}"
    rb"{\shp{\*\shpinst{\sp{\sn pib}{\sv{\pict 00}}}{\shptxt In a box.\par}}}\bin3 abc\par}"
)
_HTML = b"<html><body><h1>Title</h1><p>The Supplier<br>shall.</p><table><tr><td>x</td></tr></table></body></html>"
_WORD_PAGE = (
    b"<html xmlns:o='urn:schemas-microsoft-com:office:office'><head><style><!-- p.a{font-weight:bold;mso-list:l0}"
    b"@list l0:level1{mso-level-text:'%1.'} .n{visibility:hidden} @media "
    b"print{.m{display:none}} --></style></head><body>"
    b"<p class=a style='mso-list:l0 level1 lfo1'><![if !supportLists]><span>1.</span><![endif]>Climate</p>"
    b"<ol type=a start=3><li value=9>one<ol type=i><li>deep</ol><li style='list-style-type:lower-roman'>two</ol>"
    b"<pre>4.  Duty\n4.1 It reports.</pre><form><input value=2030><select><option selected>half</select>"
    b"<textarea>x</textarea><input type=checkbox checked></form><p class=n>hidden</p><del>gone</del><sup>1</sup>"
    b"<div style='mso-element:comment-list'>A1</div><table><tr><td rowspan=2 colspan=3>c<td>d<tr><td>e</table>"
    b"<svg><text>drawn</text></svg><img src='data:image/png;base64,AAAA' alt='scan'>&rsquo;&#146;&nbsp;</body></html>"
)
_FILING = (
    b"<SEC-DOCUMENT>1.txt : 20210301\n<SEC-HEADER>1.hdr.sgml\nCOMPANY:\tACME\n</SEC-HEADER>"
    b"\n<DOCUMENT>\n<TYPE>EX-10.1\n"
    b"<SEQUENCE>2\n<FILENAME>a.htm\n<DESCRIPTION>LEASE\n<TEXT>\n<XBRL>"
    + _HTML
    + b"</XBRL></TEXT>\n</DOCUMENT>\n<DOCUMENT>\n"
    b"<TYPE>GRAPHIC\n<FILENAME>a.jpg\n<TEXT>\nbegin 644 a.jpg\nM_]C_\nend\n</TEXT>"
    b"\n</DOCUMENT>\n<DOCUMENT>\n<TYPE>EX-99\n<TEXT>\n"
    b"4. Climate\n\n     7\n<PAGE>   8\n\n<TABLE>\n<CAPTION>\nYear   Target\n<S>"
    b"    <C>\n2030   half\n</TABLE>\n</TEXT>\n</DOCUMENT>\n"
)
_PAGED = (
    b"ARTICLE ONE\n\n"
    + (
        b"The Supplier shall reduce       The Customer shall pay for\nits "
        b"emissions by half.          the report of the year.\n"
    )
    * 6
    + (
        b"\n 1  Line one of a page\n 2  and line two of it\n 3  and three.\n\n<PAGE>"
        b"\n\nTerm ......... 3\n\n1.1 x.Second one.\n"
    )
)
_MARKDOWN = b"# Title\n\n1. one\n   - two\n\n| a | b |\n|---|---|\n| c | d |\n\n> quote `code` [link](x) *em*\n"
_PANDOC = (
    b'---\ntitle: Supply\n---\n\n# []{#_Toc1 .anchor}4. Climate {#climate .unnumbered}\n\n::: {custom-style="Body"}\n'
    b"4.1 It [reports]{.underline}.[^1]\n:::\n\n+-----+:---:+\n| a   | b   "
    b"|\n+=====+=====+\n| c   | d   |\n|     | - e |\n+-----+-----+\n\n"
    b"  ------- -------\n  One     Two\n  ------- -------\n  x       y\n   "
    b"       z\n  ------- -------\n\n[^1]: A note.\n\n"
    b"(@) first\n(a) second\n\nTerm\n:   meaning\n\n<table><tr><td>x &amp; y</td></tr></table>\n\n```\ncode\n```\n"
)


def _mail() -> bytes:
    """An e-mail with two bodies, an attachment, and one forwarded."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <a@example.com>", "b@example.com", "Supply – draft"
    message.set_content("The Supplier’s plan.", cte="base64")
    message.add_alternative("<p>The Supplier’s plan.</p>", subtype="html", cte="quoted-printable")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="a.pdf")
    inner = EmailMessage()
    inner["Subject"] = "Before"
    inner.set_content("Earlier words.")
    message.add_attachment(inner)
    return message.as_bytes()


def _archive() -> bytes:
    """A web page in one file."""
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="P"\r\n\r\nA page.\r\n'
    page = b"Content-Location: a.htm\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/html\r\n\r\n"
    return (
        head
        + b"--P\r\n"
        + page
        + _HTML.replace(b"=", b"=3D")
        + b"\r\n--P\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n--P--\r\n"
    )


def _layers() -> bytes:
    """A page with optional content, a form, notes, a clip, covered text and files that go with it."""
    page = Page().text(72, 700, "4. Climate")
    page.content += ["/OC /H BDC BT /F1 9 Tf 72 650 Td (Hidden.) Tj ET EMC", "q 0 0 5 5 re W n"]
    page.text(72, 600, "Clipped.").content += ["Q 0 g 70 495 200 20 re f /X Do", "/Span << /ActualText (Said.) >> BDC"]
    page.text(72, 500, "Covered.").content += ["EMC 1 g BT 3 Tr /F1 9 Tf 72 400 Td (Unseen.) Tj ET"]
    page.resources = "/Properties << /H 5 0 R >> /XObject << /X 6 0 R >>"
    page.entries = (
        "/CropBox [0 0 500 800] /Annots [<< /Type /Annot /Subtype /FreeText /Contents (A note.) /Rect [9 9 99 99] >> "
        "<< /Type /Annot /Subtype /Redact /Rect [70 600 90 610] /OverlayText (x) >> 8 0 R]"
    )
    form = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Matrix [1 0 0 1 "
        b"72 300] /Resources << /XObject << /X 6 0 R >> >>"
    )
    return make_pdf(
        [page],
        catalog="/OCProperties << /OCGs [5 0 R] /D << /OFF [5 0 R] >> >> /AcroForm << /Fields [8 0 R] >> "
        "/Names << /EmbeddedFiles << /Names [(a.pdf) 7 0 R] >> >>",
        extra=[
            b"<< /Type /OCG /Name (Layer) >>",
            make_stream(b"BT /F1 9 Tf (Inside.) Tj ET", form),
            b"<< /Type /Filespec /F (a.pdf) /EF << /F 7 0 R >> >>",
            (
                b"<< /Type /Annot /Subtype /Widget /FT /Ch /T (c) /Opt [[(1) (One)] "
                b"[(2) (Two)]] /V (2) /Rect [9 9 99 20] >>"
            ),
        ],
    )


def _formatted() -> bytes:
    """A Word 97 file with styles, tables, a form field, a picture, an object and a floating shape."""
    data = form_field(2, 1, entries=["x", "2040"]) + picture(11000, 15000)
    bold = Style("Strong", base=0, run=sprm(0x0835, 1))
    cell, row = sprm(0x2416, 1), sprm(0x2416, 1) + sprm(0x2417, 1)
    pieces = [
        Piece("Climate\r", style=1),
        Piece("The Supplier\x07", paragraph=cell),
        Piece("shall\x07", paragraph=cell),
        Piece("\x07", paragraph=row),
        Piece("\x13 FORMDROPDOWN \x01", run=sprm(0x6A03, 0, 4)),
        Piece("\x14x\x15 report\x08\r", wide=True),
        Piece("\x01\r", run=sprm(0x6A03, 200, 4) + sprm(0x0855, 1)),
    ]
    return make_doc(
        Doc(pieces, styles=[Style(), bold], fonts=["Arial"], data=data, floating=[Floating(9, 11000, 15000)])
    )


def _docx() -> bytes:
    """A document with a table, tracked changes and a footnote."""
    body = (
        paragraph("The Supplier shall report.")
        + "<w:tbl><w:tr><w:tc>"
        + paragraph("cell")
        + "</w:tc></w:tr></w:tbl><w:p><w:ins><w:r><w:t>in</w:t></w:r></w:ins><w:del><w:r><w:delText>out</w:delText>"
        '</w:r></w:del><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    )
    return _stored(make_docx(Docx(body, footnotes={2: paragraph("A note.")})))


def _objects() -> bytes:
    """A document with an embedded one, a drawing, a picture, a chunk of a web page and fields."""
    body = (
        f"<w:p>{ole_object('ole', 'Word.Document.8')}{shown_picture('scan', 16, 23)}"
        + field("AUTONUMLGL")
        + field("LISTNUM")
        + drawing('<dgm:relIds r:dm="data"/>')
        + field("FORMCHECKBOX", data="<w:ffData><w:checkBox/></w:ffData>")
        + '</w:p><w:altChunk r:id="chunk"/>'
        + paragraph("Climate", run='<w:b/><w:rFonts w:ascii="Symbol"/>')
        + paragraph("The Supplier shall report.", run="<w:strike/>")
    )
    shape = "<dgm:pt><dgm:t><a:p><a:r><a:t>Drawn.</a:t></a:r></a:p></dgm:t></dgm:pt>"
    names = 'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    names += 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    files = {
        "word/ole.bin": make_ole({"\x01Ole10Native": b"\x20\0\0\0\2\0a.txt\0a.txt\0\0\0\3\0\1\0\0\0\0\4\0\0\0word"}),
        "word/data.xml": f"<dgm:dataModel {names}>{shape}</dgm:dataModel>".encode(),
        "word/c.htm": b"<p>The Supplier shall report.</p>",
    }
    relations = [("ole", "oleObject", "ole.bin"), ("data", "diagramData", "data.xml"), ("chunk", "aFChunk", "c.htm")]
    return _stored(make_docx(Docx(body, files=files, relations=[*relations, ("scan", "image", "media/1.png")])))


_WORD_2003 = (
    b'<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">'
    b'<w:lists><w:listDef w:listDefId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:nfc w:val="0"/>'
    b'<w:lvlText w:val="%1."/></w:lvl></w:listDef><w:list w:ilfo="1"><w:ilst w:val="0"/></w:list></w:lists>'
    b'<w:body><w:p><w:pPr><w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/></w:listPr></w:pPr>'
    b"<w:r><w:t>The Supplier</w:t>"
    b"<w:footnote><w:p/></w:footnote></w:r></w:p><w:sectPr><w:hdr><w:p><w:r><w:t>Draft</w:t></w:r></w:p></w:hdr>"
    b"</w:sectPr></w:body></w:wordDocument>"
)


def _odt() -> bytes:
    """A text with lists, a table, a note, a frame and styles."""
    note = f"<text:note><text:note-body>{p('A note.')}</text:note-body></text:note>"
    styles = f'<text:list-style style:name="L">{level(1, "1", suffix=".")}{level(2, "a", shown=2)}</text:list-style>'
    body = h("Climate") + items(p("One") + items(p("Deeper")), p("Two"), style="L") + p("The Supplier shall." + note)
    row = f"<table:table-row><table:table-cell>{p('cell')}</table:table-cell></table:table-row>"
    body += f"<table:table>{row}</table:table>"
    body += p('<draw:frame svg:width="16cm" svg:height="23cm"><draw:image xlink:href="1.png"/></draw:frame>')
    return _stored(make_odt(body, styles=styles))


def _stored(packed: bytes) -> bytes:
    """The same package, not compressed, so that mutations reach the XML."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(buffer, "w") as archive:
        for info in source.infolist():
            archive.writestr(info.filename, source.read(info))
    return buffer.getvalue()
