"""Feeds broken documents to every reader until the time is up; only a ContractError may be raised.

    python fuzz/readers.py --seconds 600 [--seed 1] [--reader pdf] [--corpus folder]

The samples are those of `fuzz.seeds`, and those in `--corpus` if given. Each round takes one, breaks it (a package: one
of its parts) and reads it in a process of its own with the memory of a worker, so that a crash of a parser's C code is
noticed and the file kept.
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

from fuzz.seeds import samples
from tclp_daemon import ContractError, read
from tclp_daemon.config import Limits, Ocr
from tclp_daemon.errors import ErrorCode

_WITHOUT = Ocr(mode="off")  # what is measured here is the readers
_PATIENCE_S = 60.0
_MEMORY_MB = 2000
_TOKENS = (
    b"<<", b">>", b"[", b"]", b"(", b")", b"obj", b"endobj", b"stream", b"/Kids", b"/Count", b"/Prev", b"/Length",
    b"<w:p>", b"</w:p>", b"<w:tbl>", b"&lol;", b"<!ENTITY", b"{\\rtf1", b"\\bin999999", b"\\u-1", b"}", b"{", b"\x00",
    b"\xff\xff\xff\xff", b"\r\n", b"#", b"|", b"```", b"> ", b"- ", b"999999999", b"-1", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\r\n--P\r\n", b"=\r\n", b"Content-Type: multipart/mixed; boundary=P\r\n\r\n", b"<TEXT>", b"</TEXT>",
    b"<DOCUMENT>\n<TYPE>EX-10\n", b"<PAGE>\n", b"<ol start=-9>", b"<li>", b"</div>", b"<text:list>",
    b"<text:s text:c='99'/>", b"::: {#a}\n",
    b"+---+---+\n", b"{\\object", b"\\trowd\\cellx9", b"\\cell\\row", b"{\\*\\",
    b"\\'e9", b"&#x110000;",
    b"/OC /H BDC ", b"EMC ", b"q ", b"Q ", b"BT ", b" Do ",
)  # fmt: skip
_LIMITS = Limits(characters=2_000_000, expanded_mb=50, pages=500)


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


def mutate_part(package: bytes, chance: random.Random) -> bytes:
    """Breaks one part of a package and packs it again: a damaged package shows no reader what is in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(buffer, "w") as archive:
        broken = chance.choice(source.namelist())
        for info in source.infolist():
            data = source.read(info)
            archive.writestr(info.filename, mutate(data, chance) if info.filename == broken else data)
    return buffer.getvalue()


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
    parser.add_argument("--reader", choices=[suffix[1:] for suffix in samples()])
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
            data = chance.choice(pool[suffix])
            data = (mutate_part if zipfile.is_zipfile(io.BytesIO(data)) and chance.random() < 0.8 else mutate)(
                data, chance
            )
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
