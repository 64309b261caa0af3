"""The pictures in a Word file that are as large as pages, for text recognition."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np
from PIL import Image

from tclp_daemon.config import Limits
from tclp_daemon.extract.context import ReadContext
from tclp_daemon.extract.word import pictures_of
from tclp_daemon.ocr.picture import WHITE, Grey

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF")  # what scans come in; Word's own drawings hold no scans
_MOST_PIXELS = 100_000_000  # A4 at 600 dpi has 35 million
_LONGEST = 3508  # pixels of the longer side; A4 at 300 dpi. A larger picture is made smaller
_SHORTEST = 1400  # pixels of the longer side; a smaller picture is made larger, or its letters are too low
_PAGE_INCHES = 11.7  # the longer side of A4: how large a picture is printed hardly matters


class WordPictures:
    """Decodes pictures. A hostile one may take any time and memory: call it in a process that may be killed.

    Args:
        data: a file that `read_docx` has read.
        names: of the parts that hold the pictures.
        limits: on the package.

    Raises:
        ContractError: the package cannot be opened.
    """

    def __init__(self, data: bytes, names: Iterable[str], limits: Limits) -> None:
        self._files = dict(pictures_of(data, names, ReadContext(limits)))

    def grey(self, name: str, dpi: float, *, text: bool) -> tuple[Grey, float]:
        """One picture as an array of greys, and the dpi that it has where it fills a page.

        Args:
            name: of its part.
            dpi, text: the picture is what it is.

        Raises:
            KeyError, OSError, ValueError: it is not there, or cannot be decoded.
        """
        with Image.open(io.BytesIO(self._files[name]), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise ValueError("too many pixels")
            grey = _on_paper(picture)
        longest = max(grey.size)
        wanted = min(max(longest, _SHORTEST), _LONGEST)
        if wanted != longest:
            width, height = (max(side * wanted // longest, 1) for side in grey.size)
            grey = grey.resize((width, height), Image.Resampling.BICUBIC)
        return np.ascontiguousarray(np.asarray(grey)), wanted / _PAGE_INCHES


def _on_paper(picture: Image.Image) -> Image.Image:
    """In grey, on white where it lets something through."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, (WHITE, WHITE, WHITE, WHITE))
        return Image.alpha_composite(paper, picture).convert("L")
    return picture.convert("L")
