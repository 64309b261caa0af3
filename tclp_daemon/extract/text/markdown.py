"""Markdown: headings, lists, tables, quotes and code become blocks; the marks themselves are removed."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tclp_daemon.document import BlockKind, Document
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.text.encoding import decode, warn_if_unsure
from tclp_daemon.extract.text.markdown_html import Html, split_html
from tclp_daemon.extract.text.markdown_render import MarkdownRenderer
from tclp_daemon.extract.text.pandoc import Table, split_tables, without_attributes, without_notes
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
_LONGEST_FRONT = 20_000
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\n((?:[A-Za-z_][\w-]{0,60}:.*\n|[ \t-].*\n|\n)+?)---[ \t]*(?:\n|\Z)")
_LINK_TARGET = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[^\n]*$", re.MULTILINE)


def read_markdown(data: bytes, context: ReadContext) -> Document:
    """Reads a Markdown file.

    Raises:
        ContractError: no_text, too_much_text; what `read_page` raises, for the HTML in it.
    """
    decoded = decode(data, context.limits)
    text = decoded.text
    builder = DocumentBuilder(context.limits)
    warn_if_unsure(builder, decoded)
    front = _FRONT_MATTER.match(text, 0, _LONGEST_FRONT)
    if front:
        # Otherwise its last line, three dashes, would turn all of it into a heading. No page shows it.
        for line in front[1].splitlines():
            builder.add(BlockKind.HEADER_FOOTER, line)
        text = text[front.end() :]
    if _is_costly(text) or not _render(builder, text, context):
        add_text(builder, text)
    return builder.build(Kind.MARKDOWN, f"tclp markdown 2; markdown-it-py {version('markdown-it-py')}")


def _render(builder: DocumentBuilder, text: str, context: ReadContext) -> bool:
    """Adds the blocks of a Markdown text; adds none and says False where parsing it would lose something."""
    text, notes = without_notes(without_attributes(text))
    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])
    env: dict[str, Any] = {}
    parser.parse("\n\n".join(_LINK_TARGET.findall(text)), env)  # links may refer to what another part defines
    parts: list[Table | Html | list[Token]] = []
    for part in split_html(text):
        for piece in [part] if isinstance(part, Html) else split_tables(part):
            if not isinstance(piece, str):
                parts.append(piece)
                continue
            tokens = parser.parse(piece.replace("\f", "\n\n"), env)
            # The parser drops what is nested deeper, but nothing may be lost.
            if max((token.level for token in tokens), default=0) >= _NESTING - 4:
                return False
            parts.append(tokens)
    renderer = MarkdownRenderer(builder, context, parser)
    for each in parts:
        renderer.render(each)
    renderer.finish()
    for note in notes:
        builder.add(BlockKind.FOOTNOTE, renderer.plain(note))
    return True


def _is_costly(text: str) -> bool:
    """Whether the text is so large or so odd that parsing the marks would cost too much."""
    if len(text) > _MOST_CHARACTERS or any(text.count(mark) > most for mark, most in _MOST_MARKS.items()):
        return True
    return any(len(line) > _LONGEST_LINE or _is_nested_oddly(line) for line in text.split("\n"))


def _is_nested_oddly(line: str) -> bool:
    """Whether one line opens more quotes and lists than anyone writes; each level is looked for in all lines below."""
    marks = _OPENING.match(line)
    assert marks is not None
    if _SPACED_RULE.fullmatch(line):
        return False
    return marks.end() < len(line) and sum(map(marks[0].count, ">-+*.)")) > _MOST_OPENINGS
