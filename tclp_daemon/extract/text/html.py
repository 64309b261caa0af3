"""Reads web pages, also those that were saved under the name of a Word file, as mail programs and old exporters do.

lxml's parser delivers one element after another, builds no tree and follows no link. Its time grows linearly with the
length of the page; the standard library's parser is much slower on markup that is broken on purpose.
"""

from __future__ import annotations

import re

from lxml import etree

from tclp_daemon.config import Limits
from tclp_daemon.errors import BLANK_ADVICE, ContractError, ErrorCode
from tclp_daemon.extract.budget import Budget
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.text.html_page import Page
from tclp_daemon.extract.text.html_source import closed
from tclp_daemon.warning import WarningCode, warning

EXTRACTOR = "tclp html 2"
_CHUNK = 1 << 20
_INLINE = re.compile(
    r"</?(?:a|abbr|acronym|b|bdo|big|cite|code|dfn|em|font|i|ins|kbd|mark|nobr|q|s|samp|small|span|strike|strong|sub|sup|"
    r"tt|u|var)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_MUCH = 2000  # characters of hidden text


def read_page(text: str, context: ReadContext) -> DocumentBuilder:
    """The blocks of one web page.

    Args:
        text: its source.
        context: limits on characters and depth; the budget of the file that the page is a part of.

    Raises:
        ContractError: too_much_text, too_deep, no_text, expands_too_much.
    """
    limits = context.limits
    budget = context.budget or Budget(len(text), limits)
    text, endless = closed(text)
    try:
        page = _parse(text, limits, budget)
    except ContractError as error:
        if error.code is not ErrorCode.TOO_DEEP:
            raise
        # Most likely no <font> was ever closed: the text is the same without them.
        page = _parse(_INLINE.sub("", text), limits, budget)
    _warn(page, endless)
    return page.builder


def _parse(text: str, limits: Limits, budget: Budget) -> Page:
    page = Page(limits)
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
    page.finish()
    return page


def _warn(page: Page, endless: list[str]) -> None:
    if endless:
        names = ", ".join("a comment" if name == "comment" else f"<{name}>" for name in endless)
        page.builder.warn(warning(WarningCode.MARKUP_WITHOUT_END, names=names))
    if page.hidden > max(_MUCH, page.shown):
        page.builder.warn(warning(WarningCode.HIDDEN_TEXT))
    if page.elsewhere:
        page.builder.warn(warning(WarningCode.EXTERNAL_PART, parts=page.elsewhere))
    if page.struck:
        page.builder.warn(warning(WarningCode.COVERED_TEXT))
