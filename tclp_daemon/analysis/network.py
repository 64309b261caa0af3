"""A transformers model from a directory: loaded offline, on its device, in its precision, run in batches of few shapes.

safetensors only, no remote code. torch and transformers are imported when a model is loaded, and in this package only
(see the import rules in pyproject.toml).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tclp_daemon.analysis.batching import Batch, Window, batches, shapes
from tclp_daemon.analysis.device import choose_device, choose_dtype
from tclp_daemon.analysis.eight_bits import expanded, is_compressed
from tclp_daemon.analysis.model_folder import SHORTEST_WINDOW
from tclp_daemon.config import Model
from tclp_daemon.errors import ContractError, ErrorCode

if TYPE_CHECKING:
    import torch

# transformers builds a model under a default precision that all threads share, so one model is loaded at a time.
_LOADING = threading.Lock()
_CLIMATE_LABEL = re.compile(r"climate|positive|yes|label_1|1", re.I)
Task = Literal["sequence", "token"]


class Network:
    """A loaded model and its tokenizer. Not thread-safe.

    Attributes:
        tokenizer: the directory's.
        model: the directory's, on its device and in its precision.
        max_tokens: tokens in the longest window.
        precision: "float32" or "bfloat16".

    Args:
        tokenizer, model: see the attributes.
        longest: the most tokens that a window may have; the model may allow fewer.

    Raises:
        ValueError: the model's window is too short.
    """

    def __init__(self, tokenizer: Any, model: Any, longest: int) -> None:
        self.tokenizer, self.model = tokenizer, model
        self.max_tokens = min(longest, 512, _positions(model))
        if self.max_tokens < SHORTEST_WINDOW:
            raise ValueError(f"its windows have {self.max_tokens} tokens; {SHORTEST_WINDOW} are needed")
        self.precision = str(next(model.parameters()).dtype).removeprefix("torch.")
        self._shapes = shapes(self.max_tokens)

    def run(self, windows: Sequence[Window], **options: Any) -> Iterator[tuple[list[int], Any]]:
        """Runs the windows; yields (the owners of the first rows of a batch, the model's answer).

        The other rows only fill up the batch.

        Args:
            windows: none longer than `max_tokens`.
            options: passed on to the model.
        """
        import torch

        for batch in batches(windows, self._shapes):
            ids, mask = self._padded(batch)
            with torch.inference_mode():
                answer = self.model(input_ids=ids, attention_mask=mask, **options)
            yield [owner for owner, _ in batch.windows], answer

    def _padded(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """(token ids, attention mask) in the batch's shape, on the model's device; the last window fills it up."""
        import torch

        padding = self.tokenizer.pad_token_id or 0
        rows = [ids for _, ids in batch.windows]
        rows += rows[-1:] * (batch.rows - len(rows))
        ids = torch.tensor([row + [padding] * (batch.length - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (batch.length - len(row)) for row in rows])
        return ids.to(self.model.device), mask.to(self.model.device)


def load_network(folder: Path, task: Task, settings: Model) -> tuple[Any, Any]:
    """(tokenizer, model) of a directory.

    Args:
        folder: the model directory.
        task: whether the model classifies whole texts or single tokens.
        settings: the model section of the configuration.

    Raises:
        ValueError: the directory has no model.
    """
    if not (folder / "config.json").is_file() or not list(folder.glob("*.safetensors")):
        raise ValueError("it has no config.json with .safetensors weights")
    import transformers

    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    device = choose_device(settings.device)
    with _LOADING:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = _load_model(folder, task, choose_dtype(settings.precision, device))
        return tokenizer, model.to(device).eval()


def _load_model(folder: Path, task: Task, dtype: torch.dtype) -> Any:
    """The directory's model. Weights in eight bits are ours, so transformers gets them widened (see eight_bits.py)."""
    import transformers
    from safetensors import safe_open
    from safetensors.torch import load_file

    kind = {
        "sequence": transformers.AutoModelForSequenceClassification,
        "token": transformers.AutoModelForTokenClassification,
    }[task]
    weights = folder / "model.safetensors"
    names: list[str] = []
    if weights.is_file():
        with safe_open(weights, "pt") as file:
            names = list(file.keys())
    if not is_compressed(names):
        return kind.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=dtype
        )
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    name = (config.architectures or [""])[0]
    if not name.endswith("SequenceClassification" if task == "sequence" else "TokenClassification"):
        raise ValueError(f"its config.json names {name or 'no architecture'}")
    return getattr(transformers, name).from_pretrained(
        None, config=config, state_dict=expanded(load_file(weights)), dtype=dtype
    )


def use_threads(count: int) -> None:
    """Sets the number of compute threads from now on."""
    import torch

    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def finite(values: torch.Tensor) -> torch.Tensor:
    """The same values. NaN would pass every comparison as "not climate language", and infinity would count as certain.

    Raises:
        ContractError: internal.
    """
    import torch

    if not bool(torch.isfinite(values).all()):
        raise ContractError(ErrorCode.INTERNAL, detail="the model's answer is not a number")
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
