"""The corpus is what the guide says, and training code keeps its promises."""

from __future__ import annotations

import json
import random

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from tclp_daemon.analysis.model_folder import EMBEDDED_MODEL
from training.augment import Augmenter
from training.check_corpus import duplicates, problems
from training.corpus import Example, guide_topics, load_corpus, near_duplicates, normalise
from training.words import odd_words, telling_words


@pytest.fixture(scope="module")
def corpus() -> list[Example]:
    return load_corpus()


def test_corpus_is_large_varied_and_well_formed(corpus: list[Example]) -> None:
    assert problems(corpus) == []


@pytest.mark.slow
def test_no_near_duplicates(corpus: list[Example]) -> None:
    assert [(corpus[a].text, corpus[b].text) for a, b, _ in duplicates(corpus)] == []


def test_the_model_knows_the_topics_of_the_guide() -> None:
    extras = json.loads((EMBEDDED_MODEL / "tclp.json").read_text("utf-8"))
    assert extras["topics"] == guide_topics()
    assert len(guide_topics()) == 16


def test_held_out_part_is_about_the_share_it_should_be(corpus: list[Example]) -> None:
    share = sum(e.held_out for e in corpus) / len(corpus)
    assert 0.12 < share < 0.18


def test_near_duplicates_finds_what_all_pairs_would() -> None:
    rng = random.Random(1)
    words = ["supplier", "shall", "pay", "rent", "carbon", "notice", "party", "within", "of", "the", "a", "report"]
    texts = [" ".join(rng.choices(words, k=6)) for _ in range(150)]
    texts += [text + " soon" for text in texts[:20]]
    sets = [{f" {normalise(t)} "[i : i + 5] for i in range(max(1, len(normalise(t)) - 2))} for t in texts]
    expected = {
        (i, j) for j in range(len(texts)) for i in range(j) if len(sets[i] & sets[j]) / len(sets[i] | sets[j]) >= 0.7
    }
    assert {(i, j) for i, j, _ in near_duplicates(texts)} == expected
    assert expected


def test_odd_words_say_nothing_of_the_subject(corpus: list[Example]) -> None:
    telling = telling_words(corpus)
    tokenizer = transformers.AutoTokenizer.from_pretrained(EMBEDDED_MODEL, local_files_only=True)
    weights = load_file(EMBEDDED_MODEL / "model.safetensors")
    odd = odd_words(tokenizer, weights["bert.embeddings.word_embeddings.weight"].to(torch.float32), telling)
    assert {"carbon", "emissions", "decarbonisation", "biodiversity", "recycled"} <= telling
    assert not telling & {"shall", "supplier", "agreement", "weight"}
    # Neither the telling words themselves nor their like, whether or not the corpus has them.
    assert not set(odd) & (telling | {"emission", "wetland", "ecosystems", "photovoltaic"})
    assert {"quiz", "trumpet", "goldsmith"} <= set(odd)


def test_augmentation_never_takes_the_telling_words(corpus: list[Example]) -> None:
    augment = Augmenter(1, corpus[:9], odd=["circus", "kiln"], telling={"carbon", "target"})
    changed = [augment._odd("The supplier shall meet its carbon target without delay") for _ in range(50)]
    assert all("carbon target" in text for text in changed)
    assert len(set(changed)) > 5


@given(st.text(min_size=1).filter(str.strip), st.integers(0, 1), st.integers())
def test_augmentation_keeps_something_and_is_reproducible(text: str, label: int, seed: int) -> None:
    example = Example("The Buyer shall pay.", 0, (), "sale", "UK", "operative", False, "x")
    words = {"odd": ["circus", "kiln"], "telling": {"carbon"}}
    first = [Augmenter(seed, [example] * 9, [example] * 9, **words)(text, label) for _ in range(2)]
    assert first[0] == first[1]
    assert first[0]
