"""pdfium's functions that are called for each line and each number of a page, and the places for their answers.

pypdfium2's prototypes look at the class of each pointer, which takes longer than most of these functions take. The
prototypes here take addresses. The places are shared, so an answer is read before the next call.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as pdfium

_NAME_BYTES = 128  # of a font's name

# A slice of an array is one step; unpacking the array asks for one value after another and ends with an exception.
VALUES = (ctypes.c_double * 4)()
RECT = pdfium.FS_RECTF()
NAME = ctypes.create_string_buffer(_NAME_BYTES)
_FLAGS = ctypes.c_int()

# What follows the place of a character in each call: where its answer goes.
TO_VALUES = tuple(ctypes.addressof(VALUES) + 8 * at for at in range(4))
TO_POINT = TO_VALUES[:2]
TO_RECT = ctypes.addressof(RECT)
TO_NAME = ctypes.addressof(NAME), _NAME_BYTES, ctypes.addressof(_FLAGS)


def address(handle: Any) -> int | None:
    """Where a handle of pdfium points to; None for one that is null."""
    return ctypes.cast(handle, ctypes.c_void_p).value


def _by_address(function: Any, result: Any, *arguments: Any) -> Any:
    where = address(function)
    assert where is not None
    return ctypes.CFUNCTYPE(result, *arguments)(where)


_AT = ctypes.c_void_p
_OF_CHARACTER = _AT, ctypes.c_int  # the text page, the place of the character

char_angle = _by_address(pdfium.FPDFText_GetCharAngle, ctypes.c_float, *_OF_CHARACTER)
char_box = _by_address(pdfium.FPDFText_GetCharBox, ctypes.c_int, *_OF_CHARACTER, _AT, _AT, _AT, _AT)
char_code = _by_address(pdfium.FPDFText_GetUnicode, ctypes.c_uint, *_OF_CHARACTER)
char_origin = _by_address(pdfium.FPDFText_GetCharOrigin, ctypes.c_int, *_OF_CHARACTER, _AT, _AT)
loose_char_box = _by_address(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int, *_OF_CHARACTER, _AT)
font_info = _by_address(pdfium.FPDFText_GetFontInfo, ctypes.c_ulong, *_OF_CHARACTER, _AT, ctypes.c_ulong, _AT)
text_rect = _by_address(pdfium.FPDFText_GetRect, ctypes.c_int, *_OF_CHARACTER, _AT, _AT, _AT, _AT)
