"""What both models' trainings do with weights: their mean over several runs, and the model folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from tclp_daemon.analysis.eight_bits import compressed, expanded


def mean(network: nn.Module, runs: Sequence[Path]) -> None:
    """Gives the network the mean of the weights of all runs, rounded as they will be saved."""
    states = [load_file(weights) for weights in runs]
    found = {key: torch.stack([state[key] for state in states]).mean(0) for key in states[0]}
    network.load_state_dict(expanded(compressed(found)))


def save(model: Any, topics: nn.Linear, tokenizer: Any, extras: dict[str, Any], folder: Path) -> None:
    """Writes the model folder: weights in eight bits, tokenizer, tclp.json, topic head.

    Args:
        model: of transformers.
        topics: the topic head.
        tokenizer: the base's.
        extras: the keys of tclp.json.
        folder: made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = model.config.to_dict() | {"dtype": "float32", "architectures": [type(model).__name__]}
    config.pop("_name_or_path", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
    state = {name: tensor for name, tensor in model.state_dict().items() if not name.endswith("position_ids")}
    save_file(compressed(state), folder / "model.safetensors", metadata={"format": "pt"})
    head = {"weight": topics.weight.detach().float(), "bias": topics.bias.detach().float()}
    save_file(head, folder / "topics.safetensors")
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # safetensors makes them readable by their owner only
    tokenizer.save_pretrained(folder)
    for extra in ("special_tokens_map.json", "vocab.txt"):
        (folder / extra).unlink(missing_ok=True)
    (folder / "tclp.json").write_text(json.dumps(extras, indent=2) + "\n", "utf-8")
