"""Makes scans for the tests: pages of our own, rendered, spoilt as scanners and copiers spoil them, and put back.

Only the fonts that every PDF reader has are used, so nothing needs to be installed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

import numpy as np
import pypdfium2 as pdfium
from extract.pdfmaker import Page, make_pdf
from PIL import Image, ImageFilter

Spoil = Callable[[Image.Image], Image.Image]

FIRST = """
SUPPLY AGREEMENT
This Agreement is made between Larkfield Packaging Limited (the Supplier) and
Orme Foods plc (the Customer) on the date on which the last of them signs it.
1. Supply
1.1 The Supplier shall deliver the Goods to the warehouse of the Customer in the
quantities and on the days that each order names.
1.2 Title to the Goods passes on payment, and risk passes on delivery. The Customer
may return Goods that are damaged within ten working days of their arrival.
2. Price
2.1 The prices are set out in the price list and include packaging, carriage and all
taxes except value added tax, which the Customer shall pay in addition.
2.2 Each invoice is due thirty days after the end of the month in which it arrives.
Interest on late sums runs at four per cent a year above the base rate.
3. Emissions
3.1 The Supplier shall reduce its greenhouse gas emissions by fifty per cent by 2030
against the base year 2019 and shall reach net zero emissions by 2040.
3.2 The Supplier shall report its carbon footprint to the Customer each year, and shall
have the report verified by an independent expert.
(a) The report covers direct and indirect emissions of the Supplier.
(b) The report names the measures by which the Supplier lowers them.
3.3 If the Supplier misses a target, the parties shall agree a plan within sixty days
to bring its emissions back to the path that limits global warming to 1.5 degrees.
""".strip().split("\n")

SECOND = """
4. Confidentiality
4.1 Each party shall keep the information of the other secret and shall use it only to
perform this Agreement. This does not apply to what is publicly known.
4.2 The duty in clause 4.1 ends five years after this Agreement has ended.
5. Term and termination
5.1 This Agreement begins on signature and runs for three years. It then continues until
one of the parties gives six months written notice to the other.
5.2 Either party may terminate at once if the other commits a material breach and does
not cure it within thirty days of a notice that describes the breach.
6. Liability
6.1 Nothing in this Agreement limits liability for death, personal injury or fraud.
6.2 The liability of each party for all other claims in a year is limited to the price
paid and payable for the Goods in that year.
7. General
7.1 A notice under this Agreement must be in writing and takes effect on receipt.
7.2 The Customer may assign its rights to a company of its group. The Supplier may assign
only with the written consent of the Customer.
7.3 This Agreement is governed by the law of England and Wales, whose courts alone have
jurisdiction over any dispute that arises from it.
8. Renewable energy
8.1 From 2027 the Supplier shall run its plants on renewable electricity only and shall
publish its greenhouse gas inventory each year.
""".strip().split("\n")


def typed_page(lines: Sequence[str], *, size: float = 11) -> Page:
    """A page of one column; lines that look like headings stand apart and are bold."""
    page, y = Page(), 770.0
    for line in lines:
        heading = len(line) < 25 and line[0] != "("
        y -= 10 if heading or line[:3].count(".") else 0
        page.text(72, y, line, size=size, bold=heading)
        y -= 1.3 * size
    return page


def columned_page(lines: Sequence[str], *, size: float = 10) -> Page:
    """A page of two columns, the text broken to their width."""
    page = Page()
    x, y = 60.0, 770.0
    for line in _narrow(lines, 46):
        if y < 60:
            x, y = 310.0, 770.0
        page.text(x, y, line, size=size)
        y -= 1.3 * size
    return page


def _narrow(lines: Sequence[str], width: int) -> list[str]:
    """The same words in lines of at most `width` characters; numbered paragraphs begin a line."""
    narrow: list[str] = []
    for line in lines:
        starts = line[0].isdigit() or line[0] == "(" or line.isupper() or not narrow
        words = line.split() if starts else (narrow.pop() + " " + line).split()
        row = ""
        for word in words:
            if row and len(row) + len(word) >= width:
                narrow.append(row)
                row = ""
            row = f"{row} {word}".strip()
        narrow.append(row)
    return narrow


def picture_of(page: Page, dpi: float = 300) -> Image.Image:
    """The page as a clean grey picture."""
    with pdfium.PdfDocument(make_pdf([page])) as document:
        return document[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")


def skewed(degrees: float) -> Spoil:
    """Laid crookedly on the glass."""
    return lambda picture: picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)


def turned(degrees: int) -> Spoil:
    """Fed sideways or upside down."""
    return lambda picture: picture.rotate(degrees, expand=True)


def blurred(picture: Image.Image) -> Image.Image:
    """Out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(1.6))


def noisy(picture: Image.Image) -> Image.Image:
    """Grey paper with the grain of a cheap sensor."""
    grain = np.random.default_rng(7).normal(0, 28, (picture.height, picture.width))
    return Image.fromarray(np.clip(40 + 0.7 * np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def speckled(picture: Image.Image) -> Image.Image:
    """Pepper from a fax line."""
    spots = np.random.default_rng(8).random((picture.height, picture.width))
    pixels = np.asarray(picture).copy()
    pixels[spots < 0.01] = 0
    pixels[spots > 0.99] = 255
    return Image.fromarray(pixels)


def bordered(picture: Image.Image) -> Image.Image:
    """A copy of a book: the lid was open, so the edges are black."""
    pixels = np.asarray(picture).copy()
    pixels[:90], pixels[-60:], pixels[:, :110], pixels[:, -40:] = 10, 10, 10, 10
    return Image.fromarray(pixels)


def shaded(picture: Image.Image) -> Image.Image:
    """Photographed: one corner lies in the shadow."""
    y, x = np.mgrid[0 : picture.height, 0 : picture.width]
    light = 1 - 0.65 * (x / picture.width) * (y / picture.height)
    return Image.fromarray((np.asarray(picture) * light).astype(np.uint8))


def stamped(picture: Image.Image) -> Image.Image:
    """A date stamp in pale ink over the text."""
    stamp = picture_of(Page(220, 60).text(10, 20, "RECEIVED 4 MAY", size=24, bold=True))
    ink = Image.new("L", stamp.size, 150)
    mask = stamp.point(lambda value: 255 - value).rotate(8, expand=True)
    picture = picture.copy()
    picture.paste(ink.resize(mask.size), (1200, 1500), mask)
    return picture


def clean(picture: Image.Image) -> Image.Image:
    """As it was typed."""
    return picture


def negative(picture: Image.Image) -> Image.Image:
    """White on black, from a microfilm."""
    return picture.point(lambda value: 255 - value)


def pale(picture: Image.Image) -> Image.Image:
    """Grey on grey, from an old copier."""
    return picture.point(lambda value: 150 + value // 3)


def copied_askew(picture: Image.Image) -> Image.Image:
    """Laid crookedly under an open lid."""
    return bordered(skewed(5)(picture))


def sideways_askew(picture: Image.Image) -> Image.Image:
    """Fed sideways, and not straight."""
    return turned(90)(skewed(-3)(picture))


# What happens to a page, and the least share of its words that must be read then.
SPOILT: list[tuple[str, Spoil, float]] = [
    ("clean", clean, 0.99),
    ("+2 degrees", skewed(2), 0.97),
    ("-4 degrees", skewed(-4), 0.97),
    ("blurred", blurred, 0.97),
    ("noisy", noisy, 0.97),
    ("speckled", speckled, 0.97),
    ("black edges", bordered, 0.97),
    ("black edges, 5 degrees", copied_askew, 0.97),
    ("shadow", shaded, 0.97),
    ("negative", negative, 0.97),
    ("pale", pale, 0.97),
    ("90 degrees", turned(90), 0.97),
    ("180 degrees", turned(180), 0.97),
    ("270 degrees", turned(270), 0.97),
    ("sideways and askew", sideways_askew, 0.97),
    ("ink over the text", stamped, 0.95),  # the words below it cannot be read
]


def accuracy(text: str, lines: Sequence[str]) -> float:
    """The share of the words that are there, in this order."""
    wanted, found = " ".join(lines).split(), text.split()
    matcher = SequenceMatcher(None, wanted, found, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) / len(wanted)


def scanned_page(picture: Image.Image, *, dpi: float = 300, quality: int = 90, stamp: str = "") -> Page:
    """A page of a PDF that is a picture, as scanners write it.

    Args:
        picture: the page.
        dpi: at which it was scanned; says how large the page is.
        quality: of the JPEG compression.
        stamp: words of text that are painted at its top, the way signing platforms do.
    """
    out = io.BytesIO()
    picture.convert("L").save(out, "JPEG", quality=quality)
    width, height = (round(72 * side / dpi, 2) for side in picture.size)
    entries = f"/W {picture.width} /H {picture.height} /BPC 8 /CS /G /F [/AHx /DCT]"
    page = Page(width, height, content=[f"q {width} 0 0 {height} 0 0 cm BI {entries} ID {out.getvalue().hex()}> EI Q"])
    return page.text(20, height - 15, stamp, size=8) if stamp else page
