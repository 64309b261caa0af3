"""The judge's topic head: one logistic regression for each topic, on what the finished network makes of sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from training.judge import JudgeNetwork, batch_of, encoded
from training.passages import LabelledPassage, Line, load_passages
from training.windows import WindowMaker

_ROWS = 24
_STRENGTH = 0.1  # of the regression (C); 0.03 and 0.3 are a hundredth worse


def fit_topics(network: JudgeNetwork, tokenizer: Any, topics: list[str]) -> None:
    """Fits the topic head from scratch, and prints how often the first topic is right in held-out passages.

    Args:
        network: finished but for that.
        tokenizer: the base's.
        topics: names of the head's outputs, in their order.
    """
    passages = [passage for passage in load_passages() if passage.kind != "tempting"]
    hidden, lines = _hidden(network, tokenizer, (p for p in passages if not p.held_out))
    for row, topic in enumerate(topics):
        found = LogisticRegression(C=_STRENGTH, max_iter=300).fit(hidden, [topic in line.topics for line in lines])
        network.topics.weight.data[row] = torch.tensor(found.coef_[0], dtype=torch.float32)
        network.topics.bias.data[row] = float(found.intercept_[0])
    hidden, lines = _hidden(network, tokenizer, (p for p in passages if p.held_out))
    with torch.inference_mode():
        best = network.topics(torch.tensor(hidden)).argmax(1).tolist()
    right = sum(topics[i] in line.topics for i, line in zip(best, lines, strict=True))
    print(f"topics: {right} of {len(lines)} first ones are right")


def _hidden(
    network: JudgeNetwork, tokenizer: Any, passages: Iterable[LabelledPassage]
) -> tuple[np.ndarray, list[Line]]:
    """(last hidden states at the separators of climate sentences, sentences x width; the sentences)."""
    maker = WindowMaker(7, [], [], [], None)
    windows = [w for p in passages for w in maker.of_passage(p) if any(line.label for line in w.lines)]
    rows = sorted((encoded(tokenizer, window) for window in windows), key=lambda row: len(row[0]))
    found, lines = [], []
    network.eval()
    for begin in range(0, len(rows), _ROWS):
        part = rows[begin : begin + _ROWS]
        ids, mask, where = batch_of(part, tokenizer.pad_token_id)
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            states = network.model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state[where]
        graded = [line for row in part for line in row[2]]
        found += [state.float().numpy() for state, line in zip(states, graded, strict=True) if line.label == 1]
        lines += [line for line in graded if line.label == 1]
    return np.array(found), lines
