"""Forms that paint forms may paint for ever, inside pdfium, where nothing can stop them: so they are tried out first.

A form that paints itself twice costs pdfium two to the power of its recursion limit, and a chain of forms that each
paint the next one twice does the same without any recursion. Neither can be seen without running the page, so a file
with nested forms, which few contracts have, has its pages opened once in a process of their own that may be killed.
"""

from __future__ import annotations

import re
import subprocess

from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.child import run_apart

_PATIENCE_S = 15  # for all pages; a plain document of a thousand pages takes two
_FORM = re.compile(rb"/Subtype\s*/Form\b")
_OBJECT = re.compile(rb"\b(\d{1,9})\s+\d{1,5}\s+obj\b")
_XOBJECTS = re.compile(rb"/XObject\s*(?:<<(.{0,4000}?)>>|(\d{1,9})\s+\d{1,5}\s+R)", re.S)
_RESOURCES = re.compile(rb"/Resources\s+(\d{1,9})\s+\d{1,5}\s+R")
_REFERENCE = re.compile(rb"(\d{1,9})\s+\d{1,5}\s+R\b")
_WINDOW = 6000  # bytes of an object's dictionary that are looked at
_PROBE = """
import sys, pypdfium2
document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
for index in range(len(document)):
    try:
        page = document[index]
        page.get_textpage().count_chars()
        page.close()
    except pypdfium2.PdfiumError:
        pass
"""


def has_nested_forms(data: bytes) -> bool:
    """True where a form names another form (or itself) in its resources, or names resources that are out of sight."""
    if _FORM.search(data) is None:
        return False
    heads = {int(match[1]): _head(data, match.end()) for match in _OBJECT.finditer(data)}
    forms = {number for number, head in heads.items() if _FORM.search(head)}
    return any(_names_form(heads[number], heads, forms) for number in forms)


def _names_form(head: bytes, heads: dict[int, bytes], forms: set[int]) -> bool:
    if indirect := _RESOURCES.search(head):
        resources = heads.get(int(indirect[1]))
        if resources is None:
            return True  # packed into an object stream
        head = resources
    for match in _XOBJECTS.finditer(head):
        names = match[1] if match[1] is not None else heads.get(int(match[2]))
        if names is None or any(int(number) in forms for number in _REFERENCE.findall(names)):
            return True
    return False


def _head(data: bytes, start: int) -> bytes:
    """The dictionary of the object that begins at `start`."""
    piece = data[start : start + _WINDOW]
    ends = [at for at in (piece.find(b"stream"), piece.find(b"endobj")) if at >= 0]
    return piece[: min(ends)] if ends else piece


def try_out(data: bytes) -> None:
    """Opens the pages in a process of their own.

    Raises:
        ContractError: corrupt, where that does not end or ends badly.
    """
    try:
        done = run_apart(_PROBE, data=data, seconds=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise ContractError(ErrorCode.CORRUPT, detail="its forms paint one another without end") from None
    if done.returncode < 0:
        raise ContractError(ErrorCode.CORRUPT, detail="opening its pages makes the reader crash")
