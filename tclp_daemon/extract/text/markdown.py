"""Markdown: headings, lists, tables, quotes and code become blocks; the marks themselves are removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version

from lxml.html.defs import tags
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.text.encoding import decode, warn_if_unsure
from tclp_daemon.extract.text.plain import add_text
from tclp_daemon.formats import Kind

_NESTING = 100
_MOST_CHARACTERS = 2_000_000
_LONGEST_LINE = 100_000
_MOST_MARKS = {
    "\n": 60_000, "|": 60_000, "[": 10_000, "*": 60_000, "_": 60_000, "`": 40_000, "<": 20_000,
    "- ": 40_000, "+ ": 40_000, "* ": 40_000, ". ": 60_000, ") ": 60_000,
}  # fmt: skip
_MOST_OPENINGS = 20
_SPACED_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*+\1)++\s*+")
_OPENING = re.compile(r"[\s>]*(?:(?:[-+*]|\d{1,9}[.)])[\s>]+)*")
_TAG = re.compile(r"<!--.*?(?:-->|\Z)|</?(?P<name>[A-Za-z][\w-]*)[^<>]*>", re.DOTALL)
_LONGEST_FRONT = 20_000
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\n((?:[A-Za-z_][\w-]{0,60}:.*\n|[ \t-].*\n|\n)+?)---[ \t]*(?:\n|\Z)")
_SPACES = re.compile(r"[ \t\u00a0]*\n\s*|[ \t\u00a0]{2,}")


def read_markdown(data: bytes, context: ReadContext) -> Document:
    """Reads a Markdown file.

    Raises:
        ContractError: no_text, too_much_text.
    """
    decoded = decode(data, context.limits)
    text = decoded.text
    builder = DocumentBuilder(context.limits)
    warn_if_unsure(builder, decoded)
    extractor = f"markdown-it-py {version('markdown-it-py')}"
    front = _FRONT_MATTER.match(text, 0, _LONGEST_FRONT)
    if front:
        # Otherwise its last line, three dashes, would turn all of it into a heading.
        for line in front[1].splitlines():
            builder.add(BlockKind.PARAGRAPH, line)
        text = text[front.end() :]
    tokens = _parse(text)
    if tokens is None:
        add_text(builder, text)
    else:
        _Renderer(builder).render(tokens)
    return builder.build(Kind.MARKDOWN, extractor)


def _parse(text: str) -> list[Token] | None:
    """The tokens; None where the text is so large or so odd that parsing the marks would cost too much."""
    if len(text) > _MOST_CHARACTERS or any(text.count(mark) > most for mark, most in _MOST_MARKS.items()):
        return None
    if any(len(line) > _LONGEST_LINE or _is_nested_oddly(line) for line in text.split("\n")):
        return None
    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])
    tokens = parser.parse(text.replace("\f", "\n\n"))
    # The parser drops what is nested deeper, but nothing may be lost.
    return tokens if max((token.level for token in tokens), default=0) < _NESTING - 4 else None


def _is_nested_oddly(line: str) -> bool:
    """Whether one line opens more quotes and lists than anyone writes; each level is looked for in all lines below."""
    marks = _OPENING.match(line)
    assert marks is not None
    if _SPACED_RULE.fullmatch(line):
        return False
    return marks.end() < len(line) and sum(map(marks[0].count, ">-+*.)")) > _MOST_OPENINGS


class _Renderer:
    """Walks the flat token list; keeps track of the open lists and the position in the table."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._lists: list[tuple[int | None, str]] = []  # next number (None for bullets) and what follows it
        self._marker = ""
        self._number: str | None = None
        self._table = 0
        self._row = 0
        self._column = 0

    def render(self, tokens: list[Token]) -> None:
        kind, level = BlockKind.PARAGRAPH, 0
        for token in tokens:
            match token.type:
                case "heading_open":
                    kind, level = BlockKind.HEADING, int(token.tag[1:])
                case "heading_close" | "td_close" | "th_close":
                    kind, level = BlockKind.PARAGRAPH, 0
                case "ordered_list_open":
                    self._lists.append((int(token.attrs.get("start", 1)), token.markup or "."))
                case "bullet_list_open":
                    self._lists.append((None, ""))
                case "ordered_list_close" | "bullet_list_close":
                    self._lists.pop()
                case "list_item_open":
                    self._open_item()
                case "list_item_close":
                    self._marker = ""
                case "table_open":
                    self._table, self._row = self._table + 1, 0
                case "tr_open":
                    self._row, self._column = self._row + 1, 0
                case "td_open" | "th_open":
                    kind = BlockKind.TABLE_CELL
                    self._column += 1
                case "inline":
                    self._add(kind, level, _plain(token))
                case "code_block" | "fence":
                    # Contracts are indented far more often than they hold code.
                    add_text(self._builder, self._take_marker() + token.content)
                case "html_block":
                    add_text(self._builder, _TAG.sub(_untagged, token.content))

    def _open_item(self) -> None:
        number, delimiter = self._lists[-1]
        if number is None:
            self._marker = ""
        else:
            self._marker = f"{number}{delimiter} "
            self._lists[-1] = (number + 1, delimiter)

    def _take_marker(self) -> str:
        marker, self._marker = self._marker, ""
        return marker

    def _add(self, kind: BlockKind, level: int, text: str) -> None:
        text = _SPACES.sub(" ", text).strip()
        marker = self._take_marker()
        if kind is BlockKind.TABLE_CELL:
            self._builder.add(kind, text, row=(self._table, self._row, self._column))
        elif self._lists and kind is BlockKind.PARAGRAPH:
            self._builder.add(BlockKind.LIST_ITEM, marker + text, level=len(self._lists))
        else:
            self._builder.add(kind, marker + text, level=level)


def _plain(token: Token) -> str:
    return "".join(_inline(token.children or []))


def _inline(children: list[Token]) -> Iterator[str]:
    for child in children:
        if child.type in ("text", "code_inline", "text_special"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "
        elif child.type == "image":
            yield from _inline(child.children or [])
        elif child.type == "html_inline":
            apart = child.content.lower().startswith(("<br", "<p", "</p", "<li", "<div"))
            yield " " if apart else _TAG.sub(_untagged, child.content).strip()


def _untagged(tag: re.Match[str]) -> str:
    """What is shown of a tag: nothing. But a blank to fill in ("<Insert Target Year>") is not a tag and stays."""
    return " " if tag["name"] is None or tag["name"].lower() in tags else tag[0]
