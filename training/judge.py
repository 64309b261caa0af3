"""The network of the judge, and its fine-tuning on windows.

Each sentence of a window ends with a separator token, and the label and the topics of the sentence are read from that
token (Cohan et al. 2019, "Pretrained language models for sequential sentence classification").
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import transformers
from torch import nn
from torch.nn import functional as F

from tclp_daemon.analysis.judge import assembled
from training.bases import Base
from training.fitting import optimiser_of, split
from training.passages import Line
from training.windows import Window

TOPIC_WEIGHT = 1.0


class JudgeNetwork(nn.Module):
    """A token classifier with two labels, and a topic head beside it."""

    def __init__(self, base: Base, topics: int) -> None:
        super().__init__()
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.model = transformers.AutoModelForTokenClassification.from_pretrained(
            base.path, num_labels=2, id2label={0: "other", 1: "climate"}, label2id={"other": 0, "climate": 1},
            attention_probs_dropout_prob=0.0, local_files_only=True, use_safetensors=True,
        )  # fmt: skip
        body = self.model.base_model
        body.encoder.layer = nn.ModuleList([body.encoder.layer[i] for i in base.layers])
        self.model.config.num_hidden_layers = len(base.layers)
        self.topics = nn.Linear(self.model.config.hidden_size, topics)
        body.embeddings.requires_grad_(False)
        # The lowest layers say what words are, which they know. MPNet's table of distances is shared by all layers, so
        # learning it would mean going back through the lowest ones, too.
        body.encoder.layer[: base.frozen].requires_grad_(False)
        if hasattr(body.encoder, "relative_attention_bias"):
            body.encoder.relative_attention_bias.requires_grad_(False)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, where: tuple[torch.Tensor, torch.Tensor]) -> Any:
        """(margins, topic logits) of the tokens at `where`: rows and columns."""
        hidden = self.model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state[where]
        hidden = self.model.dropout(hidden)
        logits = self.model.classifier(hidden)
        return logits[:, 1] - logits[:, 0], self.topics(hidden)


def encoded(tokenizer: Any, window: Window) -> tuple[list[int], list[int], list[Line]]:
    """(token ids, the position of each separator, the line that ends there).

    What does not fit into one window of tokens is left out. A part of a long climate sentence may say nothing about the
    climate, so it is not graded.
    """
    first = next(assembled(tokenizer, window.preface, [line.text for line in window.lines]))
    lines = [window.lines[owner] for owner in first.owners]
    parts = Counter(first.owners)
    graded = [
        Line(line.text, None) if line.label and parts[owner] > 1 else line
        for owner, line in zip(first.owners, lines, strict=True)
    ]
    return first.ids, first.ends, graded


def batch_of(
    rows: Sequence[tuple[list[int], list[int], list[Line]]], padding: int
) -> tuple[torch.Tensor, torch.Tensor, Any]:
    """(token ids, attention mask, (rows, columns) of the separators)."""
    longest = max(len(ids) for ids, _, _ in rows)
    ids = torch.tensor([found + [padding] * (longest - len(found)) for found, _, _ in rows])
    mask = torch.tensor([[1] * len(found) + [0] * (longest - len(found)) for found, _, _ in rows])
    at = [(row, column) for row, (_, ends, _) in enumerate(rows) for column in ends]
    return ids, mask, (torch.tensor([r for r, _ in at]), torch.tensor([c for _, c in at]))


def fit(
    network: JudgeNetwork, tokenizer: Any, epochs: Sequence[Any], topics: Sequence[str], *,
    seed: int, rate: float, log: str,
) -> None:  # fmt: skip
    """Fine-tunes in place.

    Args:
        network: what is trained.
        tokenizer: the base's.
        epochs: for each epoch a callable that makes its windows.
        topics: names of the topic head's outputs.
        seed: of everything that is random.
        rate: peak learning rate.
        log: what the lines of progress begin with.
    """
    torch.manual_seed(seed)
    shuffle = random.Random(seed)
    optimiser = optimiser_of(network, rate)
    where = {topic: i for i, topic in enumerate(topics)}
    padding = tokenizer.pad_token_id
    started = time.perf_counter()
    network.train()
    for epoch, make in enumerate(epochs):
        windows: list[Window] = make()
        rows = [encoded(tokenizer, window) for window in windows]
        batches = split([len(ids) for ids, _, _ in rows], shuffle)
        total = 0.0
        for done, batch in enumerate(batches):
            way = (epoch + done / len(batches)) / len(epochs)
            for group in optimiser.param_groups:
                group["lr"] = rate * min(way / 0.06, (1 - way) / 0.94)
            lines = [line for i in batch for line in rows[i][2]]
            loss = _loss(network, lines, batch_of([rows[i] for i in batch], padding), where)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            total += float(loss.detach())
            if done % 50 == 49:
                print(
                    f"{log} {epoch + (done + 1) / len(batches):.2f}, loss {total / (done + 1):.4f}, "
                    f"{time.perf_counter() - started:.0f} s",
                    flush=True,
                )
        print(
            f"{log} epoch {epoch + 1}: {len(windows)} windows, {sum(len(r[0]) for r in rows)} tokens, "
            f"loss {total / len(batches):.4f}, {time.perf_counter() - started:.0f} s",
            flush=True,
        )


def _loss(network: JudgeNetwork, lines: Sequence[Any], batch: Any, where: dict[str, int]) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        margins, topic_logits = network(*batch)
    margins, topic_logits = margins.float(), topic_logits.float()
    graded = torch.tensor([line.label is not None for line in lines])
    labels = torch.tensor([float(line.label or 0) for line in lines])
    loss = F.binary_cross_entropy_with_logits(margins[graded], labels[graded], reduction="sum") / max(
        1, int(graded.sum())
    )
    positive = labels == 1
    if positive.any():
        goal = torch.zeros(len(lines), len(where))
        for row, line in enumerate(lines):
            for topic in line.topics:
                goal[row, where[topic]] = 1.0
        has = positive & (goal.sum(1) > 0)
        if has.any():
            loss = loss + TOPIC_WEIGHT * F.binary_cross_entropy_with_logits(topic_logits[has], goal[has])
    return loss


def answers(network: JudgeNetwork, tokenizer: Any, windows: Sequence[Window]) -> list[tuple[np.ndarray, np.ndarray]]:
    """(margins, topic logits) of the sentences of each window."""
    network.eval()
    rows = [encoded(tokenizer, window) for window in windows]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    found: list[Any] = [None] * len(rows)
    with torch.inference_mode():
        for begin in range(0, len(order), 24):
            part = order[begin : begin + 24]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                margins, topics = network(*batch_of([rows[i] for i in part], tokenizer.pad_token_id))
            at = 0
            for i in part:
                count = len(rows[i][1])
                found[i] = (margins[at : at + count].float().numpy(), topics[at : at + count].float().numpy())
                at += count
    return found
