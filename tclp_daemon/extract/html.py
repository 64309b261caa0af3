"""Reads a web page that bears the name of a Word file, as mail programs and old exporters make them.

lxml's parser hands over one element after the other and builds no tree; it follows no link, and its time grows with
the length of the page and no faster, which the standard library's does not on purposely broken markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import BLANK_ADVICE, ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.text import decode, warn_if_unsure

EXTRACTOR = "tclp html 1"
_HIDDEN = frozenset(
    [
        "script",
        "style",
        "head",
        "title",
        "template",
        "noscript",
        "iframe",
        "object",
        "select",
        "datalist",
        "svg",
        "math",
        "audio",
        "video",
    ]
)
_HIDDEN |= {"xml", "o:p.hidden", "del"}
_BREAKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "aside",
        "nav",
        "ul",
        "ol",
        "dl",
        "dt",
        "dd",
        "table",
        "tr",
        "td",
        "th",
        "caption",
        "tbody",
        "thead",
        "tfoot",
        "blockquote",
        "pre",
        "form",
        "fieldset",
        "legend",
        "address",
        "figure",
        "figcaption",
        "hr",
        "body",
        "html",
        "center",
        "details",
        "summary",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    ]
)
_VOID = frozenset(
    ["br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr", "param"]
)
_HIDING = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.I)
_UNFIT = re.compile("[\x00-\x08\x0b\x0e-\x1f]")
_CHUNK = 1 << 20
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,30})", re.I)


def read_html(data: bytes, limits: Limits) -> Document:
    """Reads one web page.

    Raises:
        ContractError: too_much_text, too_deep, no_text.
    """
    builder = DocumentBuilder(limits)
    page = _Page(builder, limits)
    parser = etree.HTMLParser(target=page, encoding="utf-8", no_network=True, huge_tree=True)
    text, encoding = _decode(data, limits)
    warn_if_unsure(builder, encoding)
    source = _UNFIT.sub("", text).encode("utf-8", errors="replace")
    try:
        for at in range(0, len(source), _CHUNK):
            parser.feed(source[at : at + _CHUNK])
        parser.close()
    except etree.XMLSyntaxError:
        if not page.begun:
            raise ContractError(ErrorCode.NO_TEXT, detail="the web page is empty", advice=BLANK_ADVICE) from None
    page.flush()
    return builder.build("html", EXTRACTOR)


def _decode(data: bytes, limits: Limits) -> tuple[str, str]:
    """The text and its encoding: the declared one first; a declaration that does not fit is one of many that lie."""
    match = _META_CHARSET.search(data[:4096])
    if match and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        name = match[1].decode("ascii").lower()
        name = {"iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252"}.get(name, name)
        if name not in ("utf-16", "utf-7", "idna", "punycode"):
            try:
                text = data.decode(name)
            except (LookupError, UnicodeError):
                pass
            else:
                if len(text) > limits.characters * 4:
                    raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=limits.characters)
                return text, name
    return decode(data, limits)


class _Page:
    """Collects text between the elements that begin a new line."""

    def __init__(self, builder: DocumentBuilder, limits: Limits) -> None:
        self.begun = False
        self._builder = builder
        self._limits = limits
        self._parts: list[str] = []
        self._kind = BlockKind.PARAGRAPH
        self._level = 0
        self._hidden: list[str] = []
        self._lists: list[int | None] = []  # for each open list: the last number, None for bullets
        self._marker = ""
        self._tables: list[list[int]] = []  # for each open table: its number, row and column
        self._table_count = 0
        self._depth = 0

    def start(self, tag: str, attrs: Mapping[str, str]) -> None:
        """An element begins."""
        self.begun = True
        if tag in _VOID:
            if tag in ("br", "hr") and not self._hidden:
                self._parts.append("\n")
            return
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.append(tag)
            return
        if tag in _HIDDEN or _is_hidden(attrs):
            if tag not in ("p", "li", "td", "tr"):  # these are often left open, and would hide the rest
                self._hidden.append(tag)
            return
        if tag not in _BREAKS:
            return
        self.flush()
        self._depth += tag in ("div", "table", "ul", "ol", "blockquote")
        if self._depth > self._limits.depth * 8:
            raise ContractError(ErrorCode.TOO_DEEP, found=self._depth, limit=self._limits.depth)
        if tag in ("ul", "ol"):
            start = attrs.get("start") or "1"
            first = int(start) if start.isdecimal() and len(start) < 6 else 1
            self._lists.append(first - 1 if tag == "ol" else None)
        elif tag == "li":
            self._kind, self._level = BlockKind.LIST_ITEM, max(len(self._lists), 1)
            self._marker = self._next_marker()
        elif tag == "table":
            self._table_count += 1
            self._tables.append([self._table_count, 0, 0])
        elif tag == "tr" and self._tables:
            self._tables[-1][1:] = [self._tables[-1][1] + 1, 0]
        elif tag in ("td", "th") and self._tables:
            self._tables[-1][2] += 1
        elif len(tag) == 2 and tag[0] == "h":
            self._kind, self._level = BlockKind.HEADING, int(tag[1])

    def end(self, tag: str) -> None:
        """An element ends, by its tag or because another begins."""
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.pop()
            elif tag in ("body", "html"):
                self._hidden.clear()
            return
        if tag not in _BREAKS:
            return
        self.flush()
        if tag in ("div", "table", "ul", "ol", "blockquote") and self._depth:
            self._depth -= 1
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "table" and self._tables:
            self._tables.pop()

    def data(self, data: str) -> None:
        """Text."""
        if not self._hidden:
            self._parts.append(_SPACES.sub(" ", data))

    def close(self) -> None:
        """The page ends."""

    def flush(self) -> None:
        """Ends the block that is open."""
        text = re.sub(r" *\n *", "\n", _SPACES_ONLY.sub(" ", "".join(self._parts))).strip()
        self._parts = []
        if text:
            row = None
            kind = self._kind
            if self._tables and kind is not BlockKind.HEADING and all(self._tables[-1]):
                number, line, column = self._tables[-1]
                kind, row = BlockKind.TABLE_CELL, (number, line, column)
            self._builder.add(kind, self._marker + text, level=self._level, row=row)
            self._marker = ""
        if text or self._kind is BlockKind.HEADING:
            self._kind, self._level = BlockKind.PARAGRAPH, 0

    def _next_marker(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "• "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "


_SPACES_ONLY = re.compile(r"[ \t]+")


def _is_hidden(attrs: Mapping[str, str]) -> bool:
    return "hidden" in attrs or bool(_HIDING.search(attrs.get("style", "")))
