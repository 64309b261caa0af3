"""What a Rich Text file holds besides the paragraphs of its body."""

from __future__ import annotations

from dataclasses import dataclass, field

from tclp_daemon.document import BlockKind
from tclp_daemon.extract.word.docx_objects import Findings
from tclp_daemon.extract.word.docx_pictures import Picture, Pictures
from tclp_daemon.extract.word.ole_objects import is_picture
from tclp_daemon.extract.word.rtf_flow import Piece
from tclp_daemon.extract.word.rtf_parts import Image, Shape

_MOST_PICTURES, _MOST_NAMES = 10_000, 100
_A4 = (11906, 16838)  # twentieths of a point


@dataclass(slots=True)
class Found:
    """What a file holds besides the paragraphs of its body.

    Attributes:
        apart: kind and paragraph of each note, header and footer.
        words: how many the body has.
        paper: width and height, in twentieths of a point.
        covered: some text is struck out or white.
    """

    apart: list[tuple[BlockKind, Piece]] = field(default_factory=list)
    words: int = 0
    paper: list[int] = field(default_factory=lambda: list(_A4))
    covered: bool = False
    _pictures: list[tuple[Image, Shape | None]] = field(default_factory=list)
    _programs: dict[str, None] = field(default_factory=dict)
    _files: dict[str, None] = field(default_factory=dict)

    def add_picture(self, image: Image, shape: Shape | None) -> None:
        """Notes a picture, and the shape that it is in."""
        if len(self._pictures) < _MOST_PICTURES:
            self._pictures.append((image, shape))

    def add_object(self, program: str) -> None:
        """Notes an object whose text the file does not show, by the program that made it."""
        if not is_picture(program) and len(self._programs) < _MOST_NAMES:
            self._programs.setdefault(program or "an object without a name")

    def add_file(self, name: str) -> None:
        """Notes a file that holds a part of the document."""
        if len(self._files) < _MOST_NAMES:
            self._files.setdefault(name)

    def findings(self) -> Findings:
        """What the reader of the result has to know."""
        pictures = Pictures([(self.paper[0], self.paper[1])], self.words)
        for number, (image, shape) in enumerate(self._pictures, start=1):
            pictures.add(Picture(f"picture {number}", *image.size, shape is not None and shape.behind))
        return Findings(pictures, self._programs, self._files, self.covered)
