"""Pools whose workers run the keyword classifier."""

from __future__ import annotations

import sys

import pytest

from harness import KEYWORD_DAEMON


@pytest.fixture
def keyword_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spawned workers import the program's main module, so that is the keyword daemon for a while."""
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "__spec__", None)
    monkeypatch.setattr(main, "__file__", str(KEYWORD_DAEMON), raising=False)
