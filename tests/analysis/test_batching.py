"""Batches of few shapes: nothing is lost, and a worker's memory does not grow with the contracts it meets."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tclp_daemon.analysis.batching import TOKEN_BUDGET, batches, shapes
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.config import Model

MOST_SHAPES = 40


@given(st.lists(st.integers(0, 512), max_size=90), st.integers(16, 512))
def test_batches_keep_to_the_shapes_and_lose_nothing(lengths: list[int], longest: int) -> None:
    allowed = shapes(longest)
    windows = [(i, [0] * min(n, longest)) for i, n in enumerate(lengths)]
    made = list(batches(windows, allowed))
    assert sorted(owner for batch in made for owner, _ in batch.windows) == list(range(len(lengths)))
    for batch in made:
        assert batch.rows in allowed[batch.length]
        assert 0 < len(batch.windows) <= batch.rows
        assert max(len(ids) for _, ids in batch.windows) <= batch.length


def test_few_shapes_whatever_the_model() -> None:
    for longest in range(16, 513):
        allowed = shapes(longest)
        assert max(allowed) == longest
        assert sum(len(rows) for rows in allowed.values()) <= MOST_SHAPES
        assert all(rows and max(rows) * length <= TOKEN_BUDGET for length, rows in allowed.items())


def test_padding_stays_small() -> None:
    """Counted, not timed: what is computed for contracts of usual lengths, against what they have."""
    rng = random.Random(5)
    computed = real = 0
    for _ in range(50):
        windows = [(i, [0] * min(256, 3 + int(rng.gammavariate(1.3, 30)))) for i in range(rng.randint(20, 400))]
        real += sum(len(ids) for _, ids in windows)
        computed += sum(batch.rows * batch.length for batch in batches(windows, shapes(256)))
    assert computed < 1.25 * real


def contracts(count: int) -> Iterator[list[str]]:
    """Real-sized contracts of random words, no two alike in the number and the lengths of their sentences."""
    rng = random.Random(11)
    words = ["the", "supplier", "shall", "deliver", "goods", "pay", "rent", "within", "thirty", "days", "carbon", "and"]
    for _ in range(count):
        yield [
            " ".join(rng.choices(words, k=min(400, 1 + int(rng.gammavariate(1.3, 22)))))
            for _ in range(rng.randint(1, 30))
        ]


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_worker_meets_few_shapes(precision: str) -> None:
    classifier = Classifier.load(Model.model_validate({"precision": precision}), threads=1)
    met = set()

    def note(_: object, __: object, inputs: dict[str, object]) -> None:
        ids = inputs["input_ids"]
        met.add(tuple(ids.shape))  # type: ignore[attr-defined]

    classifier._network.model.register_forward_pre_hook(note, with_kwargs=True)
    for texts in contracts(60):
        classifier.probabilities(texts)
        classifier.topics(texts[:5])
    assert 10 < len(met) <= MOST_SHAPES


# In a new process, since earlier tests have filled the caches of this one.
GROWTH = """
import re
from pathlib import Path
from analysis.test_batching import contracts
from tclp_daemon.analysis.classifier import Classifier
from tclp_daemon.config import Model

def held():
    return int(re.search(r"VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

classifier = Classifier.load(Model(precision="bfloat16"), threads=1)
print(held())
for number, texts in enumerate(contracts(90), 1):
    classifier.probabilities(texts)
    classifier.topics(texts[:5])
    if number in (45, 90):
        print(held())
"""


@pytest.mark.slow
def test_memory_stays_flat_over_many_contracts() -> None:
    done = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, env=_environment())
    assert done.returncode == 0, done.stderr
    loaded, half, end = map(int, done.stdout.split())
    assert end < 1.1 * half, (loaded, half, end)
    assert end < loaded + 250, (loaded, half, end)


def _environment() -> dict[str, str]:
    tests = Path(__file__).parents[1]
    return os.environ | {"PYTHONPATH": f"{tests}:{tests.parent}"}
