"""What report and dashboard share: an escaping template environment, a Content-Security-Policy, and plain words.

Contract text and file names are untrusted. Three things keep them harmless, each on its own: Jinja2 escapes whatever is
not our own template, the policy admits the page's own style and script by their hash and nothing else, and names stand
in `<bdi>`, so that direction marks in them end with them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tclp_daemon.task import iso

# Control characters have no place in HTML and lone surrogates none in UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
# They would turn around what follows them where no <bdi> can stand, as in a title.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# Before "climate-aligned language".
VERDICTS = {
    "unlikely": "Unlikely to contain",
    "possible": "May contain",
    "likely": "Likely to contain",
    "very likely": "Very likely to contain",
}


@cache
def environment(package: str) -> Environment:
    """The templates of a package; everything that they print is escaped."""
    made = Environment(
        loader=PackageLoader(package),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {
        "count": count,
        "moment": moment,
        "day": day,
        "iso": iso,
        "topic": topic,
        "plain": plain,
        "link": link,
    }
    made.globals["verdicts"] = list(VERDICTS)
    return made


def asset(package: str, *names: str) -> Markup:
    """Our own style or script, to stand in a page as it is."""
    environment_ = environment(package)
    assert environment_.loader is not None
    return Markup("\n".join(environment_.loader.get_source(environment_, name)[0] for name in names))  # noqa: S704


def policy(style: str, script: str | None = None) -> str:
    """A Content-Security-Policy under which only this style and this script exist: no network, no frames, no forms."""
    scripts = f" script-src {_hash(script)};" if script is not None else ""
    return f"default-src 'none'; style-src {_hash(style)};{scripts} base-uri 'none'; form-action 'none'"


def encodable(text: str) -> str:
    """The text with what HTML and UTF-8 cannot hold replaced, character for character, so that offsets stay."""
    return _UNPRINTABLE.sub("\ufffd", text)


def plain(name: str) -> str:
    """A name for places that take no markup: one line, no direction marks."""
    return " ".join(_DIRECTION.sub("", encodable(name)).split())


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 finding`, `1,234 findings`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(at: datetime) -> str:
    """`31 January 2026, 09:00 UTC`."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def day(at: datetime) -> str:
    """`31 January 2026`."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y}"


def link(path: str) -> str:
    """A relative path as a URL; whatever the name holds, it stays a path below the page's own folder."""
    return "./" + quote(path, safe="/")


def topic(name: str) -> str:
    """`net_zero` as people write it."""
    return name.replace("_", " ").capitalize()


def probability_words(probability: float) -> str:
    """How sure the classifier is, in words and in per cent; never a certainty it does not have."""
    if probability >= 0.95:
        words = "Almost certain"
    elif probability >= 0.8:
        words = "Very probable"
    elif probability >= 0.6:
        words = "Probable"
    else:
        words = "Uncertain, worth a look"
    percent = "over 99" if probability > 0.99 else str(round(probability * 100))
    return f"{words} ({percent} %)"


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
