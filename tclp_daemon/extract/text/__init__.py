"""Text and markup in, a `Document` out: any encoding, hard-wrapped or not.

`read_text`, `read_markdown`, `read_html` and `read_mime` are the ways in. They share the way from bytes to characters
(`encoding`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tclp_daemon.extract.lazy import lazy

if TYPE_CHECKING:
    from tclp_daemon.extract.text.files import read_html, read_text
    from tclp_daemon.extract.text.markdown import read_markdown
    from tclp_daemon.extract.text.mime import read_mime
else:
    __getattr__ = lazy(
        __name__, {"read_html": "files", "read_markdown": "markdown", "read_mime": "mime", "read_text": "files"}
    )

__all__ = ["read_html", "read_markdown", "read_mime", "read_text"]
