"""Each file of dev-data's faults/ is read as its README says; its table is read, so that no file is forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devdata import dev_data
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.api import read
from tclp_daemon.document import Block, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.warning import WarningCode

C1 = "The Supplier shall reduce its greenhouse gas emissions by 50 per cent by 2030."
SHORT = "The Supplier shall reduce its greenhouse gas emissions."
_NUMBER = re.compile(r"^(?:[\[(]?[\dIVXLA-Za-z]{1,4}[\])]?[.)]|\[?[\dIVX]+[A-Z]?(?:\.[\dA-Za-z]+)*\]?\.?|[☐☒])\s+")


@dataclass
class Reading:
    """What came of a file."""

    document: Document | None
    error: ContractError | None = None
    places: list[tuple[str, Block]] = field(default_factory=list)

    @property
    def text(self) -> str:
        assert self.document is not None, self.error
        return self.document.text

    @property
    def codes(self) -> set[WarningCode]:
        assert self.document is not None, self.error
        return {warning.code for warning in self.document.warnings}

    def sentence(self, words: str) -> Block:
        """The block of the one sentence that reads exactly like this, a number before it aside."""
        found = [block for text, block in self.places if words in (text, _NUMBER.sub("", text))]
        assert len(found) == 1, (words, [text for text, _ in self.places])
        return found[0]

    def has(self, words: str, *, clause: str | None = "", heading: str | None = "") -> None:
        """Asserts that this is a sentence under that clause and heading, "" standing for any."""
        block = self.sentence(words)
        assert clause == "" or block.clause == clause, (words, block)
        assert heading == "" or (block.heading or "").casefold() == (heading or "").casefold(), (words, block)

    def lacks(self, *words: str) -> None:
        assert not [each for each in words if each in self.text]

    def warns(self, code: WarningCode, pages: tuple[int, ...] | None = None, part: str = "") -> None:
        assert self.document is not None, self.error
        found = [warning for warning in self.document.warnings if warning.code == code]
        assert found, self.document.warnings
        assert pages is None or found[0].pages == pages
        assert part in " ".join(found[0].parts)

    def not_judged(self, *pages: int) -> None:
        """Asserts that nobody can take these pages for read: all of the file is refused, or they are named."""
        if self.document is None:
            assert self.error is not None
            assert self.error.code is ErrorCode.NO_TEXT
            return
        named = {page for warning in self.document.warnings for page in warning.pages if warning.unread}
        recognised = {page for warning in self.document.warnings if warning.code == "ocr" for page in warning.pages}
        assert named | recognised == set(pages), self.document.warnings


def _reading(path: Path) -> Reading:
    try:
        document = read(path)
    except ContractError as error:
        return Reading(None, error)
    places = [(document.text[each.start : each.end], each.block) for each in split_sentences(document)]
    return Reading(document, None, [(" ".join(text.split()), block) for text, block in places])


def _bullets(found: Reading) -> None:
    for words in ("reduce its greenhouse gas emissions", "report the emissions", "keep records of its vehicles"):
        assert len([text for text, _ in found.places if words in text]) == 1
    assert len([text for text, _ in found.places if "emissions" in text and "vehicles" in text]) == 0


def _duplicate(found: Reading) -> None:
    found.has(C1, clause="1", heading="CLIMATE DUTIES")
    assert len(found.places) <= 3
    assert found.text.count("CLIMATE DUTIES") == 1


def _columns(found: Reading) -> None:
    clauses = [block.clause for text, block in found.places if re.match(r"\d\. ", text) or "shall" in text]
    assert [clause for clause in clauses if clause in "123"][:3] != []
    assert set(clauses) >= {"2"}
    assert found.text.index("Climate.") < found.text.index("Law.")
    assert "Supplier shall 3. Law" not in found.text


def _definitions(found: Reading) -> None:
    assert "Net Zero Target Date for the Group means the day on which" in found.text.replace("\n", " ")


def _superscripts(found: Reading) -> None:
    assert [block.clause for _, block in found.places].count("4.1") == 3
    assert "Paris Agreement and its rules" in found.text
    assert "CO2" in found.text.replace("₂", "2")


def _form(found: Reading) -> None:
    assert "Net zero by 2030" in found.text
    assert "Stamp words: subject to climate approval." in found.text
    found.lacks("Hidden typed words", "A1")


def _pre(found: Reading) -> None:
    found.lacks("Hidden words")
    assert {"4", "4.1", "4.2"} <= {block.clause for block in found.document.blocks}  # type: ignore[union-attr]


def _edgar(found: Reading) -> None:
    assert any("verified by an independent expert, of the Greenhouse Gas emissions" in text for text, _ in found.places)
    assert not [block for _, block in found.places if "<" in (block.heading or "")]


def _clauses(*clauses: str) -> Callable[[Reading], None]:
    return lambda found: _assert_equal([block.clause for _, block in found.places], list(clauses))


def _assert_equal(found: object, right: object) -> None:
    assert found == right


def _all(*checks: Callable[[Reading], None]) -> Callable[[Reading], None]:
    return lambda found: [check(found) for check in checks] and None


def _has(words: str, **place: str | None) -> Callable[[Reading], None]:
    return lambda found: found.has(words, **place)


def _lacks(*words: str) -> Callable[[Reading], None]:
    return lambda found: found.lacks(*words)


def _warns(code: WarningCode, pages: tuple[int, ...] | None = None, part: str = "") -> Callable[[Reading], None]:
    return lambda found: found.warns(code, pages, part)


def _unread(*pages: int) -> Callable[[Reading], None]:
    return lambda found: found.not_judged(*pages)


def _pictures(found: Reading) -> None:
    assert {"pictures_without_text", "ocr"} & found.codes


def _row(found: Reading) -> None:
    (cut,) = [text for text, _ in found.places if "five per cent" in text]
    assert cut.endswith("base year, and shall report to the Customer.")


def _three(found: Reading) -> None:
    assert len([text for text, _ in found.places if "The" in text]) == 3


RIGHT: dict[str, Callable[[Reading], None]] = {
    "pdf-scan-with-envelope-stamp.pdf": _unread(1, 2, 3, 4),
    "pdf-one-page-scanned-with-stamp.pdf": _unread(2),
    "pdf-wrong-tounicode.pdf": _unread(1),
    "pdf-body-font-without-tounicode.pdf": _unread(1, 2, 3),
    "pdf-xfa-please-wait.pdf": lambda found: (
        found.warns(WarningCode.XFA_FORM) if found.document else _assert_equal(found.error.code, "no_text")  # type: ignore[union-attr]
    ),
    "pdf-portfolio.pdf": _warns(WarningCode.ATTACHED_FILE, part="contract.pdf"),
    "docx-embedded-word-object.docx": _has(C1),
    "docx-smartart.docx": _has(C1, clause="4"),
    "docx-scan-as-picture.docx": _pictures,
    "pdf-hidden-layer.pdf": _lacks("greenhouse gas emissions"),
    "pdf-text-outside-cropbox.pdf": _lacks("Draft note", "Left note"),
    "pdf-duplicate-ocr-layer.pdf": _duplicate,
    "doc-style-hidden-run-shown.doc": _all(_lacks("Hidden guidance"), _has(C1, clause="4.2")),
    "rtf-linked-object-result-text.doc": _has(C1, clause="4"),
    "doc-single-file-web-page-mhtml.doc": _all(
        _has(C1, clause="4.1", heading="Climate"), _lacks("MIME-Version", "<p", "filelist")
    ),
    "doc-word2003-xml.doc": _all(_lacks("Deleted words", "<w:"), lambda found: _assert_equal(found.error, None)),
    "txt-edgar-full-submission-html.txt": _all(
        _has(C1, clause="4.1", heading="Climate"), _lacks("<", "SEC-HEADER", "&nbsp;")
    ),
    "txt-edgar-page-markers.txt": _edgar,
    "docx-typed-5A.docx": _has(C1, clause="5A.1"),
    "docx-numbering-1a.docx": _has(C1, clause="2.b"),
    "docx-numbering-roman-dot.docx": _has(C1, clause="II.A"),
    "docx-numbering-brackets.docx": _has(C1, clause="2.1"),
    "docx-numbering-article-one.docx": _has(C1, clause="2.1"),
    "txt-article-in-words.txt": _has(
        "The Supplier shall reduce its greenhouse gas emissions each year.", clause="Article Five", heading="CLIMATE"
    ),
    "txt-first-schedule.txt": _has(
        "The Supplier shall reduce its greenhouse gas emissions.", clause="First Schedule, 2"
    ),
    "txt-phone-number-as-clause.txt": _has(
        "The Supplier shall also publish each notice that tells of its greenhouse gas emissions.", clause="12.1"
    ),
    "docx-autonumlgl-field.docx": _clauses("1", "2", "3"),
    "docx-bold-headings.docx": _has(C1, heading="Environmental Matters"),
    "rtf-heading-style.doc": _has(SHORT, heading="Environmental Matters"),
    "html-ordered-list-types.doc": _has(C1, clause="5(b)"),
    "html-pre-text.doc": _pre,
    "docx-altchunk-txt.docx": lambda found: _assert_equal(
        [block.clause for block in found.document.blocks][1:3],
        ["1", "2"],  # type: ignore[union-attr]
    ),
    "pdf-line-numbers-in-margin.pdf": lambda found: _assert_equal(
        [block.clause for text, block in found.places if "shall" in text and "," in text], ["4.1", "4.2"]
    ),
    "pdf-marginal-notes.pdf": lambda found: _assert_equal(
        [block.clause for text, block in found.places if "shall" in text or "may audit" in text], ["4", "5", "6"]
    ),
    "pdf-three-columns.pdf": _columns,
    "txt-two-columns-by-spaces.txt": _has(
        "The Supplier shall reduce its greenhouse gas emissions by half before the end of the year 2030.", clause="4"
    ),
    "pdf-letter-o-bullets.pdf": _bullets,
    "pdf-table-row-over-page-end.pdf": lambda found: _assert_equal(
        [
            text.endswith("base year, and shall report to the Customer.")
            for text, _ in found.places
            if "five per" in text
        ],
        [True],
    ),
    "pdf-superscript-and-subscript.pdf": _superscripts,
    "txt-missing-space-after-stop.txt": _three,
    "pdf-no-space-characters.pdf": lambda found: _assert_equal("The Supplier shall reduce its" in found.text, True),
    "md-single-newlines.md": _has("The Supplier shall reduce its greenhouse gas emissions by half.", clause="5.2"),
    "md-pandoc-grid-table.md": lambda found: _assert_equal(
        found.sentence("The Supplier shall reduce its greenhouse gas emissions by half before 2030.").kind, "table_cell"
    ),
    "md-pandoc-attributes.md": _has(
        "The Supplier shall reduce its greenhouse gas emissions by half.", clause="4.2", heading="Climate"
    ),
    "md-html-table.md": _has("The Supplier’s plan is public & free."),
    "docx-symbol-font-text.docx": lambda found: _assert_equal("≤ 1.5°C" in found.text, True),
    "docx-legacy-checkbox.docx": lambda found: _assert_equal(
        ("☐ Option A" in found.text, "☒ Option B" in found.text), (True, True)
    ),
    "pdf-form-and-notes.pdf": _form,
    "pdf-two-column-definitions.pdf": _definitions,
    "rtf-page-sect-breaks.doc": lambda found: _assert_equal(
        [block.clause for _, block in found.places][:4], ["4", "5", "6", "7"]
    ),
    "pdf-white-text.pdf": _all(_has(C1), _warns(WarningCode.COVERED_TEXT, (1,))),
    "pdf-redaction-box.pdf": _all(_has(C1), _warns(WarningCode.COVERED_TEXT, (1,))),
    "pdf-struck-through-line.pdf": _all(_has(C1), _warns(WarningCode.COVERED_TEXT, (1,))),
    "s2_scan_docusign_stamp.pdf": _unread(1, 2, 3, 4, 5),
    "s9_type3_unnamed.pdf": lambda found: (
        found.not_judged(*range(1, (found.document.page_count or 0) + 1))  # type: ignore[union-attr]
        if found.document
        else found.not_judged()
    ),
    "d22_scan_in_word.docx": _pictures,
}


def _table() -> dict[str, str]:
    """File name -> what the README says is right."""
    table = {}
    for line in (dev_data() / "faults" / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if len(cells) == 5 and cells[0].isdigit():
            table |= {name.strip(): cells[4] for name in cells[3].split(",") if not name.strip().startswith("(")}
    return table


def test_each_file_of_the_table_has_its_check() -> None:
    assert set(_table()) == set(RIGHT)


@pytest.mark.parametrize("name", list(RIGHT))
def test_a_file_is_read_as_its_table_says(name: str) -> None:
    RIGHT[name](_reading(dev_data() / "faults" / name))
