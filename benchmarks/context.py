"""`python -m benchmarks.context`: context-dev with our labels for 150 of its lines, for `evaluate`.

The lines themselves are not part of the project, so `context_labels.tsv` names each by a hash of its text.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

LABELS = Path(__file__).parent / "context_labels.tsv"


def our_labels() -> dict[str, int]:
    """Label of each text that we labelled, by the first 16 digits of its sha256."""
    rows = [line.split("\t") for line in LABELS.read_text("utf-8").splitlines() if not line.startswith("#")]
    return {digest: int(label) for label, digest in rows}


def main() -> None:
    folder = Path(os.environ.get("TCLP_DEV_DATA", Path(__file__).parents[2] / "shared" / "dev-data"))
    labels = our_labels()
    for line in (folder / "climate" / "context-dev.jsonl").read_text("utf-8").splitlines():
        text = json.loads(line)["text"]
        # popped: a text that occurs twice counts once
        label = labels.pop(hashlib.sha256(text.encode()).hexdigest()[:16], None)
        print(json.dumps({"text": text, "label": label}))
    if labels:
        raise SystemExit(f"{len(labels)} labelled lines are not in {folder}.")


if __name__ == "__main__":
    main()
