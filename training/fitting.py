"""Fine-tuning the encoder, and fitting the topic head to the finished one."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional as F

from training.augment import Augmenter
from training.corpus import Example
from training.encoder import BASE, Encoder, encode, first_tokens, pad
from training.words import odd_words, telling_words

# One batch: matrices large enough to keep a core busy, and steps enough to learn.
MAX_ROWS, TOKEN_BUDGET = 48, 1600
# A sentence with a smaller loss at its last visit is easy, and visited in a third of the epochs only.
EASY, EASY_VISITS = 0.02, 1 / 3


def fit(
    encoder: Encoder, tokenizer: Any, train: list[Example], topics: list[str], *, epochs: int, seed: int, log: str
) -> None:
    """Fine-tunes in place: AdamW, linear warm-up and decay, each sentence newly augmented in each epoch.

    Args:
        encoder: the network.
        tokenizer: the base's.
        train: all that may be seen.
        topics: the names of the topic head's outputs, in their order.
        epochs: how often the sentences are gone through.
        seed: of everything that is random.
        log: what the lines of progress begin with.
    """
    torch.manual_seed(seed)
    shuffle = random.Random(seed)
    augment = augmenter(encoder.model.bert.embeddings.word_embeddings.weight, tokenizer, train, seed)
    optimiser = optimiser_of(encoder, BASE.rate)
    loss_of = Loss(encoder, train, topics)
    started = time.perf_counter()
    last_loss = torch.full((len(train),), torch.inf)
    for epoch in range(epochs):
        encoder.train()
        # Selective backprop (Jiang et al. 2019, "Accelerating deep learning by focusing on the biggest losers").
        visited = [i for i in range(len(train)) if last_loss[i] >= EASY or shuffle.random() < EASY_VISITS]
        encoded = encode(tokenizer, [augment(train[i].text, train[i].label) for i in visited])
        batches = split([len(row) for row in encoded], shuffle)
        total = 0.0
        for done, batch in enumerate(batches):
            _set_rate(optimiser, (epoch + done / len(batches)) / epochs)
            rows = [visited[i] for i in batch]
            last_loss[rows], loss = loss_of(rows, [encoded[i] for i in batch])
            _step(encoder, optimiser, loss)
            total += float(loss.detach())
            if done % 50 == 49:
                seconds = time.perf_counter() - started
                print(f"{log} {epoch + (done + 1) / len(batches):.2f}, {seconds:.0f} s", flush=True)
        print(
            f"{log} epoch {epoch + 1}: {len(visited)} sentences, loss {total / len(batches):.4f}, "
            f"{time.perf_counter() - started:.0f} s",
            flush=True,
        )


class Loss:
    """What a batch is graded by: cross-entropy of the labels, and of the topics of climate sentences.

    Args:
        encoder: the network.
        train: the examples that rows refer to.
        topics: the names of the topic head's outputs, in their order.
    """

    def __init__(self, encoder: Encoder, train: list[Example], topics: list[str]) -> None:
        self._encoder = encoder
        self._train = train
        self._where = {topic: i for i, topic in enumerate(topics)}
        climate = sum(e.label for e in train)
        # A missed clause and a false alarm weigh the same although there are more of the other sentences.
        self._weight = torch.tensor([1.0, (len(train) - climate) / max(1, climate)]).clamp(max=2.0)

    def __call__(self, rows: Sequence[int], ids: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """(the label's loss of each row, detached; the loss of the batch).

        Args:
            rows: indices of the examples.
            ids: token ids of each, augmented.
        """
        labels = torch.tensor([float(self._train[i].label) for i in rows])
        margin, topic_logits = self._encoder(*pad(ids))
        each = F.binary_cross_entropy_with_logits(margin, labels, weight=self._weight[labels.long()], reduction="none")
        loss = each.mean()
        positive = labels == 1
        if positive.any():
            goal = self._topic_goals(rows)
            loss = loss + 2 * F.binary_cross_entropy_with_logits(topic_logits[positive], goal[positive])
        return each.detach(), loss

    def _topic_goals(self, rows: Sequence[int]) -> torch.Tensor:
        """rows x topics, 1 where the example has the topic."""
        goal = torch.zeros(len(rows), len(self._where))
        for row, i in enumerate(rows):
            for topic in self._train[i].topics:
                goal[row, self._where[topic]] = 1.0
        return goal


def split(lengths: Sequence[int], rng: random.Random) -> list[list[int]]:
    """Indices in batches of about equal cost, in random order; rows of a batch have similar lengths: little padding."""
    made: list[list[int]] = [[]]
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i] * rng.uniform(0.95, 1.05)):
        longest = max(lengths[i] for i in [*made[-1], index])
        if made[-1] and (len(made[-1]) >= MAX_ROWS or (len(made[-1]) + 1) * longest > TOKEN_BUDGET):
            made.append([])
        made[-1].append(index)
    rng.shuffle(made)
    return made


def fit_topics(encoder: Encoder, tokenizer: Any, train: list[Example], topics: list[str]) -> None:
    """Fits the topic head to the finished encoder, from scratch: one logistic regression for each topic."""
    climate = [e for e in train if e.label == 1]
    hidden = first_tokens(encoder, tokenizer, [e.text for e in climate])
    for row, topic in enumerate(topics):
        model = LogisticRegression(C=0.3, max_iter=1000)
        model.fit(hidden, [topic in e.topics for e in climate])
        encoder.topics.weight.data[row] = torch.tensor(model.coef_[0], dtype=torch.float32)
        encoder.topics.bias.data[row] = float(model.intercept_[0])


def augmenter(embeddings: torch.Tensor, tokenizer: Any, train: list[Example], seed: int) -> Augmenter:
    """What changes sentences in training.

    Args:
        embeddings: of the tokenizer's vocabulary, entries x width.
        tokenizer: the base's.
        train: all that may be seen.
        seed: of everything that is random.
    """
    telling = telling_words(train)
    odd = odd_words(tokenizer, embeddings, telling)
    other, climate = [e for e in train if e.label == 0], [e for e in train if e.label == 1]
    return Augmenter(seed, other, climate, odd=odd, telling=telling)


def optimiser_of(network: nn.Module, rate: float) -> torch.optim.Optimizer:
    """AdamW; biases and the norms' weights do not decay.

    Args:
        network: what is trained.
        rate: peak learning rate.
    """
    decay, plain = [], []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            (plain if "bias" in name or "LayerNorm" in name else decay).append(parameter)
    return torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=rate, fused=True
    )


def _set_rate(optimiser: torch.optim.Optimizer, way: float) -> None:
    """Linear warm-up over a tenth of the way (0 to 1), then linear decay to nothing."""
    for group in optimiser.param_groups:
        group["lr"] = BASE.rate * min(way / 0.1, (1 - way) / 0.9)


def _step(encoder: Encoder, optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
    optimiser.step()
