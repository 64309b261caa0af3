"""Text and markup in, a `Document` out: any encoding, hard-wrapped or not.

`read_text`, `read_markdown` and `read_html` are the ways in. They share the way from bytes to characters (`encoding`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tclp_daemon.extract.lazy import lazy

if TYPE_CHECKING:
    from tclp_daemon.extract.text.html import read_html
    from tclp_daemon.extract.text.markdown import read_markdown
    from tclp_daemon.extract.text.plain import read_text
else:
    __getattr__ = lazy(__name__, {"read_html": "html", "read_markdown": "markdown", "read_text": "plain"})

__all__ = ["read_html", "read_markdown", "read_text"]
