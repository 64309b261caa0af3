"""The report in a real browser, opened from the drive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from browser.conftest import Watched
from report.bigdoc import big_document, result_of

from tclp_daemon.document import Block, BlockKind, Document
from tclp_daemon.report.render import render_report
from tclp_daemon.result import ContractResult, Finding, ResultWarning

pytestmark = pytest.mark.browser
Make = Callable[..., Watched]


@pytest.fixture
def sample(tmp_path: Path) -> tuple[Path, Document, ContractResult]:
    document, result = big_document(16, words=200)
    notes = (ResultWarning(code="pages_without_text", message="Some pages have no text.", pages=(3, 4)),)
    result = result.model_copy(update={"warnings": notes})
    path = tmp_path / "nda.pdf.report.html"
    path.write_text(render_report(document, result, "acme/nda.pdf"), "utf-8")
    return path, document, result


def test_highlights_hold_exactly_the_findings(sample: tuple[Path, Document, ContractResult], watched: Make) -> None:
    path, document, result = sample
    shown = watched()
    shown.open(path)
    marks = shown.page.eval_on_selector_all("mark", "marks => marks.map(m => [m.id, m.textContent])")
    expected = [(f"f{n}", document.text[f.start : f.end]) for n, f in enumerate(result.findings, 1)]
    assert [tuple(mark) for mark in marks] == expected
    assert shown.errors == []
    shown.nothing_ran()


def test_links_jump_to_the_finding_and_on(sample: tuple[Path, Document, ContractResult], watched: Make) -> None:
    path, _, result = sample
    shown = watched()
    shown.open(path)
    shown.page.click(f"#l{len(result.findings)} a")
    assert shown.page.locator("mark:target").get_attribute("id") == f"f{len(result.findings)}"
    assert _on_screen(shown, f"f{len(result.findings)}")
    shown.page.click("mark:target + .hop a[aria-label^=Previous]")
    assert _on_screen(shown, f"f{len(result.findings) - 1}")
    shown.page.click("mark:target + .hop a[aria-label^=Next]")
    assert _on_screen(shown, f"f{len(result.findings)}")
    shown.page.click("mark:target + .hop a[aria-label^=Finding]")
    assert _on_screen(shown, f"l{len(result.findings)}")
    shown.page.click(".warnings a >> text=4")
    assert _on_screen(shown, "p4")


def test_keyboard_reaches_the_text_first(sample: tuple[Path, Document, ContractResult], watched: Make) -> None:
    shown = watched()
    shown.open(sample[0])
    shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Enter")
    assert shown.page.evaluate("document.activeElement.id") == "contract"


def test_far_end_of_a_long_contract_is_reached(tmp_path: Path, watched: Make) -> None:
    document, result = big_document(300)
    path = tmp_path / "long.html"
    path.write_text(render_report(document, result, "long.pdf"), "utf-8")
    shown = watched()
    shown.open(path, f"#f{len(result.findings)}")
    assert _on_screen(shown, f"f{len(result.findings)}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(
    sample: tuple[Path, Document, ContractResult], watched: Make, scheme: str, width: int
) -> None:
    shown = watched(width=width, scheme=scheme)
    shown.open(sample[0])
    assert shown.serious() == []


@pytest.mark.parametrize("width", [640, 320])
def test_zoom_needs_no_sideways_scrolling(
    sample: tuple[Path, Document, ContractResult], watched: Make, width: int
) -> None:
    """1280 pixels at 200% and at 400% are 640 and 320."""
    shown = watched(width=width)
    shown.open(sample[0])
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_prints_to_a_sound_pdf(sample: tuple[Path, Document, ContractResult], watched: Make, paper: str) -> None:
    path, document, result = sample
    shown = watched()
    shown.open(path)
    pdf = pypdfium2.PdfDocument(shown.page.pdf(format=paper, print_background=False))
    width, height = pdf[0].get_size()
    assert (width, height) == pytest.approx((595, 842) if paper == "A4" else (612, 792), abs=1)
    text = " ".join(" ".join(page.get_textpage().get_text_range() for page in pdf).split())
    assert "Very likely to contain climate-aligned language" in text
    for n in (0, -1):
        finding = result.findings[n]
        assert " ".join(document.text[finding.start : finding.end].split())[:60] in text
    pdf.close()


@pytest.mark.parametrize("findings", [1, 2, 5])
def test_on_paper_each_finding_has_its_number_and_no_arrows(tmp_path: Path, watched: Make, findings: int) -> None:
    document, result = big_document(16, words=200)
    result = result_of(document, result.findings[:findings])
    assert len(result.findings) == findings
    path = tmp_path / "nda.pdf.report.html"
    path.write_text(render_report(document, result, "nda.pdf"), "utf-8")
    shown = watched()
    shown.open(path)
    shown.page.emulate_media(media="print")
    seen = shown.page.eval_on_selector_all("mark + .hop", "hops => hops.map(hop => hop.innerText.trim())")
    assert seen == [str(number) for number in range(1, findings + 1)]


ATTACKS = (
    "<script>window.pwned = 1; alert(1)</script>",
    "</style></title></textarea><img src=x onerror='window.pwned=2'>",
    "\"'><svg onload=window.pwned=3>",
    "<meta http-equiv=refresh content='0;url=https://example.org/'><base href=https://example.org/>",
    "<iframe srcdoc='<script>top.pwned=4</script>'></iframe><link rel=stylesheet href=https://example.org/x.css>",
    "{{ 7 * 7 }} {% for x in y %} ]]> <!-- &lt;script&gt; \u202e\u2066 turned \x00\x0b\ud800 around",
)


def test_text_and_name_that_attack_are_only_text(tmp_path: Path, watched: Make) -> None:
    text, blocks = "", []
    for kind in BlockKind:
        for attack in ATTACKS:
            row = (1, len(blocks), 1) if kind is BlockKind.TABLE_CELL else None
            blocks.append(Block(kind, len(text), len(text) + len(attack), 1, len(blocks) + 1, 1, row=row))
            text += attack + "\n"
    document = Document(text, tuple(blocks), "txt", ATTACKS[0], (0,))
    findings = tuple(
        Finding(
            text=text[b.start : b.end],
            start=b.start,
            end=b.end,
            probability=0.9,
            topics=(ATTACKS[0],),
            clause=ATTACKS[2],
            heading=ATTACKS[1],
        )
        for b in blocks
    )
    result = result_of(document, findings)
    result = result.model_copy(update={"warnings": (ResultWarning(code="x", message=ATTACKS[1]),)})
    path = tmp_path / "attack.html"
    path.write_text(render_report(document, result, "a" + ATTACKS[1] + ATTACKS[0] + ".pdf"), "utf-8")
    shown = watched()
    shown.open(path)
    shown.page.wait_for_load_state("networkidle")  # what an attack loads or leads to would have begun by now
    shown.nothing_ran()
    assert shown.page.url == path.as_uri()
    foreign = "script, img, iframe, link, base, form, object, meta[http-equiv=refresh], svg[onload], [onerror], [style]"
    assert shown.page.locator(foreign).count() == 0
    seen = shown.page.eval_on_selector_all("mark", "marks => marks.map(m => m.textContent)")
    cleaned = [a.replace("\x00", "\ufffd").replace("\x0b", "\ufffd").replace("\ud800", "\ufffd") for a in ATTACKS]
    assert seen == cleaned * len(BlockKind)


def _on_screen(shown: Watched, id: str) -> bool:
    found: bool = shown.page.evaluate(
        """id => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
            const box = document.getElementById(id).getBoundingClientRect();
            done(box.height > 0 && box.top >= 0 && box.bottom <= innerHeight);
        })))""",
        id,
    )
    return found
