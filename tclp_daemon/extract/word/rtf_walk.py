"""Walks over the tokens of a Rich Text file: its groups, the bytes of its text, and its control words.

What the words mean is the reader's business (`rtf_reader`); here it is where they begin and end.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.word.rtf_source import (
    BRACE,
    HEX,
    NUMBER,
    SYMBOL,
    TEXT,
    TOKEN,
    WORD,
    end_of_group,
    unicode_twin,
)
from tclp_daemon.extract.word.rtf_state import SYMBOLS, State

_MOST_GROUPS = 5_000_000
_LOOKED_AT = 4  # times the size of the file that is looked at ahead


class Walker(ABC):
    """Walks over one file.

    Args:
        source: its bytes as characters of Latin-1.
        limits: depth of its groups.

    Attributes:
        cut_off: the file ends before its last group does, or names more bytes than it has.
    """

    def __init__(self, source: str, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._at = 0
        self._state = State()
        self._stack: list[State] = []
        self._closing: list[list[Callable[[], None]] | None] = []
        self._groups = self._looked_at = 0
        self._bytes = bytearray()
        self._passed_over = 0  # characters that a \u has replaced
        self._starred = False
        self.cut_off = False

    @abstractmethod
    def _word(self, word: str, value: int | None, *, starred: bool) -> None:
        """Takes a control word, its number, and whether "\\*" stands before it."""

    @abstractmethod
    def _show(self, text: str) -> None:
        """Takes text."""

    @abstractmethod
    def _decode(self, code: bytes) -> str:
        """The text that bytes stand for at this place."""

    @abstractmethod
    def _opened(self) -> None:
        """A group has been opened."""

    @abstractmethod
    def _finish(self) -> None:
        """The group of the document is going to be closed."""

    def run(self) -> None:
        """Reads the file.

        Raises:
            ContractError: corrupt (too many groups), too_deep, too_much_text.
        """
        source, size, match = self._source, len(self._source), TOKEN.match
        while self._at < size and (token := match(source, self._at)) is not None:
            self._at = token.end()
            kind = token.lastindex
            if kind == TEXT:
                self._text(token[TEXT])
            elif kind == HEX:
                self._byte(int(token[HEX], 16))
            elif kind is not None:
                if self._bytes:
                    self._flush()
                if kind != BRACE:
                    self._control(token)
                elif token[BRACE] == "{":
                    self._open()
                elif not self._close():
                    return  # what follows the last brace is not the document's
        if self._bytes:
            self._flush()
        self.cut_off |= bool(self._stack)
        while self._stack:
            self._close()

    # Groups

    def _open(self) -> None:
        self._groups += 1
        if self._groups > _MOST_GROUPS:
            raise ContractError(ErrorCode.CORRUPT, detail=f"it has more than {_MOST_GROUPS} groups")
        if len(self._stack) > self._limits.depth:
            raise ContractError(ErrorCode.TOO_DEEP, found=len(self._stack), limit=self._limits.depth)
        self._stack.append(self._state)
        self._closing.append(None)
        self._passed_over, self._starred = 0, False
        self._opened()

    def _close(self) -> bool:
        """Closes the innermost group; False where that was the document's."""
        self._passed_over = 0
        for close in reversed(self._closing.pop() or ()):
            close()
        if len(self._stack) == 1:
            self._finish()
        self._state = self._stack.pop()
        return bool(self._stack)

    def _own(self) -> State:
        """The state of this group, to be changed: groups share that of the one around them until then."""
        if self._stack and self._state is self._stack[-1]:
            self._state = self._state.copy()
        return self._state

    def _at_end(self, close: Callable[[], None]) -> None:
        if self._closing:
            waiting = self._closing[-1] = self._closing[-1] or []
            waiting.append(close)

    def _skip(self) -> None:
        if len(self._stack) > 1:  # or the document would be gone
            self._at = end_of_group(self._source, self._at)

    # Text

    def _text(self, text: str) -> None:
        if self._passed_over:
            cut = min(self._passed_over, len(text))
            self._passed_over -= cut
            text = text[cut:]
        text = text.replace("\x00", "")
        self._starred = False
        if self._bytes or not text.isascii():
            self._bytes += text.encode("latin-1")  # a letter of two bytes may end in one that looks like text
        elif text:
            self._show(text)

    def _byte(self, code: int) -> None:
        if self._passed_over:
            self._passed_over -= 1
        else:
            self._bytes.append(code)

    def _flush(self) -> None:
        code, self._bytes = bytes(self._bytes), bytearray()
        self._show(self._decode(code))

    # Control words

    def _control(self, token: re.Match[str]) -> None:
        word, starred = token[WORD], self._starred
        self._starred = False
        if self._passed_over and word != "bin":
            self._passed_over -= 1
        elif word is None:
            self._symbol(token[SYMBOL])
        else:
            number = token[NUMBER]
            self._word(word, int(number) if number else None, starred=starred)

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._starred = True
        elif symbol in "\r\n":
            self._word("par", None, starred=False)
        elif shown := SYMBOLS.get(symbol):
            self._show(shown)

    def _unicode(self, value: int | None) -> None:
        code = value or 0
        code += 0x10000 if code < 0 else 0
        if code:
            self._show(chr(code) if 0 < code <= 0x10FFFF else "\ufffd")
        self._passed_over = self._state.fallbacks

    def _binary(self, value: int | None) -> None:
        length = max(value or 0, 0)
        if length <= len(self._source) - self._at:
            self._at += length
        else:
            # Either the file ends in the middle of a picture, or the length is wrong and text follows this group.
            self.cut_off = True
            self._skip()

    def _upr(self, _: int | None) -> None:
        if self._looked_at <= _LOOKED_AT * len(self._source):
            self._at, looked_at = unicode_twin(self._source, self._at)
            self._looked_at += looked_at
