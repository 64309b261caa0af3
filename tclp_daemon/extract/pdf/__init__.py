"""PDF bytes in, a `Document` out: pages in reading order, tables, form fields; running headers marked.

`read_pdf` is the way in. Files that would cost too much are refused before pdfium opens them (`weight`, `probe`), and
damaged ones are read by pdfminer instead (`salvage`). `PagePictures` renders pages for text recognition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tclp_daemon.extract.lazy import lazy

if TYPE_CHECKING:
    from tclp_daemon.extract.pdf.pictures import PagePictures
    from tclp_daemon.extract.pdf.reader import PDFIUM, read_pdf
else:
    __getattr__ = lazy(__name__, {"PDFIUM": "reader", "PagePictures": "pictures", "read_pdf": "reader"})

__all__ = ["PDFIUM", "PagePictures", "read_pdf"]
