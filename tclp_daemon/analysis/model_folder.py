"""What the classifier reads from a model directory in addition to weights and tokenizer.

Any local Hugging Face sequence-classification directory with two labels works. It may have two more files:

`tclp.json` (all keys optional):

    {"name": "…", "threshold": 0.9, "lone_threshold": 0.94, "scale": 1.0, "shift": 0.0, "climate_label": "climate",
     "max_tokens": 256, "topics": ["emissions", …], "topic_threshold": 0.3, "known_answers": {"a sentence": 0.99}}

`topics.safetensors`: a linear head over the first token's last hidden state, `weight` (topics x hidden) and `bias`
(topics). Both are checked before anything is computed with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    import torch

EMBEDDED_MODEL = Path(__file__).parents[1] / "models" / "climate-minilm"
NAME = "tclp.json"
SHORTEST_WINDOW = 16  # tokens; a clause does not fit into fewer


class Named(BaseModel):
    """What every `tclp.json` has.

    Attributes:
        name: for people; the directory's name where there is none.
    """

    # NaN compares false with every threshold: a contract would silently have no findings.
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    name: str = Field("", max_length=200)


Kind = TypeVar("Kind", bound=Named)


class Extras(Named):
    """The keys of `tclp.json`, all optional; other keys are ignored.

    Attributes:
        threshold: the probability from which a sentence is a finding.
        lone_threshold: the same for a sentence with no other finding near it.
        scale: with `shift`, Platt's calibration. A scale of zero or less would turn the verdict around.
        climate_label: the name of the label that means climate language.
        max_tokens: tokens in the longest window.
        topics: the names of the topic head's outputs, in their order.
        topic_threshold: the probability from which a second topic is named.
        known_answers: sentences and the probabilities that the loaded model must give them.
    """

    threshold: float = Field(0.5, gt=0, lt=1)
    lone_threshold: float | None = Field(None, gt=0, le=1)
    scale: float = Field(1.0, gt=0)
    shift: float = 0.0
    climate_label: str | None = None
    max_tokens: int = Field(512, ge=SHORTEST_WINDOW)
    topics: tuple[str, ...] = ()
    topic_threshold: float = Field(0.3, ge=0, le=1)
    known_answers: dict[str, float] = {}


def named_topics(names: Sequence[str], scores: Sequence[float], threshold: float) -> tuple[str, ...]:
    """One or two topics, the more probable first; none where there are no names.

    Args:
        names: of all topics.
        scores: the probability of each.
        threshold: the probability from which a second one is named, if it is half as probable as the first.
    """
    ranked = sorted(range(len(scores)), key=lambda i: -scores[i])[:2]
    return tuple(names[i] for i in ranked if i == ranked[0] or scores[i] >= max(threshold, scores[ranked[0]] / 2))


def read_extras(folder: Path, kind: type[Kind]) -> Kind:
    """The model directory's `tclp.json`; the defaults where there is none.

    Args:
        folder: the model directory.
        kind: what is expected there: `Extras`, or another model with a name.

    Raises:
        ValueError: it is not a JSON object, or has a value that cannot work; the message says which.
        OSError: the file cannot be read.
    """
    try:
        found = kind.model_validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        found = kind()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join((NAME, *map(str, first["loc"])))
        raise ValueError(f"{where}: {first['msg']}") from None
    return found if found.name else found.model_copy(update={"name": folder.name})


def read_topic_head(
    folder: Path, device: torch.device, topics: int, hidden: int
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """`weight` (topics x hidden) and `bias` (topics) of `topics.safetensors`; None where there is no such file.

    Args:
        folder: the model directory.
        device: where the tensors are put.
        topics: how many topics `tclp.json` names.
        hidden: the width of the model's hidden states.

    Raises:
        ValueError: the tensors have another shape or hold values that are not numbers.
    """
    path = folder / "topics.safetensors"
    if not path.exists():
        return None
    from safetensors.torch import load_file

    tensors = load_file(path, device=str(device))
    missing = {"weight", "bias"} - tensors.keys()
    if missing:
        raise ValueError(f"{path.name} has no {' and no '.join(sorted(missing))}")
    weight, bias = tensors["weight"].float(), tensors["bias"].float()
    if not topics or weight.shape != (topics, hidden) or bias.shape != (topics,):
        raise ValueError(
            f"{path.name} has {tuple(weight.shape)} weights and {tuple(bias.shape)} biases; "
            f"{NAME} names {topics} topics, with {hidden} weights each"
        )
    if not (weight.isfinite().all() and bias.isfinite().all()):
        raise ValueError(f"{path.name} has a value that is not a number")
    return weight, bias


def fingerprint(folder: Path) -> str:
    """sha256 over the names and contents of all files of a model directory that decide a probability."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".safetensors", ".txt", ".model"):
            with path.open("rb") as file:
                digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
