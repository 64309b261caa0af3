"""structlog: readable on a terminal, one JSON object a line otherwise. Contract text is never logged."""

from __future__ import annotations

import json
import logging
import sys
from functools import lru_cache
from typing import Literal, TextIO, cast

import structlog

# Without locals: they would hold contract text.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


class TolerantStream:
    """A stream that may be gone or full: a line that cannot be written is dropped and counted, never an exception.

    Whoever logs has better things to do than to fail because of it. The next line that can be written is preceded by
    how many were lost. Each line is one write: the workers' lines go to the same place.

    Args:
        stream: where lines go.
        as_json: the lines are JSON objects, so the number of lost ones is one, too.
    """

    def __init__(self, stream: TextIO, *, as_json: bool = False) -> None:
        self._stream = stream
        self._as_json = as_json
        self._line = ""
        self.lost = 0

    def write(self, text: str) -> None:
        """Writes what ends a line, with all that came before it."""
        self._line += text
        if not text.endswith("\n"):
            return
        line, self._line = self._line, ""
        try:
            self._stream.write(self._told() + line)
            self._stream.flush()
            self.lost = 0
        except (OSError, ValueError):  # ValueError: it was closed
            self.lost += 1

    def _told(self) -> str:
        if not self.lost:
            return ""
        told = {"event": "log_lines_lost", "lines": self.lost, "level": "warning"}
        return (json.dumps(told) if self._as_json else f"(log lines that could not be written: {self.lost})") + "\n"

    def flush(self) -> None:
        """Nothing waits."""


@lru_cache(maxsize=1)
def _tolerant(stream: TextIO) -> TextIO:
    return cast(TextIO, TolerantStream(stream))


# For commands that configure nothing: structlog's own default is stdout, which is their answer.
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(_tolerant(sys.stderr)))


def configure_logging(
    level: Literal["debug", "info", "warning", "error"] = "info",
    format: Literal["auto", "console", "json"] = "auto",
) -> None:
    """Sets up logging for this process; logs go to stderr, so that stdout stays the command's answer."""
    console = format == "console" or (format == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=28
        )
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if console else [_TRACEBACKS]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, TolerantStream(sys.stderr, as_json=not console))),
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that says which part of the daemon speaks."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return logger
