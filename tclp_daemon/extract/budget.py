"""What reading one contract may still unpack and parse, counted byte by byte and element by element."""

from __future__ import annotations

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode

MB = 1_000_000
# Empty tables and repeated markup compress a hundredfold in honest documents, and small documents do no harm.
_RATIO_MATTERS_FROM = 20 * MB
_TREE_SHARE = 30  # one XML part may take 1/30 of the memory; 2,000 pages with tracked changes have a part of 35 MB
_ALL_TREES = 2  # all parts of a document together may take this many times as much
_NODE_SHARE = 0.4  # of the memory, for all elements and attributes
_NODE = 200  # bytes that an element or an attribute takes in a tree, and about a microsecond


class Budget:
    """What reading one contract may still unpack and parse. A package shares it with the packages embedded in it.

    Args:
        size: of the file, in bytes.
        limits: expanded size, ratio and memory.
    """

    def __init__(self, size: int, limits: Limits) -> None:
        self._limits = limits
        by_ratio = max(limits.expansion_ratio * size, _RATIO_MATTERS_FROM)
        self._by_ratio = by_ratio < limits.expanded_mb * MB
        self._most = by_ratio if self._by_ratio else limits.expanded_mb * MB
        self._unpacked = 0
        self._parsed = 0
        self._elements = 0

    def check(self, expanded: int) -> None:
        """Checks the size that a package declares.

        Raises:
            ContractError: expands_too_much.
        """
        if expanded > self._most:
            raise _expands(expanded, self._most, self._name())

    def unpack(self, size: int) -> None:
        """Counts bytes that were unpacked.

        Raises:
            ContractError: expands_too_much.
        """
        self._unpacked += size
        if self._unpacked > self._most:
            raise _expands(self._unpacked, self._most, self._name())

    def parse(self, size: int) -> None:
        """Counts bytes of XML before they become a tree.

        Raises:
            ContractError: expands_too_much.
        """
        # A tree takes about ten times the memory of its source; where it would take more, `elements` refuses it.
        most = self._limits.memory_mb * MB // _TREE_SHARE
        if size > most:
            raise _expands(size, most, f"a {_TREE_SHARE}th of limits.memory_mb for one part")
        self._parsed += size
        if self._parsed > _ALL_TREES * most:
            share = _TREE_SHARE // _ALL_TREES
            raise _expands(self._parsed, _ALL_TREES * most, f"a {share}th of limits.memory_mb for all parts")

    def elements(self, count: int) -> None:
        """Counts elements and attributes, each of which costs time and memory, however short it is.

        Raises:
            ContractError: expands_too_much.
        """
        self._elements += count
        most = _NODE_SHARE * self._limits.memory_mb * MB
        if self._elements * _NODE > most:
            name = f"{_NODE_SHARE:g} of limits.memory_mb for all elements and attributes"
            raise _expands(self._elements * _NODE, most, name)

    def _name(self) -> str:
        if not self._by_ratio:
            return "limits.expanded_mb"
        return f"limits.expansion_ratio, {self._limits.expansion_ratio:g} times its size"


def _expands(found: float, limit: float, name: str) -> ContractError:
    return ContractError(ErrorCode.EXPANDS_TOO_MUCH, found_mb=_mb(found), limit_mb=_mb(limit), limit_name=name)


def _mb(size: float) -> str:
    return f"{size / MB:.1f}".removesuffix(".0")
