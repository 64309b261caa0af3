"""How often a place stands under the right clause number and the right heading.

    python -m benchmarks.places [--data ../shared/dev-data] [--wrong]

`places.tsv` holds places of contracts with what a careful reader of the originals sees there. The contracts are not
part of the project, so texts stand in it as hashes: of the first 60 letters and digits of the place's sentence
(`anchor`, with the length behind a slash where the sentence is shorter) and of those of the heading. Letters are taken
in lower case, and ligatures apart (NFKC). Several answers that a reader could defend are separated by "|", and "-" is
none. Clause numbers are compared by their numbers and letters: "Section 3(a)(2)" is "3.a.2", but "1.14" is not "11.4".
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tclp_daemon import read
from tclp_daemon.document import Block, Document

PLACES = Path(__file__).parent / "places.tsv"
_ANCHOR = 60  # letters and digits
_SHOWN = 60  # characters of a wrong place
_PART = re.compile(r"\d+|[^\W\d_]+")
_NAMES = frozenset(("article", "section", "clause"))  # "Section 2.3" is clause 2.3
_NONE = "-"


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the table.

    Attributes:
        anchor: first 16 digits of the sha256 of the first letters of the place's sentence.
        length: how many letters these are.
        clauses, headings: the answers that are right; headings as hashes.
        note: what kind of place it is.
    """

    file: str
    anchor: str
    length: int
    clauses: tuple[str, ...]
    headings: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the reader says about a place. `start` is its offset in the text; `block` is None if it was not found."""

    place: Place
    block: Block | None = None
    start: int = 0

    @property
    def clause_right(self) -> bool:
        """The block has one of the right clause numbers."""
        if self.block is None:
            return False
        return _parts(self.block.clause or "") in [_parts(clause) for clause in self.place.clauses]

    @property
    def heading_right(self) -> bool:
        """The block has one of the right headings."""
        if self.block is None:
            return False
        letters = _letters(self.block.heading or "")
        return (_digest(letters) if letters else _NONE) in self.place.headings


def load() -> list[Place]:
    """The table, in its order."""
    places = []
    for line in PLACES.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            file, anchor, clauses, headings, note = line.split("\t")
            digest, _, length = anchor.partition("/")
            answers = (tuple(clauses.split("|")), tuple(headings.split("|")))
            places.append(Place(file, digest, int(length or _ANCHOR), *answers, note))
    return places


def find(document: Document, places: list[Place]) -> list[Outcome]:
    """Where the places are: the first time that each anchor occurs outside the table of contents."""
    wanted = {(place.length, place.anchor) for place in places}
    found: dict[tuple[int, str], tuple[int, Block]] = {}
    letters, starts = _spread(document.text)
    for length in {place.length for place in places}:
        for offset, at in starts:
            key = (length, _digest(letters[at : at + length]))
            if key in wanted and key not in found:
                block = _block_at(document, offset)
                if block is not None and not block.contents:
                    found[key] = (offset, block)
    outcomes = []
    for place in places:
        start, block = found.get((place.length, place.anchor), (0, None))
        outcomes.append(Outcome(place, block, start))
    return outcomes


def table(outcomes: list[Outcome]) -> list[str]:
    """One line for each contract, and one for all."""
    lines = ["| Contract | Places | Found | Clause | Heading | Both |", "|---|---:|---:|---:|---:|---:|"]
    for file, group in groupby(outcomes, key=lambda outcome: outcome.place.file):
        lines.append(_row(Path(file).name[:50], list(group)))
    lines.append(_row("all", outcomes))
    size = len(outcomes) or 1
    shares = (sum(check) / size for check in zip(*map(_checks, outcomes), strict=True))
    lines.append("| share | | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    return lines


def wrong(outcomes: list[Outcome], texts: dict[str, str]) -> Iterator[str]:
    """Each place that is not right, with what it should be. Headings are known by their hash only."""
    for outcome in outcomes:
        place, block = outcome.place, outcome.block
        if outcome.clause_right and outcome.heading_right:
            continue
        yield f"{place.file} ({place.note})"
        if block is None:
            yield f"    not found: {place.anchor}, under {' or '.join(place.clauses)}"
            continue
        yield f"    {' '.join(texts[place.file][outcome.start : outcome.start + _SHOWN].split())}"
        clause = "right" if outcome.clause_right else f"should be {' or '.join(place.clauses)}"
        heading = "right" if outcome.heading_right else "wrong"
        yield f"    clause {block.clause or _NONE}: {clause}; heading {block.heading or _NONE}: {heading}"


def _row(name: str, outcomes: list[Outcome]) -> str:
    counts = (str(sum(check)) for check in zip(*map(_checks, outcomes), strict=True))
    return f"| {name} | {len(outcomes)} | " + " | ".join(counts) + " |"


def _checks(outcome: Outcome) -> tuple[bool, bool, bool, bool]:
    clause, heading = outcome.clause_right, outcome.heading_right
    return outcome.block is not None, clause, heading, clause and heading


def _spread(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The letters of a text, and where its words start: (offset in the text, offset in the letters)."""
    letters: list[str] = []
    starts = []
    size, before = 0, False
    for offset, character in enumerate(text):
        shown = _letters(character)
        if shown and not before:
            starts.append((offset, size))
        before = bool(shown)
        letters.append(shown)
        size += len(shown)
    return "".join(letters), starts


def _letters(text: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKC", text).lower() if character.isalnum())


def _digest(letters: str) -> str:
    return hashlib.sha256(letters.encode()).hexdigest()[:16]


def _parts(clause: str) -> list[str]:
    return [part for part in _PART.findall(clause.lower()) if part not in _NAMES]


def _block_at(document: Document, offset: int) -> Block | None:
    return next((block for block in document.blocks if block.start <= offset < block.end), None)


def main() -> None:
    """Prints the table and, where wanted, the wrong places."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("TCLP_DEV_DATA", Path(__file__).parents[2] / "shared" / "dev-data")
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--wrong", action="store_true", help="list the wrong places")
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    texts = {}
    for file, group in groupby(load(), key=lambda place: place.file):
        document = read(options.data / file)
        texts[file] = document.text
        outcomes += find(document, list(group))
    print("\n".join(table(outcomes)))
    if options.wrong:
        print("\n".join(["", *wrong(outcomes, texts)]))


if __name__ == "__main__":
    main()
