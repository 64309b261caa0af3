"""The source of a web page before it is parsed: its characters, without what is opened and never closed.

Where a script, a drawing or a comment has no end, everything after it belongs to it and would not be read. No author
means that, so the tag that opens it is removed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from tclp_daemon.config import Limits
from tclp_daemon.extract.text.encoding import Decoded, decode, decode_as

# The content of these is text up to their end tag, whatever it looks like.
_RAW = frozenset("script style title textarea iframe noembed noframes xmp plaintext".split())
_NESTED = frozenset("svg math select datalist template noscript object audio video xml del".split())
_TOKEN = re.compile(
    r"<!---?>|(?P<opens><!--)|(?P<ends>--!?>)"
    rf"|<(?P<slash>/?)(?P<name>{'|'.join(sorted(_RAW | _NESTED))})(?=[\s/>])(?P<rest>[^<>]*)>?",
    re.IGNORECASE,
)
_COMMENT = "comment"
# Word keeps the words of a text box only in a comment that its own browser reads, and shows others a picture.
_DRAWN = re.compile(r"<!--\[if [^\]\n]{0,40}\bvml\b[^\]\n]{0,40}\]>", re.IGNORECASE)
_DRAWN_END = "<![endif]-->"
_BOX = re.compile(r"<v:textbox\b[^<>]{0,1000}(?<!/)>", re.IGNORECASE)
_BOX_END = "</v:textbox>"
_AROUND_BOX = re.compile(r"<!\[if !mso\]>[^!]{0,1000}<!\[endif\]>", re.IGNORECASE)
_SHOWN_BOX = re.compile(r"<div\b[^<>]{0,300}\sclass=[\"']?shape\b", re.IGNORECASE)  # the same words for all browsers
_UNFIT = re.compile("[\x00-\x08\x0b\x0e-\x1f]|<!\\[CDATA\\[|\\]\\]>")
_WINDOWS_SIGN = re.compile(r"&#(1[2-5]\d);?")  # "&#146;" is an apostrophe in the code page of Windows
# Marks of EDGAR in pages made of its plain documents; <S> would strike out the rest of the page.
_PAGE_TAG = re.compile(r"<PAGE>(?:[ \t]*[\w-]{1,6}[ \t]*$)?", re.MULTILINE)
_COLUMN_TAG = re.compile(r"<C>")
_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_FILING_TAG = re.compile(r"</?(?:S|C|FN|CAPTION|TABLE)>")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,30})", re.I)


def page_source(data: bytes, limits: Limits, charset: str | None = None) -> Decoded:
    """The characters of a page.

    Args:
        data: the page.
        limits: on characters.
        charset: the encoding that whatever the page came in says that it has.

    Raises:
        ContractError: too_much_text.
    """
    if charset and (decoded := decode_as(data, charset, limits)):
        return decoded
    return _decode(data, limits)


def closed(text: str) -> tuple[str, list[str]]:
    """The text without the tags of elements that have no end, and their names ("comment" for a comment)."""
    text = _with_boxes(_PAGE_TAG.sub("\f", text))
    if _COLUMN_TAG.search(text) and not _ROW.search(text):
        text = _FILING_TAG.sub("", text)
    return _closed(_WINDOWS_SIGN.sub(_windows_sign, _UNFIT.sub("", text)))


def _with_boxes(text: str) -> str:
    """The text with the words of text boxes instead of the comments that hold them."""
    if _SHOWN_BOX.search(text):
        return text
    parts, at = [], 0
    for match in _DRAWN.finditer(text):
        end = text.find(_DRAWN_END, match.end())
        if end < 0:
            break
        if match.start() >= at:
            parts += [text[at : match.start()], *_boxes(text[match.end() : end])]
            at = end + len(_DRAWN_END)
    return "".join([*parts, text[at:]]) if parts else text


def _boxes(drawing: str) -> Iterator[str]:
    for match in _BOX.finditer(drawing):
        end = drawing.find(_BOX_END, match.end())
        if end < 0:
            return
        yield f"<div>{_AROUND_BOX.sub('', drawing[match.end() : end])}</div>"


def _windows_sign(match: re.Match[str]) -> str:
    code = int(match[1])
    return bytes([code]).decode("cp1252", errors="replace") if 128 <= code < 160 else match[0]


def _decode(data: bytes, limits: Limits) -> Decoded:
    """Takes the declared encoding where it fits; many pages declare one that does not."""
    match = _META_CHARSET.search(data[:4096])
    if match and (decoded := decode_as(data, match[1].decode("ascii"), limits)):
        return decoded
    return decode(data, limits)


def _closed(text: str) -> tuple[str, list[str]]:
    """The text without the tags of elements that have no end, and the names of those elements."""
    endless: set[str] = {"plaintext"}
    while True:
        name, cuts, nested = _scan(text, endless)
        if not name:
            break
        endless.add(name)  # each round adds one of a few names
    if not cuts and not nested:
        return text, []
    names = {name for name, _ in cuts} | {name for name, _ in nested}
    parts, at = [], 0
    for start, end in sorted(span for _, span in cuts + nested):
        parts.append(text[at:start])
        at = end
    return "".join([*parts, text[at:]]), sorted(names)


_Cut = tuple[str, tuple[int, int]]


def _scan(text: str, endless: set[str]) -> tuple[str, list[_Cut], list[_Cut]]:
    """Looks for the end of each element.

    Returns:
        The name of the element or comment that is open at the end of the page and swallows all after it ("" for none),
        the tags of those that are known to have no end, and the tags of those of `_NESTED` that are open at the end.
    """
    inside = ""
    cuts: list[_Cut] = []
    nested: dict[str, list[_Cut]] = defaultdict(list)
    for match in _TOKEN.finditer(text):
        name = (match["name"] or "").lower()
        if inside:
            if match["ends"] if inside == _COMMENT else (name == inside and match["slash"]):
                inside = ""
        elif match["opens"]:
            if _COMMENT in endless:
                cuts.append((_COMMENT, match.span()))
            else:
                inside = _COMMENT
        elif not name or (match["rest"].endswith("/") and name not in endless):
            continue
        elif match["slash"]:
            if nested[name]:
                nested[name].pop()
        elif name in _NESTED:
            nested[name].append((name, match.span()))
        elif name in endless:
            cuts.append((name, match.span()))
        else:
            inside = name
    return inside, cuts, [cut for found in nested.values() for cut in found]
