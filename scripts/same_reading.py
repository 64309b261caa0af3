"""Shows whether a change of the readers changed what they read.

    python -m scripts.same_reading --save before.tsv folder ...
    python -m scripts.same_reading --against before.tsv folder ...

For each file in the folders there is one line: its path, the sha256 of its text, blocks, page starts and sentences, and
its warnings; or the error. `--against` names the files that differ from the saved ones.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from tclp_daemon import ContractError, read
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.formats import SUFFIXES


def main() -> int:
    """Returns 1 if any file is read differently."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--save", type=Path, help="write the readings here")
    group.add_argument("--against", type=Path, help="compare with readings that were saved")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("folders", type=Path, nargs="+")
    options = parser.parse_args()
    files = sorted(path for folder in options.folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    begun = time.monotonic()
    with ProcessPoolExecutor(options.jobs) as pool:
        readings = dict(zip(map(str, files), pool.map(reading, files), strict=True))
    print(f"{len(files)} files in {time.monotonic() - begun:.1f} s", file=sys.stderr)
    if options.save:
        options.save.write_text("".join(f"{path}\t{found}\n" for path, found in readings.items()), encoding="utf-8")
        return 0
    before = dict(line.split("\t", 1) for line in options.against.read_text(encoding="utf-8").splitlines())
    different = [path for path, found in readings.items() if before.get(path) != found]
    for path in different:
        print(f"{path}: {before.get(path, 'not there')} -> {readings[path]}")
    return 1 if different else 0


def reading(path: Path) -> str:
    """How one file is read, in one line; it has the warnings in full, so that a mere change of their words shows."""
    try:
        document = read(path)
    except ContractError as error:
        return f"{error.code.value}: {error.message}"
    spans = [(sentence.start, sentence.end, sentence.block.paragraph) for sentence in split_sentences(document)]
    warnings = "".join(f" [{each.code} {each.pages}: {each.message}]" for each in document.warnings)
    words = repr((replace(document, warnings=(), format=str(document.format)), spans)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(words).hexdigest() + warnings


if __name__ == "__main__":
    sys.exit(main())
