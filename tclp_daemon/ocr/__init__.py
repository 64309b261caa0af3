"""Text recognition (OCR) of pages without text, by Tesseract where it is installed.

`with_recognised_pages` is the stage of the pipeline: it has pictures of pages recognised and gives their lines to the
readers, which treat them like any other. `find_engine` says whether there is an engine, `unread_pages` whether a
document needs one. Everything that a hostile picture could hang or crash happens in children (`children`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tclp_daemon.extract.lazy import lazy

if TYPE_CHECKING:
    from tclp_daemon.ocr.engine import EngineMissing
    from tclp_daemon.ocr.recogniser import find_engine
    from tclp_daemon.ocr.stage import with_recognised_pages
    from tclp_daemon.ocr.unread import unread_pages
else:
    __getattr__ = lazy(
        __name__,
        {
            "EngineMissing": "engine",
            "find_engine": "recogniser",
            "unread_pages": "unread",
            "with_recognised_pages": "stage",
        },
    )

__all__ = ["EngineMissing", "find_engine", "unread_pages", "with_recognised_pages"]
