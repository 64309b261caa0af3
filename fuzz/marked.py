"""Small texts with marks that cause much work: web pages, e-mails, filings, Markdown, RTF; see `fuzz.makers`."""

from __future__ import annotations

import base64

_HEAD = b"MIME-Version: 1.0\nFrom: a@example.com\n"
_WORDS = b"The Supplier shall report its emissions."


def _multipart(kind: str, body: bytes, boundary: str = "P") -> bytes:
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n".encode() + body


def mht_parts(n: int) -> bytes:
    """A message of many parts."""
    return _HEAD + _multipart("mixed", b"--P\n\n" + b"--P\nContent-Type: text/plain\n\nx\n" * n)


def mht_allowed_parts(n: int) -> bytes:
    """As many parts as a message may have, each a page that begins with many line ends."""
    count = min(n, 1900)
    part = b"--P\nContent-Type: text/html\n\n" + b"\n" * (n // 20) + b"<p>x</p>\n"
    return _HEAD + _multipart("mixed", part * count)


def mht_parts_in_parts(n: int) -> bytes:
    """Parts in parts, each with the same boundary before and after it."""
    parts = b"".join(
        _multipart(kind, b"", f"P{at}") + f"\n--P{at}\n".encode() for at, kind in enumerate(["related", "mixed"] * 9)
    )
    return _HEAD + parts + b"Content-Type: text/plain\n\n" + _WORDS + b"\n--P\n" * n


def mht_alternatives(n: int) -> bytes:
    """Bodies without text, of which one after the other is tried, in parts of the same kind."""
    body = b"Content-Type: text/html\n\n<p></p>\n"
    for at in range(18):
        mark = f"--P{at}\n".encode()
        body = (
            _multipart("related" if at % 2 else "alternative", (mark + body) * 2 + mark[:-1] + b"--\n", f"P{at}")
            if at < 7
            else (_multipart("related", mark + body, f"P{at}"))
        )
    return _HEAD + body + _WORDS * (n // 10)


def mht_header(n: int) -> bytes:
    """A header of many fields, one of them long and folded."""
    folded = b"Subject: " + b" =?utf-8?q?x?=\n" * n
    return b"To: b\n" * n + folded + _HEAD + b"Content-Type: text/plain\n\n" + _WORDS


def mht_parameters(n: int) -> bytes:
    """A type with many parameters, in many parts."""
    type = b"Content-Type: text/plain; " + b"; ".join(b'a*%d*="x;\\""' % at for at in range(60)) + b"\n\nx\n"
    return _HEAD + _multipart("mixed", (b"--P\n" + type) * min(n // 10, 1900))


def mht_base64(n: int) -> bytes:
    """A body in one line of base64, with much that is none."""
    encoded = base64.b64encode(b"<p>" + _WORDS * n) + b"\x00=?" * n
    return _HEAD + b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + encoded


def mht_quoted(n: int) -> bytes:
    """A body of soft line ends."""
    return (
        _HEAD
        + b"Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
        + b"=\n" * n
        + b"=3D= \n" * n
        + b"x"
    )


def mht_forwarded(n: int) -> bytes:
    """Messages in messages, each encoded again."""
    inner = b"Content-Type: text/plain\n\n" + _WORDS * n
    for _ in range(12):
        inner = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(inner)
    return _HEAD + inner


def mht_almost_a_message(n: int) -> bytes:
    """Lines that may all be fields of a header."""
    return b"A: b\n c\n" * n + b"x\n"


def htm_lists(n: int) -> bytes:
    """Lists in lists, each with its kind of numbers."""
    return b"<html><ol type=i start=3999 style='list-style-type:lower-roman'><li>" * (n // 2) + _WORDS


def htm_list_values(n: int) -> bytes:
    """Items with numbers of their own, large and below nought."""
    values = (b"999999999999", b"-5", b"x", b"", b"2147483648", b"1e9", b"3999")
    item = b"".join(
        b"<ol type=%s reversed><li value=%s>x" % (b"aiIA1"[at % 5 : at % 5 + 1], value)
        for at, value in enumerate(values)
    )
    return b"<html>" + item.replace(b"<ol", b"</ol><ol") * (n // 4)


def htm_counters(n: int) -> bytes:
    """A style sheet of counters, and the paragraphs that count."""
    rules = b"".join(b".c%d:before{counter-increment:a%d b;content:counter(a%d)}" % (at, at, at) for at in range(n))
    return b"<html><style>" + rules + b"</style>" + b"".join(b"<p class='c%d c1'>x" % at for at in range(n))


def htm_styles(n: int) -> bytes:
    """Rules that do not end, comments in them, selectors by the thousand."""
    selectors = b",".join(b"p.c%d" % at for at in range(n)) + b"{display:none}"
    return b"<html><style>" + selectors + b"/*" * n + b"{" * n + b"@media x{" * n + b"</style><p class=c1>a<p>" + _WORDS


def htm_inline_styles(n: int) -> bytes:
    """Elements inside of each other with long styles of their own."""
    style = b";".join(b"a%d:%d" % (at, at) for at in range(50))
    return b"<html>" + b"<span style='%s;color:white'>x" % style * (n // 10)


def htm_hidden(n: int) -> bytes:
    """Hidden elements inside of each other, with visible ones in them."""
    return b"<html>" + b"<div style='visibility:hidden'>a<div style='visibility:visible'>b" * n


def htm_pre(n: int) -> bytes:
    """Lines of a page that is plain text, in many elements."""
    return b"<html><pre>" + b"<b>4.1</b>  It   reports\n\n" * n + b"</pre>" + b"<pre>\n" * n


def htm_options(n: int) -> bytes:
    """Fields of a form, lists of many options in them."""
    return b"<html><select>" + b"<option selected>x" * n + b"</select>" + b"<input value=x><select><option>y" * n


def htm_conditions(n: int) -> bytes:
    """Word's conditions and comments, open and nested."""
    return b"<html>" + b"<![if !supportLists]><!--[if gte mso 9]>" * n + b"x" + b"<![endif]-->" * n + b"<p>" + _WORDS


def htm_spans(n: int) -> bytes:
    """Cells that reach over a thousand rows and columns."""
    return b"<html><table>" + b"<tr><td rowspan=65534 colspan=1000>x" * n


def md_grid(n: int) -> bytes:
    """A grid table of many rows."""
    return b"+---+---+\n" + b"| a | b |\n+---+---+\n" * n


def md_broken_grid(n: int) -> bytes:
    """Lines of grid tables that never become one, and rows of one without an end."""
    return b"+---+---+\n" * n + b"\n\n+---+\n" + b"| a\n" * n + b"\n\n" + b"+---+---+\n| a | b\n\n" * n


def md_simple_tables(n: int) -> bytes:
    """Rules of pandoc's tables, without an end."""
    return b"  ---- ----\n  a    b\n" * n + b"\n" + b"  ---- ----\n\n" * n + b"  " + b"---- " * n + b"\n" + b"x " * n


def md_wide_grid(n: int) -> bytes:
    """A grid table of many columns."""
    wide = n // 20
    return (b"+" + b"-+" * wide + b"\n" + (b"|" + b"a|" * wide + b"\n") + b"+" + b"-+" * wide + b"\n") * 20


def md_divs(n: int) -> bytes:
    """Divs in divs, most never closed."""
    return b"::: {.a}\n\n" * n + _WORDS + b"\n\n" + b":::\n\n" * (n // 2)


def md_attributes(n: int) -> bytes:
    """Attributes that never end, spans in spans, notes without and with meanings."""
    notes = b"".join(b"[^%d]: x [^%d]\n\n" % (at, at + 1) for at in range(n // 10))
    return b"[" * n + b"a]{.b" * n + b"\n\n" + b"# x {#a .b " * n + b"\n\n" + b"[^1]" * n + b"\n\n" + notes


def md_page(n: int) -> bytes:
    """Elements of a web page in Markdown, each in a line of its own."""
    return b"<table>\n<tr>\n<td>\n\nx &amp; y\n\n" * n


def md_front(n: int) -> bytes:
    """A head that never ends, and rules that might end it."""
    return b"---\n" + b"a: b\n" * n + b"----\n" * n + b"- - -\n" * n


def md_single_lines(n: int) -> bytes:
    """Clauses on single lines, items in them."""
    return b"".join(b"%d.%d The Supplier reports.\n(a) one;\n   (i) two\n" % (at // 99 + 1, at % 99) for at in range(n))


def txt_filing(n: int) -> bytes:
    """A filing of many documents, most of them without an end."""
    return b"<SEC-DOCUMENT>\n" + b"<DOCUMENT>\n<TYPE>EX-10\n<TEXT>\n<p>x\n" * (n // 4)


def txt_filing_heads(n: int) -> bytes:
    """Documents that only begin, and fields without end."""
    return b"<DOCUMENT>\n<TYPE>x\n" + b"<DOCUMENT>\n<" * n + b"<TYPE>\n" * n + b"<A>b" * n + _WORDS


def txt_filing_tables(n: int) -> bytes:
    """Tables in a filing that never end, with captions and page marks."""
    return b"<TABLE>\n<CAPTION>\n<S>   <C>\nx     y\n<PAGE>\n\n" * n


def txt_line_numbers(n: int) -> bytes:
    """Lines that may be numbered in the margin, pages with the same ends."""
    return b"".join(b" %2d  the Supplier reports and so on\n" % (at % 28 + 1) for at in range(n))


def txt_columns(n: int) -> bytes:
    """Lines with many wide gaps, at the same places."""
    return (b"word" + b"     word" * 30 + b"\n") * (n // 10)


def txt_blanks(n: int) -> bytes:
    """A line of blanks and dots, in and before words."""
    return b"1.1" + b" " * n * 10 + b"x" + b"\n" + b" .  " * n + b"\n" + b"(a) " * n


def rtf_groups(n: int) -> bytes:
    """Groups that open and change something, and never close."""
    return b"{\\rtf1 " + b"{\\b\\f1\\v0 x" * n * 5


def rtf_objects(n: int) -> bytes:
    """Objects in the results of objects."""
    inner = b"{\\object\\objemb\\rsltrtf{\\*\\objclass Word.Document.8}{\\*\\objdata 0105}{\\result {\\pard x\\par "
    return b"{\\rtf1 " + inner * 60 + b"}" * 180 + (inner + b"}}}") * n + b"}"


def rtf_tables(n: int) -> bytes:
    """Cells of tables thirty deep, rows of a hundred cells, rows without an end."""
    row = b"\\trowd" + b"\\cellx9" * 100 + b"x\\cell" * 100 + b"\\row "
    deep = b"".join(b"\\itap%d x\\nestcell{\\*\\nesttableprops\\trowd\\nestrow}" % (at % 30 + 1) for at in range(n))
    return b"{\\rtf1\\intbl " + row * (n // 100) + deep + b"x\\cell" * n + b"}"


def rtf_styles(n: int) -> bytes:
    """Styles that are based on each other, and their paragraphs."""
    styles = b"".join(b"{\\s%d\\sbasedon%d a;}" % (at, (at + 1) % 32000) for at in range(1, n))
    return b"{\\rtf1{\\stylesheet" + styles + b"}" + b"".join(b"\\pard\\s%d x\\par " % at for at in range(1, n)) + b"}"


def rtf_lists(n: int) -> bytes:
    """Lists that refer to each other, long templates, numbers of many levels."""
    levels = (
        b"{\\listlevel\\levelnfc1{\\leveltext\\'ff" + b"\\'00" * 200 + b";}{\\levelnumbers" + b"\\'01" * 200 + b";}}"
    )
    lists = b"".join(b"{\\list%s\\listid%d}" % (levels if at < 9 else b"", at) for at in range(n // 4))
    overrides = b"".join(b"{\\listoverride\\listid%d\\ls%d}" % (at % 9, at) for at in range(n // 4))
    body = b"".join(b"\\pard\\ls%d\\ilvl%d x\\par " % (at % 9, at % 12) for at in range(n))
    return b"{\\rtf1{\\*\\listtable" + lists + b"}{\\*\\listoverridetable" + overrides + b"}" + body + b"}"


def rtf_deep_fields(n: int) -> bytes:
    """Fields in the codes and results of fields."""
    deep = b"{\\field{\\*\\fldinst IF {\\field{\\*\\fldinst x}{\\fldrslt y}}}{\\fldrslt "
    return b"{\\rtf1 " + deep * 60 + b"}}" * 60 + b"{\\field{\\*\\fldinst LISTNUM a%d}}" % 1 * n + b"z\\par}"


def rtf_shapes(n: int) -> bytes:
    """Shapes with properties and texts, in each other."""
    shape = b"{\\shp{\\*\\shpinst{\\sp{\\sn pib}{\\sv{\\pict\\picwgoal11000\\pichgoal15000 00}}}{\\shptxt x\\par "
    return b"{\\rtf1 " + shape * 50 + b"}}}" * 50 + (shape + b"}}}") * (n // 4) + b"}"


def rtf_columns(n: int) -> bytes:
    """A code page of two bytes, single bytes that wait for their second, escapes that end nowhere."""
    return b"{\\rtf1\\ansicpg932 " + b"\\'83 {\\'83}" * n + b"\\u-10179?" * n + b"\\uc99\\u65?" * n + b"\\'" * n + b"}"


def rtf_binary(n: int) -> bytes:
    """Binary data that lies about its length."""
    return b"{\\rtf1 " + b"\\bin-1 x\\bin99999999999999999999 y" * 5 + b"\\bin2 {}" * n + _WORDS + b"}"
