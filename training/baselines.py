"""`python -m training.baselines [FILE.jsonl ...]`: what the embedded model is compared with.

A keyword list, TF-IDF with logistic regression, and the frozen encoder with a linear head, all trained on the same
part of the corpus. Each threshold is the one at which `HARD_FALSE_ALARMS` of the held-out hard sentences raise an
alarm, as for the embedded model; the keyword list raises one at each word. Measured on the held-out part and on the
labelled files named.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import transformers
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tclp_daemon.analysis.baselines import keyword_scores
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.evaluation import Confusion, average_precision
from tclp_daemon.config import Model
from training.calibrate import HARD_FALSE_ALARMS
from training.corpus import Example, load_corpus, load_labelled
from training.encoder import BASE

Scorer = Callable[[list[str]], np.ndarray]


def keywords(_: list[Example]) -> Scorer:
    """How many of the keywords a sentence has."""
    return lambda texts: np.array(keyword_scores(texts))


def tfidf(train: list[Example]) -> Scorer:
    """TF-IDF of words and pairs of words, and logistic regression."""
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        LogisticRegression(C=30, class_weight="balanced", max_iter=2000),
    )
    model.fit([e.text for e in train], [e.label for e in train])
    return lambda texts: np.asarray(model.decision_function(texts))


def frozen(train: list[Example]) -> Scorer:
    """The six-layer base, not fine-tuned: the mean of its last hidden states, and a linear head."""
    transformers.utils.logging.set_verbosity_error()
    tokenizer = transformers.AutoTokenizer.from_pretrained(BASE.path, local_files_only=True)
    encoder = transformers.AutoModel.from_pretrained(BASE.path, local_files_only=True).eval()

    def embed(texts: list[str]) -> np.ndarray:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        out = np.zeros((len(texts), encoder.config.hidden_size))
        for begin in range(0, len(order), 64):
            rows = order[begin : begin + 64]
            batch = tokenizer(
                [texts[i] for i in rows], truncation=True, max_length=256, padding=True, return_tensors="pt"
            )
            with torch.inference_mode():
                hidden = encoder(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1)
            mean = (hidden * mask).sum(1) / mask.sum(1)
            out[rows] = torch.nn.functional.normalize(mean).numpy()
        return out

    model = LogisticRegression(C=30, class_weight="balanced", max_iter=3000)
    model.fit(embed([e.text for e in train]), [e.label for e in train])
    return lambda texts: np.asarray(model.decision_function(embed(texts)))


def embedded(_: list[Example]) -> Scorer:
    """The shipped model."""
    classifier = Classifier.load(Model())
    return lambda texts: np.array(classifier.probabilities(texts))


def threshold_of(build: Callable[[list[Example]], Scorer], hard_scores: np.ndarray) -> float:
    """The score from which a detector raises an alarm.

    Args:
        build: the detector.
        hard_scores: its scores of the held-out hard sentences of label 0.
    """
    if build is keywords:
        return 1.0
    if build is embedded:
        return Classifier.load(Model()).threshold
    descending = np.sort(hard_scores)[::-1]
    return float(descending[int(HARD_FALSE_ALARMS * len(descending))] + 1e-9)


def main() -> None:
    """Prints a row of the table for each detector and set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--only", help="comma-separated names")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    examples = load_corpus()
    train = [e for e in examples if not e.held_out]
    held_out = [e for e in examples if e.held_out]
    sets = {"held out": ([e.text for e in held_out], [e.label for e in held_out])}
    sets |= {path.stem: load_labelled(path) for path in options.files}
    hard = [e.text for e in held_out if e.hard and e.label == 0]
    print("| detector | data | precision | recall | F1 | average precision | false alarms per 1,000 |")
    print("|---|---|---|---|---|---|---|")
    for build in (keywords, tfidf, frozen, embedded):
        if options.only and build.__name__ not in options.only.split(","):
            continue
        score = build(train)
        threshold = threshold_of(build, score(hard))
        for name, (texts, labels) in sets.items():
            scores = score(texts)
            found = Confusion.of(labels, (scores >= threshold).tolist())
            figures = [found.precision, found.recall, found.f1, average_precision(labels, scores.tolist())]
            cells = " | ".join("-" if x is None else f"{x:.3f}" for x in figures)
            print(f"| {build.__name__} | {name} | {cells} | {found.false_alarms_per_1000 or 0:.2f} |", flush=True)


if __name__ == "__main__":
    main()
