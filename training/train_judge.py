"""`python -m training.train_judge [--mine DIR]`: the judge from the corpus, and from real contracts where DIR has some.

1. Mining: what the classifier thinks possible in the real contracts, with the labels of `mined.tsv`, gives windows in
   which almost nothing is climate language. An eighth of the contracts is held out.
2. Two runs with different seeds, each on a core of its own; the mean of their weights is the judge (see `train`).
3. The topic head is fitted to the mean; held-out passages and contracts give the weights of both models' log-odds.

The seeds are fixed. `windows.py` makes what is read, `judge.py` has the network and the fine-tuning,
`judge_calibrate.py` the calibration. EXPERIMENTS.md says why each number is what it is.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.analysis.judge_folder import EMBEDDED_JUDGE
from tclp_daemon.config import Model
from training.bases import mpnet
from training.corpus import guide_topics, load_corpus
from training.fitting import augmenter
from training.judge import JudgeNetwork, fit
from training.judge_calibrate import calibrate
from training.judge_topics import fit_topics
from training.mining import Mined, mined_in
from training.passages import load_passages
from training.weights import mean, save
from training.windows import Window, WindowMaker

NAME, VERSION = "climate-judge", "1.1"
SEEDS = (20260229, 20260301)
EPOCHS = 1
# How many of the passages, the sentences and the mined windows are read in each epoch.
PASSAGES, SENTENCES, MINED = 0.5, 0.15, 0.1
# What each worker asks the judge before it serves.
KNOWN = (
    "The Supplier shall cut the greenhouse gas emissions of the Services by half before 2030 and report on it yearly.",
    "The Company shall not issue or permit the emission of further shares without the consent of the Investor.",
)


def run(seed: int, mined: list[Mined], weights: Path, epochs: int) -> None:
    """One run, in its own process; writes its weights to a file."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    base = mpnet()
    tokenizer = transformers.AutoTokenizer.from_pretrained(base.path, local_files_only=True)
    passages = [passage for passage in load_passages() if not passage.held_out]
    examples = [example for example in load_corpus() if not example.held_out]
    network = JudgeNetwork(base, len(guide_topics()))
    augment = augmenter(network.model.base_model.embeddings.word_embeddings.weight, tokenizer, examples, seed)
    ordinary = [text for each in mined for text in each.ordinary]
    above = sorted({window.preface.partition(" | ")[0] for each in mined for window in each.windows} - {""})
    maker = WindowMaker(seed, ordinary, above, [e for e in examples if e.label == 0], augment)
    real = [window for each in mined for window in each.windows]
    rng = random.Random(seed)

    def epoch() -> list[Window]:
        read = rng.sample(passages, int(PASSAGES * len(passages)))
        windows = [window for passage in read for window in maker.of_passage(passage)]
        windows += [maker.of_sentence(e) for e in rng.sample(examples, int(SENTENCES * len(examples)))]
        windows += rng.sample(real, int(MINED * len(real)))
        return windows

    fit(network, tokenizer, [epoch] * epochs, guide_topics(), seed=seed, rate=base.rate, log=weights.stem)
    save_file(network.state_dict(), weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mine", type=Path, metavar="DIR", help="real contracts, for training only")
    parser.add_argument("--output", type=Path, default=EMBEDDED_JUDGE)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--runs", type=Path, help="folder that keeps the weights of each run; default: none does")
    options = parser.parse_args()
    found = mined_in(options.mine)
    train, held_out = ([each for out, each in found if out is wanted] for wanted in (False, True))
    print(f"{len(train)} real contracts to train on, {len(held_out)} held out", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.runs or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        runs = [folder / f"judge{number}.safetensors" for number in range(1, len(SEEDS) + 1)]
        with ProcessPoolExecutor(len(SEEDS), multiprocessing.get_context("spawn")) as pool:
            for _ in pool.map(run, SEEDS, [train] * len(runs), runs, [options.epochs] * len(runs)):
                pass
        finish(runs, held_out, options.output)


def finish(runs: Sequence[Path], held_out: Sequence[Mined], output: Path) -> None:
    """What follows fine-tuning: calibration and thresholds, the model folder."""
    base = mpnet()
    network = JudgeNetwork(base, len(guide_topics()))
    mean(network, runs)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base.path, local_files_only=True)
    classifier = Classifier.load(Model(precision="float32"))
    fit_topics(network, tokenizer, guide_topics())
    extras = {"name": NAME, "version": VERSION, "classifier": classifier.fingerprint}
    extras |= calibrate(network, tokenizer, classifier, held_out, KNOWN)
    extras |= {"climate_label": "climate", "topics": guide_topics()}
    save(network.model, network.topics, tokenizer, extras, output)


if __name__ == "__main__":
    main()
