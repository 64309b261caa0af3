"""Paragraphs that are headings by their looks, though no style says so; shared by .docx, .doc and .rtf.

All of such a paragraph is bold, underlined or in capitals, it reads like a title, and plain text follows. What fails
one of these stays a paragraph: the names of the parties, signature lines, and clauses that are bold from end to end.
"""

from __future__ import annotations

import re

from tclp_daemon.extract.structure import find_number, is_title

MOST_IN_A_ROW = 3  # titles with nothing between them, as below "SCHEDULE 2"; more of them are a title page
_LONGEST = 100  # characters
_MOST_WORDS = 12
_MOST_WORDS_BEFORE_STOP = 6
_LEAST_TEXT = 25  # characters of what follows, unless it is numbered: "Director" is no clause
_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
# In small letters: "At-Will Employment" is a title.
_VERB = re.compile(
    r"\b(?:shall|must|will|may|can|is|are|was|were|has|have|had|agrees?|hereby|means|signed|executed|dated|"
    r"SHALL|MUST|HEREBY)\b"
)
_COMPANY = re.compile(
    r"(?:^|[\s,])(?:inc|ltd|limited|llc|l\.l\.c|llp|l\.p|lp|plc|corp|corporation|company|co|gmbh|ag|kg|ug|s\.a|sa"
    r"|s\.a\.s|sas|sarl|s\.à r\.l|s\.r\.l|srl"
    r"|b\.v|bv|n\.v|nv|n\.a|oy|ab|aps|a/s|pty|pte|kk|trust|university|bank)[.,]*(?:\s*\(.*)?$",
    re.I,
)
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}|{_MONTH}\s+\d{{1,2}},?|{_MONTH})\s+\d{{4}}\b", re.I)
_NO_TITLE = re.compile(
    r"(?:by|name|title|date|dated|signature|signed|its|attn|attention|address|e-?mail|tel|telephone|phone|fax|between|"
    r"and|or|of|to|for|among|page|draft|confidential|privileged|important|note|witness|per|re|from|cc|ref|reference|"
    r"version)\b\s*(?:$|[:_.\d])",
    re.I,
)
_BLANKS = re.compile(r"_{3,}|\.{4,}|…|@|https?:|www\.|[\[\]{}<>|$€£%=]")
_SIGNING = re.compile(
    r"\s*(?:by|(?:print(?:ed)?\s+|signatory\s+|full\s+)?name|title|its|sign(?:ature|ed|atory)?|date|witness)\b\s*(?:[:_.]|$)"
    r"|.*_{4,}",
    re.I,
)


def reads_like_title(text: str) -> bool:
    """Whether the words of a paragraph that stands out are those of a heading."""
    if len(text) > _LONGEST or _BLANKS.search(text):
        return False
    number = find_number(text, bare=True)
    title = text[number.end if number else 0 :].strip()
    words = _WORD.findall(title)
    if not words or len(words) > _MOST_WORDS or "\t" in title or "\n" in title or max(map(len, words)) < 3:
        return False
    if not title[0].isupper() or _NO_TITLE.match(title) or _VERB.search(title):
        return False
    if _COMPANY.search(title) or _DATE.search(title):
        return False
    if title[-1] in ".:":
        return is_title(title[:-1]) and len(words) <= _MOST_WORDS_BEFORE_STOP
    return title[-1] not in ",;-–—&("


def split_run_in(lead: str, text: str) -> tuple[str, str] | None:
    """The heading and the text of a paragraph that begins with its heading: "Climate. The Supplier shall".

    Args:
        lead: the part of the paragraph that stands out, from its beginning.
        text: all of it. Where it begins with a number, its words say enough about its heading.
    """
    lead = lead.strip()
    rest = text[len(lead) :].strip() if text.startswith(lead) else ""
    if not lead.endswith(".") or not reads_like_title(lead) or find_number(lead, bare=True) is not None:
        return None
    return (lead, rest) if len(rest) >= _LEAST_TEXT and rest[0].isupper() else None


def follows_title(text: str, *, sure: bool) -> bool:
    """Whether a plain paragraph is one that stands below a heading, and not below the name of somebody who signs.

    Args:
        text: the paragraph.
        sure: its length does not matter: it has a number, or is a cell of a table.
    """
    return not _SIGNING.match(text[:_LONGEST]) and (sure or len(text) >= _LEAST_TEXT)
