"""What a page of contents looks like."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from tclp_daemon import __version__
from tclp_daemon.formats import SUFFIXES
from tclp_daemon.outbox.names import page_name
from tclp_daemon.pipeline import stage_words
from tclp_daemon.report.escaping import asset, environment, policy
from tclp_daemon.report.portfolio import Row, base_name
from tclp_daemon.store import PageBlock
from tclp_daemon.task import Status

if TYPE_CHECKING:
    from markupsafe import Markup

_PACKAGE = "tclp_daemon.outbox"
_PARTS = ("dashboard.html.j2", "dashboard_rows.html.j2", "dashboard.css", "dashboard.js")


@dataclass(frozen=True, slots=True)
class Contents:
    """What the pages say about all contracts.

    Attributes:
        statuses, verdicts: number of contracts with each.
        older: the blocks that have their own page.
        failed: the newest failed ones, for the first page.
        working: those in progress, for the first page if the queue is long.
        in_part: number of contracts of which something could not be judged.
    """

    statuses: dict[str, int]
    verdicts: dict[str, int]
    older: dict[int, PageBlock]
    failed: Sequence[Row] = ()
    working: Sequence[Row] = ()
    in_part: int = 0

    @property
    def total(self) -> int:
        """Number of contracts."""
        return sum(self.statuses.values())

    @property
    def active(self) -> int:
        """Number of contracts that wait or are in progress."""
        return self.statuses.get(Status.PENDING, 0) + self.statuses.get(Status.PROCESSING, 0)


@cache
def look() -> str:
    """Changes with whatever makes a page look different: our templates, style and script, and the version."""
    parts = asset("tclp_daemon.report", "base.css") + asset(_PACKAGE, *_PARTS) + __version__
    return hashlib.sha256(parts.encode()).hexdigest()


def lines(rows: Iterable[Row]) -> list[Markup]:
    """The rows as lines of the table, escaped; they are the most expensive part of a page, and worth keeping."""
    template = environment(_PACKAGE).get_template("dashboard_rows.html.j2")
    line = template.make_module({"split": base_name, "stage_words": stage_words}).line  # type: ignore[attr-defined]
    return [line(row) for row in rows]


def render(contents: Contents, shown: Sequence[Markup], *, block: int | None, now: datetime | None = None) -> bytes:
    """One page of contents.

    Args:
        contents: what the page says about all contracts.
        shown: the contracts on this page as `lines`, oldest first.
        block: number of the block of older contracts, None for the first page.
        now: shown as the time of writing.
    """
    style = asset("tclp_daemon.report", "base.css") + "\n" + asset(_PACKAGE, "dashboard.css")
    script = asset(_PACKAGE, "dashboard.js")
    context: dict[str, Any] = {
        "style": style,
        "script": script,
        "policy": policy(style, script),
        "rows": list(reversed(shown)),
        "failed": contents.failed,
        "failed_total": contents.statuses.get(Status.FAILED, 0),
        "working": contents.working,
        "statuses": Counter(contents.statuses),
        "verdict_counts": Counter(contents.verdicts),
        "in_part": contents.in_part,
        "total": contents.total,
        "active": contents.active if block is None else 0,
        "block": block,
        "pages": [
            (page_name(number), datetime.fromisoformat(older.first), datetime.fromisoformat(older.last), number)
            for number, older in sorted(contents.older.items(), reverse=True)
        ],
        "split": base_name,
        "suffixes": SUFFIXES,
        "stage_words": stage_words,
        "now": now or datetime.now(UTC),
    }
    html = environment(_PACKAGE).get_template("dashboard.html.j2").render(context)
    return html.encode("utf-8", "replace")
