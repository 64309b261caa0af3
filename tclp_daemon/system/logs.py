"""structlog: readable on a terminal, one JSON object per line otherwise. Contract text is never logged."""

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

    Nothing should fail because it logs. The next line that can be written is preceded by the number of lost ones. Each
    line is one write, because the workers' lines go to the same place.

    Args:
        stream: where lines go.
        as_json: the lines are JSON objects, so the one about lost lines is too.

    Attributes:
        lost: lines that could not be written since the last one that could.
    """

    def __init__(self, stream: TextIO, *, as_json: bool = False) -> None:
        self._stream = stream
        self._as_json = as_json
        self._line = ""
        self.lost = 0

    def write(self, text: str) -> None:
        """Collects text and writes it when its line ends."""
        self._line += text
        if not text.endswith("\n"):
            return
        line, self._line = self._line, ""
        try:
            self._stream.write(self._notice() + line)
            self._stream.flush()
            self.lost = 0
        except (OSError, ValueError):  # ValueError: it was closed
            self.lost += 1

    def _notice(self) -> str:
        if not self.lost:
            return ""
        notice = {"event": "log_lines_lost", "lines": self.lost, "level": "warning"}
        return (json.dumps(notice) if self._as_json else f"(log lines that could not be written: {self.lost})") + "\n"

    def flush(self) -> None:
        """Does nothing: every line is flushed as it is written."""


@lru_cache(maxsize=1)
def _tolerant(stream: TextIO) -> TextIO:
    return cast(TextIO, TolerantStream(stream))


# For commands that do not configure logging: structlog's default is stdout, which is for their answer.
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(_tolerant(sys.stderr)))


def configure_logging(
    level: Literal["debug", "info", "warning", "error"] = "info",
    format: Literal["auto", "console", "json"] = "auto",
) -> None:
    """Sets up logging for this process. Logs go to stderr, because stdout is for the command's answer."""
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
    """A logger whose lines name the part of the daemon they come from."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return logger
