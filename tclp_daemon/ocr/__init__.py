"""Text recognition (OCR) of pages without text, by Tesseract where it is installed.

`recognise` takes pictures of pages and returns their lines, which the readers then treat like any other. `find_engine`
says whether there is an engine. Everything that a hostile picture could hang or crash happens in children (`children`).
"""

from __future__ import annotations

from tclp_daemon.ocr.engine import EngineMissing
from tclp_daemon.ocr.recogniser import Engine, Pictures, Recognition, find_engine, recognise

__all__ = ["Engine", "EngineMissing", "Pictures", "Recognition", "find_engine", "recognise"]
