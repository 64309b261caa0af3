"""Clause numbers and bullets at the start of a text.

Contracts number their clauses in many ways: "11.4.2", "5A.1", "(b)", "(iv)", "Article Five", "Section 3.2", "§ 7",
"II.A", "First Schedule". What looks like a number may be a citation ("Section 3.2 of this Agreement"), an amount, a
date or a telephone number. Where the form alone does not tell, the number is `doubtful`, and its neighbours decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tclp_daemon.extract.structure.labels import CARDINALS, ORDINALS, Style, readings, word_value

HEAD = 240  # characters of a block that can matter here; a block may be megabytes long


def _any_of(words: Iterable[str]) -> str:
    longest_first = sorted(words, key=len, reverse=True)
    return f"(?:{'|'.join(longest_first)})".replace("-", r"[\s-]")


_SUB = r"\((?:[a-z]{1,2}|[ivxl]{1,5}|[A-Z]|[1-9]\d?)\)"
_CARDINAL = _any_of(CARDINALS)
_ORDINAL = _any_of(ORDINALS)
_SCHEDULE = "schedule|exhibit|annexure|annexe|annex|appendix|attachment|anlage|anhang|anexo|allegato|bijlage"
# What begins with a digit or a bracket is seen off before the long lists of words.
_WORD_FIRST = r"(?=[^\W\d]|§)"
_NAMED = re.compile(
    rf"{_WORD_FIRST}(?P<word>articles?|artikel|art[íi]culo|articolo|artigo|art\.?|"
    rf"(?:sub-?)?(?:section|clause|paragraph)|sect?\.?|cl\.?|para\.?|"
    rf"{_SCHEDULE}|part|chapter|§§?)(?:\s+|(?=\d)|(?<=[.§]))(?:no\.?\s*)?"
    rf"(?P<label>\d{{1,3}}[A-Z]?(?:\.\d{{1,3}}[A-Z]?){{0,5}}|{_CARDINAL}|(?:the\s+)?{_ORDINAL}|"
    rf"[ivxlc]{{1,7}}|(?!(?:of|to|in|on|or|by|as|at|is|an)\b)[A-Z]{{1,2}}(?:[-.]?\d{{1,3}})?)"
    rf"(?P<subs>(?:{_SUB})*)(?P<end>[.:)]|\s*[-–—:](?=\s)|(?=\s|$))",
    re.IGNORECASE,
)
_ORDINAL_SCHEDULE = re.compile(
    rf"(?={_WORD_FIRST}|\d{{1,2}}[a-z])(?:the\s+)?(?P<label>{_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th))\s+(?P<word>schedule|appendix|annex(?:e|ure)?|part)(?P<end>[.:]?)(?=\s|$)",
    re.IGNORECASE,
)
_ORDINAL_CLAUSE = re.compile(rf"{_WORD_FIRST}(?P<label>{_ORDINAL})(?:[.:]|\s*[-–—])(?=\s+[A-Z\"“])", re.IGNORECASE)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.?"
_DATE = rf"\s+{_MONTH}(?=,?\s+\d{{4}}|\s*[,;]|\s*$|\s+(?:of|in)\s+(?:each|every|the|that)\b)"
_DATE_LIKE = re.compile(r"\d{1,2}\.\d{1,2}\.(?:[3-9]\d)")  # "20.3.98" is one more often than clause 98 of 20.3
# A measurement is not a clause number: "1.5 million", "1.5 °C", "0.5 MtCO2e". But "5.2 CO2 emissions" is a title.
_NO_MEASURE = (
    r"(?!\d+\.00\s+[a-z])(?!\d+\.\d+\s*(?:[%°º]|[kKMG]?tCO[2₂]|(?:million|billion|thousand|percent|per|times|m|km|k?g|hours?|days?|weeks?|"
    r"months?|years?|degrees?|tonnes?|tons?|litres?|hectares?|(?:kilo|centi|milli)?met(?:re|er)s?|[kKmMgGT][wW]h?|"
    r"[kKMG]?t|[GTP]J|C(?![-.])|pounds?|dollars?|euros?|cents?|o[’']clock|[ap]\.?\s?m)\b))"
)
_DECIMAL = re.compile(
    rf"{_NO_MEASURE}(?P<label>\d{{1,3}}(?:\.\d{{1,3}}){{1,6}}|\d{{1,3}}(?=[.)])|\d{{1,2}}(?={_SUB}))"
    rf"(?:\.(?=\())?(?P<subs>(?:{_SUB})*)(?P<end>\.[-–]|[.):]?)(?=\s|$|[A-Z\"“])(?!{_DATE})"
)
_FIRST_SUB = re.compile(r"\((?:a|A|i|1)\)(?=\s+[\w\"“])")  # "4.2 (a) ..." begins two levels at once
_BARE = re.compile(rf"(?P<label>\d{{1,2}})(?:\s+[-–—])?(?=\s+[A-Z\"“])(?!{_DATE})")
# "4 Climate", "4: Climate", "A Scope" and "II Scope" where the file itself says that it is a heading; but a heading
# may also be a date ("14 Mai 2031"), a period ("30 Day Returns") or an address ("12 High Street").
_OF_HEADING = re.compile(r"(?P<label>\d{1,2}[A-C]?|[A-Z]|[IVX]{2,5})(?:\s*[:|–—]|\s+-)?\s+(?=[^\W\d_]|[\"“])")
_COUNTS = re.compile(
    r"(?:(?:calendar|business|working|trading)[\s-]+)?(?:second|minute|hour|day|week|month|quarter|year|percent|"
    r"per cent|million|billion|thousand|dollar|euro|pound|mile|tonne|ton)s?\b|(?:I\s*)?page\b|"
    r"(?:\w+\.?,?\s+){1,2}(?:19|20)\d\d\b|"
    r"(?:[\w.’'-]+\s+){1,3}(?:street|st|road|rd|avenue|lane|drive|boulevard|square|place|court|way|parkway|quay|row)\b\W*$",
    re.IGNORECASE,
)
# Numbers that letters are a part of: "5A.1", "2.b", "A.2", "II.A", "X7.1", "1-1", "[2.1]".
_STEP = r"(?:\d{1,3}[A-Z]?|[a-z]|[A-Z]|[ivx]{2,5}|[IVX]{2,5})"
_MIXED = re.compile(
    rf"(?P<label>\d{{1,3}}[A-Z]{{1,2}}(?:\.{_STEP}){{1,5}}|\d{{1,3}}[A-Z](?=[.):])|"
    rf"\d{{1,3}}(?:\.{_STEP}){{1,6}}|(?:[A-Z](?!\.\d\d\d)|[IVX]{{2,5}})(?:\.{_STEP}){{1,5}}|[A-Z]\d{{1,2}}(?:\.\d{{1,2}}){{1,4}}|"
    r"\d{1,2}(?:[-–]\d{1,2}){1,3}|[A-Z]-\d{1,2}|[A-Z]\d{1,2}(?=[.:]\s))"
    r"(?P<end>[.):]?)(?=\s|$)(?<![ap]\.m\.)(?<![ap]\.m)"
)
_LETTERED = re.compile(r"(?P<label>\d{1,3}[A-Z])(?=\s+[A-Z][a-z])")  # "5A Climate"
_SQUARE = re.compile(
    r"(?:\[(?P<label>\d{1,3}[A-Z]?(?:\.\d{1,3}[A-Z]?){0,5})\]|\((?P<inner>\d{1,3}[A-Z]?(?:\.\d{1,3}[A-Z]?){1,5})\))(?=\s|$)"
)
_BRACKET = re.compile(
    # Capitals count up to (Z), then (AA) and (AB) or (BB); "(EU) 2021/1119" and "(EV)" are abbreviations.
    r"\((?P<label>[a-z]{1,2}|A?[A-Z]|(?P<same>[A-Z])(?P=same)|[ivxl]{1,6}|[IVXL]{1,6}|\d{1,3})\)"
    rf"(?P<subs>(?:{_SUB})*)"
    r"(?![,;]|\s+(?:and|or|through|to)\s+\()"  # "(b), (c) and (d)" is a citation
)
_NO_BRACKET = re.compile(
    r"\(c\)\s*(?:copyright\s*)?(?:19|20)\d\d\b|"  # a copyright note
    r"\(\d{2,3}\)\s*\d{3,4}[\s.-]\d{3,4}\b|\(0\)\s*\d|"  # telephone numbers
    r"\(\d{1,3}\)\s*[%°]|\(\d{2,3}\)\s*(?:calendar |business |working |trading )?(?:days?|weeks?|months?|years?|hours?|"
    r"per\s?cent|percent)\b",  # "thirty | (30) days"
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?P<label>[a-z]|[A-Z]|[ivxl]{1,6}|[IVXL]{1,6})(?P<end>[.)])(?=\s|$)")
# "(2) of this clause", "7.2 of the Lease", "4(b) above" and "7.2 and 7.3 apply" go on with a citation.
_CITED = re.compile(
    r"\s*(?:of (?:this|these|the (?:\w+ )?(?:agreement|lease|act|deed|contract|code|plan|schedule)|"
    r"(?:sub-?)?(?:section|clause|paragraph|article|schedule))\b|(?:above|below|hereof|hereto|thereof)\b|"
    r"(?:and|or|to|through) (?:\d|\())",
    re.IGNORECASE,
)
# Whether there may be a number at all; most blocks are seen off here.
_GATE = re.compile(
    r"[\d(\[§]|[A-Z]{1,7}+[.)-]|(?:[A-Z]|art|sect?|cl|para?|part)\d|(?:cl|para?|part)\s|"
    r"the\s+(?:\d|first|sec|thir|fou|fif|six|seven|eig|nin|ten|elev|twe|fort)",
    re.IGNORECASE,
)
_OPENINGS = tuple(
    "art sec clause para sched exh ann appendi attach anl anh anex alleg bijl chap subs subc subp first thir fou fif"
    " six seven eig nin ten elev twe fort".split()
)
_LONGEST_OPENING = max(map(len, _OPENINGS))
_SHORTEST_OPENING = min(map(len, _OPENINGS))
_OPENING_STARTS = frozenset(word[:_SHORTEST_OPENING] for word in _OPENINGS)
_BULLETS = frozenset("•◦▪‣●○■□☐☑☒\uf0b7·*–—-")
_ROMAN = re.compile(r"[ivxlc]+", re.IGNORECASE)
_SCHEDULES = frozenset(_SCHEDULE.split("|"))
_SECTIONS = frozenset("section sec sect clause cl paragraph para § §§".split())
_ARTICLES = frozenset("article articles artikel artículo articulo articolo artigo art".split())
_MOST_SURE = 20  # a larger number in brackets is as likely an amount


@dataclass(frozen=True, slots=True)
class Number:
    """A clause number at the start of a text.

    Attributes:
        style: how it is written.
        label: the number as a lawyer would cite it ("11.4", "(b)", "Article V").
        end: offset of the first character after it and the white space that follows.
        subs: letters attached to it, as in "11.4(b)".
        form: what is around it, one of "." ")" "()" "[]" "" or its first word; one series keeps to one form.
        doubtful: it counts only where a neighbour of its series stands near it.
    """

    style: Style
    label: str
    end: int
    subs: str = ""
    form: str = ""
    doubtful: bool = False


def find_number(text: str, *, bare: bool = False) -> Number | None:
    """The clause number that `text` begins with.

    Args:
        text: begins with the first visible character of a block.
        bare: also take an integer without a full stop ("2 Term"), which may be an amount in running text.
    """
    if not (_GATE.match(text) or _opens_like_name(text)):
        return None
    text = text[:HEAD]
    if match := _NAMED.match(text) or _ORDINAL_SCHEDULE.match(text):
        return _named(text, match)
    number, mixed = _plain(text), _mixed(text, bare=bare)
    if mixed is not None and (number is None or (mixed.end > number.end and not number.subs)):
        number = mixed  # "12.1.A. The"
    number = number or _enclosed(text)
    if number is None and bare and (match := _BARE.match(text)):
        number = Number(Style.DECIMAL, match["label"], skip_space(text, match.end()), doubtful=True)
    return None if number is None or _CITED.match(text, number.end) else number


def _opens_like_name(text: str) -> bool:
    """Whether a text may begin with the name of a part; asked of most lines, so the first letters are looked up."""
    starts = text[:_SHORTEST_OPENING].lower() in _OPENING_STARTS
    return starts and text[:_LONGEST_OPENING].lower().startswith(_OPENINGS)


def heading_number(text: str) -> Number | None:
    """The number that a heading begins with, though nothing stands behind it: "4" of "4 Climate".

    Args:
        text: of a block that its file marks as a heading. A letter ("A Scope") may be a word, so it stays doubtful.
    """
    match = _OF_HEADING.match(text)
    if match is None or not (text[match.end()].isupper() or text[match.end()] in '"“'):
        return None
    label, end = match["label"], match.end()
    if not label[0].isdigit():
        return Number(bracket_style(label), f"({label})", end, doubtful=True)
    if _COUNTS.match(text, end):
        return Number(Style.DECIMAL, label, end, doubtful=True)
    return Number(Style.DECIMAL, label, end, form=".")


def starts_item(text: str) -> bool:
    """True where `text` begins with a clause number or a bullet."""
    if starts_bullet(text):
        return True
    number = find_number(text)
    if number is None or not number.doubtful:
        return number is not None
    if number.label.strip("()").isalpha():
        return True
    # Nobody has seen the neighbours yet: "5A.1 The" begins an item, "U.S. law" and "1-2 days" do not.
    return any(char.isdigit() for char in number.label) and text[number.end : number.end + 1].isupper()


def is_marker(text: str) -> bool:
    """True where `text` is only a bullet or a clause number."""
    if len(text) > 10:
        return False
    if text in _BULLETS:
        return True
    number = find_number(text)
    return number is not None and number.end >= len(text) and number.style not in (Style.ARTICLE, Style.SCHEDULE)


def starts_bullet(text: str) -> bool:
    """True where `text` begins with a bullet and a space behind it."""
    return text[:1] in _BULLETS and text[1:2].isspace()


def _named(text: str, match: re.Match[str]) -> Number | None:
    word, label, end = (
        match["word"].lower().rstrip(".").removeprefix("sub").removeprefix("-"),
        match["label"],
        skip_space(text, match.end()),
    )
    rest = text[end:]
    # "Section 3.2 of this Agreement" is a citation, "part of" not a number: after a number comes a capital or the end.
    if rest and not (rest[0].isupper() or rest[0] in "\"“'‘([-–—"):
        return None
    in_words = match.re is _ORDINAL_SCHEDULE or word_value(label.lower().removeprefix("the ")) is not None
    if not label[0].isdigit() and not (in_words or label.isupper() or (_ROMAN.fullmatch(label) and label.islower())):
        return None
    if text[0].islower() and (in_words or word in ("part", "chapter", "para", "art")):
        return None
    if in_words:
        label = label.lower().removeprefix("the ")
        label = label if label[0].isdigit() else label.title().replace(" ", "-")
    subs = (match.groupdict().get("subs") or "").lower()
    if word in _SECTIONS:
        if label[0].isdigit():
            return Number(Style.DECIMAL, label, end, subs, form="section")
        return Number(Style.ARTICLE, f"Section {label}", end, subs, form="section")
    style = Style.SCHEDULE if word in _SCHEDULES else Style.ARTICLE
    shown = "Article" if word in _ARTICLES else word.capitalize()
    first = match.re is _ORDINAL_SCHEDULE or (label.lower() in ORDINALS and style is Style.SCHEDULE)
    return Number(style, f"{label} {shown}" if first else f"{shown} {label}", end, subs, form=shown)


def _plain(text: str) -> Number | None:
    """ "11.4.2", "1.", "1)", "4(b)" and, of old, "FIRST: ..."."""
    if match := _DECIMAL.match(text):
        end, subs = skip_space(text, match.end()), match["subs"].lower()
        if not subs and (sub := _FIRST_SUB.match(text, end)) and match["end"] != ")":
            end, subs = skip_space(text, sub.end()), sub[0]
        date = _DATE_LIKE.fullmatch(match["label"]) is not None
        return Number(Style.DECIMAL, match["label"], end, subs, ")" if match["end"] == ")" else ".", doubtful=date)
    if match := _ORDINAL_CLAUSE.match(text):
        label = match["label"].title().replace(" ", "-")
        return Number(Style.ARTICLE, label, skip_space(text, match.end()), form="ordinal", doubtful=True)
    return None


def _mixed(text: str, *, bare: bool) -> Number | None:
    if match := _SQUARE.match(text):
        label = match["label"] or match["inner"]
        return Number(Style.DECIMAL, label, skip_space(text, match.end()), form="[]", doubtful=True)
    if match := _MIXED.match(text) or (_LETTERED.match(text) if bare else None):
        if match["label"].replace(".", "").isdigit():
            return None  # a measurement
        label = match["label"].replace("–", "-")
        return Number(Style.DECIMAL, label, skip_space(text, match.end()), form=".", doubtful=True)
    return None


def _enclosed(text: str) -> Number | None:
    if (match := _BRACKET.match(text)) and not _NO_BRACKET.match(text):
        unsure = match["label"].isdigit() and int(match["label"]) > _MOST_SURE
        return _lettered(text, match["label"], match.end(), "()", match["subs"], doubtful=unsure)
    if match := _LETTER.match(text):
        name = match["end"] == "." and match["label"].isupper()  # "A. Smith"
        return _lettered(text, match["label"], match.end(), match["end"], doubtful=name)
    return None


def _lettered(text: str, label: str, end: int, form: str, subs: str = "", *, doubtful: bool = False) -> Number:
    style = bracket_style(label)
    end = skip_space(text, end)
    if style is Style.UPPER_ROMAN and form != "()" and len(label) > 1:
        return Number(Style.ARTICLE, label, end, form=form, doubtful=doubtful)
    return Number(style, f"({label})", end, subs, form, doubtful)


def bracket_style(label: str) -> Style:
    """The likeliest style of a label that stands in brackets."""
    found = readings(label)
    if found:
        return found[0][0]
    return Style.LOWER if label.islower() else Style.UPPER


def skip_space(text: str, at: int) -> int:
    """The offset of the first visible character from `at` on."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at
