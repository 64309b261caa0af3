"""Half a minute of `make fuzz`: broken documents end in an error that a reader foresaw, or in a document."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from fuzz.readers import run, samples

pytestmark = pytest.mark.slow

SECONDS = 6.0
SEED = 20_260_131


@pytest.mark.parametrize("suffix", samples())
def test_broken_documents_surprise_no_reader(suffix: str, tmp_path: Path) -> None:
    outcomes, bad = run({suffix: samples()[suffix]}, SECONDS, SEED)
    for index, (_, _, data) in enumerate(bad):
        (tmp_path / f"{index}{suffix}").write_bytes(data)
    assert [outcome for outcome, _, _ in bad] == [], f"kept in {tmp_path}"
    assert outcomes
