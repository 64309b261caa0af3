"""Generated contracts of real size and shape, as text, Word and PDF files: no two alike, and none with anybody's text.

Clauses are put together from phrases, so that sentences have all lengths (a classifier meets as many shapes as with
real contracts), and some contracts hold climate clauses.
"""

from __future__ import annotations

import random
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from extract.docxmaker import Docx, make_docx, paragraph
from extract.pdfmaker import Page, make_pdf

_SUBJECTS = (
    "the Supplier", "the Customer", "each Party", "the Licensee", "the Landlord", "the Contractor", "the Company",
    "any Permitted Assignee of the Supplier", "the Guarantor", "the receiving Party", "the Agent",
)  # fmt: skip
_DUTIES = (
    "shall deliver the Goods to the place named in Schedule {n}", "shall pay the Fee of {money} pounds each quarter",
    "may terminate this Agreement on {n} days' written notice", "shall keep the Confidential Information secret",
    "shall maintain insurance of not less than {money} pounds with an insurer of good standing",
    "warrants that it has the power to enter into this Agreement", "shall not assign any right without prior consent",
    "shall keep full and accurate books and records of all sums received", "shall indemnify the other Party",
    "shall appoint a representative within {n} days of the Effective Date",
    "shall comply with all laws that apply to the performance of the Services",
)  # fmt: skip
_TAILS = (
    "within {n} days after receipt of a valid invoice", "unless the Parties agree otherwise in writing",
    "except to the extent that the delay was caused by the other Party, its agents or its sub-contractors",
    "in accordance with the timetable that is set out in paragraph {n} of Schedule {m}",
    "provided that no such consent shall be unreasonably withheld, conditioned or delayed",
    "and shall on request produce evidence that the premiums have been paid when they fell due",
    "save where a court of competent jurisdiction, a regulator or a stock exchange requires disclosure",
    "at its own cost", "for the Term", "and for a period of {n} months after it has ended, however that came about",
)  # fmt: skip
_CLIMATE = (
    "The Supplier shall reduce its greenhouse gas emissions by {n} per cent by 2035 and report on them each year.",
    "Each Party shall use its best endeavours to reach net zero carbon emissions by 2040.",
    "The Contractor shall power the Site with renewable electricity only, and offset what remains of its emissions.",
)  # fmt: skip
_HEADINGS = ("Supply", "Payment", "Confidentiality", "Insurance", "Warranties", "Termination", "Notices", "General")


@dataclass(frozen=True, slots=True)
class Made:
    """A contract: its bytes, the suffix they call for, and how many climate clauses were put in."""

    data: bytes
    suffix: str
    climate: int


def make_contract(chance: random.Random, *, kinds: tuple[str, ...] = (".txt", ".txt", ".docx", ".pdf")) -> Made:
    """A contract of 1 to 20 pages.

    Args:
        chance: the only source of randomness.
        kinds: one of these is chosen.
    """
    clauses: list[tuple[str, bool]] = []
    for number in range(1, chance.randint(4, 30)):
        clauses.append((f"{number}. {chance.choice(_HEADINGS)}", True))
        for part in range(1, chance.randint(2, 7)):
            sentences = " ".join(_sentence(chance) for _ in range(chance.randint(1, 3)))
            clauses.append((f"{number}.{part} {sentences}", False))
    climate = chance.choice((0, 0, 0, 1, 3))
    for _ in range(climate):
        text = chance.choice(_CLIMATE).format(n=chance.randint(10, 90))
        clauses.insert(chance.randint(1, len(clauses)), (text, False))
    suffix = chance.choice(kinds)
    title = f"SUPPLY AGREEMENT No. {chance.getrandbits(40)}"
    match suffix:
        case ".docx":
            data = _docx(title, clauses)
        case ".pdf":
            data = _pdf(title, clauses)
        case _:
            data = "\n\n".join([title, *(text for text, _ in clauses)]).encode()
    return Made(data, suffix, climate)


def _sentence(chance: random.Random) -> str:
    parts = [chance.choice(_SUBJECTS), chance.choice(_DUTIES)]
    parts += [chance.choice(_TAILS) for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 5, 8)))]
    text = " ".join(parts).format(
        n=chance.randint(2, 180), m=chance.randint(1, 12), money=f"{chance.randint(1, 900) * 1000:,}"
    )
    return text[0].upper() + text[1:] + "."


def _docx(title: str, clauses: list[tuple[str, bool]]) -> bytes:
    body = paragraph(title) + "".join(
        paragraph(escape(text), run="<w:b/>" if heading else "") for text, heading in clauses
    )
    return make_docx(Docx(body))


def _pdf(title: str, clauses: list[tuple[str, bool]]) -> bytes:
    lines = [title, ""]
    for text, _ in clauses:
        lines += [*textwrap.wrap(text, 84), ""]
    return make_pdf([Page().lines(72, 770, lines[at : at + 48]) for at in range(0, len(lines), 48)])
