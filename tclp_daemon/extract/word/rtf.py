"""Reads Rich Text, which often has the name of a Word file.

striprtf turns RTF into text, but drops notes and text boxes and keeps deleted and hidden text, pictures and field
codes. So the groups that matter are sorted out first (`rtf_groups`), and the library reads each kind on its own.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from importlib.metadata import version

from striprtf.striprtf import rtf_to_text

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.structure import looks_like_heading, starts_item
from tclp_daemon.extract.word.rtf_groups import BRACE, sort_groups
from tclp_daemon.formats import Kind

_BINARY = re.compile(rb"\\bin(\d{1,9}) ?")
_CODEPAGE = re.compile(rb"\\ansicpg(\d{1,5})")
# What the library needs of the document's head: code page, default font, number of characters that \u replaces.
_HEAD = re.compile(r"\\(?:ansicpg|deff|uc)\d{1,5}(?!\d)")
# The library finds \f1, its \fcharset and its name with an expression that backtracks; this one takes one pass.
_FONT = re.compile(r"\\f(\d{1,10})|\\fcharset(\d{1,10})|([;\n])")
_MOST_FONTS = 4096
# The library searches for a link from each field to the end; it would find none, as the field codes are gone.
_FIELD = re.compile(r"\\field(?=\{)", re.IGNORECASE)
# Private characters stand for what the library would turn into white space.
_CELL, _ROW, _LINE = "\ue000", "\ue001", "\ue002"
_MARKS = (
    (re.compile(r"\\(?:nest)?cell(?![a-z]) ?"), _CELL),
    (re.compile(r"\\(?:nest)?row(?![a-z]) ?"), _ROW),
    (re.compile(r"\\line(?![a-z]) ?"), _LINE),
)
# A group kept apart begins with the word that makes the library ignore it.
_IGNORED = re.compile(r"\{\s*(?:\\\*)?\\(?:header[lrf]?|footer[lrf]?|footnote|shptxt|dptxbxtext)(?![a-z])")
_RUN = re.compile(r"\\(?:[a-zA-Z]+-?\d* ?|'[0-9a-fA-F]{2}|.)|([^\\{}\r\n\ue000-\uf8ff]{16,})", re.S)
_REPLACEABLE = 8  # characters at the start of a run that a \u before it may replace
_FIRST_SIGN, _MAX_RUNS = 0xF0000, 0x1FFF0
_SIGN = re.compile("[\U000f0000-\U0010ffff]")
_SOURCE = 3  # times limits.characters: a table that Word wrote is nine tenths borders and widths


def read_rtf(data: bytes, context: ReadContext) -> Document:
    """Reads one Rich Text document.

    Raises:
        ContractError: corrupt, too_deep, too_much_text, no_text.
    """
    limits = context.limits
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(b"{\\rt"):
        raise ContractError(ErrorCode.CORRUPT, detail="it does not begin like a Rich Text document")
    source = _decode(_without_binary(data))
    groups = sort_groups(source, limits)
    fonts = _fonts("".join(groups.fonts))
    builder = DocumentBuilder(limits)
    (body,) = _bounded(["".join(groups.body)], limits)
    # The fonts go after the first brace, so that they are in the document's group.
    brace = body.find("{") + 1
    _add_body(builder, _text(f"{body[:brace]}{fonts}{body[brace:]}"))
    head = _head(source)
    kept_apart = ((groups.boxes, None), (groups.notes, BlockKind.FOOTNOTE), (groups.running, BlockKind.HEADER_FOOTER))
    for sources, kind in kept_apart:
        if parts := _bounded(dict.fromkeys(sources), limits):
            # All at once: the fonts are read once, however many notes there are.
            joined = _ROW.join(_balanced(_unnamed(part)) for part in parts)
            _add_others(builder, _text(f"{{\\rtf1{head}{fonts}{joined}}}"), kind)
    return builder.build(Kind.RTF, f"tclp rtf 1; striprtf {version('striprtf')}")


def _bounded(parts: Iterable[str], limits: Limits) -> list[str]:
    """The parts, unless they are too long together.

    A table of fonts that does not say first what it is counts as text, but the library would search it from each font;
    under another name it ignores it.
    """
    renamed = [part.replace("\\fonttbl", "\\colortbl") for part in parts]
    if sum(map(len, renamed)) > _SOURCE * limits.characters:
        raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=limits.characters)
    return renamed


def _head(source: str) -> str:
    """The settings that hold in all parts of the document, each once."""
    end = source.find("{", 1)
    found = _HEAD.findall(source, 0, end if end > 0 else len(source))
    return "".join({word.rstrip("0123456789"): word for word in found}.values())


def _fonts(source: str) -> str:
    """The fonts that name their alphabet, written as the library reads them: a number, an alphabet, a name."""
    found: dict[str, str] = {}
    font = alphabet = None
    for match in _FONT.finditer(source):
        if match[1] is not None:
            font = font or match[1]
        elif match[2] is not None:
            alphabet = alphabet or (match[2] if font is not None else None)
        elif alphabet is not None and match[3] == ";":
            assert font is not None
            found[font] = alphabet
            font = alphabet = None
        elif alphabet is None:
            font = None
        if len(found) > _MOST_FONTS:
            break
    entries = "".join(f"{{\\f{font}\\fcharset{alphabet} x;}}" for font, alphabet in found.items())
    return f"{{\\fonttbl{entries}}}" if entries else ""


def _unnamed(part: str) -> str:
    """A note without the control word that would make the library drop it."""
    return part.replace("\\footnote", "", 1) if part.lstrip("{").startswith("\\footnote") else part


def _balanced(part: str) -> str:
    """A group with a closing brace for each opening one, so that none of its formatting reaches the next group."""
    opened = sum((match[0] == "{") - (match[0] == "}") for match in BRACE.finditer(part))
    return part + "}" * opened


def _without_binary(data: bytes) -> bytes:
    r"""Cuts out the raw bytes that \bin announces, since they may contain braces."""
    kept, at = [], 0
    for match in _BINARY.finditer(data):
        if match.start() >= at:
            kept.append(data[at : match.start()])
            at = min(match.end() + int(match[1]), len(data))
    kept.append(data[at:])
    return b"".join(kept)


def _decode(data: bytes) -> str:
    data = data.lstrip(b"\xef\xbb\xbf \t\r\n\x00")
    match = _CODEPAGE.search(data[:4096])
    encoding = f"cp{int(match[1])}" if match else "cp1252"
    encoding = {"cp65001": "utf-8", "cp10000": "mac_roman"}.get(encoding, encoding)
    try:
        codecs.lookup(encoding)
    except LookupError:
        encoding = "cp1252"
    return data.decode(encoding, errors="replace").replace("\x00", "")


def _text(source: str) -> str:
    """The text of a document, with private characters for cells, rows and line breaks."""
    source = _FIELD.sub(r"\\b", source)
    for pattern, mark in _MARKS:
        source = pattern.sub(mark, source)
    source = _IGNORED.sub("{", source)
    runs: dict[str, str] = {}
    source = _RUN.sub(lambda match: _shortened(match, runs), source)
    try:
        text: str = rtf_to_text(source, errors="replace")
    except (ValueError, OverflowError, LookupError, TypeError, IndexError) as error:
        detail = f"its Rich Text cannot be read ({type(error).__name__})"
        raise ContractError(ErrorCode.CORRUPT, detail=detail) from None
    expanded = {sign: run for run, sign in runs.items()}
    text = _SIGN.sub(lambda match: expanded.get(match[0], ""), text)
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\u00ad", "").replace("\u2011", "-").replace("\u00a0", " ")


def _shortened(match: re.Match[str], runs: dict[str, str]) -> str:
    r"""Puts one private character in place of a long run of text, since the library takes a step for each character.

    Its first characters stay: a \u before the run may replace them.
    """
    run = match[1]
    if run is None or len(runs) >= _MAX_RUNS:
        return match[0]
    return run[:_REPLACEABLE] + runs.setdefault(run[_REPLACEABLE:], chr(_FIRST_SIGN + len(runs)))


def _add_body(builder: DocumentBuilder, text: str) -> None:
    table = row = column = 0
    for line in re.split(f"({_ROW})|\n", text):
        if line is None:
            continue
        if line == _ROW:
            row, column = row + 1, 0
            continue
        *cells, rest = line.split(_CELL)
        if cells and not row:
            table, row, column = table + 1, 1, 0
        for cell in cells:
            column += 1
            builder.add(BlockKind.TABLE_CELL, _joined(cell), row=(table, row, column))
        if rest.strip():
            if not column:
                row = 0
            rest = _joined(rest)
            builder.add(_kind(rest), rest)


def _add_others(builder: DocumentBuilder, text: str, kind: BlockKind | None) -> None:
    for line in re.split(f"[\n{_CELL}{_ROW}]+", text):
        builder.add(kind or _kind(line.strip()), line.replace(_LINE, "\n"))


def _joined(text: str) -> str:
    return re.sub(r"[ \t]+", " ", text).replace(_LINE, "\n").strip()


def _kind(text: str) -> BlockKind:
    if looks_like_heading(text):
        return BlockKind.HEADING
    return BlockKind.LIST_ITEM if starts_item(text) else BlockKind.PARAGRAPH
