"""Lists of a Word binary file, for automatic numbers ([MS-DOC] 2.9.131, 2.9.132, 2.9.147, 2.9.150)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from tclp_daemon.extract.word import doc_fib
from tclp_daemon.extract.word.autonumber import FORMAT_NUMBERS, LEVELS, Counters, Instance, Label, Level
from tclp_daemon.extract.word.doc_fib import WordFile, u16, u32
from tclp_daemon.extract.word.doc_styles import Paragraph, Styles

_NO_STYLE = 0x0FFF


@dataclass(slots=True)
class _Definition:
    styles: tuple[int, ...]
    levels: dict[int, Level] = field(default_factory=dict)


class Lists:
    """The lists of a file and their counters."""

    def __init__(self, file: WordFile, styles: Styles) -> None:
        self._styles = styles
        self._counters = Counters()
        definitions = _definitions(file)
        self._by_style: dict[tuple[str, int], int] = {
            (family, style): depth
            for family, definition in definitions.items()
            for depth, style in enumerate(definition.styles)
            if style != _NO_STYLE
        }
        self._instances = _instances(file.part(doc_fib.LIST_OVERRIDES), definitions)

    def label(self, paragraph: Paragraph) -> Label | None:
        """What a paragraph shows before its text. It counts the paragraph: call it once for each, in order."""
        list_id, depth = paragraph.list_id, paragraph.depth
        for index, style in self._styles.chain(paragraph.style):
            if list_id is not None:
                break
            list_id = style.own.list_id
            depth = style.own.depth if depth is None else depth
            if list_id and (instance := self._instances.get(list_id)) is not None and paragraph.depth is None:
                depth = self._by_style.get((instance.family, index), depth)
        instance = self._instances.get(list_id or 0)
        return self._counters.next(instance, depth or 0) if instance is not None else None


def _definitions(file: WordFile) -> dict[str, _Definition]:
    table = file.part(doc_fib.LISTS)
    levels = file.after(doc_fib.LISTS)
    definitions: dict[str, _Definition] = {}
    order = []
    for index in range(min(u16(table, 0), (len(table) - 2) // 28) if len(table) > 2 else 0):
        at = 2 + index * 28
        definition = _Definition(struct.unpack_from("<9H", table, at + 8))
        definitions[str(u32(table, at))] = definition
        order.append((definition, 1 if table[at + 26] & 1 else LEVELS))
    at = 0
    for definition, count in order:
        for depth in range(count):
            found = _level(levels, at)
            if found is None:
                return definitions
            definition.levels[depth], at = found
    return definitions


def _level(data: bytes, at: int) -> tuple[Level, int] | None:
    """One LVL and the offset after it; None where it runs out of the data."""
    if at + 30 > len(data):
        return None
    start, style, info = u32(data, at), data[at + 4], data[at + 5]
    places = data[at + 6 : at + 15]
    follow = data[at + 15]
    text_at = at + 28 + data[at + 24] + data[at + 25]
    length = u16(data, text_at)
    end = text_at + 2 + length * 2
    if end > len(data):
        return None
    units = struct.unpack_from(f"<{length}H", data, text_at + 2)
    marked = {place - 1 for place in places if place}
    text = "".join(
        f"%{unit + 1}" if index in marked and unit < LEVELS else chr(unit) for index, unit in enumerate(units)
    )
    level = Level(
        start=min(start, 32767),
        format=FORMAT_NUMBERS.get(style, "decimal"),
        text=text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"),
        suffix="" if follow == 2 else " ",
        restart=min(data[at + 26], LEVELS) if info & 0x08 else None,
        legal=bool(info & 0x04),
    )
    return level, end


def _instances(data: bytes, definitions: dict[str, _Definition]) -> dict[int, Instance]:
    count = min(u32(data, 0), (len(data) - 4) // 16) if len(data) > 4 else 0
    instances: dict[int, Instance] = {}
    at = 4 + count * 16
    for index in range(count):
        place = 4 + index * 16
        family, overrides = str(u32(data, place)), data[place + 12]
        definition = definitions.get(family)
        instance = Instance(family, dict(definition.levels) if definition else {})
        at += 4
        for _ in range(overrides):
            if at + 8 > len(data):
                break
            start, flags = u32(data, at), u32(data, at + 4)
            depth = flags & 0xF
            at += 8
            if flags & 0x20:
                found = _level(data, at)
                if found is None:
                    break
                instance.levels[depth], at = found
                if flags & 0x10:
                    instance.starts[depth] = instance.levels[depth].start
            elif flags & 0x10:
                instance.starts[depth] = min(start, 32767)
        if definition is not None:
            instances[index + 1] = instance
    return instances
