"""Reads a web page that was saved under the name of a Word file, as mail programs and old exporters do.

lxml's parser delivers one element after another, builds no tree and follows no link. Its time grows linearly with the
length of the page; the standard library's parser is much slower on markup that is broken on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import BLANK_ADVICE, ContractError, ErrorCode
from tclp_daemon.extract.budget import Budget
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.text.encoding import warn_if_unsure
from tclp_daemon.extract.text.html_source import page_source
from tclp_daemon.formats import Kind
from tclp_daemon.warning import WarningCode, warning

EXTRACTOR = "tclp html 1"
_HIDDEN = frozenset(
    "script style head title template noscript iframe object select datalist svg math audio video xml o:p.hidden"
    " del".split()
)
_BREAKS = frozenset(
    "p div section article header footer main aside nav ul ol dl dt dd table tr td th caption tbody thead tfoot"
    " blockquote pre form fieldset legend address figure figcaption hr body html center details summary li"
    " h1 h2 h3 h4 h5 h6".split()
)
_VOID = frozenset("br hr img input meta link area base col embed source track wbr param".split())
_HIDING = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.I)
_CHUNK = 1 << 20
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_BLANKS = re.compile(r"[ \t]+")
# Where one of these begins inside a drawing or a formula, browsers end the drawing: the element belongs to the page.
_OF_THE_PAGE = _BREAKS.union("b big br code em i img s small span strong sub sup u".split())
_INLINE = re.compile(
    r"</?(?:a|abbr|acronym|b|bdo|big|cite|code|dfn|em|font|i|ins|kbd|mark|nobr|q|s|samp|small|span|strike|strong|sub|sup|"
    r"tt|u|var)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_FOREIGN = ("svg", "math")
_MUCH = 2000  # characters of hidden text


def read_html(data: bytes, context: ReadContext) -> Document:
    """Reads one web page.

    Args:
        data: the page.
        context: limits on characters and depth; the budget of the file that the page is a part of.

    Raises:
        ContractError: too_much_text, too_deep, no_text, expands_too_much.
    """
    limits = context.limits
    budget = context.budget or Budget(len(data), limits)
    source, endless = page_source(data, limits)
    try:
        page = _parse(source.text, limits, budget)
    except ContractError as error:
        if error.code is not ErrorCode.TOO_DEEP:
            raise
        # Most likely no <font> was ever closed: the text is the same without them.
        page = _parse(_INLINE.sub("", source.text), limits, budget)
    warn_if_unsure(page.builder, source)
    _warn(page, endless)
    return page.builder.build(Kind.HTML, EXTRACTOR)


def _parse(text: str, limits: Limits, budget: Budget) -> _Page:
    page = _Page(limits)
    parser = etree.HTMLParser(target=page, encoding="utf-8", no_network=True, huge_tree=True)
    source = text.encode("utf-8", errors="replace")
    try:
        for at in range(0, len(source), _CHUNK):
            chunk = source[at : at + _CHUNK]
            budget.elements(chunk.count(b"<"))
            parser.feed(chunk)
        parser.close()
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        if not page.begun:
            raise ContractError(ErrorCode.NO_TEXT, detail="the web page is empty", advice=BLANK_ADVICE) from None
    page.flush()
    return page


def _warn(page: _Page, endless: list[str]) -> None:
    if endless:
        names = ", ".join("a comment" if name == "comment" else f"<{name}>" for name in endless)
        page.builder.warn(warning(WarningCode.MARKUP_WITHOUT_END, names=names))
    if page.hidden > max(_MUCH, page.shown):
        page.builder.warn(warning(WarningCode.HIDDEN_TEXT))


class _Page:
    """Collects the text between elements that begin a new line."""

    def __init__(self, limits: Limits) -> None:
        self.builder = DocumentBuilder(limits)
        self.begun = False
        self.shown = 0  # characters
        self.hidden = 0  # characters that the page itself hides, not counting its scripts and the like
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
        self._descend()
        if self._hides(tag, attrs) or tag not in _BREAKS:
            return
        self.flush()
        self._open(tag, attrs)

    def _descend(self) -> None:
        self._depth += 1
        # The parser compares each end tag with all open elements.
        if self._depth > self._limits.depth * 8:
            raise ContractError(ErrorCode.TOO_DEEP, found=self._depth, limit=self._limits.depth)

    def _hides(self, tag: str, attrs: Mapping[str, str]) -> bool:
        """Whether the element that begins is not shown."""
        while self._hidden and self._hidden[-1] in _FOREIGN and tag in _OF_THE_PAGE:
            self._hidden.pop()
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.append(tag)
            return True
        if tag in _HIDDEN or _is_hidden(attrs):
            if tag not in ("p", "li", "td", "tr"):  # these are often left open, and would hide the rest
                self._hidden.append(tag)
            return True
        return False

    def _open(self, tag: str, attrs: Mapping[str, str]) -> None:
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
        """An element ends: by its tag, or because another one begins."""
        if tag not in _VOID and self._depth:
            self._depth -= 1
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.pop()
            elif tag in ("body", "html"):
                self._hidden.clear()
            return
        if tag not in _BREAKS:
            return
        self.flush()
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "table" and self._tables:
            self._tables.pop()

    def data(self, data: str) -> None:
        """Text."""
        if not self._hidden:
            self._parts.append(_SPACES.sub(" ", data))
            self.shown += len(data)
        elif self._hidden[0] not in _HIDDEN:
            self.hidden += len(data)

    def close(self) -> None:
        """The page ends."""

    def flush(self) -> None:
        """Ends the block that is open."""
        text = re.sub(r" *\n *", "\n", _BLANKS.sub(" ", "".join(self._parts))).strip()
        self._parts = []
        if text:
            row = None
            kind = self._kind
            if self._tables and kind is not BlockKind.HEADING and all(self._tables[-1]):
                number, line, column = self._tables[-1]
                kind, row = BlockKind.TABLE_CELL, (number, line, column)
            self.builder.add(kind, self._marker + text, level=self._level, row=row)
            self._marker = ""
        if text or self._kind is BlockKind.HEADING:
            self._kind, self._level = BlockKind.PARAGRAPH, 0

    def _next_marker(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "• "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "


def _is_hidden(attrs: Mapping[str, str]) -> bool:
    return "hidden" in attrs or bool(_HIDING.search(attrs.get("style", "")))
