"""Looks for small files that cause much work: repeats, nests and cross-references the building blocks of each format.

    python fuzz/amplify.py --seconds 600 [--seed 1] [--kind docx] [--most 10]

Each file is read, and its report rendered, in a process of its own with a limit on processor time and on memory. A file
that takes longer than `--most` seconds, runs out of either or ends in an unexpected error is kept in fuzz/found.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from report.bigdoc import result_of

from tclp_daemon import ContractError, read
from tclp_daemon.config import Ocr
from tclp_daemon.errors import ErrorCode
from tclp_daemon.report.render import render_report
from tests.extract.docxmaker import Docx, make_docx, paragraph

_WITHOUT = Ocr(mode="off")  # what is measured here is the readers
_MEMORY_MB = 1500
_WORD = (
    ("<w:p>", "</w:p>"), ("<w:r>", "</w:r>"), ("<w:tbl>", "</w:tbl>"), ("<w:tr>", "</w:tr>"), ("<w:tc>", "</w:tc>"),
    ("<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>"), ("<w:ins>", "</w:ins>"), ("<w:del>", "</w:del>"),
    ("<w:txbxContent>", "</w:txbxContent>"), ("<mc:AlternateContent><mc:Choice>", "</mc:Choice></mc:AlternateContent>"),
    ("<mc:AlternateContent><mc:Choice/><mc:Fallback>", "</mc:Fallback></mc:AlternateContent>"),
    ("<w:p><w:pPr><w:rPr><w:vanish/></w:rPr><w:sectPr/></w:pPr>", "</w:p>"), ("<w:hyperlink>", "</w:hyperlink>"),
    ("<w:r><w:rPr><w:vanish/></w:rPr>", "</w:r>"), ('<w:fldSimple w:instr="TOC">', "</w:fldSimple>"),
)  # fmt: skip
_WORD_LEAVES = (
    "<w:r><w:t>word</w:t></w:r>", "<w:p/>", "<w:r/>", "<w:t/>", "<w:tab/>",
    '<w:r><w:footnoteReference w:id="2"/></w:r>',
    '<w:altChunk r:id="c"/>', '<w:r><w:sym w:font="Symbol" w:char="F061"/></w:r>', "<w:tc><w:p/></w:tc>",
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r>', '<w:r><w:fldChar w:fldCharType="separate"/></w:r>',
    '<w:r><w:fldChar w:fldCharType="end"/></w:r>', paragraph("x", style="s1"),
    '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr></w:p>',
    '<w:tr><w:trPr><w:gridBefore w:val="199"/></w:trPr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr>',
)  # fmt: skip
_TAGS = (
    "b", "p", "div", "table", "tr", "td", "ul", "li", "ol", "font", "span", "a", "svg", "select", "pre", "form",
    "blockquote", "h1", "dl", "x-y",
)  # fmt: skip
_PAGE = (
    *((f"<{tag}>", f"</{tag}>") for tag in _TAGS),
    ("<p style='display : none'>", "</i>"), ("<!--", "-->"), ("<script>", "</script>"), ("<svg>", ""), ("", "</b>"),
)  # fmt: skip
_PAGE_LEAVES = ("word ", "&amp", "&", "<", "<br>", "<p", "<!--", "<a b='", "\n", "]]>", "<![CDATA[", "\u00a0 ", "</p>")
_MARKS = (
    "[", "]", "![", "](", "*", "**", "_", "`", "``", "~~", "<", "<!--", "<a ", ">", "> ", "- ", "1. ", "| ", "|",
    "---\n", "===\n", "\n", "\n\n", "    ", "x", "word ", "\\", "&amp;", "&", "[a]: b\n", "[a]", "```\n", "\t", "# ",
    "<div>\n", '(b "',
)  # fmt: skip
_TEXTS = (
    "word ", "\n", "\n\n", "\t", "\f", "a-\n", "- ", "1. ", "(a) ", ". . . 3\n", "word.\n", "      ", "Section 1 ",
    "12\n", "\r", "\u2028", "§ ", "é",
)  # fmt: skip


def grow(chance: random.Random, pairs: tuple[tuple[str, str], ...], leaves: tuple[str, ...], room: int) -> str:
    """Repeats a leaf, and repeats what goes around it side by side and nested."""
    text = chance.choice(leaves) * chance.choice((1, 10, 1000, 30_000))
    for _ in range(chance.randint(1, 5)):
        before, after = chance.choice(pairs)
        depth = chance.choice((1, 1, 2, 20, 100))
        text = before * depth + text + after * depth
        if chance.random() < 0.5:
            text += chance.choice(leaves) * chance.choice((1, 100, 10_000))
        if chance.random() < 0.6:
            text *= chance.choice((2, 100, 10_000))
        if len(text) > room:
            break
        if chance.random() < 0.3:
            text = before * 100 + text
    return text


def docx(chance: random.Random) -> bytes:
    """A document with notes, styles, lists and an embedded page."""
    body, notes, styles = (_cut(grow(chance, _WORD, _WORD_LEAVES, 3_000_000), 12_000_000) for _ in range(3))
    many = chance.choice((1, 10, 5_000))
    return make_docx(
        Docx(
            body + paragraph("The Supplier shall report."),
            footnotes={2: notes},
            styles="".join(
                f'<w:style w:styleId="s{n}"><w:basedOn w:val="s{(n + 1) % many}"/>{styles if n == 1 else ""}</w:style>'
                for n in range(many)
            ),
            numbering='<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:lvlText w:val="%1."/></w:lvl>'
            '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>',
            relations=[("c", "aFChunk", "c.htm")],
            files={"word/c.htm": page(chance), "word/media/a.png": chance.randbytes(200_000)},
        )
    )


def _cut(text: str, most: int) -> str:
    """The text, or none if it is too long: a part of it would not be valid XML."""
    return text if len(text) < most else ""


def page(chance: random.Random) -> bytes:
    """A web page."""
    return ("<html><body><p>Words.</p>" + grow(chance, _PAGE, _PAGE_LEAVES, 1_000_000)).encode()[:4_000_000]


def markdown(chance: random.Random) -> bytes:
    """Marks in any order, over and over."""
    return _marks(chance, _MARKS, 1_900_000)


def text(chance: random.Random) -> bytes:
    """Lines in any order, over and over."""
    return _marks(chance, _TEXTS, 6_000_000)


def _marks(chance: random.Random, marks: tuple[str, ...], most: int) -> bytes:
    parts = []
    for _ in range(chance.randint(1, 4)):
        piece = "".join(chance.choices(marks, k=chance.randint(1, 6)))
        piece *= chance.choice((1, 3, 40, 90))
        parts.append((piece + chance.choice(marks)) * chance.choice((1, 100, 10_000, 100_000)))
    return "".join(parts).encode()[:most]


KINDS: dict[str, tuple[str, Callable[[random.Random], bytes]]] = {
    "docx": (".docx", docx),
    "html": (".doc", page),
    "md": (".md", markdown),
    "txt": (".txt", text),
}


def measure(link: Connection, suffix: str, data: bytes, patience: int) -> None:
    """The child: reads, renders, and says how it ended and what it took."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MB << 20, _MEMORY_MB << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (patience, patience))
    began = time.process_time()
    try:
        document = read(data, name=f"amplified{suffix}", ocr=_WITHOUT)
        outcome = "read"
        render_report(document, result_of(document), "file")
    except ContractError as error:
        surprise = str(error.details.get("detail", "")).startswith("the reader stopped with")
        outcome = f"LEAKED {error.__cause__!r}" if surprise else error.code.value
    except BaseException as error:
        outcome = f"LEAKED {type(error).__name__}: {error}"
    link.send((outcome, time.process_time() - began))


def main() -> int:
    """Runs until the time is up; returns 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=list(KINDS))
    parser.add_argument("--most", type=int, default=10, help="seconds of processor time")
    parser.add_argument("--keep", type=Path, default=Path("fuzz/found"), help="where slow files are kept")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    spawn = multiprocessing.get_context("spawn")
    outcomes: Counter[str] = Counter()
    found = 0
    until = time.monotonic() + options.seconds
    while time.monotonic() < until:
        suffix, make = KINDS[options.kind or chance.choice(list(KINDS))]
        data = make(chance)
        ours, theirs = spawn.Pipe(duplex=False)
        child = spawn.Process(target=measure, args=(theirs, suffix, data, 3 * options.most), daemon=True)
        child.start()
        theirs.close()
        try:
            outcome, took = ours.recv()
        except EOFError:
            outcome, took = "KILLED", 3.0 * options.most
        child.join()
        ours.close()
        outcomes[f"{suffix} {outcome.split()[0]}"] += 1
        bad = outcome.startswith(("LEAKED", "KILLED")) or outcome == ErrorCode.OUT_OF_MEMORY.value
        if bad or took > options.most:
            found += 1
            options.keep.mkdir(parents=True, exist_ok=True)
            kept = options.keep / f"slow-{options.seed}-{found:03}{suffix}"
            kept.write_bytes(data)
            print(f"{kept}: {outcome} after {took:.1f} s, {len(data):,} bytes", file=sys.stderr)
    print(json.dumps(dict(sorted(outcomes.items())), indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
