"""A transformers sequence classifier in torch: texts -> calibrated probabilities of climate-aligned language.

Any model directory that `model_folder` describes works: safetensors only, no remote code, offline. The probabilities
are calibrated as Platt does it (Platt 1999, "Probabilistic outputs for support vector machines"):
p = sigmoid(scale * (logit of climate - logit of other) + shift). Each model is tested before it serves.

torch and transformers are imported when a model is loaded, and in this package only (see the import rules in
pyproject.toml).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tclp_daemon.analysis.batching import Window
from tclp_daemon.analysis.first_token import skip_unread_tokens
from tclp_daemon.analysis.model_folder import (
    EMBEDDED_MODEL,
    Extras,
    fingerprint,
    named_topics,
    read_extras,
    read_topic_head,
)
from tclp_daemon.analysis.network import Network, climate_index, finite, load_network, use_threads
from tclp_daemon.analysis.pieces import pieces
from tclp_daemon.analysis.self_test import answered, compare, reason
from tclp_daemon.analysis.thresholds import Thresholds
from tclp_daemon.config import Model
from tclp_daemon.errors import ContractError, ErrorCode

if TYPE_CHECKING:
    import torch

# Characters tokenised at once. Tokenising takes about 140 bytes for each; a contract of 150 pages still fits.
_CHUNK_CHARACTERS = 500_000
# What the self-test asks in addition to the known answers.
_PLAIN = "The Supplier shall deliver the Goods to the Delivery Point within {} Business Days of the Order. "


class Classifier:
    """A loaded model. Not thread-safe; each worker process has its own.

    Attributes:
        name: for people.
        fingerprint: sha256 over all files that decide a probability.
        precision: "float32" or "bfloat16".
        thresholds: the directory's own.

    Args:
        network: the directory's model and tokenizer.
        extras: what `tclp.json` says.
        fingerprint: see the attribute.
        settings: the model section of the configuration.
        topics: weight and bias of the topic head, None where there is none.

    Raises:
        ValueError: the model has no label for climate language.
    """

    def __init__(
        self,
        network: Network,
        *,
        extras: Extras,
        fingerprint: str,
        settings: Model,
        topics: Any = None,
    ) -> None:
        self._network = network
        self._topic_head = topics
        self._extras = extras
        self._climate = climate_index(network.model.config.id2label, settings.climate_label or extras.climate_label)
        self.name = extras.name
        self.fingerprint = fingerprint
        self.precision = network.precision
        self.thresholds = Thresholds.of(extras.threshold, extras.lone_threshold)

    @classmethod
    def load(cls, settings: Model, *, threads: int | None = None) -> Classifier:
        """Loads the configured model, or the embedded one, and tests it.

        Args:
            settings: the model section of the configuration.
            threads: compute threads; None leaves the choice to torch.

        Raises:
            ContractError: model_unavailable.
        """
        folder = settings.path or EMBEDDED_MODEL
        try:
            classifier = cls._load(folder, settings, threads)
            classifier.self_test()
        except Exception as error:
            # Libraries read the directory, so no list of exceptions would be complete.
            raise ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=f"{folder}: {reason(error)}") from error
        return classifier

    @classmethod
    def _load(cls, folder: Path, settings: Model, threads: int | None) -> Classifier:
        tokenizer, model = load_network(folder, "sequence", settings)
        if threads:
            use_threads(threads)
        extras = read_extras(folder, Extras)
        return cls(
            Network(tokenizer, skip_unread_tokens(model), extras.max_tokens),
            extras=extras,
            fingerprint=fingerprint(folder),
            settings=settings,
            topics=read_topic_head(folder, model.device, len(extras.topics), getattr(model.config, "hidden_size", 0)),
        )

    def self_test(self) -> None:
        """Judges a few sentences in the shapes that contracts have, twice, and compares with the known answers.

        Raises:
            ContractError: model_unavailable.
        """
        known = self._extras.known_answers
        # Several sentences of a usual length, and one as long as a window.
        texts = [*known, *(_PLAIN.format(days) for days in range(9)), _PLAIN * (self._network.max_tokens // 20 + 1)]
        first, second, _ = answered(
            lambda: (self.probabilities(texts), self.probabilities(texts), self.topics(texts[:1]))
        )
        right = [known.get(text, probability) for text, probability in zip(texts, first, strict=True)]
        compare(first, right)
        compare(second, right)

    def use_threads(self, count: int) -> None:
        """Sets the number of compute threads from now on."""
        use_threads(count)

    def probabilities(
        self, texts: Sequence[str], on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> list[float]:
        """The calibrated probability that each text is climate-aligned language.

        A text longer than the model's window is judged in overlapping windows; its probability is the highest.

        Args:
            texts: sentences, any number.
            on_progress: called with (done, total) texts after each batch.

        Raises:
            ContractError: internal, the model's answer is not a number.
        """
        # Contracts repeat themselves (table cells, definitions); the same text is judged once.
        unique = list(dict.fromkeys(texts))
        margins: dict[int, float] = {}
        for owners, answer in self._forward(unique):
            for owner, margin in zip(owners, self._margins(answer.logits[: len(owners)]), strict=True):
                margins[owner] = max(margins.get(owner, -math.inf), margin)
            on_progress(len(margins) * len(texts) // len(unique), len(texts))
        scores = {text: self._calibrated(margins[owner]) for owner, text in enumerate(unique)}
        return [scores[text] for text in texts]

    def topics(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """One or two topics for each text, the more probable first; none where the model has no topic head.

        Args:
            texts: sentences, any number.

        Raises:
            ContractError: internal, the model's answer is not a number.
        """
        if self._topic_head is None:
            return [()] * len(texts)
        import torch

        weight, bias = self._topic_head
        unique = list(dict.fromkeys(texts))
        best: dict[int, tuple[float, list[float]]] = {}
        for owners, answer in self._forward(unique, output_hidden_states=True):
            logits = answer.hidden_states[-1][: len(owners), 0].float() @ weight.T + bias
            rows = torch.sigmoid(finite(logits)).tolist()
            # Of a long text's windows, the one that decided its probability names the topics.
            margins = self._margins(answer.logits[: len(owners)])
            for owner, margin, row in zip(owners, margins, rows, strict=True):
                best[owner] = max(best.get(owner, (-math.inf, [])), (margin, row))
        extras = self._extras
        names = {
            text: named_topics(extras.topics, best[owner][1], extras.topic_threshold)
            for owner, text in enumerate(unique)
        }
        return [names[text] for text in texts]

    def _calibrated(self, margin: float) -> float:
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, self._extras.scale * margin + self._extras.shift))))

    def _windows(self, texts: Sequence[str]) -> list[Window]:
        """(index of the text, token ids with special tokens), long texts cut into windows that overlap by a quarter."""
        longest = self._network.max_tokens
        encoded = self._network.tokenizer(
            list(texts), add_special_tokens=True, truncation=True, max_length=longest,
            stride=longest // 4, return_overflowing_tokens=True, return_attention_mask=False,
        )  # fmt: skip
        return list(zip(encoded["overflow_to_sample_mapping"], encoded["input_ids"], strict=True))

    def _forward(self, texts: Sequence[str], **options: Any) -> Iterator[tuple[list[int], Any]]:
        """Runs the texts; yields (the owners of the first rows, the model's answer), as `Network.run` does."""
        for chunk in _chunks(texts):
            windows = [(chunk[piece][0], ids) for piece, ids in self._windows([text for _, text in chunk])]
            yield from self._network.run(windows, **options)

    def _margins(self, logits: torch.Tensor) -> list[float]:
        difference = logits[:, self._climate].float() - logits[:, 1 - self._climate].float()
        return [float(x) for x in finite(difference).tolist()]


def _chunks(texts: Iterable[str]) -> Iterator[list[tuple[int, str]]]:
    """(index of the text, a piece of it), as many as may be tokenised at once."""
    chunk: list[tuple[int, str]] = []
    characters = 0
    for owner, text in enumerate(texts):
        for start, end in pieces(text):
            if chunk and characters + end - start > _CHUNK_CHARACTERS:
                yield chunk
                chunk, characters = [], 0
            chunk.append((owner, text[start:end]))
            characters += end - start
    if chunk:
        yield chunk
