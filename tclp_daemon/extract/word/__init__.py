"""Word files in, a `Document` out: what the printed page would show, with its automatic numbers.

`read_docx`, `read_doc`, `read_rtf` and `read_odt` are the ways in. They share automatic numbering (`autonumber`),
symbol fonts (`symbols`) and containers that are opened without being trusted (`zipsafe`, `ole`). `pictures_of` gives
text recognition the pictures of a .docx or .odt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tclp_daemon.extract.lazy import lazy

if TYPE_CHECKING:
    from tclp_daemon.extract.word.doc import read_doc
    from tclp_daemon.extract.word.docx import pictures_of, read_docx
    from tclp_daemon.extract.word.odt import read_odt
    from tclp_daemon.extract.word.rtf import read_rtf
else:
    __getattr__ = lazy(
        __name__, {"pictures_of": "docx", "read_doc": "doc", "read_docx": "docx", "read_odt": "odt", "read_rtf": "rtf"}
    )

__all__ = ["pictures_of", "read_doc", "read_docx", "read_odt", "read_rtf"]
