"""A transformers sequence classifier in torch: texts -> calibrated probabilities of climate-aligned language.

Any local Hugging Face sequence-classification folder with two labels works: safetensors only, no remote code, offline.
A folder may hold `tclp.json` beside the weights (all keys optional):

    {"name": "…", "threshold": 0.9, "lone_threshold": 0.94, "scale": 1.0, "shift": 0.0, "climate_label": "climate",
     "max_tokens": 256, "topics": ["emissions", …], "topic_threshold": 0.3}

`scale` and `shift` are Platt's calibration (Platt 1999, "Probabilistic outputs for support vector machines"):
p = sigmoid(scale * (logit of climate - logit of other) + shift). `topics.safetensors` holds a linear head over the
first token's last hidden state, `weight` (topics x hidden) and `bias` (topics).

torch and transformers are imported here only, and only when a model is loaded.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tclp_daemon.analysis.first_token import shorten
from tclp_daemon.config import Model
from tclp_daemon.errors import ContractError, ErrorCode

if TYPE_CHECKING:
    import torch

EMBEDDED_MODEL = Path(__file__).parents[1] / "models" / "climate-minilm"
DEFAULT_THRESHOLD = 0.5
# Padded tokens in one forward pass; larger batches gain nothing on a CPU and cost memory.
TOKEN_BUDGET = 4096
# Texts tokenised at once: bounds the memory that a very long document takes.
_CHUNK = 4096
_CLIMATE_LABEL = re.compile(r"climate|positive|yes|label_1|1", re.I)


class Classifier:
    """A loaded model. Not thread-safe; each worker process has its own.

    Attributes:
        name: for people.
        fingerprint: sha256 over all files that decide a probability.
        precision: "float32" or "bfloat16".
        threshold: probability from which a sentence is a finding.
        lone_threshold: the same for a sentence that has no other such sentence near it; never below `threshold`.
    """

    def __init__(
        self,
        tokenizer: Any,
        model: Any,
        *,
        extras: dict[str, Any],
        fingerprint: str,
        settings: Model,
        topics: Any = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._model = model
        self._topic_head = topics
        self._topic_names: list[str] = extras.get("topics", [])
        self._topic_threshold = float(extras.get("topic_threshold", 0.3))
        self._scale = float(extras.get("scale", 1.0))
        self._shift = float(extras.get("shift", 0.0))
        self._max_tokens = min(int(extras.get("max_tokens", 512)), 512, _positions(model))
        self._climate = climate_index(model.config.id2label, settings.climate_label or extras.get("climate_label"))
        self.name = str(extras.get("name", "unnamed"))
        self.fingerprint = fingerprint
        self.precision = str(next(model.parameters()).dtype).removeprefix("torch.")
        self.threshold = settings.threshold or float(extras.get("threshold", DEFAULT_THRESHOLD))
        # Whoever sets a threshold means that one.
        lone = self.threshold if settings.threshold else float(extras.get("lone_threshold", self.threshold))
        self.lone_threshold = max(self.threshold, lone)

    @classmethod
    def load(cls, settings: Model, *, threads: int | None = None) -> Classifier:
        """Loads the configured model, or the embedded one.

        Args:
            settings: the model section of the configuration.
            threads: compute threads; None leaves torch's choice.

        Raises:
            ContractError: model_unavailable.
        """
        folder = settings.path or EMBEDDED_MODEL
        if not (folder / "config.json").is_file() or not list(folder.glob("*.safetensors")):
            raise ContractError(
                ErrorCode.MODEL_UNAVAILABLE, detail=f"{folder} holds no config.json with .safetensors weights"
            )
        import safetensors
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        if threads:
            torch.set_num_threads(threads)
        device = _device(settings.device)
        dtype = _dtype(settings.precision, device)
        try:
            extras = json.loads((folder / "tclp.json").read_text("utf-8")) if (folder / "tclp.json").exists() else {}
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=dtype
            )
            head = _topic_head(folder, device)
            model = shorten(model.to(device).eval())
            return cls(
                tokenizer,
                model,
                extras={"name": folder.name} | extras,
                fingerprint=fingerprint(folder),
                settings=settings,
                topics=head,
            )
        except (OSError, ValueError, KeyError, ImportError, RuntimeError, safetensors.SafetensorError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=f"{folder}: {reason}") from error

    def use_threads(self, count: int) -> None:
        """Sets the compute threads of the texts to come."""
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
            on_progress: told (done, total) texts.
        """
        # Contracts repeat themselves (table cells, definitions); the same text is judged once.
        unique = list(dict.fromkeys(texts))
        scores: dict[str, float] = {}
        share = len(texts) / max(len(unique), 1)
        for begin in range(0, len(unique), _CHUNK):
            chunk = unique[begin : begin + _CHUNK]
            windows = self._windows(chunk)
            for owners, logits in self._forward(windows):
                for owner, logit in zip(owners, logits, strict=True):
                    scores[chunk[owner]] = max(scores.get(chunk[owner], -math.inf), logit)
                on_progress(min(len(texts), int(len(scores) * share)), len(texts))
        return [1 / (1 + math.exp(-max(-60.0, min(60.0, self._scale * scores[t] + self._shift)))) for t in texts]

    def topics(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """One or two topics for each text, the likeliest first; none where the model has no topic head."""
        if self._topic_head is None or not texts:
            return [()] * len(texts)
        import torch

        weight, bias = self._topic_head
        best: list[tuple[float, list[float]]] = [(-math.inf, [])] * len(texts)
        for batch in batches(self._windows(texts), TOKEN_BUDGET):
            ids, mask = self._padded(batch)
            with torch.inference_mode():
                answer = self._model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
                scores = torch.sigmoid(answer.hidden_states[-1][:, 0].float() @ weight.T + bias).tolist()
            # Of a long text's windows, the one that decided its probability names the topics.
            for (owner, _), margin, row in zip(batch, self._margins(answer.logits), scores, strict=True):
                best[owner] = max(best[owner], (margin, row))
        return [self._named(row) for _, row in best]

    def _named(self, scores: list[float]) -> tuple[str, ...]:
        first, second = sorted(range(len(scores)), key=lambda i: -scores[i])[:2]
        both = scores[second] >= max(self._topic_threshold, scores[first] / 2)
        return tuple(self._topic_names[i] for i in ((first, second) if both else (first,)))

    def _windows(self, texts: Sequence[str]) -> list[tuple[int, list[int]]]:
        """(index of the text, token ids with special tokens), long texts cut into windows that overlap by a quarter."""
        encoded = self._tokenizer(
            list(texts), add_special_tokens=True, truncation=True, max_length=self._max_tokens,
            stride=self._max_tokens // 4, return_overflowing_tokens=True, return_attention_mask=False,
        )  # fmt: skip
        return list(zip(encoded["overflow_to_sample_mapping"], encoded["input_ids"], strict=True))

    def _forward(self, windows: list[tuple[int, list[int]]]) -> Iterator[tuple[list[int], list[float]]]:
        """Runs the windows, sorted by length, in batches of a token budget; yields (owners, logit differences)."""
        import torch

        for batch in batches(windows, TOKEN_BUDGET):
            ids, mask = self._padded(batch)
            with torch.inference_mode():
                logits = self._model(input_ids=ids, attention_mask=mask).logits
            yield [owner for owner, _ in batch], self._margins(logits)

    def _padded(self, batch: list[tuple[int, list[int]]]) -> tuple[torch.Tensor, torch.Tensor]:
        """(token ids, attention mask) of a batch whose first row is the longest, on the model's device."""
        import torch

        longest = len(batch[0][1])
        padding = self._tokenizer.pad_token_id or 0
        ids = torch.tensor([tokens + [padding] * (longest - len(tokens)) for _, tokens in batch])
        mask = torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for _, tokens in batch])
        return ids.to(self._model.device), mask.to(self._model.device)

    def _margins(self, logits: torch.Tensor) -> list[float]:
        difference = logits[:, self._climate].float() - logits[:, 1 - self._climate].float()
        return [float(x) for x in difference.tolist()]


def batches(windows: list[tuple[int, list[int]]], budget: int) -> Iterator[list[tuple[int, list[int]]]]:
    """Longest first, so that rows of one batch need little padding; rows x longest row stays within the budget."""
    ordered = sorted(windows, key=lambda w: -len(w[1]))
    at = 0
    while at < len(ordered):
        rows = max(1, budget // len(ordered[at][1]))
        yield ordered[at : at + rows]
        at += rows


def climate_index(id2label: dict[int, str], wanted: str | None) -> int:
    """Which of two labels means "climate": the configured one, else one that says so, else the second.

    Raises:
        ValueError: not two labels, or the configured one does not exist.
    """
    if len(id2label) != 2:
        raise ValueError(f"the model has {len(id2label)} labels; two are needed")
    names = {int(i): str(label) for i, label in id2label.items()}
    if wanted is not None:
        for index, label in names.items():
            if label.lower() == wanted.lower():
                return index
        raise ValueError(f"the model has no label {wanted!r}; it has {', '.join(names.values())}")
    hits = [i for i, label in names.items() if _CLIMATE_LABEL.fullmatch(label)]
    return hits[0] if len(hits) == 1 else 1


def _positions(model: Any) -> int:
    """How many tokens the position embeddings hold; RoBERTa's begin after the padding index."""
    found = int(getattr(model.config, "max_position_embeddings", 512))
    table = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return found if padding is None else found - padding - 1


def fingerprint(folder: Path) -> str:
    """sha256 over the names and contents of all files of a model folder that decide a probability."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".safetensors", ".txt", ".model"):
            with path.open("rb") as file:
                digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _device(setting: str) -> torch.device:
    import torch

    if setting != "auto":
        return torch.device(setting)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _dtype(setting: str, device: torch.device) -> torch.dtype:
    import torch

    if setting != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[setting]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    # Emulated bfloat16 is slower than float32, so only where the processor has it natively.
    flags = _cpu_flags()
    return torch.bfloat16 if flags & {"amx_bf16", "avx512_bf16", "bf16"} else torch.float32


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text("ascii", errors="replace").splitlines()
    except OSError:
        return set()
    line = next((x for x in lines if x.startswith(("flags", "Features"))), "")
    return set(line.partition(":")[2].split())


def _topic_head(folder: Path, device: torch.device) -> Any:
    path = folder / "topics.safetensors"
    if not path.exists():
        return None
    from safetensors.torch import load_file

    tensors = load_file(path, device=str(device))
    return tensors["weight"].float(), tensors["bias"].float()
