"""Reads Rich Text, which often bears the name of a Word file.

striprtf turns RTF into text, but drops notes and text boxes and keeps deleted and hidden text, pictures and field
codes. So the groups that matter are sorted out first, by their braces, and the rest is left to the library.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from importlib.metadata import version

from striprtf.striprtf import rtf_to_text

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.structure.numbering import looks_like_heading, starts_item
from tclp_daemon.formats import Kind

_BINARY = re.compile(rb"\\bin(\d{1,9}) ?")
_CODEPAGE = re.compile(rb"\\ansicpg(\d{1,5})")
_TOKEN = re.compile(r"\\[\\{}]|[{}]")
# The control words at the start of a group say what it is.
_LEAD = re.compile(r"\s*(?:\\\*\s*)?\\([a-z]{1,32})")
_CONTROL = re.compile(r"\\(?:([a-z]+)(-?\d+)? ?|'[0-9a-fA-F]{2}|.)|[^\\{}]+", re.S)
_HIDING = frozenset(["v", "deleted"])
# Control words that are text themselves, and the mark of a paragraph, which hidden joins it to the next.
_SHOWING = frozenset(
    [
        "u",
        "par",
        "line",
        "tab",
        "emdash",
        "endash",
        "emspace",
        "enspace",
        "qmspace",
        "bullet",
        "lquote",
        "rquote",
        "ldblquote",
        "rdblquote",
    ]
)
# What of the document's head matters to the library: code page, default font, characters that \\u replaces.
_HEAD = re.compile(r"\\(?:ansicpg|deff|uc)\d{1,5}(?!\d)")
# One pass for what the library seeks with an expression that goes back and forth: \f1, its \fcharset, its name.
_FONT = re.compile(r"\\f(\d{1,10})|\\fcharset(\d{1,10})|([;\n])")
_FONT_NAME = 32  # characters; nobody asks for it
_MOST_FONTS = 4096
# The library looks for links by their whole wording, again from each field; it finds none, as no code is left.
_FIELD = re.compile(r"\\field(?=\{)", re.IGNORECASE)
_ROW = "\ue001"
_MARKS = (
    (re.compile(r"\\(?:nest)?cell(?![a-z]) ?"), "\ue000"),
    (re.compile(r"\\(?:nest)?row(?![a-z]) ?"), "\ue001"),
    (re.compile(r"\\line(?![a-z]) ?"), "\ue002"),
)
_RUN = re.compile(r"\\(?:[a-zA-Z]+-?\d* ?|'[0-9a-fA-F]{2}|.)|([^\\{}\r\n\ue000-\uf8ff]{16,})", re.S)
_FIRST_SIGN, _MAX_RUNS = 0xF0000, 0x1FFF0
_SIGN = re.compile("[\U000f0000-\U0010ffff]")
_RUNNING = frozenset(["header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"])
_DROPPED = frozenset(
    [
        "pict",
        "objdata",
        "fldinst",
        "themedata",
        "colorschememapping",
        "datastore",
        "stylesheet",
        "listtable",
        "listoverridetable",
        "rsidtbl",
        "info",
        "generator",
        "annotation",
        "atnid",
        "atnauthor",
        "atndate",
        "atnref",
        "atrfstart",
        "atrfend",
        "bkmkstart",
        "bkmkend",
        "latentstyles",
        "xmlnstbl",
        "nonshppict",
        "blipuid",
        "filetbl",
        "revtbl",
        "upr",
        "private",
        "objclass",
        "objname",
        "ftnsep",
        "ftnsepc",
        "aftnsep",
        "aftnsepc",
        "ftncn",
        "aftncn",
        "tc",
        "xe",
        "shprslt",
        "datafield",
        "formfield",
    ]
)
_SHAPES = frozenset({"shpinst", "do"})
_BOXES = frozenset({"shptxt", "dptxbxtext"})
_MAX_GROUPS = 5_000_000
_SOURCE = 3  # times limits.characters: a table that Word wrote is nine tenths borders and widths


@dataclass(slots=True)
class _Sorted:
    """The RTF source by what it is for; `fonts` holds the groups that name them."""

    fonts: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)


def read_rtf(data: bytes, context: ReadContext) -> Document:
    """Reads one Rich Text document.

    Raises:
        ContractError: corrupt, too_deep, too_much_text, no_text.
    """
    limits = context.limits
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n\x00").startswith(b"{\\rt"):
        raise ContractError(ErrorCode.CORRUPT, detail="it does not begin like a Rich Text document")
    source = _decode(_without_binary(data))
    parts = _sort(source, limits)
    fonts = _fonts("".join(parts.fonts))
    head = _head(source)
    builder = DocumentBuilder(limits)
    # A table of fonts that does not say so first is no text, but the library would look through it from each font.
    body = "".join(parts.body).replace("\\fonttbl", "\\colortbl")
    if len(body) > _SOURCE * limits.characters:
        raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=limits.characters)
    # The table goes behind the first brace, so that it belongs to the document's group.
    brace = body.find("{") + 1
    _add_body(builder, _text(f"{body[:brace]}{fonts}{body[brace:]}"))

    def add_others(sources: list[str], kind: BlockKind | None) -> None:
        # All in one go: the fonts are read once, however many notes there are.
        distinct = [part.replace("\\fonttbl", "\\colortbl") for part in dict.fromkeys(sources)]
        if sum(map(len, distinct)) > _SOURCE * limits.characters:
            raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=limits.characters)
        if not distinct:
            return
        joined = _ROW.join(_balanced(_unnamed(part)) for part in distinct)
        for line in re.split(r"[\n\ue000\ue001]+", _text(f"{{\\rtf1{head}{fonts}{joined}}}")):
            builder.add(kind or _kind(line.strip()), line.replace("\ue002", "\n"))

    add_others(parts.boxes, None)
    add_others(parts.notes, BlockKind.FOOTNOTE)
    add_others(parts.running, BlockKind.HEADER_FOOTER)
    return builder.build(Kind.RTF, f"tclp rtf 1; striprtf {version('striprtf')}")


def _head(source: str) -> str:
    """The settings of the document that count in all its parts, each once."""
    end = source.find("{", 1)
    found = _HEAD.findall(source, 0, end if end > 0 else len(source))
    return "".join({word.rstrip("0123456789"): word for word in found}.values())


def _fonts(source: str) -> str:
    """The fonts that say which alphabet they have, as the library will read them: a number, an alphabet, a name."""
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
    """A note without the word that says so, which would make the library drop it."""
    return part.replace("\\footnote", "", 1) if part.lstrip("{").startswith("\\footnote") else part


def _balanced(part: str) -> str:
    """A group with as many closing braces as opening ones, so that nothing of it reaches what follows."""
    opened = sum((match[0] == "{") - (match[0] == "}") for match in _TOKEN.finditer(part))
    return part + "}" * opened


def _without_binary(data: bytes) -> bytes:
    r"""Cuts out the raw bytes that \bin announces: they may hold braces."""
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


def _sort(source: str, limits: Limits) -> _Sorted:
    """One pass over the braces, with a stack of what the open groups are for."""
    result = _Sorted()
    sinks: list[list[str] | None] = [result.body]
    hiding: list[frozenset[str]] = [frozenset()]  # for each open group: why its text does not show
    collected: list[tuple[int, list[list[str]], list[str]]] = []  # groups kept apart: depth, where to, source
    at = groups = 0
    for match in _TOKEN.finditer(source):
        brace = match[0]
        if len(brace) == 2:
            continue
        sink = sinks[-1]
        if sink is not None:
            shown, hiding[-1] = _shown(source[at : match.start()], hiding[-1])
            sink.append(shown)
        at = match.start()
        if brace == "{":
            groups += 1
            if groups > _MAX_GROUPS:
                raise ContractError(ErrorCode.CORRUPT, detail=f"it has more than {_MAX_GROUPS} groups")
            if len(sinks) > limits.depth:
                raise ContractError(ErrorCode.TOO_DEEP, found=len(sinks), limit=limits.depth)
            target, sink = _target(source, match.end(), result, sink)
            if target is not None:
                sink = []
                collected.append((len(sinks), [sink], target))
            sinks.append(sink)
            hiding.append(hiding[-1])
        elif len(sinks) > 1:
            hiding.pop()
            closed = sinks.pop()
            if closed is not None:
                closed.append("}")
            if (outer := sinks[-1]) is not None and outer is not closed:
                outer.append("{}")  # or what follows would be part of the control word before the group
            if collected and collected[-1][0] == len(sinks):
                _, (group,), target = collected.pop()
                target.append("".join(group))
            at = match.end()
        else:
            break  # what follows the last brace is not the document's
    rest = sinks[-1]
    if rest is not None and len(sinks) > 1:
        rest.append(_shown(source[at:], hiding[-1])[0])
    while collected:
        _, (group,), target = collected.pop()
        target.append("".join(group))
    return result


def _target(source: str, at: int, result: _Sorted, sink: list[str] | None) -> tuple[list[str] | None, list[str] | None]:
    """Where the group that begins at `at` goes: a list of its own, or the sink of its children."""
    lead = _LEAD.match(source, at)
    word = lead[1] if lead else ""
    if sink is None:
        return None, None
    if word in _BOXES:
        return result.boxes, sink
    if word == "fonttbl":
        return result.fonts, sink
    if word in _SHAPES:
        return None, []  # of a shape only the text in its box shows
    if word in _DROPPED:
        return None, None
    if word == "footnote":
        return result.notes, sink
    if word in _RUNNING:
        return result.running, sink
    return None, sink


def _shown(piece: str, why: frozenset[str]) -> tuple[str, frozenset[str]]:
    """What shows of a piece without braces but the first, and whether text is hidden behind it."""
    if not why and "\\v" not in piece and "\\deleted" not in piece:
        return piece, why
    kept = ["{"] if piece.startswith("{") else []
    for match in _CONTROL.finditer(piece, len(kept)):
        word, value = match[1], match[2]
        if word in _HIDING:
            why = why - {word} if value == "0" else why | {word}
        elif word == "plain":
            why = frozenset()
        # Formatting goes on behind what is hidden; cells and rows stay in their places.
        if not why or match[0] == "\\*" or (word is not None and word not in _SHOWING):
            kept.append(match[0])
    return "".join(kept), why


def _text(source: str) -> str:
    source = _FIELD.sub(r"\\b", source)
    for pattern, mark in _MARKS:
        source = pattern.sub(mark, source)
    # A group kept apart begins with the word that makes the library ignore it.
    source = re.sub(r"\{\s*(?:\\\*)?\\(?:header[lrf]?|footer[lrf]?|footnote|shptxt|dptxbxtext)(?![a-z])", "{", source)
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
    r"""Puts one sign in place of a long run of text, because the library takes a step for each character.

    The first characters stay: a \u before the run may replace them.
    """
    run = match[1]
    if run is None or len(runs) >= _MAX_RUNS:
        return match[0]
    return run[:8] + runs.setdefault(run[8:], chr(_FIRST_SIGN + len(runs)))


def _add_body(builder: DocumentBuilder, text: str) -> None:
    table = row = column = 0
    for line in re.split(r"(\ue001)|\n", text):
        if line is None:
            continue
        if line == "\ue001":
            row, column = row + 1, 0
            continue
        *cells, rest = line.split("\ue000")
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


def _joined(text: str) -> str:
    return re.sub(r"[ \t]+", " ", text).replace("\ue002", "\n").strip()


def _kind(text: str) -> BlockKind:
    if looks_like_heading(text):
        return BlockKind.HEADING
    return BlockKind.LIST_ITEM if starts_item(text) else BlockKind.PARAGRAPH
