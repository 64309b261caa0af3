"""Titles, and what else a line can be by its wording: a heading, an entry of a table of contents."""

from __future__ import annotations

import re

from tclp_daemon.extract.structure.labels import Style
from tclp_daemon.extract.structure.numbering import HEAD, find_number

# Each leader is tried from its first dot only, and never again with fewer dots.
_CONTENTS_ENTRY = re.compile(r"(?<!\.)(?<!\.\s)(?:\.\s?){3,}+\s*+\w{1,5}$|…\s*+\w{1,5}$|\s\d{1,3}$")  # four: a year
_LEADER = re.compile(
    r"(?:(?<![.·])(?<![.·]\s)(?:[.·]\s?){4,}+|(?:…[\s.]?){2,}+)\s*+(?:\d{1,3}|[ivxl]{1,7}|[A-Z]-\d{1,3})$"
)
_FEWEST_DOTS = 3  # of a leader
_NO_PAGE = frozenset(".,;:!?\"'”’)]")  # with which most texts end, and no page number
_PAGE_ENDS = frozenset("0123456789ivxl")
_PAGE = re.compile(r"\s(\d{1,3})$")
_LONGEST_ENTRY = 14  # words
_RUN_IN = re.compile(r"(?P<title>[A-Z][^.:;!?\n]{1,90}+)[.:](?:\s[-–—])?\s+(?=[A-Z0-9\"“'‘(\[$€£])")
_RUN_IN_DASH = re.compile(r"(?P<title>[A-Z][^.:;!?\n]{1,90}?)\s[-–—]\s+(?=[A-Z0-9\"“'‘(\[])")
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


def is_title(text: str) -> bool:
    """True for a few words that are written like a heading, in Title Case or CAPITALS, and not like a sentence."""
    if len(text) > 120 or text.rstrip().endswith((",", ";")):
        return False
    words = _WORD.findall(text)
    if not words or len(words) > 14:
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
    if not is_title(rest) or is_contents_entry(text):
        return False
    if number is not None:
        return number.style not in (Style.LOWER, Style.ROMAN, Style.DIGIT) or rest.isupper()
    return rest.isupper() and not rest.endswith((".", ":")) and len(_WORD.findall(rest)) > 0 and len(rest) > 3


def is_contents_entry(text: str) -> bool:
    """True for a line of a table of contents: a title and a page number."""
    if len(text) > HEAD or text[-1:] in _NO_PAGE:
        return False
    # Most texts are seen off before the search: they have no leader, and no figure at the end.
    if "…" not in text and text.count(".") < _FEWEST_DOTS and not text[-1:].isdecimal():
        return False
    if (match := _CONTENTS_ENTRY.search(text)) is None:
        return False
    number = find_number(text, bare=True)
    title = text[number.end if number else 0 : match.start()]
    if match[0].strip()[:1] in ".…":
        return True
    return number is not None and is_title(title.replace(";", " ")) and not _counts(title)


def has_leader(text: str) -> bool:
    """True for a title, dots and a page number, which is a line of a table of contents wherever it stands."""
    if text[-1:] not in _PAGE_ENDS or len(text) > 2 * HEAD or "\n" in text:
        return False
    if "…" not in text and text.count(".") + text.count("·") < _FEWEST_DOTS:
        return False
    match = _LEADER.search(text[-HEAD:])
    return match is not None and _WORD.search(text[: len(text) - len(match[0])]) is not None


def page_at_end(text: str) -> tuple[str, int] | None:
    """Title, without its number, and page of what may be a line of a table of contents; its neighbours have to decide.

    "12. Net zero and carbon reduction 14" may be one, "12. Reporting of Scope 3" is not.
    """
    if not text[-1:].isdecimal() or len(text) > HEAD or "\n" in text or (match := _PAGE.search(text)) is None:
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
    entry = page_at_end(line)
    following = page_at_end(after) if entry is not None else None
    return entry is not None and following is not None and entry[1] <= following[1]


def _counts(title: str) -> bool:
    """True where a number after `title` belongs to the title."""
    last = title.rsplit(None, 1)[-1].lower() if title.strip() else ""
    return last in _SMALL or last in _COUNTED_NOUNS


def run_in_heading(text: str, *, whole: bool = False) -> str | None:
    """The heading at the start of a paragraph: "Climate Reporting" of "Climate Reporting. The Supplier shall ...".

    Args:
        text: without its number.
        whole: it is known to be a heading, which capitals at its start do not divide.
    """
    # "Quality Control – Marks. The Licensee ...": a dash ends the heading only where no stop does.
    if " – " in text and is_title(text.rstrip(".:")):
        return text.rstrip(".: ")
    for pattern in (_RUN_IN, _RUN_IN_DASH):
        match = pattern.match(text[:HEAD])
        title = match["title"].strip() if match else ""
        last = title.rsplit(None, 1)[-1].lower() if title else ""
        if title and is_title(title) and last not in _ABBREVIATED and len(title) > 2:
            return title if not whole or not is_title(text) else None
    capitals = None if whole else _CAPITALS.match(text[:HEAD])
    return capitals[0].strip() if capitals else None
