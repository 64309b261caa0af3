"""Whether a file is a Word document that is written as one XML file. Imports nothing, as every file is looked at."""

from __future__ import annotations

import re

XML_WINDOW = 4096  # bytes at the beginning of a file
_ROOT = re.compile(
    rb"(?:<\?[^<>]{0,500}\?>\s*+|<!--[^<>]{0,1000}-->\s*+){0,10}+<(?:[\w.-]{1,20}:)?(?P<root>package|wordDocument)\b"
)
_NAMESPACES = {
    b"package": b"http://schemas.microsoft.com/office/2006/xmlPackage",
    b"wordDocument": b"http://schemas.microsoft.com/office/word/2003/wordml",
}


def is_word_xml(head: bytes) -> bool:
    """True for Flat OPC and for the XML of Word 2003.

    Args:
        head: the first `XML_WINDOW` bytes.
    """
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")  # UTF-16 as well as UTF-8
    root = _ROOT.match(plain)
    return root is not None and _NAMESPACES[root["root"]] in plain
