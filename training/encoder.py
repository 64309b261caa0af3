"""The network that is trained: three of the six pretrained layers, a head for the label and one for the topics."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import transformers
from torch import nn

from tclp_daemon.analysis.first_token import first_token_layer
from training.bases import minilm

BASE = minilm()
MAX_TOKENS = 192  # while training; the model itself takes 256


class Encoder(nn.Module):
    """A sequence classifier with a topic head on the first token."""

    def __init__(self, topics: int) -> None:
        super().__init__()
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            BASE.path, num_labels=2, id2label={0: "other", 1: "climate"}, label2id={"other": 0, "climate": 1},
            attn_implementation="sdpa", attention_probs_dropout_prob=0.0, local_files_only=True, use_safetensors=True,
        )  # fmt: skip
        stack = self.model.bert.encoder.layer
        kept = [copy.deepcopy(stack[i]) for i in BASE.layers]
        # Label and topics are read from the first token: the last layer need not compute the others.
        self.model.bert.encoder.layer = nn.ModuleList([*kept[:-1], first_token_layer(kept[-1])])
        self.model.config.num_hidden_layers = len(BASE.layers)
        self.topics = nn.Linear(self.model.config.hidden_size, topics)
        # Words that the corpus lacks keep their place among those that it has.
        self.model.bert.embeddings.requires_grad_(False)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(logit of climate minus logit of other, topic logits)."""
        body = self.model.bert(input_ids=ids, attention_mask=mask)
        logits = self.model.classifier(self.model.dropout(body.pooler_output))
        return logits[:, 1] - logits[:, 0], self.topics(body.last_hidden_state[:, 0])


def encode(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, with the special tokens."""
    ids: list[list[int]] = tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS)["input_ids"]
    return ids


def pad(rows: Sequence[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """(token ids, attention mask), rows x the longest; the padding is 0."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    return ids, (ids != 0).long()


def answers(
    encoder: Encoder,
    tokenizer: Any,
    texts: Sequence[str],
    read: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> np.ndarray:
    """What `read` makes of the token ids and attention mask of the texts: one row for each, in their order."""
    encoder.eval()
    ids = encode(tokenizer, texts)
    order = sorted(range(len(texts)), key=lambda i: len(ids[i]))
    batches = [order[begin : begin + 64] for begin in range(0, len(order), 64)]
    with torch.inference_mode():
        found = torch.cat([read(*pad([ids[i] for i in rows])) for rows in batches])
    return found[torch.tensor(order).argsort()].double().numpy()


def scores(encoder: Encoder, tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    """Logit of climate minus logit of other for each text, not calibrated."""
    return answers(encoder, tokenizer, texts, lambda ids, mask: encoder(ids, mask)[0])


def first_tokens(encoder: Encoder, tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    """The last hidden state of each text's first token, texts x width."""
    bert = encoder.model.bert
    return answers(
        encoder, tokenizer, texts,
        lambda ids, mask: bert(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0],
    )  # fmt: skip
