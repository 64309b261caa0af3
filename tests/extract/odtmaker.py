"""Writes OpenDocument texts (.odt) from scraps of their XML."""

from __future__ import annotations

import io
import zipfile

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMESPACES = " ".join(
    [
        *(f'xmlns:{name}="{_OASIS}{name}:1.0"' for name in ("office", "style", "text", "table")),
        f'xmlns:draw="{_OASIS}drawing:1.0" xmlns:fo="{_OASIS}xsl-fo-compatible:1.0"',
        f'xmlns:svg="{_OASIS}svg-compatible:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"',
    ]
)


def make_odt(
    body: str,
    *,
    styles: str = "",
    automatic: str = "",
    master: str = "",
    manifest: str = "",
    files: dict[str, bytes] | None = None,
    kind: str = "text",
) -> bytes:
    """The bytes of the package.

    Args:
        body: what office:text holds.
        styles: common styles, with those of lists and of the outline.
        automatic: styles that belong to the content.
        master: master pages, with headers and footers.
        manifest: entries of the manifest.
        files: further parts by name.
        kind: last word of the media type.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}", zipfile.ZIP_STORED)
        archive.writestr(
            "content.xml",
            f"<office:document-content {_NAMESPACES}><office:automatic-styles>{automatic}</office:automatic-styles>"
            f"<office:body><office:text>{body}</office:text></office:body></office:document-content>",
        )
        archive.writestr(
            "styles.xml",
            f"<office:document-styles {_NAMESPACES}><office:styles>{styles}</office:styles>"
            f"<office:master-styles>{master}</office:master-styles></office:document-styles>",
        )
        archive.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
        for name, data in (files or {}).items():
            archive.writestr(name, data)
    return buffer.getvalue()


def p(text: str, style: str = "Standard") -> str:
    """A paragraph."""
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def h(text: str, level: int = 1, more: str = "") -> str:
    """A heading."""
    return f'<text:h text:outline-level="{level}"{more}>{text}</text:h>'


def items(*contents: str, style: str = "", more: str = "") -> str:
    """A list; each of its items is given as its content."""
    named = f' text:style-name="{style}"' if style else ""
    inner = "".join(f"<text:list-item>{content}</text:list-item>" for content in contents)
    return f"<text:list{named}{more}>{inner}</text:list>"


def level(number: int, format: str, *, prefix: str = "", suffix: str = "", shown: int = 1) -> str:
    """A level of a list style."""
    return (
        f'<text:list-level-style-number text:level="{number}" style:num-format="{format}" style:num-prefix="{prefix}" '
        f'style:num-suffix="{suffix}" text:display-levels="{shown}"/>'
    )
