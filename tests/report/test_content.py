"""Whatever the document and the findings: all of its text is shown, in order, and each mark is exactly its finding."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from report.bigdoc import result_of

from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.report.content import ReportBody
from tclp_daemon.report.escaping import encodable
from tclp_daemon.report.render import render_report
from tclp_daemon.result import Finding

# Line breaks of three kinds are one to HTML; everything else must come out as it went in.
TEXT = st.text(st.characters(exclude_characters="\r"), min_size=1, max_size=30).filter(str.strip)
CELL = st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 3))


class Page(HTMLParser):
    """The contract's text as a browser sees it, the marks in it, and the anchors."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.marks: dict[str, str] = {}
        self.anchors: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self._open: list[str] = []
        self._mark = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if "id" in given:
            self.anchors.append(given["id"] or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag == "mark":
            self._mark = given.get("id") or self._mark
            self.marks.setdefault(self._mark, "")
        if tag not in ("meta", "br"):
            self._open.append("hop" if given.get("class") == "hop" else given.get("id") or tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if "contract" in self._open and "hop" not in self._open and "text" not in self._open:
            self.text += data
            if "mark" in self._open or any(name in self.marks for name in self._open):
                self.marks[self._mark] += data


IN_TABLES = (BlockKind.TABLE_CELL, BlockKind.SIGNATURE, BlockKind.ADDRESS, BlockKind.LISTING)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = ""
    blocks: list[Block] = []
    last: dict[int, tuple[int, int, int]] = {}
    for kind, content in draw(st.lists(st.tuples(st.sampled_from(BlockKind), TEXT), min_size=1, max_size=12)):
        row = draw(CELL) if kind is BlockKind.TABLE_CELL and draw(st.booleans()) else None
        if row is not None:  # readers give the cells of a table in their order
            row = last[row[0]] = max(row, last.get(row[0], row))
        level = draw(st.integers(0, 9))
        blocks.append(Block(kind, len(text), len(text) + len(content), None, len(blocks) + 1, level, row=row))
        text += content + "\n"
    starts = draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    return Document(text, tuple(blocks), "pdf", "test 1", tuple([0, *starts] if draw(st.booleans()) else starts))


@st.composite
def found(draw: st.DrawFn) -> tuple[Document, tuple[Finding, ...]]:
    document = draw(documents())
    findings = []
    for block in document.blocks:
        if draw(st.booleans()):
            start = draw(st.integers(block.start, block.end - 1))
            end = draw(st.integers(start + 1, block.end))
            findings.append(
                Finding(
                    text=encodable(document.text[start:end]), start=start, end=end, probability=draw(st.floats(0, 1))
                )
            )
    return document, tuple(findings)


def shown(text: str) -> str:
    """Text as it must appear; white space is compared loosely, since there are tags between blocks."""
    return "".join(encodable(text).split())


@given(found())
def test_all_text_is_there_and_marks_are_exact(case: tuple[Document, tuple[Finding, ...]]) -> None:
    document, findings = case
    page = Page(render_report(document, result_of(document, findings), "a.pdf"))
    if not any(block.row for block in document.blocks):  # table cells are shown by row and column
        assert shown(page.text) == shown("".join(document.text[b.start : b.end] for b in document.blocks))
    else:
        assert sorted(shown(page.text)) == sorted(shown(document.text))
    expected = {f"f{n}": shown(document.text[f.start : f.end]) for n, f in enumerate(findings, 1)}
    assert {name: shown(text) for name, text in page.marks.items()} == expected


@given(found())
def test_every_link_has_its_one_anchor(case: tuple[Document, tuple[Finding, ...]]) -> None:
    document, findings = case
    page = Page(render_report(document, result_of(document, findings), "a.pdf"))
    assert len(page.anchors) == len(set(page.anchors))
    assert {link for link in page.links if link.removeprefix("#") not in page.anchors} == set()
    pages = [f"p{n}" for n in range(1, len(document.page_starts) + 1)]
    assert [anchor for anchor in page.anchors if anchor.startswith("p") and anchor[1:].isdigit()] == pages or any(
        block.row for block in document.blocks
    )


@given(documents(), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=8))
def test_findings_that_overlap_or_miss_still_have_a_place(document: Document, spans: list[tuple[int, int]]) -> None:
    findings = tuple(Finding(text="x", start=a, end=a + b, probability=0.9) for a, b in spans)
    page = Page(render_report(document, result_of(document, findings), "a.pdf"))
    assert sorted(page.marks) == sorted(f"f{n}" for n in range(1, len(findings) + 1))


def test_a_cell_stays_in_its_table_whatever_it_is() -> None:
    blocks = [Block(kind, at * 6, at * 6 + 5, row=(1, 1 + at // 2, 1 + at % 2)) for at, kind in enumerate(IN_TABLES)]
    html = render_report(
        document := Document("Cells\n" * 4, tuple(blocks), "pdf", "test 1"), result_of(document, ()), "a"
    )
    assert (html.count("<table"), html.count("<td")) == (1, 4)


def test_long_texts_are_cut_into_parts_a_browser_may_skip() -> None:
    text = "clause\n" * 500
    blocks = tuple(Block(BlockKind.PARAGRAPH, i * 7, i * 7 + 6) for i in range(500))
    chunks = list(ReportBody(Document(text, blocks, "txt", "test 1"), ()).chunks())
    assert len(chunks) > 5
    assert sum(len(chunk) for chunk in chunks) == 500
