"""`python -m benchmarks.judge [--data DIR]`: what the judge costs beside the classifier, and how much passes the gate.

Both read the same contracts, one after the other in the same process, in processor time; the ratio is (classifier +
judge) / classifier.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from tclp_daemon import read
from tclp_daemon.analysis.detector import Detector
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Model

DEV_DATA = Path(os.environ.get("TCLP_DEV_DATA", Path(__file__).parents[2] / "shared" / "dev-data"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DEV_DATA / "contracts" / "txt")
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    options = parser.parse_args()
    detector = Detector.load(Model(precision=options.precision))
    detector.use_threads(1)
    total = [0.0, 0.0]
    sentences_read = candidates = 0
    for path in sorted(p for p in options.data.rglob("*") if p.is_file()):
        document = read(path)
        sentences = split_sentences(document)
        begun = time.process_time()
        classified = detector.classify([document.text[s.start : s.end] for s in sentences])
        between = time.process_time()
        judged, asked = detector.judged(document, sentences, classified)
        total[0] += between - begun
        total[1] += time.process_time() - between
        sentences_read += len(judged)
        candidates += len(asked)
    print(f"{sentences_read:,} sentences, {candidates / sentences_read:.1%} read by the judge")
    print(f"classifier {total[0]:.1f} s, judge {total[1]:.1f} s: ratio {(total[0] + total[1]) / total[0]:.2f}")


if __name__ == "__main__":
    main()
