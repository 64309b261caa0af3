"""The configuration: one TOML file becomes one frozen, typed object. Importing this module reads no environment."""

from __future__ import annotations

import difflib
import itertools
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tclp_daemon.errors import ConfigError

DEFAULT_CONFIG = Path("/etc/tclp-daemon/config.toml")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Inbox(_Section):
    """Where contracts are dropped, and when a dropped file counts as complete."""

    path: Path
    recursive: bool = True
    settle_seconds: float = Field(2.0, ge=0.05, le=3600)
    poll_seconds: float = Field(2.0, ge=0.05, le=3600)
    empty_seconds: float = Field(60.0, ge=0, le=86400)
    watch: Literal["auto", "native", "poll"] = "auto"
    ignore: tuple[str, ...] = ()
    when_accepted: Literal["move", "leave"] = "move"


class Outbox(_Section):
    """Where contracts, results, reports and sidecars are written."""

    path: Path
    file_mode: str = Field("0640", pattern=r"^0?[0-7]{3}$")

    @property
    def mode(self) -> int:
        """`file_mode` as a number."""
        return int(self.file_mode, 8)


class State(_Section):
    """The daemon's own local directory: database, spool, lock."""

    path: Path


class Workers(_Section):
    """The pool of worker processes."""

    count: int = Field(0, ge=0, le=256, description="0 means one per core")
    timeout_seconds: float = Field(900.0, ge=1, le=86400)
    max_attempts: int = Field(3, ge=1, le=20)
    recycle_after: int = Field(200, ge=1)
    drain_seconds: float = Field(20.0, ge=0, le=3600, description="how long a stop waits for running tasks")
    retry_scale: float = Field(1.0, gt=0, le=100, description="multiplies the pauses between attempts")

    @property
    def processes(self) -> int:
        """The number of worker processes."""
        return self.count or len(os.sched_getaffinity(0))


class Model(_Section):
    """Which classifier and which judge are used, and how they run."""

    path: Path | None = None
    judge_path: Path | None = None
    threshold: float | None = Field(None, gt=0, lt=1, description="None: the model's own calibrated threshold")
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"
    climate_label: str | None = None


class VerdictSteps(_Section):
    """The number of findings from which a contract gets each verdict; with fewer than `possible` it is unlikely."""

    possible: int = Field(1, ge=1)
    likely: int = Field(3, ge=1)
    very_likely: int = Field(7, ge=1)

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if not self.possible < self.likely < self.very_likely:
            raise ValueError("write possible < likely < very_likely, for example 1, 3 and 7")
        return self


class Limits(_Section):
    """How much one contract may cost. Each limit has its own error code."""

    file_mb: float = Field(100, gt=0)
    pages: int = Field(5000, ge=1)
    characters: int = Field(20_000_000, ge=1000)
    expanded_mb: float = Field(500, gt=0)
    expansion_ratio: float = Field(200, gt=1)
    depth: int = Field(256, ge=8)
    memory_mb: int = Field(1500, ge=256)
    cpu_seconds: float = Field(20, ge=1, le=86400)
    cpu_seconds_per_mb: float = Field(20, ge=0, le=86400)

    def cpu_budget(self, size: int) -> float:
        """Processor seconds that reading a file of `size` bytes may take; classifying is not counted."""
        return self.cpu_seconds + self.cpu_seconds_per_mb * size / 1_000_000


class Ocr(_Section):
    """Text recognition of pages without text."""

    mode: Literal["auto", "off", "require"] = "auto"
    languages: str = Field("eng", pattern=r"^[A-Za-z]\w*(\+[A-Za-z]\w*)*$")
    pages: int = Field(500, ge=1)
    page_seconds: float = Field(30, ge=1, le=3600)
    dpi: int = Field(300, ge=100, le=600)


class Retention(_Section):
    """How long the store remembers finished tasks; 0 means for ever. Files in the outbox are never deleted."""

    completed_days: float = Field(0, ge=0, le=36_500)
    failed_days: float = Field(90, ge=0, le=36_500)

    @property
    def ages(self) -> tuple[float, float]:
        """Days for completed and for failed tasks, `math.inf` for ever: the arguments of `Store.cleanup_old_tasks`."""
        return self.completed_days or math.inf, self.failed_days or math.inf


class Log(_Section):
    """What is logged, and in which form."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Config(_Section):
    """All settings of the daemon. Only the three paths must be given."""

    inbox: Inbox
    outbox: Outbox
    state: State
    workers: Workers = Workers()
    model: Model = Model()
    classification: VerdictSteps = VerdictSteps()
    limits: Limits = Limits()
    ocr: Ocr = Ocr()
    retention: Retention = Retention()
    log: Log = Log()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        paths = {"inbox.path": self.inbox.path, "outbox.path": self.outbox.path, "state.path": self.state.path}
        for name, path in paths.items():
            if not path.is_absolute():
                raise ValueError(f"{name} is {str(path)!r}; write an absolute path such as '/srv/contracts/inbox'")
        real = {name: path.resolve() for name, path in paths.items()}
        for inner, outer in itertools.permutations(real, 2):
            if real[inner].is_relative_to(real[outer]):
                raise ValueError(
                    f"{inner} ({real[inner]}) is inside {outer} ({real[outer]}); use three directories side by side, "
                    "such as /srv/contracts/inbox, /srv/contracts/outbox and /var/lib/tclp-daemon"
                )
        return self


def find_config(option: Path | None, environ: Mapping[str, str]) -> Path:
    """The file to read: the --config option, else TCLP_CONFIG, else /etc/tclp-daemon/config.toml."""
    if option is not None:
        return option
    return Path(environ["TCLP_CONFIG"]) if environ.get("TCLP_CONFIG") else DEFAULT_CONFIG


def load_config(path: Path) -> Config:
    """Reads and checks a configuration file.

    Raises:
        ConfigError: the file is unreadable or not TOML, a key is unknown, or a value is not allowed.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no configuration file {path}. Create it with the three paths (see config.example.toml), "
            "or name another file with --config or TCLP_CONFIG."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The configuration file {path} cannot be read: {error}. It must be UTF-8 text that this user may read."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}. Compare it with config.example.toml.") from None
    return parse_config(data, str(path))


def parse_config(data: dict[str, Any], source: str = "configuration") -> Config:
    """Checks a configuration that is already a dictionary.

    Args:
        data: section name -> key -> value.
        source: what error messages call it.

    Raises:
        ConfigError: a key is unknown, or a value is missing or not allowed.
    """
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{source}: " + " ".join(_sentence(e) for e in error.errors())) from None


def known_keys() -> dict[str, list[str]]:
    """Section name -> its keys, in the order of the example file."""
    return {
        name: list(info.annotation.model_fields)
        for name, info in Config.model_fields.items()
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
    }


def _sentence(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        keys = known_keys()
        known = [*keys, *(f"{section}.{key}" for section, names in keys.items() for key in names)]
        near = difflib.get_close_matches(where, known, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known sections: {', '.join(keys)}."
        return f"Unknown key {where!r}. {hint}"
    if error["type"] == "missing":
        return f"{where!r} is missing. Set the three paths inbox.path, outbox.path and state.path."
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}." if where else f"{message}."
