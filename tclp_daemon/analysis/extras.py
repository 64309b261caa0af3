"""What a model folder says of itself: `tclp.json`, checked before anything is computed with it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

NAME = "tclp.json"
SHORTEST_WINDOW = 16  # tokens; shorter ones hold no clause


class Extras(BaseModel):
    """The keys of `tclp.json`, all optional; others are for people.

    Attributes:
        scale: with `shift`, Platt's calibration. A scale of zero or less would turn the verdict round.
        max_tokens: the longest window.
        known_answers: sentences and their probabilities, which each loaded model must give.
    """

    # NaN compares false with every threshold: a contract would silently have no findings.
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    name: str = Field("", max_length=200)
    threshold: float = Field(0.5, gt=0, lt=1)
    lone_threshold: float | None = Field(None, gt=0, le=1)
    scale: float = Field(1.0, gt=0)
    shift: float = 0.0
    climate_label: str | None = None
    max_tokens: int = Field(512, ge=SHORTEST_WINDOW)
    topics: tuple[str, ...] = ()
    topic_threshold: float = Field(0.3, ge=0, le=1)
    known_answers: dict[str, float] = {}


def read_extras(folder: Path) -> Extras:
    """The model folder's `tclp.json`; the defaults where there is none.

    Raises:
        ValueError: not JSON, not an object, or a value that cannot work; says which.
        OSError: the file cannot be read.
    """
    try:
        found = Extras.model_validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        found = Extras()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join((NAME, *map(str, first["loc"])))
        raise ValueError(f"{where}: {first['msg']}") from None
    return found if found.name else found.model_copy(update={"name": folder.name})
