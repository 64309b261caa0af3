"""From the tokens of Markdown to pieces of text: headings, items, cells, paragraphs, and the lines of a paragraph."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tclp_daemon.document import BlockKind
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.structure import ends_sentence, find_number, looks_like_heading, starts_item
from tclp_daemon.extract.text.html import read_page
from tclp_daemon.extract.text.markdown_html import Html, is_laid_out, only_tags, without_tags
from tclp_daemon.extract.text.pandoc import Table
from tclp_daemon.extract.text.pieces import BlockMaker, Piece
from tclp_daemon.extract.text.plain import add_text
from tclp_daemon.extract.text.titles import begins_paragraph, is_set_off_heading, leads_on
from tclp_daemon.warning import WarningCode, warning

_SPACES = re.compile(r"[ \t\u00a0\n]+")
_LONGEST_TITLE = 120  # characters of a line with a rule below; what is longer is a paragraph above a rule
_SECOND = {"(a)": "(b)", "(A)": "(B)", "(i)": "(ii)", "(1)": "(2)"}
_DELETED = re.compile(r"</?del\b", re.IGNORECASE)


class _Span(NamedTuple):
    """A run of text that is shown in one way."""

    text: str
    bold: bool = False
    linked: bool = False


class _Line(NamedTuple):
    """A line of a paragraph, as its author wrote it."""

    text: str
    bold: bool
    linked: bool


class MarkdownRenderer:
    """Walks flat lists of tokens; keeps track of the lists that are open and of the position in tables."""

    def __init__(self, builder: DocumentBuilder, context: ReadContext, parser: MarkdownIt) -> None:
        self._builder = builder
        self._context = context
        self._parser = parser
        self._blocks = BlockMaker(builder)
        self._lists: list[tuple[int | None, str]] = []  # next number (None for bullets) and what follows it
        self._marker = ""

    def render(self, part: Table | Html | list[Token]) -> None:
        """Adds the next part of the text."""
        if isinstance(part, Table):
            self._table(part)
        elif isinstance(part, Html):
            self._html(part.source)
        else:
            self._tokens(part)

    def finish(self) -> None:
        """Adds what was held back."""
        self._blocks.finish()

    def plain(self, text: str) -> str:
        """What is shown of a line of Markdown."""
        (token,) = self._parser.parseInline(text)
        return " ".join(line.text for line in self._lines(token))

    def _tokens(self, tokens: list[Token]) -> None:
        kind, level = BlockKind.PARAGRAPH, 0
        for token in tokens:
            match token.type:
                case "heading_open":
                    kind, level = BlockKind.HEADING, int(token.tag[1:])
                case "heading_close" | "td_close" | "th_close":
                    kind, level = BlockKind.PARAGRAPH, 0
                case "table_open":
                    self._blocks.open_table()
                case "table_close":
                    self._blocks.close_table()
                case "tr_open":
                    self._blocks.open_row()
                case "td_open" | "th_open":
                    kind = BlockKind.TABLE_CELL
                    self._blocks.open_cell()
                case "inline":
                    self._inline(kind, level, token)
                case "code_block" | "fence":
                    # Contracts are indented far more often than they hold code.
                    self._apart(self._take_marker() + token.content)
                case "html_block":
                    self._html(token.content)
                case _:
                    self._list(token)

    def _list(self, token: Token) -> None:
        match token.type:
            case "ordered_list_open":
                self._lists.append((int(token.attrs.get("start", 1)), token.markup or "."))
            case "bullet_list_open":
                self._lists.append((None, ""))
            case "ordered_list_close" | "bullet_list_close":
                self._lists.pop()
            case "list_item_open":
                number, delimiter = self._lists[-1]
                self._marker = "" if number is None else f"{number}{delimiter} "
                self._lists[-1] = (None if number is None else number + 1, delimiter)
            case "list_item_close":
                self._marker = ""

    def _inline(self, kind: BlockKind, level: int, token: Token) -> None:
        lines = list(self._lines(token))
        several = len(lines) > 1
        if kind is BlockKind.TABLE_CELL:
            lines = [_joined(lines)] if lines else []
        elif kind is BlockKind.PARAGRAPH or several:
            lines = list(_paragraphs(lines, self._marker))
        for line in lines:
            # A rule right below a paragraph makes a heading of it, which nobody means.
            is_title = len(line.text) <= _LONGEST_TITLE and not ends_sentence(line.text)
            if kind is BlockKind.HEADING and several and not is_title:
                self._add(BlockKind.PARAGRAPH, 0, line)
            else:
                self._add(kind, level, line, has_more=len(lines) > 1)

    def _add(self, kind: BlockKind, level: int, line: _Line, has_more: bool = False) -> None:
        marker = self._take_marker()
        if kind is BlockKind.PARAGRAPH and marker and has_more and looks_like_heading(marker + line.text):
            kind = BlockKind.HEADING
        if kind is BlockKind.HEADING and len(line.text) > _LONGEST_TITLE:
            kind, level = BlockKind.PARAGRAPH, 0
        is_title = line.bold and not marker and find_number(line.text) is not None
        if kind is BlockKind.PARAGRAPH and self._lists and not is_title:
            is_inner = not marker and starts_item(line.text)
            kind, level = BlockKind.LIST_ITEM, len(self._lists) + is_inner
        self._blocks.add(Piece(kind, line.text, level, marker, bold=line.bold, linked=line.linked))

    def _table(self, table: Table) -> None:
        self._blocks.open_table()
        for row in table.rows:
            self._blocks.open_row()
            for cell in row:
                self._blocks.open_cell()
                for paragraph in "\n".join(line.strip() for line in cell).split("\n\n"):
                    if paragraph.strip():
                        (token,) = self._parser.parseInline(paragraph.strip())
                        for line in _paragraphs(list(self._lines(token))):
                            self._blocks.add(Piece(BlockKind.TABLE_CELL, line.text))
        self._blocks.close_table()

    def _html(self, source: str) -> None:
        if not is_laid_out(source):
            self._apart(html.unescape(without_tags(source)))
            return
        self._blocks.finish()
        try:
            page = read_page(only_tags(source), self._context)
        except ContractError as error:
            if error.code is ErrorCode.TOO_DEEP:
                self._apart(html.unescape(without_tags(source)))
            elif error.code is not ErrorCode.NO_TEXT:
                raise
        else:
            self._builder.extend(page)

    def _apart(self, text: str) -> None:
        """Adds what is laid out like plain text."""
        self._blocks.finish()
        add_text(self._builder, text)

    def _take_marker(self) -> str:
        marker, self._marker = self._marker, ""
        return marker

    def _lines(self, token: Token) -> Iterator[_Line]:
        """The lines of a paragraph as its author broke them."""
        spans: list[_Span] = []
        for span in [*self._spans(token.children or []), _Span("\n")]:
            if span.text != "\n":
                spans.append(span)
                continue
            text = _SPACES.sub(" ", "".join(each.text for each in spans)).strip()
            if text:
                letters = [each for each in spans if any(map(str.isalpha, each.text))]
                yield _Line(text, _all(letters, "bold"), _all(letters, "linked"))
            spans = []

    def _spans(self, children: list[Token]) -> Iterator[_Span]:
        bold, linked, deleted = 0, 0, 0
        for child in children:
            if child.type == "html_inline" and _DELETED.match(child.content):
                deleted = max(deleted + (-1 if child.content.startswith("</") else 1), 0)
            bold += (child.type == "strong_open") - (child.type == "strong_close")
            if child.type == "link_open":
                linked += str(child.attrs.get("href", "")).startswith("#")
            elif child.type == "link_close":
                linked = 0
            elif child.type == "s_open":
                self._builder.warn(warning(WarningCode.COVERED_TEXT))
            elif not deleted:
                yield from (_Span(text, bold > 0, linked > 0) for text in self._shown(child))

    def _shown(self, child: Token) -> Iterator[str]:
        if child.type in ("text", "code_inline", "text_special"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif child.type == "image":
            yield "".join(text for each in child.children or [] for text in self._shown(each))
        elif child.type == "html_inline":
            tag = child.content.lower()
            apart = tag.startswith(("<br", "<p", "</p", "<li", "<div"))
            yield "\n" if apart else without_tags(child.content).strip()


def _all(spans: list[_Span], name: str) -> bool:
    return bool(spans) and all(getattr(span, name) for span in spans)


def _paragraphs(lines: list[_Line], marker: str = "") -> Iterator[_Line]:
    """The lines joined to paragraphs; many authors separate clauses and items by nothing but the end of a line.

    Args:
        lines: of one paragraph of Markdown.
        marker: the number of the list item that they stand in, before the first of them.
    """
    held: list[_Line] = []
    for line in lines:
        if held and _parts(held[-1], line, marker if len(held) == 1 and held[0] is lines[0] else ""):
            yield _joined(held)
            held = []
        held.append(line)
    if held:
        yield _joined(held)


def _parts(before: _Line, line: _Line, marker: str) -> bool:
    """Whether a paragraph ends between two lines. A line that is merely wrapped may begin like a clause."""
    if line.text.startswith("|"):
        return True  # a row of a table without its rule
    if marker and looks_like_heading(marker + before.text):
        # Else it is the title of the item.
        return line.text.startswith(marker.strip(" .)") + ".") or _is_lettered(line.text)
    if before.bold and is_set_off_heading(before.text):
        return not marker
    if not begins_paragraph(line.text, before.text) or _runs_in(line.text):
        return False
    return looks_like_heading(before.text) or leads_on(before.text) or _are_siblings(marker + before.text, line.text)


def _is_lettered(line: str) -> bool:
    """True for an item of a list in letters: "a. The Supplier"."""
    number = find_number(line)
    if number is None or number.doubtful:
        return False
    label = number.label.strip("()")
    return label.isalpha() and label.islower()


def _runs_in(line: str) -> bool:
    """True for a line with two items of a list: then the first of them is no more a paragraph than the second."""
    number = find_number(line)
    return number is not None and _SECOND.get(number.label, "\n") in line


def _are_siblings(one: str, other: str) -> bool:
    """Whether both begin with numbers of one style, as lines of a list do."""
    numbers = find_number(one), find_number(other)
    return numbers[0] is not None and numbers[1] is not None and numbers[0].style is numbers[1].style


def _joined(lines: list[_Line]) -> _Line:
    text = " ".join(line.text for line in lines)
    return _Line(text, all(line.bold for line in lines), all(line.linked for line in lines))
