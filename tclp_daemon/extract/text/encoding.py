"""From bytes to characters, where the encoding is not declared or the declaration is wrong."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes
from charset_normalizer.utils import is_multi_byte_encoding

from tclp_daemon.config import Limits
from tclp_daemon.errors import ContractError, ErrorCode
from tclp_daemon.extract.build import DocumentBuilder
from tclp_daemon.warning import WarningCode, warning

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LATIN = ("cp1252", "cp1250", "mac_roman", "cp850", "iso8859_2")  # the likeliest first
_CARONS = frozenset("ŠšŽž")  # the Western code page of Windows has them, too, but Eastern languages use them
_JOINING = frozenset("’‘“”„«»–—…·´°®©™\xad")  # what may stand between two letters
_HIGH = re.compile(r"[^\x00-\x7f]")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
_SAMPLE = 65536
_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff\u200b\u2060\u00ad\ud800-\udfff]")
_DECLARED_LATIN = frozenset({"iso8859-1", "ascii"})  # which browsers read as the code page of Windows
# Codecs that are not character sets: their time grows with the square of the length, or they carry commands.
_UNFIT_CODECS = re.compile(r"utf[-_](?:7|16|32).*|idna|punycode|(?:raw[-_])?unicode[-_]escape|undefined")
_NEWLINES = re.compile(r"\r\n?|[\x85\u2028\u2029\x0b]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The characters of a file, the name of their encoding, and whether that is a guess."""

    text: str
    encoding: str
    guessed: bool = False


def decode(data: bytes, limits: Limits) -> Decoded:
    """Bytes to clean text with LF line ends; form feeds stay.

    Raises:
        ContractError: too_much_text.
    """
    text, encoding, guessed = _decode(data)
    check_length(text, limits)
    return Decoded(clean(text), encoding, guessed)


def clean(text: str) -> str:
    """The text with LF line ends and without control characters; form feeds stay."""
    return _UNWANTED.sub("", _NEWLINES.sub("\n", text))


def decode_as(data: bytes, declared: str, limits: Limits) -> Decoded | None:
    """Bytes to characters in the encoding that the file declares; None where it is unknown or does not fit.

    Raises:
        ContractError: too_much_text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff", codecs.BOM_UTF8)):
        return None
    try:
        name = codecs.lookup(declared.lower()).name
        name = "cp1252" if name in _DECLARED_LATIN else name
        text = data.decode(name) if not _UNFIT_CODECS.fullmatch(name) else None
    except (LookupError, ValueError):  # a name with a NUL, or text that does not fit
        return None
    if text is None:
        return None
    check_length(text, limits)
    return Decoded(text, name)


def check_length(text: str, limits: Limits) -> None:
    """Refuses a text that is too long even if most of it is white space, which is only cut off later.

    Raises:
        ContractError: too_much_text.
    """
    if len(text) > limits.characters * 4:
        raise ContractError(ErrorCode.TOO_MUCH_TEXT, limit=limits.characters)


def warn_if_unsure(builder: DocumentBuilder, decoded: Decoded) -> None:
    """Warns where the encoding was guessed."""
    if decoded.guessed:
        builder.warn(warning(WarningCode.UNSURE_ENCODING, encoding=decoded.encoding))


def _decode(data: bytes) -> tuple[str, str, bool]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, errors="replace"), encoding, False
    if wide := _utf16_without_bom(data):
        return data.decode(wide, errors="replace"), wide, False
    # ISO-2022 uses escape sequences like those of a terminal; UTF-8 would take them for ASCII.
    if b"\x1b$" in data[:_SAMPLE]:
        try:
            return data.decode("iso2022_jp"), "iso2022_jp", False
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("utf-8"), "utf-8", False
    except UnicodeDecodeError as error:
        broken = _broken_share(data)
        if broken < 0.001 and error.start > 0:
            return data.decode("utf-8", errors="replace"), "utf-8", True
    return _guess(data)


def _utf16_without_bom(data: bytes) -> str | None:
    sample = data[:_SAMPLE]
    if len(sample) < 4 or 0 not in sample:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.35 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.35 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _broken_share(data: bytes) -> float:
    """Broken UTF-8 sequences per sequence of more than one byte, over a sample; 1.0 where there is none."""
    sample = data[: 16 * _SAMPLE]
    text = sample.decode("utf-8", errors="replace")
    wide = sum(1 for char in text if ord(char) > 127)
    broken = text.count("\ufffd")
    good = wide - broken
    return broken / len(text) if good >= 3 * broken and good else 1.0


def _guess(data: bytes) -> tuple[str, str, bool]:
    """Reads bytes whose encoding nothing gives away.

    Statistics distinguish scripts, but not the code pages of one script: to them "Ł500" is as likely as "£500". So
    Latin letters are read in the Western code page of Windows unless that makes nonsense and another page does not.
    """
    sample = data[:_SAMPLE]
    runs = [len(run) for run in _HIGH_BYTES.findall(sample)]
    high = sum(runs)
    # Accented letters stand alone; the letters of another script stand side by side.
    if sum(run for run in runs if run > 2) > 0.5 * high:
        best = from_bytes(sample, steps=5, chunk_size=512).best()
        if best is not None:
            # Hardly any other bytes are valid in a multi-byte encoding.
            guessed = not is_multi_byte_encoding(best.encoding)
            return data.decode(best.encoding, errors="replace"), best.encoding, guessed
    odd = {encoding: _oddities(sample, encoding) for encoding in _LATIN}
    encoding = min(odd, key=lambda name: odd[name])
    if odd[_LATIN[0]] - odd[encoding] <= max(2, 0.1 * high):
        encoding = _LATIN[0]
    return data.decode(encoding, errors="replace"), encoding, True


def _oddities(sample: bytes, encoding: str) -> int:
    """How many characters beyond ASCII stand where nobody writes them."""
    text = sample.decode(encoding, errors="replace")
    odd = 0
    for match in _HIGH.finditer(text):
        char, before, after = match[0], text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if char in _JOINING or char.isspace():
            continue
        if char in "ªº":
            odd += after.isalpha()
        elif char.isalpha():
            misplaced = (char.isupper() and before.islower()) or (after.isdigit() and char != "µ")
            odd += misplaced or (encoding == "cp1252" and char in _CARONS)
        else:
            odd += not char.isprintable() or char == "\ufffd" or (before.isalpha() and after.isalpha())
    return odd
