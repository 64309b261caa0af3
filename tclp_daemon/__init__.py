"""Finds climate-aligned language in contracts: a daemon that watches a directory, a command line, and a Python API.

    from tclp_daemon import analyze, read

The API is imported when one of its names is first used (PEP 562), so that commands which need no model start at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tclp_daemon.api import Analyzer, ContractError, Document, Outcome, analyze, read

__all__ = ["Analyzer", "ContractError", "Document", "Outcome", "analyze", "read"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("tclp_daemon.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
