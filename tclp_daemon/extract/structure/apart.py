"""Blocks that are not prose: signatures, addresses, and lists of things by their codes and figures.

Each is recognised by several lines together, because a single short line ("Title: President") may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tclp_daemon.document import Block, BlockKind
from tclp_daemon.extract.structure.labels import Style
from tclp_daemon.extract.structure.numbering import find_number

_LONGEST_LINE = 160  # characters of a line of such a block
_LONGEST_PLACE = 100  # characters of a street, a town or a telephone number
_DIGIT = re.compile(r"\d")
_NEAR = 12  # blocks between the words that begin a signature block and its first line to sign on
_GAP = 6  # short blocks between two lines of one signature block
_TRAILING = 2  # blocks behind the last line to sign on: a name, an office
_FEWEST_LISTED = 3
_FEWEST_CODES = 5  # where each code stands on a line of its own
_APART = 6  # lines from one of them to the next
_TESTIMONIUM = re.compile(
    r"(?:in|as)\s+witness\s+(?:whereof|of which)|witness\s+(?:the|my|our)\s+hand|"
    r"(?:this (?:deed|agreement|lease|document) (?:has been|is|was) )?(?:duly )?(?:signed|executed|entered into)"
    r"(?:,? (?:sealed|and delivered|sealed and delivered))* (?:and delivered )?(?:as a deed|for and on|on behalf|"
    r"by\b|under (?:the )?(?:common )?seal|on the date)|"
    r"(?:signed|executed)\b.{0,40}\bas a deed\b|the common seal of\b|"
    r"(?:approved|accepted|agreed|acknowledged)(?: to)? and (?:approved|accepted|agreed|acknowledged)|"
    r"\[?\(?(?:the )?(?:remainder of (?:this|the) page|signature pages? (?:to )?follows?)|"
    r"(?:execution|signature) (?:page|clause|block)s?\b|signatures\W*$|signatories\W*$",
    re.IGNORECASE,
)
_BLANK = r"(?:_{3,}|\.{4,}|…{2,}|/s/|\(?signature\)?|\(?seal\)?|$)"
_TO_SIGN = re.compile(
    rf"(?:by|signed|signature|sign here|witness(?:ed by)?|attest|per|its)\s*[:\-]?\s*(?:{_BLANK}|:)|/s/|_{{6,}}|"
    r"x_{3,}|(?:authori[sz]ed )?signat(?:ure|ory)\b.{0,30}$|in the presence of|"
    r"duly authori[sz]ed (?:signatory|officer)",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"/s/|\bBy:.*\b(?:Name|Title|Its):", re.IGNORECASE)  # several lines that a reader joined
_SIGNER = re.compile(
    r"(?:(?:printed? |full )?name|title|its|position|dated?|capacity|director|secretary)\b", re.IGNORECASE
)
_WHO = re.compile(
    r"(?:(?:printed? |full )?name|title|its|position|date|dated|capacity|occupation|director|secretary|witness|"
    r"company seal|address|e-?mail|attorney|partner|president|tel(?:ephone)?|fax)\b[^.]{0,80}$",
    re.IGNORECASE,
)
_ADDRESS_LABEL = re.compile(
    r"(?:attention|attn\.?|att\.?|(?:fax|facsimile|telephone|telecopier|telecopy|telefax)(?: (?:no|number))?\.?|"
    r"tel\.?|phone|mobile|e-?mail(?: address)?|(?:postal |street |mailing |notice )?address|with a copy to|copy to|c/o|"
    r"p\.?\s?o\.?\s+box|post\s?code|zip)(?:\s*[:.]|\s+\d|\s*$|\s+box)",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"^\d{1,5}(?:[-–/]\d{1,5})?[A-Za-z]?,?\s+(?:[\w.’'-]+\s+){0,5}(?:street|st\.?|road|rd\.?|avenue|ave\.?|lane|drive|dr\.?|boulevard|"
    r"blvd\.?|suite|floor|square|place|plaza|court|way|parkway|pkwy|highway|terrace|gardens|quay|row|close|crescent|"
    r"broadway|center|centre)\b(?!\s+\w+\s+(?:shall|will|must|may)\b)",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"(?:^|[\s,])(?:[A-Z]{2}\s+\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?\s+\d[A-Z]{2})\W*$|"  # US and UK postcodes
    r"^(?:[A-Z]\w+,?\s+){1,3}\d{5}(?:-\d{4})?$|^(?:suite|floor|unit|building|room)\s+[\w-]{1,8}\W*$",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"^(?=(?:\D*\d){7})\W*(?:\+\d{1,3}[\s.-]?)?(?:\(\d{1,4}\)[\s.-]?)?\d{2,4}(?:[\s.-]\d{2,5}){1,4}\W*(?:\((?:fax|tel|phone)\w*\))?\W*$|"
    r"^\S+@\S+\.\S+$",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"\b(?:inc|ltd|limited|llc|l\.l\.c|l\.p|llp|plc|corp|corporation|company|gmbh|ag|s\.a|b\.v|n\.a)\.?\W*$",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?=[\w./-]{0,12}\d)(?:[A-Z]{1,5}[-/. ]?\d{1,5}[\w./-]*|\d{4,}[\w/-]*)\s+\S")
_BARE_CODE = re.compile(r"[A-Z]{1,3}[-.]?\d{2,4}(?:[-.]\d{1,3})?[A-Z]?$")
_FIGURE = re.compile(r"[$€£]?\(?\d[\d,.]*%?\)?")
_VERB = re.compile(r"\b(?:shall|will|must|may|is|are|has|have|means|agrees?|applies|was|were)\b")


def set_apart(text: str, blocks: Sequence[Block]) -> list[Block]:
    """The same blocks; those that are not prose have the kind that says so."""
    lines = [_line(text, block) for block in blocks]
    kinds: dict[int, BlockKind] = dict.fromkeys(_listings(lines, blocks), BlockKind.LISTING)
    kinds |= dict.fromkeys(_addresses(lines), BlockKind.ADDRESS)
    kinds |= dict.fromkeys(_signatures(lines), BlockKind.SIGNATURE)
    return [replace(block, kind=kinds[at]) if at in kinds else block for at, block in enumerate(blocks)]


def _line(text: str, block: Block) -> str:
    """The text of a short block; of a long one its beginning, and nothing of what only stands beside the text."""
    if block.contents or block.kind in (BlockKind.HEADER_FOOTER, BlockKind.FOOTNOTE):
        return ""
    return text[block.start : min(block.end, block.start + 2 * _LONGEST_LINE)]


def _signatures(lines: Sequence[str]) -> set[int]:
    """The blocks from the testimonium, or the first party, to the last line that somebody signs on."""
    found: set[int] = set()
    at = 0
    while at < len(lines):
        opens = _TESTIMONIUM.match(lines[at]) is not None
        if not opens and not _signs(lines, at):
            at += 1
            continue
        end = _signature_end(lines, at, opens=opens)
        if end is None:
            at += 1
            continue
        found.update(range(at if opens else _parties_above(lines, at), end))
        at = end
    return {at for at in found if lines[at]}


def _signs(lines: Sequence[str], at: int) -> bool:
    """Whether a signature block without a testimonium begins here: a line to sign on, and who signs."""
    if _signed(lines[at]) and not _opens_part(lines[at]):
        return True
    if not _short(lines[at]) or not _TO_SIGN.match(lines[at]) or _ADDRESS_LABEL.match(lines[at]):
        return False
    near = lines[at + 1 : at + 4]
    signs = (line for line in near if _short(line) and line[0] != "_")
    return any(_SIGNER.match(line) or _TO_SIGN.match(line) for line in signs)


def _signed(line: str) -> bool:
    return ("/s/" in line or "By:" in line) and _SIGNED.search(line) is not None


def _signature_end(lines: Sequence[str], start: int, *, opens: bool) -> int | None:
    """The offset behind the signature block, None where nobody signs."""
    last, at, allowed = None if opens else start, start + 1, _NEAR
    while at < len(lines) and at - (start if last is None else last) <= allowed:
        line = lines[at]
        signed = any(pattern.match(line) for pattern in (_TO_SIGN, _WHO, _TESTIMONIUM)) or _signed(line)
        if line and ((not _short(line) and not _TESTIMONIUM.match(line) and not _signed(line)) or _opens_part(line)):
            break
        if line and signed:
            last, allowed = at, _GAP
        at += 1
    if last is None:
        return start + 1 if re.match(r"(?:in|as) witness", lines[start], re.IGNORECASE) else None
    end = last + 1
    while end < min(last + 1 + _TRAILING, len(lines)) and _names(lines[end]):
        end += 1
    return end


def _parties_above(lines: Sequence[str], at: int) -> int:
    """Where the signature block really begins: with the name of the party above the first line to sign on."""
    for _ in range(_TRAILING):
        if at and _short(lines[at - 1]) and _names(lines[at - 1]) and find_number(lines[at - 1]) is None:
            at -= 1
    return at


def _names(line: str) -> bool:
    """Whether the line has only names: of a party, a person, an office."""
    words = [word for word in line.split() if word[0].isalpha()]
    capital = sum(1 for word in words if word[0].isupper())
    named = 0 < len(words) <= 10 and capital >= 0.7 * len(words)
    return named and not _VERB.search(line) and not line.endswith((";",)) and not _opens_part(line)


def _opens_part(line: str) -> bool:
    number = find_number(line)
    return number is not None and number.style in (Style.SCHEDULE, Style.ARTICLE, Style.DECIMAL) and not number.doubtful


def _short(line: str) -> bool:
    return 0 < len(line) <= _LONGEST_LINE


def _addresses(lines: Sequence[str]) -> set[int]:
    """Runs of lines of which at least two, or one that can be nothing else, are lines of an address."""
    sure = [at for at, line in enumerate(lines) if _short(line) and _addressed(line) and not _VERB.search(line)]
    found: set[int] = set()
    for run in _runs(sure, lines):
        if len(run) < 2 and not _CONTACT.match(lines[run[0]]):
            continue
        found.update(at for at in range(run[0], run[-1] + 1) if lines[at])
        above = run[0] - 1
        if above >= 0 and _COMPANY.search(lines[above]) and _names(lines[above]) and find_number(lines[above]) is None:
            found.add(above)
    return found


def _runs(places: Sequence[int], lines: Sequence[str]) -> Iterator[list[int]]:
    """Places that follow one another; between two of them may stand one other short line, as a name does."""
    run: list[int] = []
    for at in places:
        between = [line for line in lines[run[-1] + 1 : at] if line][:2] if run and at - run[-1] <= _GAP else ["", ""]
        if run and not (len(between) < 2 and all(_stands_between(line) for line in between)):
            yield run
            run = []
        run.append(at)
    if run:
        yield run


def _stands_between(line: str) -> bool:
    return _short(line) and not _VERB.search(line) and not line.endswith((".", ";")) and not _opens_part(line)


def _addressed(line: str) -> bool:
    if _ADDRESS_LABEL.match(line):
        return True
    figures = len(line) <= _LONGEST_PLACE and _DIGIT.search(line) is not None
    return figures and bool(_STREET.match(line) or _CONTACT.match(line) or _PLACE.search(line))


def _listings(lines: Sequence[str], blocks: Sequence[Block]) -> set[int]:
    """Runs of lines that give the code of a thing or its figures; tables say so by their cells."""
    found: set[int] = set()
    run: list[int] = []
    for at, line in enumerate([*lines, "."]):
        if at < len(lines) and not line:
            continue
        if at < len(lines) and blocks[at].row is None and _listed(line):
            run.append(at)
            continue
        if len(run) >= _FEWEST_LISTED:
            found.update(run)
        run = []
    return found | _coded(lines, blocks)


def _coded(lines: Sequence[str], blocks: Sequence[Block]) -> set[int]:
    """Lists whose codes stand on lines of their own, with a name and a date below each."""
    codes = [at for at, line in enumerate(lines) if blocks[at].row is None and _BARE_CODE.match(line)]
    found: set[int] = set()
    run: list[int] = []
    for at in [*codes, len(lines) + _APART + 1]:
        if run and at - run[-1] > _APART:
            if len(run) >= _FEWEST_CODES:
                found.update(each for each in range(run[0], run[-1] + 1) if _stands_between(lines[each]))
            run = []
        run.append(at)
    return found


def _listed(line: str) -> bool:
    if not _short(line) or line.endswith((".", ";", ":", ",")) or _VERB.search(line):
        return False
    if _CODE.match(line):
        return True
    words = line.split()
    figures = 0
    for word in reversed(words):
        if not _FIGURE.fullmatch(word):
            break
        figures += 1
    return len(words) > figures >= 2
