"""The ways in: what a file of text holds, a contract in plain text, a web page or a filing."""

from __future__ import annotations

import re
from importlib.metadata import version

from tclp_daemon.document import Document
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.text.edgar import is_submission, read_submission
from tclp_daemon.extract.text.encoding import clean, decode, warn_if_unsure
from tclp_daemon.extract.text.html import EXTRACTOR, read_page
from tclp_daemon.extract.text.html_source import page_source
from tclp_daemon.extract.text.plain import add_text
from tclp_daemon.formats import Kind

_TAG = re.compile(r"<[a-zA-Z!/][^<>]*>")


def read_text(data: bytes, context: ReadContext) -> Document:
    """Reads a plain-text file.

    Raises:
        ContractError: no_text, too_much_text; what `read_html` raises, for a filing that holds web pages.
    """
    decoded = decode(data, context.limits)
    if is_submission(decoded.text):
        builder = read_submission(decoded.text, context)
    else:
        builder = DocumentBuilder(context.limits)
        add_text(builder, decoded.text)
    warn_if_unsure(builder, decoded)
    return builder.build(Kind.TEXT, f"tclp text; charset-normalizer {version('charset-normalizer')}")


def read_html(data: bytes, context: ReadContext) -> Document:
    """Reads one web page.

    Args:
        data: the page.
        context: limits on characters and depth; the budget of the file that the page is a part of.

    Raises:
        ContractError: too_much_text, too_deep, no_text, expands_too_much.
    """
    source = page_source(data, context.limits)
    if is_submission(source.text):
        builder = read_submission(source.text, context)
    elif _TAG.search(source.text):
        builder = read_page(source.text, context)
    else:
        builder = DocumentBuilder(context.limits)
        add_text(builder, clean(source.text))
    warn_if_unsure(builder, source)
    return builder.build(Kind.HTML, EXTRACTOR)
