"""Clause numbers, bullets and titles at the start of a text.

Contracts number their clauses in a handful of ways: "11.4.2", "(b)", "(iv)", "Article V", "Section 3.2", "§ 7",
"Schedule 2". What looks like a number may be a citation ("Section 3.2 of this Agreement"), an amount or a date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

HEAD = 240  # characters of a block that can matter here; a block may be megabytes long

_NAMED = re.compile(
    r"(?P<word>article|section|sec\.|clause|schedule|exhibit|annex|appendix|attachment|part|chapter|§§?)\s*"
    r"(?:no\.?\s*)?(?P<label>\d{1,3}(?:\.\d{1,3}){0,5}|[ivxlc]{1,7}|[A-Z]{1,2}(?:-?\d{1,3})?)(?P<subs>(?:\([a-z0-9]{1,4}\))*)"
    r"(?P<end>[.:)]|\s*[-–—:](?=\s)|(?=\s|$))",
    re.IGNORECASE,
)
# A measurement is not a clause number: "1.5 million", "1.5 °C", "0.5 MtCO2e". But "5.2 CO2 emissions" is a title.
_DECIMAL = re.compile(
    r"(?!\d+\.\d+\s*(?:[%°º]|[kKMG]?tCO[2₂]|(?:million|billion|thousand|percent|per|times|m|km|k?g|hours?|days?|weeks?|"
    r"months?|years?|degrees?|tonnes?|tons?|litres?|hectares?|(?:kilo|centi|milli)?met(?:re|er)s?|[kKmMgGT][wW]h?|"
    r"[kKMG]?t|[GTP]J|C(?![-.])|o[’']clock|[ap]\.?\s?m)\b))"
    r"(?P<label>\d{1,3}(?:\.\d{1,3}){1,6}|\d{1,3}(?=[.)]))(?P<subs>(?:\([a-z0-9]{1,4}\))*)[.):]?(?=\s|$|[A-Z\"“])"
)
_BARE = re.compile(
    r"(?P<label>\d{1,2})(?=\s+[A-Z\"“])"
    r"(?!\s+(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?,?\s+\d{4})"
)
_BRACKET = re.compile(
    # Capitals count up to (Z), then (AA) and (AB) or (BB); "(EU) 2021/1119" and "(EV)" are abbreviations.
    r"\((?P<label>[a-z]{1,2}|A?[A-Z]|(?P<same>[A-Z])(?P=same)|[ivxl]{1,6}|[IVXL]{1,6}|\d{1,3})\)"
    r"(?![,;]|\s+(?:and|or|through)\s+\()"  # "(b), (c) and (d)" is a citation
)
_LETTER = re.compile(r"(?P<label>[a-z]|[A-Z]|[ivxl]{1,6}|[IVXL]{1,6})(?P<end>[.)])(?=\s|$)")
_BULLET = re.compile(r"[•◦▪‣●○■□☐☑☒\uf0b7·*–—-](?=\s)")
_COUNTED = re.compile(r"(?=.)(?:xl|l?x{0,3})(?:ix|iv|v?i{0,3})")  # up to 89; "ll" and "vv" are letters
_ROMAN = re.compile(r"[ivxlc]+", re.IGNORECASE)
# Each leader is tried from its first dot only, and never again with fewer dots.
_CONTENTS_ENTRY = re.compile(r"(?<!\.)(?<!\.\s)(?:\.\s?){3,}+\s*+\w{1,5}$|…\s*+\w{1,5}$|\s\d{1,3}$")  # four: a year
_LEADER = re.compile(
    r"(?:(?<![.·])(?<![.·]\s)(?:[.·]\s?){4,}+|(?:…[\s.]?){2,}+)\s*+(?:\d{1,3}|[ivxl]{1,7}|[A-Z]-\d{1,3})$"
)
_PAGE_ENDS = frozenset("0123456789ivxl")
_PAGE = re.compile(r"\s(\d{1,3})$")
_LONGEST_ENTRY = 14  # words
_RUN_IN = re.compile(r"(?P<title>[A-Z][^.:;!?\n]{1,90}?)(?P<end>[.:]|\.?\s[-–—])\s+(?=[A-Z0-9\"“'‘(\[])")
_SENTENCE_START = (
    r"(?:The|This|These|Any|All|Each|Every|Neither|Either|Both|If|In|No|During|Subject|Upon|Where|Unless|Except)"
)
_CAPITALS = re.compile(
    rf"[A-Z][A-Z&/’'-]+[,;]?(?:(?:\s+(?:[A-Z][A-Z&/’'-]*|&)[,;]?){{1,9}}(?=\s+(?:[A-Z][a-z]+|A)\s+[a-z“\"])"
    rf"|(?=\s+{_SENTENCE_START}\s))"
)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_SMALL = frozenset(
    "a an and as at by de for from in into its nor of on or other out per than the that to under upon via with".split()
)
_ABBREVIATED = frozenset("inc ltd co corp llc llp plc no nos mr mrs ms dr st vs etc art sec jr sr u.s".split())
# A number after one of these words is not a page number: "Scope 3".
_COUNTED_NOUNS = frozenset(
    "annex appendix article articles category clause clauses exhibit level lot part phase schedule schedules"
    " scope scopes section sections stage step tier year years".split()
)
_SCHEDULES = frozenset("schedule exhibit annex appendix attachment".split())


class Style(StrEnum):
    """How a number is written; one style is one level of a clause."""

    SCHEDULE = "schedule"
    ARTICLE = "article"
    DECIMAL = "decimal"
    LOWER = "lower"
    UPPER = "upper"
    ROMAN = "roman"
    UPPER_ROMAN = "upper_roman"
    DIGIT = "digit"


@dataclass(frozen=True, slots=True)
class Number:
    """A clause number at the start of a text.

    Attributes:
        style: how it is written.
        label: the number as a lawyer would cite it ("11.4", "(b)", "Article V").
        end: offset of the first character after it and the white space that follows.
        subs: letters attached to it, as in "11.4(b)".
    """

    style: Style
    label: str
    end: int
    subs: str = ""


def find_number(text: str, *, bare: bool = False) -> Number | None:
    """The clause number that `text` begins with.

    Args:
        text: begins with the first visible character of a block.
        bare: also take an integer without a full stop ("2 Term"), which may be an amount in running text.
    """
    text = text[:HEAD]
    if match := _NAMED.match(text):
        return _named(text, match)
    if match := _DECIMAL.match(text):
        return Number(Style.DECIMAL, match["label"], skip_space(text, match.end()), match["subs"].lower())
    if match := _BRACKET.match(text):
        return _lettered(text, match["label"], match.end())
    if match := _LETTER.match(text):
        # "A. Smith" may be a name or a number: the next word decides nothing, so only short labels count.
        return _lettered(text, match["label"], match.end())
    if bare and (match := _BARE.match(text)):
        return Number(Style.DECIMAL, match["label"], skip_space(text, match.end()))
    return None


def starts_item(text: str) -> bool:
    """True where `text` begins with a clause number or a bullet."""
    return bool(_BULLET.match(text)) or find_number(text) is not None


def is_marker(text: str) -> bool:
    """True where `text` is only a bullet or a clause number."""
    if len(text) > 10:
        return False
    if len(text) == 1 and _BULLET.match(text + " "):
        return True
    number = find_number(text)
    return number is not None and number.end >= len(text) and number.style not in (Style.ARTICLE, Style.SCHEDULE)


def starts_bullet(text: str) -> bool:
    """True where `text` begins with a bullet."""
    return bool(_BULLET.match(text))


def is_title(text: str) -> bool:
    """True for a few words that are written like a heading, in Title Case or CAPITALS, and not like a sentence."""
    words = _WORD.findall(text)
    if not words or len(words) > 14 or len(text) > 120 or text.rstrip().endswith((",", ";")):
        return False
    if not any(len(word) > 1 for word in words):
        return False
    telling = [word for word in words if word.lower() not in _SMALL] or words
    return words[0][0].isupper() and all(word[0].isupper() for word in telling)


def looks_like_heading(text: str) -> bool:
    """True where the wording of a block makes it a heading: a number and a title, or capitals."""
    if len(text) > 160 or "\n" in text:
        return False
    number = find_number(text, bare=True)
    rest = text[number.end :] if number else text
    if not rest:
        return number is not None and number.style in (Style.ARTICLE, Style.SCHEDULE)
    if is_contents_entry(text) or not is_title(rest):
        return False
    if number is not None:
        return number.style not in (Style.LOWER, Style.ROMAN, Style.DIGIT) or rest.isupper()
    return rest.isupper() and not rest.endswith((".", ":")) and len(_WORD.findall(rest)) > 0 and len(rest) > 3


def is_contents_entry(text: str) -> bool:
    """True for a line of a table of contents: a title and a page number."""
    match = _CONTENTS_ENTRY.search(text[:HEAD])
    if match is None or len(text) > HEAD:
        return False
    number = find_number(text, bare=True)
    title = text[number.end if number else 0 : match.start()]
    if match[0].strip()[:1] in ".…":
        return True
    return number is not None and is_title(title.replace(";", " ")) and not _counts(title)


def has_leader(text: str) -> bool:
    """True for a title, dots and a page number, which is a line of a table of contents wherever it stands."""
    if len(text) > 2 * HEAD or "\n" in text or text[-1:] not in _PAGE_ENDS:
        return False
    match = _LEADER.search(text[-HEAD:])
    return match is not None and _WORD.search(text[: len(text) - len(match[0])]) is not None


def page_at_end(text: str) -> tuple[str, int] | None:
    """Title, without its number, and page of what may be a line of a table of contents; its neighbours have to decide.

    "12. Net zero and carbon reduction 14" may be one, "12. Reporting of Scope 3" is not.
    """
    if len(text) > HEAD or "\n" in text or not text[-1:].isdecimal() or (match := _PAGE.search(text)) is None:
        return None
    number = find_number(text, bare=True)
    title = text[number.end if number else 0 : match.start()].strip()
    words = _WORD.findall(title)
    if not words or not words[0][0].isupper() or len(words) > _LONGEST_ENTRY or _counts(title) or title[-1] in ",;:":
        return None
    return title, int(match[1])


def ends_entry(line: str, after: str) -> bool:
    """True where a line of a table of contents ends, though its page number fills it up to the margin."""
    if has_leader(line):
        return True
    entry, following = page_at_end(line), page_at_end(after)
    return entry is not None and following is not None and entry[1] <= following[1]


def _counts(title: str) -> bool:
    """True where a number after `title` belongs to the title."""
    last = title.rsplit(None, 1)[-1].lower() if title.strip() else ""
    return last in _SMALL or last in _COUNTED_NOUNS


def run_in_heading(text: str) -> str | None:
    """The heading at the start of a paragraph: "Climate Reporting" of "Climate Reporting. The Supplier shall ..."."""
    match = _RUN_IN.match(text[:HEAD])
    if match is None or not is_title(match["title"]):
        capitals = _CAPITALS.match(text[:HEAD])
        return capitals[0].strip() if capitals else None
    title = match["title"].strip()
    last = title.rsplit(None, 1)[-1].lower()
    return title if is_title(title) and last not in _ABBREVIATED and len(title) > 2 else None


def _named(text: str, match: re.Match[str]) -> Number | None:
    word, label, end = match["word"].lower(), match["label"], skip_space(text, match.end())
    rest = text[end:]
    # "Section 3.2 of this Agreement" is a citation, "part of" not a number: after a number comes a capital or the end.
    if rest and not (rest[0].isupper() or rest[0] in "\"“'‘([-–—"):
        return None
    if not label[0].isdigit() and not (label.isupper() or (_ROMAN.fullmatch(label) and label.islower())):
        return None
    if word in ("part", "chapter") and not text[0].isupper():
        return None
    if word in ("section", "sec.", "clause", "§", "§§"):
        if label[0].isdigit():
            return Number(Style.DECIMAL, label, end, match["subs"].lower())
        return Number(Style.ARTICLE, f"Section {label}", end, match["subs"].lower())
    style = Style.SCHEDULE if word in _SCHEDULES else Style.ARTICLE
    return Number(style, f"{word.capitalize()} {label}", end, match["subs"].lower())


def _lettered(text: str, label: str, end: int) -> Number:
    style = bracket_style(label)
    if style is Style.UPPER_ROMAN and not text.startswith("(") and len(label) > 1:
        return Number(Style.ARTICLE, label, skip_space(text, end))
    return Number(style, f"({label})", skip_space(text, end))


def bracket_style(label: str) -> Style:
    """The style of a label that stands in brackets."""
    if label.isdigit():
        return Style.DIGIT
    if label not in ("l", "L") and _COUNTED.fullmatch(label.lower()) and label in (label.lower(), label.upper()):
        return Style.ROMAN if label.islower() else Style.UPPER_ROMAN
    return Style.LOWER if label.islower() else Style.UPPER


def skip_space(text: str, at: int) -> int:
    """The offset of the first visible character from `at` on."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at
