"""`python -m training.train [--mine DIR]`: the classifier from the corpus, and from real contracts where DIR has some.

1. Three of the six pretrained layers are fine-tuned on labels and topics, in two runs with different seeds, each on a
   core of its own.
2. The mean of their weights is the model (Wortsman et al. 2022, "Model soups"): what the runs share stays, what each
   one made up by chance cancels out.
3. The topic head is fitted to the mean; the held-out part gives Platt's calibration and the thresholds.

The seeds are fixed. `encoder.py` has the network, `fitting.py` the fine-tuning, `calibrate.py` the thresholds.
EXPERIMENTS.md says why each number is what it is.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

from tclp_daemon.analysis.evaluation import average_precision
from training.calibrate import calibrate
from training.corpus import Example, guide_topics, load_corpus
from training.encoder import BASE, Encoder, scores
from training.fitting import fit, fit_topics
from training.mining import labelled_in
from training.passages import LabelledPassage, Line, load_passages
from training.weights import mean, save

OUTPUT = Path(__file__).parents[1] / "tclp_daemon" / "models" / "climate-minilm"
NAME, VERSION = "climate-minilm", "1.4"
EPOCHS = 6
SEEDS = (20240229, 20240301)
# What each worker asks the model before it serves: a clear case, an unclear one and a clear case of the opposite.
KNOWN = (
    "The Supplier shall cut the greenhouse gas emissions of the Services by half before 2030 and report on it yearly.",
    "The Supplier shall keep records of the energy that it uses.",
    "The Company shall not issue or permit the emission of further shares without the consent of the Investor.",
)


def run(seed: int, mined: list[Example], options: argparse.Namespace, weights: Path) -> None:
    """One run, in its own process; writes its weights to a file."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(BASE.path, local_files_only=True)
    train = [e for e in load_corpus() if not e.held_out]
    train += from_passages(load_passages()) + mined
    encoder = Encoder(len(guide_topics()))
    fit(encoder, tokenizer, train, guide_topics(), epochs=options.epochs, seed=seed, log=weights.stem)
    save_file(encoder.state_dict(), weights)


def from_passages(passages: Iterable[LabelledPassage]) -> list[Example]:
    """Sentences that have their label without the passage, too: those that are none, and raw climate language.

    Args:
        passages: those that are held out give nothing.
    """
    return [
        _example(line, passage.source)
        for passage in passages
        if not passage.held_out
        for line in passage.sentences
        if not line.label or (passage.kind != "context" and passage.is_raw)
    ]


def from_contracts(lines: Iterable[Line]) -> list[Example]:
    """Labelled sentences of real contracts; the few that are climate language count four times."""
    return [_example(line, "mined") for line in lines for _ in range(4 if line.label else 1)]


def _example(line: Line, source: str) -> Example:
    return Example(line.text, line.label or 0, line.topics, "", "", "sentence", True, source)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--mine", type=Path, metavar="DIR", help="real contracts, for training only")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--runs", type=Path, help="folder that keeps the weights of each run; default: none does")
    options = parser.parse_args()
    examples, mined = load_corpus(), from_contracts(labelled_in(options.mine))
    held_out = sum(e.held_out for e in examples)
    print(f"{len(examples) - held_out} sentences of the corpus to train on, {held_out} held out", flush=True)
    print(f"{len(mined)} labelled sentences of real contracts", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.runs or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        runs = [folder / f"run{number}.safetensors" for number in range(1, len(SEEDS) + 1)]
        with ProcessPoolExecutor(len(SEEDS), multiprocessing.get_context("spawn")) as pool:
            for _ in pool.map(run, SEEDS, [mined] * len(runs), [options] * len(runs), runs):
                pass
        encoder = Encoder(len(guide_topics()))
        mean(encoder, runs)
    tokenizer = transformers.AutoTokenizer.from_pretrained(BASE.path, local_files_only=True)
    finish(encoder, tokenizer, examples, options.output)


def finish(encoder: Encoder, tokenizer: Any, examples: list[Example], output: Path) -> None:
    """What follows fine-tuning: the topic head, calibration and thresholds, the model folder."""
    topics = guide_topics()
    held_out = [e for e in examples if e.held_out]
    fit_topics(encoder, tokenizer, [e for e in examples if not e.held_out], topics)
    logits = scores(encoder, tokenizer, [e.text for e in held_out])
    report("finished", logits, held_out)
    calibration = calibrate(logits, held_out)
    print(calibration)
    tokenizer.model_max_length = 256
    known = 1 / (1 + np.exp(-calibration.scale * scores(encoder, tokenizer, KNOWN) - calibration.shift))
    extras = {
        "name": NAME, "version": VERSION, "threshold": calibration.threshold, "scale": calibration.scale,
        "lone_threshold": calibration.lone_threshold, "shift": calibration.shift, "climate_label": "climate",
        "max_tokens": 256, "topics": topics, "topic_threshold": 0.3,
        "known_answers": {text: round(float(p), 4) for text, p in zip(KNOWN, known, strict=True)},
    }  # fmt: skip
    save(encoder.model, encoder.topics, tokenizer, extras, output)


def report(name: str, logits: np.ndarray, examples: list[Example]) -> None:
    """Prints average precision, and recall at three rates of false alarms."""
    labels = np.array([e.label for e in examples])
    negatives = np.sort(logits[labels == 0])[::-1]
    line = f"{name}: held-out average precision {average_precision(labels.tolist(), logits.tolist()):.4f}"
    for rate in (0.001, 0.005, 0.02):
        bound = negatives[int(rate * len(negatives))]
        line += f", recall {np.mean(logits[labels == 1] > bound):.3f} at {rate:.1%} false alarms"
    print(line, flush=True)


if __name__ == "__main__":
    main()
