"""Document and result -> one HTML page that needs only a browser: no script, no network, no other file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tclp_daemon.document import Document
from tclp_daemon.report.content import ReportBody
from tclp_daemon.report.escaping import asset, encodable, environment, policy
from tclp_daemon.report.selection import MOST_FINDINGS
from tclp_daemon.report.words import VERDICTS, place, probability_words
from tclp_daemon.result import ContractResult, Finding

_PACKAGE = "tclp_daemon.report"
_EXCERPT = 600
# The strip that shows where the findings are: its width, the least width of a finding, and the gap between two.
_STRIP = 1000
_THIN = 4
_GAP = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding in the list: where it is, what it says, and its place on the strip."""

    number: int
    topics: tuple[str, ...]
    place: str
    heading: str | None
    probability: str
    excerpt: str
    recognised: bool
    x: float
    width: float


def render_report(document: Document, result: ContractResult, display_name: str, *, now: datetime | None = None) -> str:
    """The report of one contract.

    Args:
        document: what was read.
        result: what was found; its offsets point into `document.text`.
        display_name: where the contract was dropped, relative to the inbox.
        now: the date shown; the current time by default.
    """
    style = asset(_PACKAGE, "base.css", "report.css")
    folder, _, name = encodable(display_name).rpartition("/")
    length = max(len(document.text), 1)
    listed = result.findings[:MOST_FINDINGS]
    content = ReportBody(document, result.findings)
    return (
        environment(_PACKAGE)
        .get_template("report.html.j2")
        .render(
            style=style,
            policy=policy(style),
            name=name,
            folder=folder,
            result=result,
            verdict=VERDICTS[result.classification.value],
            step=list(VERDICTS).index(result.classification.value),
            entries=[_entry(number, finding, length) for number, finding in enumerate(listed, 1)],
            topics=sorted(result.counts.by_topic.items(), key=lambda pair: (-pair[1], pair[0])),
            chunks=content.chunks(),
            left_out=content.left_out,
            unread_pages=frozenset(document.unread_pages),
            now=now or datetime.now(UTC),
        )
    )


def _entry(number: int, finding: Finding, length: int) -> Entry:
    text = encodable(" ".join(finding.text[: 10 * _EXCERPT].split()))
    start = min(finding.start / length, 1) * (_STRIP - _THIN)
    return Entry(
        number=number,
        topics=finding.topics,
        place=_place(finding),
        heading=encodable(finding.heading) if finding.heading else None,
        probability=probability_words(finding.probability),
        excerpt=text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …",
        recognised=finding.recognised,
        x=round(start, 1),
        width=round(max(_THIN, (finding.end - finding.start) / length * _STRIP - _GAP), 1),
    )


def _place(finding: Finding) -> str:
    words = encodable(place(finding))
    return words[0].upper() + words[1:]
