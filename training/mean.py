"""`python -m training.mean RUN RUN… --output FOLDER`: the mean of the weights of several runs, as one model.

Runs from the same base weights end up close enough to each other for their mean to be a model, and a better one than
each of them (Wortsman et al. 2022, "Model soups"): what they share stays, what each made up by chance cancels out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import transformers

from training.corpus import guide_topics, load_corpus
from training.train import BASE, OUTPUT, Encoder, finish, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="model folders that training.train made")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--layers", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(2)
    encoders = []
    for run in options.runs:
        encoder = Encoder(range(options.layers), len(guide_topics()))
        load(encoder, run)
        encoders.append(encoder.state_dict())
    mean = Encoder(range(options.layers), len(guide_topics()))
    mean.load_state_dict({key: sum(e[key].float() for e in encoders) / len(encoders) for key in encoders[0]})
    finish(mean, transformers.AutoTokenizer.from_pretrained(BASE, local_files_only=True), load_corpus(), options.output)


if __name__ == "__main__":
    main()
