"""OLE containers through olefile, without what makes it slow or large for hostile files.

olefile believes the header: a table of sectors that names itself is read as often as the header says, each time into a
longer copy, and a stream of a few bytes may claim to have four billion.
"""

from __future__ import annotations

import io
from typing import Any

import olefile

_MOST_OBJECTS = 1000


class Container(olefile.OleFileIO):  # type: ignore[misc]
    """An open container; nothing in it is larger than the file, however its sectors follow one another.

    Raises:
        Exception: many kinds, where the file is damaged.
    """

    def __init__(self, data: bytes) -> None:
        self._bytes = len(data)
        super().__init__(io.BytesIO(data), raise_defects=olefile.DEFECT_FATAL)

    @property
    def stream_names(self) -> set[str]:
        """The streams at the top level, which show what kind of file it is.

        olefile's own list writes out the path of each stream; where directories are nested, that grows with the square.
        """
        return {entry.name for entry in self.root.kids if entry.entry_type == olefile.STGTY_STREAM}

    def programs(self, storage: str) -> list[str]:
        """What made the objects in a storage at the top level: their ProgIDs, "" where one does not say."""
        found = []
        for pool in self.root.kids:
            if pool.name == storage and pool.entry_type == olefile.STGTY_STORAGE:
                for item in pool.kids[:_MOST_OBJECTS]:
                    found += [self._program(each) for each in item.kids if each.name == "\x01CompObj"]
        return found

    def _program(self, entry: Any) -> str:
        """The third string in the description of an object ([MS-OLEDS] 2.3.8)."""
        data: bytes = self._open(entry.isectStart, entry.size).read(4096)
        at = 28
        for _ in range(2):
            length = int.from_bytes(data[at : at + 4], "little")
            # The second says a format, as a string or, after -1 or -2, as a number.
            at += 4 + (4 if length >= 0xFFFFFFFE else length)
        length = int.from_bytes(data[at : at + 4], "little")
        return data[at + 4 : at + 4 + min(length, 100)].split(b"\0", 1)[0].decode("cp1252", "replace")

    def loadfat(self, header: bytes) -> None:
        if self.num_fat_sectors > self._bytes // self.sector_size + 109:
            raise olefile.olefile.OleFileError("more sectors in the allocation table than in the file")
        super().loadfat(header)

    def loadfat_sect(self, sect: Any) -> Any:
        last = None
        for number in sect if not isinstance(sect, bytes) else self.sect2array(sect):
            last = number
            if number in (olefile.ENDOFCHAIN, olefile.FREESECT):
                break
            self.fat.extend(self.sect2array(self.getsect(number)))
        return last

    def _open(self, start: int, size: int = olefile.olefile.UNKNOWN_SIZE, force_FAT: bool = False) -> Any:
        if size != olefile.olefile.UNKNOWN_SIZE:
            size = min(size, self._bytes)
        return super()._open(start, size, force_FAT)
