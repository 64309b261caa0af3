"""Tiny random models, made where a test needs one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForTokenClassification,
    MPNetConfig,
    MPNetForTokenClassification,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
)

WORDS = ("<s>", "<pad>", "</s>", "<unk>", "the", "supplier", "shall", "pay", "reduce", "emissions", "rent", ".")


def roberta(folder: Path, *, safetensors: bool = True, labels: tuple[str, ...] = ("no", "climate")) -> Path:
    """A RoBERTa of one layer and 64 positions with a word-level tokenizer."""
    _save_tokenizer(folder)
    torch.manual_seed(3)
    config = RobertaConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=66, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)},
    )  # fmt: skip
    model = RobertaForSequenceClassification(config)
    model.save_pretrained(folder)
    if not safetensors:
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder


def judge(
    folder: Path,
    kind: str = "bert",
    *,
    positions: int = 514,
    labels: tuple[str, ...] = ("no", "climate"),
    bias: float = 0,
) -> Path:
    """A token classifier of one layer, BERT or MPNet, with weights so large that its answers differ.

    Args:
        folder: where it is saved.
        kind: "bert" or "mpnet".
        positions: how many position embeddings it has.
        labels: the names of its labels.
        bias: added to the logit of the second label.
    """
    _save_tokenizer(folder)
    torch.manual_seed(4)
    sizes: dict[str, Any] = {
        "vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": positions, "initializer_range": 0.5,
        "id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)},
    }  # fmt: skip
    model = (
        MPNetForTokenClassification(MPNetConfig(**sizes, pad_token_id=1))
        if kind == "mpnet"
        else BertForTokenClassification(BertConfig(**sizes, pad_token_id=1))
    )
    with torch.no_grad():
        model.classifier.bias[1] += bias
    model.save_pretrained(folder)
    return folder


def _save_tokenizer(folder: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>",
    ).save_pretrained(folder)  # fmt: skip
