"""Weights in eight bits: a quarter of the size on disk, back in full width before anything is computed.

Each row of a matrix is kept as integers from -127 to 127 and a scale, its largest absolute value divided by 127
(Dettmers et al. 2022, "LLM.int8()", vector-wise quantisation). Vectors (biases, norms) stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_SCALE = ".row_scale"


def compressed(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Matrices as int8, rows x columns, each with a `.row_scale` of rows; other tensors in float32.

    Args:
        state: weights by name.
    """
    import torch

    found = {}
    for name, tensor in state.items():
        wide = tensor.float()
        if wide.dim() == 2:
            scale = (wide.abs().amax(1) / 127).clamp_min(1e-12)
            found[name] = (wide / scale[:, None]).round().to(torch.int8)
            wide, name = scale, name + _SCALE
        found[name] = wide.contiguous()
    return found


def is_compressed(names: Iterable[str]) -> bool:
    """Whether weights of these names were made by `compressed`."""
    return any(name.endswith(_SCALE) for name in names)


def expanded(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What `compressed` was given, in float32, rounded.

    Args:
        state: what it returned.

    Raises:
        ValueError: a scale does not go with its matrix.
    """
    found = {name: tensor.float() for name, tensor in state.items() if not name.endswith(_SCALE)}
    for name, scale in state.items():
        if name.endswith(_SCALE):
            matrix = found.get(name.removesuffix(_SCALE))
            if matrix is None or matrix.dim() != 2 or scale.shape != matrix.shape[:1]:
                raise ValueError(f"{name} does not go with a matrix")
            matrix.mul_(scale.float()[:, None])
    return found
