"""Feeds broken documents to every reader until the time is up; only a ContractError may be raised.

    python fuzz/readers.py --seconds 600 [--seed 1] [--reader pdf] [--corpus folder]

The samples are made here, and taken from `--corpus` if given. Each round takes one, breaks it and reads it in a process
of its own with the memory of a worker, so that a crash of a parser's C code is noticed and the file kept.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import random
import resource
import sys
import time
import zipfile
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tclp_daemon import ContractError, read
from tclp_daemon.config import Limits, Ocr
from tclp_daemon.errors import ErrorCode
from tests.extract.docmaker import make_ole
from tests.extract.docxmaker import Docx, drawing, field, make_docx, make_flat, ole_object, paragraph, picture
from tests.extract.odtmaker import h, items, level, make_odt, p
from tests.extract.pdfmaker import Page, make_pdf

_WITHOUT = Ocr(mode="off")  # what is measured here is the readers
_PATIENCE_S = 60.0
_MEMORY_MB = 2000
_TOKENS = (
    b"<<", b">>", b"[", b"]", b"(", b")", b"obj", b"endobj", b"stream", b"/Kids", b"/Count", b"/Prev", b"/Length",
    b"<w:p>", b"</w:p>", b"<w:tbl>", b"&lol;", b"<!ENTITY", b"{\\rtf1", b"\\bin999999", b"\\u-1", b"}", b"{", b"\x00",
    b"\xff\xff\xff\xff", b"\r\n", b"#", b"|", b"```", b"> ", b"- ", b"999999999", b"-1", b"\xef\xbb\xbf", b"\xff\xfe",
)  # fmt: skip
_LIMITS = Limits(characters=2_000_000, expanded_mb=50, pages=500)


def samples() -> dict[str, list[bytes]]:
    """Suffix -> sound documents to break."""
    page = Page(field_value="a value").text(72, 700, "11.4 Climate Reporting. The Supplier shall report.")
    page.grid([72, 200, 300], [600, 580, 560]).text(80, 565, "cell").text(210, 585, "cell")
    text = "1. TERM. It begins now\nand ends later.\n\n(a) one;\n(b) two – “three”.\n\f2\n"
    markdown = "# Title\n\n1. one\n   - two\n\n| a | b |\n|---|---|\n| c | d |\n\n> quote `code` [link](x) *em*\n"
    word = (Path(__file__).parents[1] / "tests" / "extract" / "data" / "markers.doc").read_bytes()
    rtf = b"{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 The Supplier \\b shall\\b0  report.\\par\\u8217? Second.\\par}"
    html = b"<html><body><h1>Title</h1><p>The Supplier<br>shall.</p><table><tr><td>x</td></tr></table></body></html>"
    return {
        ".pdf": [make_pdf([page, Page().text(72, 700, "two")]), make_pdf([page], user_password="")],
        ".docx": [_docx(), _objects(), make_flat(_objects()), _WORD_2003],
        ".odt": [_odt()],
        ".doc": [rtf, html, word],
        ".txt": [text.encode(), text.encode("utf-16"), text.encode("cp1252")],
        ".md": [markdown.encode()],
    }


def _docx() -> bytes:
    """A document with a table, tracked changes and a footnote."""
    body = (
        paragraph("The Supplier shall report.")
        + "<w:tbl><w:tr><w:tc>"
        + paragraph("cell")
        + "</w:tc></w:tr></w:tbl><w:p><w:ins><w:r><w:t>in</w:t></w:r></w:ins><w:del><w:r><w:delText>out</w:delText>"
        '</w:r></w:del><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    )
    return _stored(make_docx(Docx(body, footnotes={2: paragraph("A note.")})))


def _objects() -> bytes:
    """A document with an embedded one, a drawing, a picture, a chunk of a web page and fields."""
    body = (
        f"<w:p>{ole_object('ole', 'Word.Document.8')}{picture('scan', 16, 23)}{field('AUTONUMLGL')}{field('LISTNUM')}"
        + drawing('<dgm:relIds r:dm="data"/>')
        + field("FORMCHECKBOX", data="<w:ffData><w:checkBox/></w:ffData>")
        + '</w:p><w:altChunk r:id="chunk"/>'
        + paragraph("Climate", run='<w:b/><w:rFonts w:ascii="Symbol"/>')
        + paragraph("The Supplier shall report.", run="<w:strike/>")
    )
    shape = "<dgm:pt><dgm:t><a:p><a:r><a:t>Drawn.</a:t></a:r></a:p></dgm:t></dgm:pt>"
    names = 'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    names += 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    files = {
        "word/ole.bin": make_ole({"\x01Ole10Native": b"\x20\0\0\0\2\0a.txt\0a.txt\0\0\0\3\0\1\0\0\0\0\4\0\0\0word"}),
        "word/data.xml": f"<dgm:dataModel {names}>{shape}</dgm:dataModel>".encode(),
        "word/c.htm": b"<p>The Supplier shall report.</p>",
    }
    relations = [("ole", "oleObject", "ole.bin"), ("data", "diagramData", "data.xml"), ("chunk", "aFChunk", "c.htm")]
    return _stored(make_docx(Docx(body, files=files, relations=[*relations, ("scan", "image", "media/1.png")])))


_WORD_2003 = (
    b'<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">'
    b'<w:lists><w:listDef w:listDefId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:nfc w:val="0"/>'
    b'<w:lvlText w:val="%1."/></w:lvl></w:listDef><w:list w:ilfo="1"><w:ilst w:val="0"/></w:list></w:lists>'
    b'<w:body><w:p><w:pPr><w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/></w:listPr></w:pPr>'
    b"<w:r><w:t>The Supplier</w:t>"
    b"<w:footnote><w:p/></w:footnote></w:r></w:p><w:sectPr><w:hdr><w:p><w:r><w:t>Draft</w:t></w:r></w:p></w:hdr>"
    b"</w:sectPr></w:body></w:wordDocument>"
)


def _odt() -> bytes:
    """A text with lists, a table, a note, a frame and styles."""
    note = f"<text:note><text:note-body>{p('A note.')}</text:note-body></text:note>"
    styles = f'<text:list-style style:name="L">{level(1, "1", suffix=".")}{level(2, "a", shown=2)}</text:list-style>'
    body = h("Climate") + items(p("One") + items(p("Deeper")), p("Two"), style="L") + p("The Supplier shall." + note)
    row = f"<table:table-row><table:table-cell>{p('cell')}</table:table-cell></table:table-row>"
    body += f"<table:table>{row}</table:table>"
    body += p('<draw:frame svg:width="16cm" svg:height="23cm"><draw:image xlink:href="1.png"/></draw:frame>')
    return _stored(make_odt(body, styles=styles))


def _stored(packed: bytes) -> bytes:
    """The same package, not compressed, so that mutations reach the XML."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(buffer, "w") as archive:
        for info in source.infolist():
            archive.writestr(info.filename, source.read(info))
    return buffer.getvalue()


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Breaks a document in one to four ways."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(7):
            case 0 if out:
                out[at % len(out)] ^= 1 << chance.randrange(8)
            case 1:
                del out[at : at + chance.randint(1, 64)]
            case 2:
                out[at:at] = chance.choice(_TOKENS) * chance.choice((1, 1, 1, 2, 50, 2000))
            case 3:
                start = chance.randrange(len(out) + 1)
                out[at:at] = out[start : start + chance.randint(1, 200)]
            case 4:
                del out[at:]
            case 5:
                out[at : at + 8] = chance.randbytes(8)
            case _:
                out[at : at + chance.randint(1, 9)] = b"%d" % chance.choice((0, 1, 7, -1, 2**31, 2**63, 99999))
    return bytes(out)


def serve(link: Connection) -> None:
    """The child: reads what comes in and answers with what happened."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MB << 20, _MEMORY_MB << 20))
    while True:
        suffix, data = link.recv()
        try:
            read(data, name=f"broken{suffix}", limits=_LIMITS, ocr=_WITHOUT)
            link.send("read")
        except ContractError as error:
            # An error that no reader foresaw is translated all the same, but it may be a mistake of the reader.
            surprise = str(error.details.get("detail", "")).startswith("the reader stopped with")
            cause = type(error.__cause__).__name__
            link.send(f"LEAKED {cause}" if surprise else error.code.value)
        except BaseException as error:
            link.send(f"LEAKED {type(error).__name__}: {error}")


def main() -> int:
    """Runs until the time is up, and keeps what leaked, crashed or hung; returns 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reader", choices=["pdf", "docx", "doc", "odt", "txt", "md"])
    parser.add_argument("--corpus", type=Path, help="further samples, by suffix")
    parser.add_argument("--keep", type=Path, default=Path("fuzz/found"), help="where bad files are kept")
    options = parser.parse_args()
    pool = samples()
    if options.corpus:
        for path in sorted(options.corpus.rglob("*")):
            if path.is_file() and path.suffix.lower() in pool and path.stat().st_size < 300_000:
                pool[path.suffix.lower()].append(path.read_bytes())
    if options.reader:
        pool = {f".{options.reader}": pool[f".{options.reader}"]}
    outcomes, bad = run(pool, options.seconds, options.seed)
    print(json.dumps(dict(sorted(outcomes.items())), indent=1))
    for index, (outcome, suffix, data) in enumerate(bad, 1):
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / f"{index:03}-{outcome.split()[0].lower()}{suffix}").write_bytes(data)
        print(outcome, file=sys.stderr)
    return 1 if bad else 0


def run(pool: dict[str, list[bytes]], seconds: float, seed: int) -> tuple[dict[str, int], list[tuple[str, str, bytes]]]:
    """Breaks and reads until the time is up.

    Args:
        pool: suffix -> sound documents.
        seconds: how long.
        seed: the same seed breaks the same documents in the same order.

    Returns:
        How often each suffix had each outcome, and at most 50 bad outcomes as (outcome, suffix, document).
    """
    suffixes = list(pool)
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    bad: list[tuple[str, str, bytes]] = []
    process, link = _start()
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until and len(bad) < 50:
            suffix = chance.choice(suffixes)
            data = mutate(chance.choice(pool[suffix]), chance)
            outcome = _ask(process, link, suffix, data)
            outcomes[f"{suffix} {outcome}"] += 1
            if outcome.startswith(("LEAKED", "CRASHED", "HUNG", ErrorCode.INTERNAL.value)):
                bad.append((outcome, suffix, data))
            if not process.is_alive():
                link.close()
                process, link = _start()
    finally:
        process.kill()
        process.join()
        link.close()
    return outcomes, bad


def _start() -> tuple[multiprocessing.Process, Connection]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return process, ours  # type: ignore[return-value]


def _ask(process: multiprocessing.Process, link: Connection, suffix: str, data: bytes) -> str:
    link.send((suffix, data))
    try:
        if link.poll(_PATIENCE_S):
            return str(link.recv())
    except EOFError:
        process.join()
        return f"CRASHED with {process.exitcode}"
    process.kill()
    process.join()
    return f"HUNG for {_PATIENCE_S:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
