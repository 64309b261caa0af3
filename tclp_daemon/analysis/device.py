"""What the model computes on, and in which precision. torch is imported when it is first needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def choose_device(setting: str) -> torch.device:
    """The configured device; for "auto" CUDA where there is any, else the CPU."""
    import torch

    if setting != "auto":
        return torch.device(setting)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_dtype(setting: str, device: torch.device) -> torch.dtype:
    """The configured precision; for "auto" bfloat16 where the device has it natively, else float32."""
    import torch

    if setting != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16}[setting]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    # Emulated bfloat16 is slower than float32.
    return torch.bfloat16 if _cpu_flags() & {"amx_bf16", "avx512_bf16", "bf16"} else torch.float32


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text("ascii", errors="replace").splitlines()
    except OSError:
        return set()
    line = next((x for x in lines if x.startswith(("flags", "Features"))), "")
    return set(line.partition(":")[2].split())
