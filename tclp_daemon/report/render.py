"""Document and result -> one HTML page that needs only a browser: no script, no network, no other file."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from tclp_daemon.document import Document
from tclp_daemon.report.clauses import ClauseList
from tclp_daemon.report.content import ReportBody
from tclp_daemon.report.escaping import asset, encodable, environment, policy
from tclp_daemon.report.words import VERDICTS, found
from tclp_daemon.result import ContractResult

_PACKAGE = "tclp_daemon.report"


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
    listed = ClauseList(document, result)
    topics = Counter(topic for finding in result.findings if finding.counted for topic in finding.topics)
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
            found=found(result.counts.counted, result.counts.clauses),
            entries=listed.entries,
            groups=listed.groups,
            topics=sorted(topics.items(), key=lambda pair: (-pair[1], pair[0])),
            chunks=content.chunks(),
            left_out=content.left_out,
            unread_pages=frozenset(document.unread_pages),
            now=now or datetime.now(UTC),
        )
    )
