"""What an embedded OLE object holds: a file that another program made ([MS-OLEDS] 2.3)."""

from __future__ import annotations

import struct

from tclp_daemon.errors import is_own_fault
from tclp_daemon.extract.word.ole import Container
from tclp_daemon.formats import Kind, of_kind

_NATIVE = "\x01Ole10Native"
_STREAMS = ("Package", "CONTENTS", "EmbeddedOdf")  # a .docx, a PDF, an .odt
# Programs whose objects are formulas, drawings and pictures: nobody would miss their words.
_PICTURES = (
    "equation", "mathtype", "msgraph", "pbrush", "paint.picture", "staticdib", "staticmetafile", "msphotoed", "visio",
    "photoshop", "coreldraw", "autocad", "chemdraw", "isisserver", "forms.", "shell.explorer", "shockwave", "wordart",
    "msdraw", "mspreviewer", "sound", "mplayer", "wmplayer", "opc", "origin", "prism",
)  # fmt: skip


def is_picture(program: str) -> bool:
    """Whether objects of this program (its ProgID) are formulas, drawings or pictures, and no documents."""
    return program.lower().startswith(_PICTURES)


def unpacked(data: bytes) -> tuple[str, bytes]:
    """The file in an object and the name that it was given, "" where it has none.

    Args:
        data: the part of the package; a file that is not in a container comes back as it is.
    """
    if not data.startswith(of_kind(Kind.DOC).magic):
        return "", data
    try:
        with Container(data) as container:
            names = container.stream_names
            if _NATIVE in names:
                return _native(container.openstream(_NATIVE).read())
            for name in _STREAMS:
                if name in names:
                    return "", container.openstream(name).read()
    except Exception as error:
        if is_own_fault(error):
            raise
    return "", data


def _native(stream: bytes) -> tuple[str, bytes]:
    """A file that was dropped into the document ("Package"): its name, and its bytes."""
    label_end = stream.index(b"\0", 6)
    path_end = stream.index(b"\0", label_end + 1)
    (length,) = struct.unpack_from("<I", stream, path_end + 5)
    at = path_end + 9 + length
    (size,) = struct.unpack_from("<I", stream, at)
    name = stream[6:label_end].decode("cp1252", "replace")
    return name, stream[at + 4 : at + 4 + size]
