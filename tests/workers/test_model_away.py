"""A model that is missing for a while is not a contract's fault."""

from __future__ import annotations

from collections.abc import Callable

from fakes.tiny_models import roberta
from harness import Site, wait_for

GOOD = "The Supplier shall reduce emissions.\n"


def test_contracts_wait_for_a_model_that_is_away(make_site: Callable[..., Site]) -> None:
    site = make_site(keyword=False)
    model = roberta(site.root / "model")
    site.configure(
        model=f'path = "{model}"\nthreshold = 0.5\n',
        # Each contract has a worker of its own, which loads the model again; one failure would be final.
        workers="count = 1\nrecycle_after = 1\nmax_attempts = 1\nretry_scale = 0.05\n",
    )
    site.start()
    site.drop("before.txt", GOOD)
    assert site.finished("before.txt")["status"] == "completed"
    away = model.rename(site.root / "away")
    for number in range(3):  # the worker that waits may have loaded it already
        site.drop(f"during-{number}.txt", f"{GOOD}{number}")
    wait_for(lambda: len(site.events("model_unavailable")) > 2, "they wait")
    away.rename(model)
    for number in range(3):
        finished = site.finished(f"during-{number}.txt")
        assert finished["status"] == "completed", finished
