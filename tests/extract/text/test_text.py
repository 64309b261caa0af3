"""Plain text and Markdown: every encoding, wrapped lines back into sentences, marks into blocks."""

from __future__ import annotations

import pytest

from tclp_daemon.config import Limits
from tclp_daemon.document import BlockKind, Document
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract import read_document

WRAPPED = """\
                            SUPPLY AGREEMENT

1. TERM. This Agreement begins on the date on which both parties have signed
it and shall remain in force for three years, unless it is ended before in one
of the ways that Section 9 of this Agreement provides for.

     (a) Either party may end it by a notice of ninety days, which has to be
given in writing.
     (b) The Customer may end it where the Supplier does not reach its emis-
sion targets.

"""


def read(text: str | bytes, suffix: str = ".txt", **limits: int) -> Document:
    data = text.encode() if isinstance(text, str) else text
    return read_document(data, suffix, Limits.model_validate(limits))


def blocks(document: Document) -> list[tuple[BlockKind, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_wrapped_lines_are_joined_into_paragraphs() -> None:
    found = blocks(read(WRAPPED))
    assert [kind for kind, _ in found] == [
        BlockKind.HEADING,
        BlockKind.LIST_ITEM,
        BlockKind.LIST_ITEM,
        BlockKind.LIST_ITEM,
    ]
    assert "both parties have signed it and shall remain in force" in found[1][1]
    assert "in one of the ways that Section 9 of this" in found[1][1]
    assert found[2][1].endswith("which has to be given in writing.")
    assert found[3][1].endswith("its emission targets.")


def test_a_line_that_begins_with_a_cited_section_is_not_an_item() -> None:
    text = (
        "The parties shall treat the information that they receive under Section\n"
        "7.2 of this Agreement as if it were their own, and shall keep it as safe as\n"
        "their own information of a like kind for the whole of the term of this deed.\n"
    )
    assert len(blocks(read(text))) == 1


@pytest.mark.parametrize(
    ("end", "start"),
    [
        ("which are aligned with limiting the rise in average temperature to below", "1.5 °C above the level of 1850"),
        ("which are aligned with limiting the rise in the average temperature to", "1.5C above the level of 1850"),
        ("which keep all the emissions that arise from its business each year below", "1.5 tCO2e for each unit"),
        ("and shall disclose all that has to be disclosed under the Regulation", "(EU) 2021/1119 and its sisters"),
        ("and shall report to the Customer on all of its emissions within thirty", "(30) days of the end of the year"),
        (
            "and shall cut the emissions that arise from its business in line with",
            "Schedule 3. The Supplier shall report",
        ),
        ("and shall report on all that arises from its works and also in Scope", "3. The Supplier shall report"),
        ("and shall – so that nobody need ask whether it covers all it buys", "– report on Scope 2 and on power"),
    ],
)
def test_a_wrapped_line_that_begins_like_a_clause_is_none(end: str, start: str) -> None:
    text = (
        "11.2 The Supplier shall set itself targets and reach them one by one, and all\n"
        f"{end}\n{start} to the Customer.\n\n11.3 The Supplier shall pay.\n"
    )
    document = read(text)
    assert [block.clause for block in document.blocks] == ["11.2", "11.3"]
    assert f"{end} {start}" in document.text


def test_lines_that_end_on_purpose_stay_apart() -> None:
    text = (
        "Acme plc\n1 High Street\nLondon\n\n"
        "This is a sentence that is long enough to show where the lines are wrapped\nin this text.\n"
    )
    assert [text for _, text in blocks(read(text))][:3] == ["Acme plc", "1 High Street", "London"]


def test_a_sentence_over_a_page_number_is_one() -> None:
    text = (
        "The Supplier shall reduce the emissions that arise\n\n12\n\f\nfrom the production of the Goods.\n\nNext one."
    )
    found = blocks(read(text))
    assert found[0] == (
        BlockKind.PARAGRAPH,
        "The Supplier shall reduce the emissions that arise from the production of the Goods.",
    )
    assert found[1] == (BlockKind.HEADER_FOOTER, "12")


def test_lines_of_contents_are_not_joined_and_marked() -> None:
    lines = [f"{title} {'.' * (74 - len(title))} {page}" for title, page in (("Net zero", 3), ("Reporting", 4))]
    document = read("\n".join([*lines, "", "The Supplier shall report its emissions in each year of the term."]))
    assert [text for _, text in blocks(document)][:2] == lines
    assert [block.contents for block in document.blocks] == [True, True, False]
    lines = [f"{title}{' ' * (74 - len(title))}{page}" for title, page in (("Net zero", 3), ("Reporting", 4))]
    document = read("\n".join(["CONTENTS", "", *lines, "", "The Supplier shall report."]))
    assert [block.contents for block in document.blocks] == [False, True, True, False]


def test_a_line_that_comes_back_on_every_page_is_a_header() -> None:
    text = "\n\n".join(f"Source: ACME INC, 10-K\n\nSentence {word} stands here." for word in ("one", "two", "three"))
    found = blocks(read(text))
    assert [kind for kind, _ in found].count(BlockKind.HEADER_FOOTER) == 3


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1252-dos"]
)
def test_encodings(encoding: str) -> None:
    text = "The Supplier’s “Net Zero” plan – for the café – costs € 5.\nSecond line of the same text, to be sure.\n"
    ends = "\r\n" if encoding.endswith("-dos") else "\n"
    document = read(text.replace("\n", ends).encode(encoding.removesuffix("-dos")))
    assert "Supplier’s “Net Zero” plan – for the café – costs € 5." in document.text


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_kr", "gb18030", "iso2022_jp", "cp1251"])
def test_other_scripts_are_read_in_some_encoding(encoding: str) -> None:
    words = {
        "shift_jis": "契約書の当事者は、温室効果ガスの排出量を毎年報告しなければならない。",
        "iso2022_jp": "契約書の当事者は、温室効果ガスの排出量を毎年報告しなければならない。",
        "euc_kr": "계약 당사자는 매년 온실가스 배출량을 보고하여야 한다. 계약은 서면으로 한다.",
        "gb18030": "合同双方应当每年报告温室气体排放量，并逐年减少排放量。本合同以书面形式订立。",
        "cp1251": "Стороны договора обязаны ежегодно сообщать о выбросах парниковых газов.",
    }[encoding]
    document = read((words + "\n").encode(encoding) * 20)
    assert words[:10] in document.text


ENGLISH = "The Supplier’s “Net Zero” plan mustn’t cost more than £500,000 – the cap isn’t “soft” but £25 per tonne.\n"
FRENCH = "Le Fournisseur s’engage à réduire ses émissions où cela est possible; le prix est de 5 000 €, fixé à Évian.\n"
ACCENTS = "Été à Évian: l’élève a été blessé à l’épaule, déjà très âgé; où ça? À côté, près de là, où naît la forêt.\n"
SPANISH = "La compañía española pagará 5.000 € según la cláusula décima; ¿qué ocurre si no se cumple mañana?\n"
GERMAN = "Die „Klimaziele“ gemäß § 4 müssen eingehalten werden; für Verstöße gilt eine Strafe von 5.000 €. Übermaß.\n"
ITALIAN = "La società s’impegna a ridurre le emissioni, perché più qualità è conformità all’Accordo; ciò vale così.\n"
POLISH = (
    "Dostawca zobowiązuje się zmniejszać emisję gazów i składać sprawozdania; każda ze stron może ją wypowiedzieć.\n"
)
CZECH = "Dodavatel se zavazuje každoročně snižovat emise skleníkových plynů; změny vyžadují písemnou formu.\n"
RUSSIAN = "Поставщик обязуется ежегодно сокращать выбросы парниковых газов и отчитываться о них.\n"
GREEK = "Ο Προμηθευτής υποχρεούται να μειώνει κάθε χρόνο τις εκπομπές αερίων του θερμοκηπίου.\n"


@pytest.mark.parametrize("times", [1, 100])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((text, "cp1252") for text in (ENGLISH, FRENCH, ACCENTS, SPANISH, GERMAN, ITALIAN)),
        *((text, "mac_roman") for text in (ENGLISH, FRENCH, SPANISH, GERMAN)),
        (POLISH, "cp1250"),
        (POLISH, "iso8859_2"),
        (CZECH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (GREEK, "cp1253"),
    ],
)
def test_a_guessed_encoding_reads_each_character_and_says_so(text: str, encoding: str, times: int) -> None:
    document = read((text * times).encode(encoding))
    assert document.text.split() == (text * times).split()
    assert [warning.code for warning in document.warnings] == ["unsure_encoding"]
    assert encoding in document.warnings[0].message


def test_markdown_says_that_its_encoding_was_guessed() -> None:
    document = read(f"# Contrat\n\n{FRENCH}".encode("cp1252"), ".md")
    assert FRENCH.strip() in document.text
    assert [warning.code for warning in document.warnings] == ["unsure_encoding"]


@pytest.mark.parametrize("share", [200, 40, 10])
def test_a_pound_sign_is_one_however_few_there_are(share: int) -> None:
    text = (ENGLISH + "The Supplier shall deliver the Goods in time.\n" * share) * 4
    document = read(text.encode("cp1252"))
    assert document.text.split() == text.split()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("text", [ENGLISH, FRENCH, GERMAN, POLISH, RUSSIAN, GREEK])
def test_unicode_is_not_a_guess(text: str, encoding: str) -> None:
    document = read((text * 8).encode(encoding))
    assert document.text.split() == (text * 8).split()
    assert not document.warnings


def test_a_few_broken_bytes_cost_only_themselves() -> None:
    data = ("The café of the Supplier is “green”. " * 300).encode()
    document = read(data[:200] + b"\xff\xfe\x80" + data[200:])
    assert document.text.count("café") >= 298
    assert [warning.code for warning in document.warnings] == ["unsure_encoding"]


def test_control_characters_and_nuls_go() -> None:
    document = read("One\x00 sen\x07tence \x1b[1mhere\ufeff.\x0b\x0cAnd an\u200bother\x85one.".encode())
    assert not any(ord(char) < 32 and char != "\n" for char in document.text)
    assert "sentence" in document.text
    assert "another" in document.text


@pytest.mark.parametrize("data", [b" \n\t\r\n", b"\xef\xbb\xbf", b"\x00" * 50, b"\x0c\x0c"])
def test_only_blanks_are_not_text(data: bytes) -> None:
    with pytest.raises(ContractError) as caught:
        read(data)
    assert caught.value.code is ErrorCode.NO_TEXT


def test_too_much_text() -> None:
    with pytest.raises(ContractError) as caught:
        read("word " * 400, characters=1000)
    assert caught.value.code is ErrorCode.TOO_MUCH_TEXT


MARKDOWN = """\
# Supply Agreement

Some *text* with a [link](https://example.com) and `code`
that runs on.

## 4. Climate

1. First **item** here
   - nested point
2. Second item

> A quoted sentence.

| Item | Price |
|------|-------|
| Steel | 100 |

    (a) an indented clause that no one meant as code

<p>An <b>HTML</b> paragraph.</p>
"""


def test_markdown_marks_become_blocks() -> None:
    document = read(MARKDOWN, ".md")
    found = blocks(document)
    assert (BlockKind.HEADING, "Supply Agreement") in found
    assert (BlockKind.PARAGRAPH, "Some text with a link and code that runs on.") in found
    assert (BlockKind.HEADING, "4. Climate") in found
    assert (BlockKind.LIST_ITEM, "1. First item here") in found
    assert (BlockKind.LIST_ITEM, "nested point") in found
    assert (BlockKind.LIST_ITEM, "2. Second item") in found
    assert (BlockKind.PARAGRAPH, "A quoted sentence.") in found
    assert (BlockKind.LIST_ITEM, "(a) an indented clause that no one meant as code") in found
    assert any("An HTML paragraph." in text for _, text in found)
    cells = {block.row: document.text[block.start : block.end] for block in document.blocks if block.row}
    assert cells[(1, 2, 2)] == "100"
    assert document.format == "md"
    assert next(block.level for block in document.blocks if block.heading == "Climate") == 2


def test_markdown_blanks_to_fill_in_are_not_tags() -> None:
    document = read(
        "# Targets\n\nThe <b>Supplier</b> halves emissions by <Insert Target Year>, <br>or\n\n<insert date>\n\n"
        "<div>later</div>\n",
        ".md",
    )
    assert [document.text[block.start : block.end] for block in document.blocks] == [
        "Targets",
        "The Supplier halves emissions by <Insert Target Year>, or",
        "<insert date>",
        "later",
    ]


def test_markdown_lists_keep_the_clause_and_the_heading_they_stand_under() -> None:
    text = (
        "# Agreement\n\n## 2. Use\n\n2.3 The Customer shall not do this.\n\n1. share it;\n2. copy it;\n"
        "   1. whole; or\n   2. in part;\n3. sell it.\n\n2.4 It pays.\n\n## Annex B: Modules\n\n1. Diary\n2. Stock\n"
    )
    found = [(block.clause, block.heading) for block in read(text, ".md").blocks[2:]]
    use = ["2.3", "2.3(1)", "2.3(2)", "2.3(2)(1)", "2.3(2)(2)", "2.3(3)", "2.4"]
    assert found[:7] == [(clause, "Use") for clause in use]
    assert found[7:] == [("Annex B", "Modules"), ("Annex B, 1", "Modules"), ("Annex B, 2", "Modules")]


def test_markdown_lists_below_plain_headings_are_clauses() -> None:
    text = "# Agreement\n\n## Term\n\n1. Long.\n2. Fixed.\n\n## Fees\n\n3. High.\n   1. Due.\n4. Fixed.\n"
    assert [block.clause for block in read(text, ".md").blocks] == [None, None, "1", "2", None, "3", "3(1)", "4"]


@pytest.mark.parametrize("mark", "-*_")
def test_a_long_spaced_rule_is_not_nesting(mark: str) -> None:
    text = f"# Title\n\n{' '.join(mark * 40)}\n\nSome **bold** words.\n"
    assert read_document(text.encode(), ".md", Limits()).text == "Title\nSome bold words.\n"


def test_markdown_that_is_nested_too_deep_loses_nothing() -> None:
    document = read(">" * 3000 + " the last word", ".md")
    assert "the last word" in document.text


def test_front_matter_makes_no_heading() -> None:
    found = blocks(
        read("---\ntitle: Terms\ndescription: What we promise.\ntags:\n  - law\n---\n\n# Terms\n\nWe promise.\n", ".md")
    )
    assert found == [
        (BlockKind.HEADER_FOOTER, "title: Terms"),
        (BlockKind.HEADER_FOOTER, "description: What we promise."),
        (BlockKind.HEADER_FOOTER, "tags:"),
        (BlockKind.HEADER_FOOTER, "- law"),
        (BlockKind.HEADING, "Terms"),
        (BlockKind.PARAGRAPH, "We promise."),
    ]


def test_a_rule_at_the_top_is_not_front_matter() -> None:
    found = blocks(read("---\nWe promise to reduce emissions.\n\n---\n\nAnd more.\n", ".md"))
    assert [text for _, text in found] == ["We promise to reduce emissions.", "And more."]
