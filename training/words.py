"""Words that tell of the subject, and words that surely do not: what augmentation keeps and what it puts in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

import torch
from torch.nn import functional as F

from training.corpus import Example

# How much likelier a word must be in climate sentences than in others to tell of the subject.
TELLING = 2.0
# Cosine of two words' embeddings from which they speak of like things; the median pair of words has about 0.1.
ALIKE = 0.35


def telling_words(examples: Sequence[Example]) -> set[str]:
    """Words in lower case that climate sentences have far more often than others."""
    counts = (Counter[str](), Counter[str]())
    for example in examples:
        counts[example.label].update(set(re.findall("[a-z]+", example.text.lower())))
    climate = sum(e.label for e in examples)
    odds = (len(examples) - climate) / max(1, climate)
    return {word for word, n in counts[1].items() if n > 1 and n * odds > TELLING * (counts[0][word] + 1)}


def odd_words(tokenizer: Any, embeddings: torch.Tensor, telling: Set[str]) -> list[str]:
    """Words of the tokenizer that are like no telling word, in the order of its vocabulary.

    Args:
        embeddings: the vocabulary's, one row for each entry.
        telling: words in lower case.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    rows = F.normalize(embeddings.detach(), dim=1)
    known = [vocabulary[word] for word in sorted(telling) if word in vocabulary]
    words = sorted((w for w in vocabulary if re.fullmatch("[a-z]{3,}", w)), key=vocabulary.__getitem__)
    likeness = (rows[[vocabulary[w] for w in words]] @ rows[known].T).amax(dim=1)
    return [word for word, like in zip(words, likeness.tolist(), strict=True) if like < ALIKE]
