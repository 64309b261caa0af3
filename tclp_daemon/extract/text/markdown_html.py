"""HTML in Markdown: which parts of the text are HTML as a whole, and what of a tag is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml.html.defs import tags

_TAG = re.compile(r"<!--.*?(?:-->|\Z)|</?(?P<name>[A-Za-z][\w-]*)[^<>]*>", re.DOTALL)
_WHOLE = re.compile(r"<(?P<slash>/?)(?P<name>table|ol|ul|dl)\b[^<>]*>", re.IGNORECASE)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_LAID_OUT = re.compile(r"<(?:p|table|tr|td|th|[ou]l|li|d[ltd]|h[1-6]|br|pre|select|input|div)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Html:
    """A part of a Markdown text that is HTML."""

    source: str


def split_html(text: str) -> Iterator[str | Html]:
    """The text in parts: its HTML tables and lists, empty lines in them included, and what lies between them."""
    if _FENCE.search(text):
        yield text  # the HTML may be an example of code
        return
    start, depth, begin = 0, 0, 0
    for tag in _WHOLE.finditer(text):
        if not tag["slash"]:
            if depth == 0:
                if text[text.rfind("\n", 0, tag.start()) + 1 : tag.start()].strip():
                    continue  # in the middle of a line
                begin = tag.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield text[start:begin]
                yield Html(text[begin : tag.end()])
                start = tag.end()
    yield text[start:]


def is_laid_out(source: str) -> bool:
    """Whether HTML has elements that begin lines, so that its own line ends mean nothing."""
    return _LAID_OUT.search(source) is not None


def only_tags(source: str) -> str:
    """HTML in which blanks to fill in ("<Insert Target Year>") are text."""
    return _TAG.sub(lambda tag: tag[0] if _is_tag(tag) else f"&lt;{tag[0][1:-1]}&gt;", source)


def without_tags(source: str) -> str:
    """What is shown of a tag or a few: nothing. But a blank to fill in is not a tag and stays."""
    return _TAG.sub(lambda tag: " " if _is_tag(tag) else tag[0], source)


def _is_tag(tag: re.Match[str]) -> bool:
    return tag["name"] is None or tag["name"].lower() in tags
