"""Shows whether a change of the program changed its results.

    python -m scripts.same_results save before.json [--tree ../other-checkout] [FOLDER ...]
    python -m scripts.same_results compare before.json after.json

`save` analyses the samples and all contracts below the folders with the real model, in a worker process, as
`tclp-daemon analyze --json` does; without folders, the contracts of the measuring data. `compare` prints each value
that differs and ends with exit code 1 if there is one. What must differ is left out: versions, times, model names.

Save both on one machine: another processor may round the last digits of a probability differently.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tclp_daemon.formats import SUFFIXES, suffix_of

_ROOT = Path(__file__).parents[1]
_SAMPLES = _ROOT / "tclp_daemon" / "samples"
_DEV_DATA = Path(os.environ.get("TCLP_DEV_DATA", _ROOT.parent / "shared" / "dev-data"))
_NOT_COMPARED = frozenset({"version", "analysis_time", "model"})
_TASK_FAILED = 3


def main() -> int:
    """Runs one of the two commands; 1 where results differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    saving = commands.add_parser("save", help="analyse contracts and write their results to a file")
    saving.add_argument("target", type=Path)
    saving.add_argument("folders", type=Path, nargs="*", default=[_DEV_DATA / "contracts"], metavar="FOLDER")
    saving.add_argument("--tree", type=Path, default=_ROOT, help="the checkout whose program is run; default: this one")
    comparing = commands.add_parser("compare", help="compare two such files")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    options = parser.parse_args()
    if options.command == "save":
        results = analyse(options.tree.resolve(), [_SAMPLES, *options.folders])
        options.target.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"contracts: {len(results)}", file=sys.stderr)
        return 0
    before, after = (json.loads(path.read_text("utf-8")) for path in (options.before, options.after))
    found = list(differences(before, after))
    print(*found, f"contracts: {len(before | after)}, differences: {len(found)}", sep="\n")
    return 1 if found else 0


def analyse(tree: Path, folders: list[Path]) -> dict[str, Any]:
    """What a checkout's `analyze --json` says of each contract below the folders, by folder name and path in it."""
    files = {
        path.resolve(): str(path.relative_to(folder.parent))
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if suffix_of(path.name) in SUFFIXES
    }
    done = subprocess.run(
        [sys.executable, "-m", "tclp_daemon", "analyze", "--json", *map(str, files)],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
    )
    if done.returncode not in (0, _TASK_FAILED):
        raise SystemExit(f"analyze ended with exit code {done.returncode}")
    return {files[Path(answer.pop("file"))]: answer for answer in json.loads(done.stdout)}


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The values that differ between two JSON documents, each as `path: before -> after`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted((before.keys() | after.keys()) - _NOT_COMPARED):
            yield from differences(before.get(key), after.get(key), f"{path}/{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif before != after:
        yield f"{path}: {json.dumps(before)[:300]} -> {json.dumps(after)[:300]}"


if __name__ == "__main__":
    sys.exit(main())
