"""Weights in eight bits are nearly the ones that they were made of, and a model folder may hold them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from fakes.tiny_models import judge as tiny_judge
from tclp_daemon.analysis.context import Passage
from tclp_daemon.analysis.eight_bits import compressed, expanded, is_compressed
from tclp_daemon.analysis.judge import Judge
from tclp_daemon.config import Model
from tclp_daemon.errors import ContractError

PASSAGES = [Passage.alone(text) for text in ("the supplier shall reduce emissions .", "the rent .", "pay the supplier")]


def test_a_weight_is_off_by_half_a_step_of_its_row_at_most() -> None:
    torch.manual_seed(1)
    scales = torch.tensor([1e-4, 1.0, 300.0, 0.0])
    state = {"matrix": torch.randn(4, 64) * scales[:, None], "bias": torch.randn(4), "cube": torch.randn(2, 2, 2)}
    small = compressed(state)
    assert is_compressed(small)
    assert not is_compressed(state)
    assert small["matrix"].dtype == torch.int8
    wide = expanded(small)
    assert wide.keys() == state.keys()
    step = state["matrix"].abs().amax(1) / 127
    assert torch.all((wide["matrix"] - state["matrix"]).abs() <= step[:, None] * 0.501)
    assert torch.equal(wide["bias"], state["bias"])
    assert torch.equal(wide["cube"], state["cube"])


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_folder_in_eight_bits_answers_like_the_one_it_was_made_of(tmp_path: Path, kind: str, precision: str) -> None:
    settings = Model(judge_path=tiny_judge(tmp_path, kind), precision=precision)
    before = _margins(settings)
    _rewrite(tmp_path, compressed)
    assert _margins(settings) == pytest.approx(before, abs=0.15)
    assert max(before) - min(before) > 0.3, "answers that are all alike would prove nothing"


def test_a_scale_without_its_matrix_is_told(tmp_path: Path) -> None:
    tiny_judge(tmp_path)
    _rewrite(tmp_path, lambda state: compressed(state) | {"other.row_scale": torch.ones(3)})
    with pytest.raises(ContractError) as caught:
        Judge.load(Model(judge_path=tmp_path), "")
    assert "other.row_scale does not go with a matrix" in caught.value.details["detail"]


def _margins(settings: Model) -> list[float]:
    judge = Judge.load(settings, "")
    assert judge
    return [opinion.margin for opinions in judge.opinions(PASSAGES) for opinion in opinions]


def _rewrite(folder: Path, change) -> None:  # type: ignore[no-untyped-def]
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})
