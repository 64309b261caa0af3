"""What extraction and drafting do to a sentence: numbers in front, brackets, scanning errors, joined neighbours.

The tokenizer ignores case and splits at punctuation, so case and spaces around brackets need no augmentation (measured:
the token ids are the same).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence, Set

from training.corpus import Example

_NUMBERS = (
    "1.", "2.1", "3.4.2", "7.", "12.3", "(a)", "(b)", "(c)", "(iv)", "(ii)", "4.1(a)", "11.6.3", "Section 5.2.", "8)",
    "C.", "(B)", "§ 4", "Article 9", "clause 3.2", "•", "-", "–", "1.2", "(1)", "5.", "]", "][", "*", "(g)", "10.14",
    "ii.", "B.2",
)  # fmt: skip
_TAILS = ("; and", "; or", ";", " and", ", or", "]", ".]", " ]OR[", ":", " 7", " 12", ".]2.", "(the", "")
_CONFUSIONS = (
    ("l", "1"), ("i", "l"), ("o", "0"), ("rn", "m"), ("m", "rn"), ("e", "c"), ("fi", "f"), ("fl", "f"), ("ti", "t"),
)  # fmt: skip
# With and without the article, as British and American drafting have them.
PARTIES = re.compile(
    r"\b(?:[Tt]he )?(Supplier|Contractor|Tenant|Landlord|Company|Customer|Borrower|Lender|Buyer|Seller|Employer"
    r"|Consultant|Purchaser|Licensee|Licensor|Client|Provider|Vendor|Lessee|Lessor|Owner|Manufacturer|Distributor|Agent|Operator"
    r"|Franchisee|Franchisor|Executive|Haulier|Carrier|Charterer|Subcontractor|Developer|Issuer|Sponsor|Recipient"
    r"|Reseller|Publisher|Processor|Grower|Guarantor|Trustee|Manager)s?\b"
)
_NUMBER = re.compile(r"(?<![\w.,/])[$€£]?\d[\d.,]*%?(?![\w/])")
_REDACTIONS = ("[***]", "[*****]", "[****]%", "$[***]", "[...***...]", "[REDACTED]", "____", "[●]", "[  ]", "XX")
_NAMES = (
    "[the {0}]", "[Party A]", "Party B", "the [{0}]", "{0}", "the {0} and its Affiliates", "[organisation name]",
    "[[Supplier]/[{0}]]", "each {0}", "the Parties", "the {0}", "Bidder", "we", "you",
)  # fmt: skip
# Names say nothing about the subject of a contract, however green they sound.
_HEADS = (
    "Eco", "Bio", "Enviro", "Terra", "Green", "Solar", "Carbon", "Clima", "World", "Life", "Earth", "Planet", "Power",
    "Hydro", "Nature", "Aqua", "Blue", "North", "Heron", "Delta", "Orchard", "Fuel", "Energy", "Sun", "Wind",
    "Mobile", "Media", "Arbor", "Verd", "Gold", "Stone", "Net", "Agro", "Vita", "Sky", "Ever", "Forest", "Ocean",
)  # fmt: skip
_MIDDLES = (
    "grid", "form", "gen", "tech", "net", "link", "wave", "star", "tel", "ix", "os", "ware", " Book", " Works", "",
)  # fmt: skip
_ENDS = (
    "", "", "", " Inc.", " Ltd", " Technologies", ".com", " Sciences", " Energy", " Solutions", " LLC", " Holdings",
    " AG",
)  # fmt: skip


_ONSETS = (*"bcdfghjklmnprstvwz", "br", "cl", "dr", "fl", "gr", "kn", "ph", "qu", "st", "tr", "th", "sw")
_NUCLEI = (*"aeiouy", "ae", "ea", "io", "oo")
_CELLS = ("Pending", "Registered", "N/A", "TBD", "per unit", "each", "hour", "EUR", "CHF", "Yes", "-")
_CODAS = ("", "", "n", "x", "r", "s", "tek", "lix", "ra", "on", "ia", "mark", "dyne", "care", "soft", "pay")


class Augmenter:
    """Changes sentences at random, reproducibly.

    Args:
        seed: of the random generator.
        pool: plain sentences of label 0 that training may see, to add as neighbours.
        climate: sentences of label 1, to add as neighbours of others with that label.
        odd: words that say nothing about the subject, to put in place of others.
        telling: words that say something about it, and stay.
    """

    def __init__(
        self,
        seed: int,
        pool: Sequence[Example],
        climate: Sequence[Example] = (),
        *,
        odd: Sequence[str],
        telling: Set[str],
    ) -> None:
        self._random = random.Random(seed)
        self._words, self._telling = odd, telling
        self._pool = [e.text for e in pool]
        self._climate = [e.text for e in climate]

    def __call__(self, text: str, label: int) -> str:
        """A variant of the text that deserves the same label."""
        chance = self._random.random
        if label == 0 and chance() < 0.02:
            return self._row()
        if chance() < 0.35:
            text = self._rename(text)
        if chance() < 0.06:
            text = _NUMBER.sub(lambda m: self._random.choice(_REDACTIONS), text)
        elif chance() < 0.06:
            text = _NUMBER.sub(lambda m: str(self._random.randint(2024, 2060)), text)  # a year is not a climate target
        if chance() < 0.2:
            text = self._odd(text)
        if chance() < 0.12:
            text = self._bracket(text)
        if chance() < (0.3 if label else 0.2):
            text = self._join(text, label)
        if chance() < 0.10:
            text = self._noise(text)
        if chance() < 0.30:
            text = f"{self._random.choice(_NUMBERS)} {text}"
        if chance() < 0.12:
            text = text.rstrip(".;") + self._random.choice(_TAILS)
        return text

    def _rename(self, text: str) -> str:
        if self._random.random() < 0.5:
            return PARTIES.sub(lambda m: self._random.choice(_NAMES).format(m[1]), text)
        # One or two names in a sentence, as in contracts.
        names = [self.name() for _ in range(self._random.randint(1, 2))]
        return PARTIES.sub(lambda m: self._random.choice(names), text)

    def _odd(self, text: str) -> str:
        """Replaces some words by odd words and names: a word is not climate language because the corpus lacks it."""
        words = text.split(" ")
        plain = [
            i for i, word in enumerate(words)
            if len(word) > 3 and word.isalpha() and word.lower() not in self._telling
        ]  # fmt: skip
        for i in self._random.sample(plain, min(len(plain), self._random.randint(1, 2 + len(words) // 10))):
            # Many unknown abbreviations: schemes often have one for a name, but so do companies.
            words[i] = self.name() if self._random.random() < 0.25 else self._random.choice(self._words)
        return " ".join(words)

    def name(self) -> str:
        """An invented name of a party."""
        choice, chance = self._random.choice, self._random.random
        kind = chance()
        if kind < 0.25:
            name = "".join(self._random.choices("ABCDEFGHIJKLMNOPRSTVWX222&", k=self._random.randint(2, 4)))
        elif kind < 0.6:
            name = choice(_HEADS) + choice(_MIDDLES) + choice(_ENDS)
        else:
            name = "".join(choice(_ONSETS) + choice(_NUCLEI) for _ in range(self._random.randint(1, 3))) + choice(
                _CODAS
            )
            shape = chance()
            if shape < 0.15:
                name = choice("ieoxq") + name.title()
            elif shape < 0.35:
                # CO2 has a digit as well.
                name = name.title() + choice(("2", "3", "24", "4U", "One", "2" + choice(_ONSETS), "2" + choice(_HEADS)))
            else:
                name = name.title() + choice(_ENDS)
        return name.upper() if chance() < 0.2 else name

    def _row(self) -> str:
        """A line of a table of parts, marks or prices."""
        choice, number = self._random.choice, self._random.randint
        cells: list[str] = []
        for _ in range(number(2, 8)):
            cells.append(
                choice(
                    (
                        str(number(1, 99)), f"{number(1, 99)},{number(0, 999):03}", f"{number(0, 9)}.{number(10, 99)}",
                        f"{number(1, 28)}-{choice(('Jan', 'Mar', 'Jun', 'Oct'))}-{number(0, 99):02}",
                        str(number(10**6, 10**8)), choice("ABCDEFGHKLMNPRST") + str(number(1, 999)), self.name(),
                        choice(_CELLS), choice(self._words),
                    )
                )
            )  # fmt: skip
        return choice((" ", " ", " | ", "  ")).join(cells)

    def _bracket(self, text: str) -> str:
        words = text.split()
        if len(words) < 5:
            return f"[{text}]"
        begin = self._random.randrange(len(words) - 2)
        end = min(len(words), begin + self._random.randint(1, 6))
        option = f"[{' '.join(words[begin:end])}]"
        if self._random.random() < 0.3:
            option = self._random.choice((f"{option}/[●]", f"{option} OR [●]", f"[[●] {option[1:]}"))
        return " ".join([*words[:begin], option, *words[end:]])

    def _join(self, text: str, label: int) -> str:
        """Adds one to four neighbours before or after; one climate sentence makes the result climate language."""
        count = self._random.choice((1, 1, 1, 2, 2, 3, 4)) if label == 0 else self._random.choice((1, 1, 2))
        pool = self._climate if label == 1 and self._climate and self._random.random() < 0.5 else self._pool
        parts = [text, *self._random.sample(pool, count)]
        self._random.shuffle(parts)
        marks = self._random.choice(
            ((" ",), ("; ", " "), (" (a) ", " (b) ", " (c) ", " (d) "), (": ", "; ", " "), (", ", " "))
        )
        joined = parts[0]
        for i, part in enumerate(parts[1:]):
            joined = joined.rstrip(".;") + (". " if marks == (" ",) else marks[i % len(marks)]) + part
        return joined

    def _noise(self, text: str) -> str:
        chars = list(text)
        for _ in range(1 + len(chars) // 60):
            at = self._random.randrange(len(chars))
            match self._random.randrange(6):
                case 0:
                    chars[at] += " "  # "partne r"
                case 1:
                    chars[at] = "" if chars[at] == " " else chars[at]  # "theSupplier"
                case 2:
                    old, new = self._random.choice(_CONFUSIONS)
                    return "".join(chars).replace(old, new, 1)
                case 3:
                    chars[at] = ""
                case 4:
                    chars[at] += "- "  # a hyphen at the end of a line
                case _:
                    chars[at] = chars[at].swapcase()
        return "".join(chars)
