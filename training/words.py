"""Words that show the subject, which augmentation keeps, and words that do not, which it puts in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

import torch
from torch.nn import functional as F

from training.corpus import Example

# A word shows the subject if it is this many times as frequent in climate sentences as in others.
TELLING = 2.0
# Two words are alike from this cosine of their embeddings on; the median pair of words has about 0.1.
ALIKE = 0.35


def telling_words(examples: Sequence[Example]) -> set[str]:
    """Words, in lower case, that are far more frequent in climate sentences than in others."""
    counts = (Counter[str](), Counter[str]())
    for example in examples:
        counts[example.label].update(set(re.findall("[a-z]+", example.text.lower())))
    climate = sum(e.label for e in examples)
    odds = (len(examples) - climate) / max(1, climate)
    return {word for word, n in counts[1].items() if n > 1 and n * odds > TELLING * (counts[0][word] + 1)}


def odd_words(tokenizer: Any, embeddings: torch.Tensor, telling: Set[str]) -> list[str]:
    """Words of the tokenizer that are not like any telling word, in the order of its vocabulary.

    Args:
        tokenizer: gives the vocabulary.
        embeddings: of the vocabulary, entries x width.
        telling: words in lower case.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    rows = F.normalize(embeddings.detach(), dim=1)
    known = [vocabulary[word] for word in sorted(telling) if word in vocabulary]
    words = sorted((w for w in vocabulary if re.fullmatch("[a-z]{3,}", w)), key=vocabulary.__getitem__)
    likeness = (rows[[vocabulary[w] for w in words]] @ rows[known].T).amax(dim=1)
    return [word for word, like in zip(words, likeness.tolist(), strict=True) if like < ALIKE]
