"""How report and dashboard keep untrusted text harmless: escaping, a Content-Security-Policy, and safe names and links.

Contract text and file names are untrusted. Three independent measures keep them harmless: Jinja2 escapes everything
that a template prints, the policy admits the page's own style and script by their hash and nothing else, and templates
put names into `<bdi>`, so that direction marks in a name end with it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tclp_daemon.report.words import VERDICTS, count, day, moment, topic
from tclp_daemon.task import iso

# Control characters are not allowed in HTML, nor lone surrogates in UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
# Direction marks: they would reverse what follows them where <bdi> is not allowed, as in a title.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@cache
def environment(package: str) -> Environment:
    """The templates of a package. Everything that they print is escaped, and an undefined name is an error."""
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
    """A style or script of the package, put into a page without escaping."""
    environment_ = environment(package)
    assert environment_.loader is not None
    return Markup("\n".join(environment_.loader.get_source(environment_, name)[0] for name in names))  # noqa: S704


def policy(style: str, script: str | None = None) -> str:
    """A Content-Security-Policy under which only this style and this script exist: no network, no frames, no forms."""
    scripts = f" script-src {_hash(script)};" if script is not None else ""
    return f"default-src 'none'; style-src {_hash(style)};{scripts} base-uri 'none'; form-action 'none'"


def encodable(text: str) -> str:
    """The text with what HTML and UTF-8 cannot hold replaced, character for character, so offsets stay the same."""
    return _UNPRINTABLE.sub("\ufffd", text)


def plain(name: str) -> str:
    """A name for places without markup, such as a title: one line, no direction marks."""
    return " ".join(_DIRECTION.sub("", encodable(name)).split())


def link(path: str) -> str:
    """A relative path as a URL. Whatever is in the name, the link stays below the page's own directory."""
    return "./" + quote(path, safe="/")


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
