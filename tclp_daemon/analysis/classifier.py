"""A transformers sequence classifier in torch: texts -> calibrated probabilities of climate-aligned language.

Any model directory that `model_folder` describes works: safetensors only, no remote code, offline. The probabilities
are calibrated as Platt does it (Platt 1999, "Probabilistic outputs for support vector machines"):
p = sigmoid(scale * (logit of climate - logit of other) + shift). Each model is tested before it serves.

torch and transformers are imported when a model is loaded, and in this package only (see the import rules in
pyproject.toml).
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tclp_daemon.analysis.batching import Batch, Window, batches, shapes
from tclp_daemon.analysis.device import choose_device, choose_dtype
from tclp_daemon.analysis.first_token import skip_unread_tokens
from tclp_daemon.analysis.model_folder import (
    EMBEDDED_MODEL,
    SHORTEST_WINDOW,
    Extras,
    fingerprint,
    read_extras,
    read_topic_head,
)
from tclp_daemon.analysis.pieces import pieces
from tclp_daemon.analysis.thresholds import choose_thresholds
from tclp_daemon.config import Model
from tclp_daemon.errors import ContractError, ErrorCode

if TYPE_CHECKING:
    import torch

# Characters tokenised at once. Tokenising takes about 140 bytes for each; a contract of 150 pages still fits.
_CHUNK_CHARACTERS = 500_000
# How far a probability may be from the known one: bfloat16 rounds differently on each kind of processor.
_TOLERANCE = 0.1
# What the self-test asks in addition to the known answers.
_PLAIN = "The Supplier shall deliver the Goods to the Delivery Point within {} Business Days of the Order. "
# transformers builds a model under a default precision that all threads share, so one model is loaded at a time.
_LOADING = threading.Lock()
_CLIMATE_LABEL = re.compile(r"climate|positive|yes|label_1|1", re.I)


class Classifier:
    """A loaded model. Not thread-safe; each worker process has its own.

    Attributes:
        name: for people.
        fingerprint: sha256 over all files that decide a probability.
        precision: "float32" or "bfloat16".
        threshold: the probability from which a sentence is a finding.
        lone_threshold: the same for a sentence that has no other such sentence near it; never below `threshold`.

    Args:
        tokenizer: the directory's tokenizer.
        model: the directory's model, on its device and in its precision.
        extras: what `tclp.json` says.
        fingerprint: see the attribute.
        settings: the model section of the configuration.
        topics: weight and bias of the topic head, None where there is none.

    Raises:
        ValueError: the model's window is too short, or it has no label for climate language.
    """

    def __init__(
        self,
        tokenizer: Any,
        model: Any,
        *,
        extras: Extras,
        fingerprint: str,
        settings: Model,
        topics: Any = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._model = model
        self._topic_head = topics
        self._extras = extras
        self._max_tokens = min(extras.max_tokens, 512, _positions(model))
        if self._max_tokens < SHORTEST_WINDOW:
            raise ValueError(f"its windows have {self._max_tokens} tokens; {SHORTEST_WINDOW} are needed")
        self._shapes = shapes(self._max_tokens)
        self._climate = climate_index(model.config.id2label, settings.climate_label or extras.climate_label)
        self.name = extras.name
        self.fingerprint = fingerprint
        self.precision = str(next(model.parameters()).dtype).removeprefix("torch.")
        self.threshold, self.lone_threshold = choose_thresholds(settings, extras)

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
            with _LOADING:
                classifier = cls._load(folder, settings, threads)
            classifier.self_test()
        except Exception as error:
            # Libraries read the directory, so no list of exceptions would be complete.
            reason = error.details["detail"] if isinstance(error, ContractError) else _first_line(error)
            raise ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=f"{folder}: {reason}") from error
        return classifier

    @classmethod
    def _load(cls, folder: Path, settings: Model, threads: int | None) -> Classifier:
        if not (folder / "config.json").is_file() or not list(folder.glob("*.safetensors")):
            raise ValueError("it has no config.json with .safetensors weights")
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        if threads:
            torch.set_num_threads(threads)
        extras = read_extras(folder)
        device = choose_device(settings.device)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True,
            dtype=choose_dtype(settings.precision, device),
        )  # fmt: skip
        return cls(
            tokenizer,
            skip_unread_tokens(model.to(device).eval()),
            extras=extras,
            fingerprint=fingerprint(folder),
            settings=settings,
            topics=read_topic_head(folder, device, len(extras.topics), getattr(model.config, "hidden_size", 0)),
        )

    def self_test(self) -> None:
        """Judges a few sentences in the shapes that contracts have, twice, and compares with the known answers.

        A processor or a sandbox on which the model loads but does not compute, or computes nonsense, is found here
        and not by the first hundred contracts.

        Raises:
            ContractError: model_unavailable.
        """
        known = self._extras.known_answers
        # Several sentences of a usual length, and one as long as a window.
        texts = [*known, *(_PLAIN.format(days) for days in range(9)), _PLAIN * (self._max_tokens // 20 + 1)]
        try:
            first, second = self.probabilities(texts), self.probabilities(texts)
            self.topics(texts[:1])
        except (ContractError, RuntimeError) as error:
            detail = error.details["detail"] if isinstance(error, ContractError) else _first_line(error)
            raise ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=f"it cannot compute here: {detail}") from error
        for text, one, other in zip(texts, first, second, strict=True):
            right = known.get(text, one)
            if max(abs(one - right), abs(other - right)) > _TOLERANCE:
                found = one if abs(one - right) > _TOLERANCE else other
                raise ContractError(
                    ErrorCode.MODEL_UNAVAILABLE,
                    detail=f"it gives wrong results here: a known sentence got {found:.2f} instead of {right:.2f}",
                )

    def use_threads(self, count: int) -> None:
        """Sets the number of compute threads from now on."""
        import torch

        if torch.get_num_threads() != count:
            torch.set_num_threads(count)

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
            rows = torch.sigmoid(_finite(logits)).tolist()
            # Of a long text's windows, the one that decided its probability names the topics.
            margins = self._margins(answer.logits[: len(owners)])
            for owner, margin, row in zip(owners, margins, rows, strict=True):
                best[owner] = max(best.get(owner, (-math.inf, [])), (margin, row))
        names = {text: self._named(best[owner][1]) for owner, text in enumerate(unique)}
        return [names[text] for text in texts]

    def _named(self, scores: list[float]) -> tuple[str, ...]:
        ranked = sorted(range(len(scores)), key=lambda i: -scores[i])[:2]
        bound = max(self._extras.topic_threshold, scores[ranked[0]] / 2)
        return tuple(self._extras.topics[i] for i in ranked if i == ranked[0] or scores[i] >= bound)

    def _calibrated(self, margin: float) -> float:
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, self._extras.scale * margin + self._extras.shift))))

    def _windows(self, texts: Sequence[str]) -> list[Window]:
        """(index of the text, token ids with special tokens), long texts cut into windows that overlap by a quarter."""
        encoded = self._tokenizer(
            list(texts), add_special_tokens=True, truncation=True, max_length=self._max_tokens,
            stride=self._max_tokens // 4, return_overflowing_tokens=True, return_attention_mask=False,
        )  # fmt: skip
        return list(zip(encoded["overflow_to_sample_mapping"], encoded["input_ids"], strict=True))

    def _forward(self, texts: Sequence[str], **options: Any) -> Iterator[tuple[list[int], Any]]:
        """Runs the texts in batches of few shapes; yields (the owners of the first rows, the model's answer).

        The other rows only fill up the batch.
        """
        import torch

        for chunk in _chunks(texts):
            windows = [(chunk[piece][0], ids) for piece, ids in self._windows([text for _, text in chunk])]
            for batch in batches(windows, self._shapes):
                ids, mask = self._padded(batch)
                with torch.inference_mode():
                    answer = self._model(input_ids=ids, attention_mask=mask, **options)
                yield [owner for owner, _ in batch.windows], answer

    def _padded(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """(token ids, attention mask) in the batch's shape, on the model's device; the last window fills it up."""
        import torch

        padding = self._tokenizer.pad_token_id or 0
        rows = [ids for _, ids in batch.windows]
        rows += rows[-1:] * (batch.rows - len(rows))
        ids = torch.tensor([row + [padding] * (batch.length - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (batch.length - len(row)) for row in rows])
        return ids.to(self._model.device), mask.to(self._model.device)

    def _margins(self, logits: torch.Tensor) -> list[float]:
        difference = logits[:, self._climate].float() - logits[:, 1 - self._climate].float()
        return [float(x) for x in _finite(difference).tolist()]


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


def _first_line(error: Exception) -> str:
    """An exception's message, or its type where it has none."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _finite(values: torch.Tensor) -> torch.Tensor:
    """The same values. NaN would pass every comparison as "not climate language", and infinity would count as certain.

    Raises:
        ContractError: internal.
    """
    import torch

    if not bool(torch.isfinite(values).all()):
        raise ContractError(ErrorCode.INTERNAL, detail="the classifier's answer is not a number")
    return values


def climate_index(id2label: dict[int, str], wanted: str | None) -> int:
    """Which of two labels means "climate": the wanted one, else the one whose name says so, else the second.

    Args:
        id2label: the model's labels by index.
        wanted: the label named by the configuration or by `tclp.json`.

    Raises:
        ValueError: there are not two labels, or none has the wanted name.
    """
    if len(id2label) != 2:
        raise ValueError(f"two labels are needed; the number of the model's labels is {len(id2label)}")
    names = {int(i): str(label) for i, label in id2label.items()}
    if wanted is not None:
        for index, label in names.items():
            if label.lower() == wanted.lower():
                return index
        raise ValueError(f"the model has no label {wanted!r}; it has {', '.join(names.values())}")
    hits = [i for i, label in names.items() if _CLIMATE_LABEL.fullmatch(label)]
    return hits[0] if len(hits) == 1 else 1


def _positions(model: Any) -> int:
    """How many tokens the position embeddings allow; RoBERTa's begin after the padding index."""
    found = int(getattr(model.config, "max_position_embeddings", 512))
    table = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return found if padding is None else found - padding - 1
