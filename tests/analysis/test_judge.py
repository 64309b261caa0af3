"""The judge: windows, batches, precision, foreign directories, and what is refused."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from fakes.tiny_models import judge as tiny_judge
from tclp_daemon.analysis.context import Passage
from tclp_daemon.analysis.judge import (
    LONGEST_PREFACE,
    LONGEST_SENTENCE,
    LONGEST_WINDOW,
    Judge,
    Opinion,
    assembled,
)
from tclp_daemon.analysis.network import use_threads
from tclp_daemon.config import Model
from tclp_daemon.errors import ContractError

_RANDOM = random.Random(15)
_CLASSIFIER = "fingerprint of the classifier"


def load(folder: Path, precision: Any = "float32") -> Judge:
    judge = Judge.load(Model(judge_path=folder, precision=precision), _CLASSIFIER)
    assert judge is not None
    return judge


def words(count: int) -> str:
    return " ".join(_RANDOM.choices(("the", "supplier", "shall", "pay", "reduce", "emissions", "rent", "."), k=count))


def passage(preface: int, *sentences: int) -> Passage:
    """Of random words, as many as given."""
    count = len(sentences)
    return Passage(words(preface), tuple(map(words, sentences)), tuple(range(count)), (True,) * count)


def margins(judge: Judge, passages: list[Passage]) -> list[float]:
    return [opinion.margin for opinions in judge.opinions(passages) for opinion in opinions]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    use_threads(1)


@pytest.fixture(scope="module", params=["bert", "mpnet"])
def judge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return load(tiny_judge(tmp_path_factory.mktemp(request.param), request.param))


@pytest.mark.parametrize(
    ("preface", "sentences"),
    [(0, [1]), (10, [5, 0, 7]), (400, [20, 30]), (100, [190, 190, 190]), (128, [192]), (128, [193]), (5, [1000, 3])],
)
def test_windows_hold_the_preface_and_every_word(judge: Judge, preface: int, sentences: list[int]) -> None:
    tokenizer = judge._network.tokenizer
    texts = [words(count) for count in sentences]
    head = tokenizer(words(preface), add_special_tokens=False)["input_ids"]
    front = tokenizer.decode(head)
    found: list[list[int]] = [[] for _ in texts]
    for window in assembled(tokenizer, front, texts):
        assert len(window.ids) <= LONGEST_WINDOW
        begin = min(preface, LONGEST_PREFACE) + 2
        assert window.ids[:begin] == [tokenizer.cls_token_id, *head[:LONGEST_PREFACE], tokenizer.sep_token_id]
        for owner, end in zip(window.owners, window.ends, strict=True):
            assert window.ids[end] == tokenizer.sep_token_id
            part = window.ids[begin:end]
            assert len(part) <= LONGEST_SENTENCE
            overlap = LONGEST_SENTENCE // 4 if found[owner] else 0
            assert found[owner][len(found[owner]) - overlap :] == part[:overlap]
            found[owner] += part[overlap:]
            begin = end + 1
        assert begin == len(window.ids)
    assert found == tokenizer(texts, add_special_tokens=False)["input_ids"]


def test_more_passages_than_a_batch_holds_keep_their_order(judge: Judge) -> None:
    passages = [passage(_RANDOM.randrange(40), *_RANDOM.choices(range(1, 60), k=1 + n % 4)) for n in range(40)]
    told: list[tuple[int, int]] = []
    together = judge.opinions(passages, lambda done, total: told.append((done, total)))
    assert [len(opinions) for opinions in together] == [len(one.sentences) for one in passages]
    alone = [margin for one in passages for margin in margins(judge, [one])]
    assert [opinion.margin for opinions in together for opinion in opinions] == pytest.approx(alone, abs=1e-4)
    assert len({round(margin, 3) for margin in alone}) > 30, "the model tells sentences apart"
    assert told == sorted(told)
    assert told[-1] == (40, 40)


def test_of_a_long_sentence_the_surest_part_counts(judge: Judge) -> None:
    tokens = words(480).split()
    step = LONGEST_SENTENCE * 3 // 4
    parts = [" ".join(tokens[at : at + LONGEST_SENTENCE]) for at in (0, step, 2 * step)]
    text = " ".join(tokens)
    assert [len(window.ends) for window in assembled(judge._network.tokenizer, "", [text])] == [1, 1, 1]
    alone = margins(judge, [Passage.alone(part) for part in parts])
    assert margins(judge, [Passage.alone(text)]) == pytest.approx([max(alone)], abs=1e-4)


def test_headings_and_neighbours_matter(judge: Judge) -> None:
    bare = Passage.alone("the supplier shall pay .")
    under = Passage("reduce emissions", bare.sentences, (0,), (True,))
    among = Passage("", (*bare.sentences, "reduce emissions"), (0, 1), (True, True))
    found = [opinions[0].margin for opinions in judge.opinions([bare, under, among])]
    assert len({round(margin, 4) for margin in found}) == 3


def test_nothing_to_judge(judge: Judge) -> None:
    assert judge.opinions([]) == []


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_bfloat16_says_about_the_same(tmp_path: Path, kind: str) -> None:
    folder = tiny_judge(tmp_path, kind)
    passages = [passage(20, 10, 30, 5) for _ in range(10)]
    exact, rough = (margins(load(folder, precision), passages) for precision in ("float32", "bfloat16"))
    assert rough == pytest.approx(exact, abs=0.3)
    assert rough != exact


def test_it_meets_few_shapes_of_batches(tmp_path: Path) -> None:
    judge = load(tiny_judge(tmp_path), "bfloat16")
    met = set()

    def note(_: object, __: object, inputs: dict[str, Any]) -> None:
        met.add(tuple(inputs["input_ids"].shape))

    judge._network.model.register_forward_pre_hook(note, with_kwargs=True)
    for _ in range(20):
        judge.opinions([passage(_RANDOM.randrange(130), *_RANDOM.choices(range(1, 250), k=2)) for _ in range(5)])
    assert 5 < len(met) <= 40


def extras(folder: Path, **values: object) -> None:
    (folder / "tclp.json").write_text(json.dumps(values))


def spoil(folder: Path, value: float) -> None:
    """Sets a weight of the last layer."""
    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"][0, 0] = value
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("nowhere", "it has no config.json with .safetensors weights"),
        ("NaN", "it cannot compute here: the model's answer is not a number"),
        ("infinity", "it cannot compute here: the model's answer is not a number"),
        ("wrong answer", "it gives wrong results here: a known sentence got"),
        ("short", "its windows have 126 tokens; 384 are needed"),
        ("three labels", "two labels are needed"),
        ("wrong label", "the model has no label 'weather'"),
        ("wrong extras", "tclp.json.gate"),
        ("damaged", ""),
        ("topics without weights", "topics"),
    ],
)
def test_a_directory_that_does_not_fit_is_refused(tmp_path: Path, case: str, says: str) -> None:
    folder = tmp_path / "judge"
    if case != "nowhere":
        tiny_judge(folder, "mpnet", positions=128 if case == "short" else 514, labels=_labels(case))
    match case:
        case "NaN" | "infinity":
            spoil(folder, math.nan if case == "NaN" else math.inf)
        case "wrong answer":
            right = 1 / (1 + math.exp(-margins(load(folder), [Passage.alone("the rent .")])[0]))
            extras(folder, known_answers={"the rent .": right + (0.3 if right < 0.5 else -0.3)})
        case "wrong label":
            extras(folder, climate_label="weather")
        case "wrong extras":
            extras(folder, gate=2)
        case "damaged":
            (folder / "model.safetensors").write_bytes(b"no tensors")
        case "topics without weights":
            extras(folder, topics=["emissions"])
            save_file({"weight": torch.zeros(2, 16), "bias": torch.zeros(2)}, folder / "topics.safetensors")
    with pytest.raises(ContractError, match="could not be loaded") as caught:
        load(folder)
    assert caught.value.code == "model_unavailable"
    detail = str(caught.value.details["detail"])
    assert detail.startswith(f"{folder}: ")
    assert says in detail


def _labels(case: str) -> tuple[str, ...]:
    return ("a", "b", "c") if case == "three labels" else ("no", "climate")


def test_known_answers_are_asked_of_the_loaded_judge(tmp_path: Path) -> None:
    folder = tiny_judge(tmp_path)
    right = 1 / (1 + math.exp(-margins(load(folder), [Passage.alone("the rent .")])[0]))
    extras(folder, name="tested", known_answers={"the rent .": right})
    assert load(folder).name == "tested"


def test_topics_come_from_the_sentence(tmp_path: Path) -> None:
    folder = tiny_judge(tmp_path)
    extras(folder, topics=["emissions", "net_zero"], topic_threshold=0.9)
    save_file({"weight": torch.zeros(2, 16), "bias": torch.tensor([-5.0, 5.0])}, folder / "topics.safetensors")
    (opinions,) = load(folder).opinions([passage(3, 5, 300)])
    assert [opinion.topics for opinion in opinions] == [("net_zero",)] * 2


def test_the_embedded_judge_goes_with_one_classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "embedded"
    monkeypatch.setattr("tclp_daemon.analysis.judge.EMBEDDED_JUDGE", folder)
    assert Judge.load(Model(), _CLASSIFIER) is None, "none is shipped"
    tiny_judge(folder)
    extras(folder, classifier=_CLASSIFIER)
    found = Judge.load(Model(), _CLASSIFIER)
    assert found is not None
    assert found.name == "embedded"
    assert Judge.load(Model(), "another") is None
    # One that somebody chose is used beside any classifier.
    assert Judge.load(Model(judge_path=folder), "another") is not None


def test_whatever_decides_is_in_the_fingerprint(tmp_path: Path) -> None:
    before = load(tiny_judge(tmp_path)).fingerprint
    extras(tmp_path, scale=2.0)
    assert load(tmp_path).fingerprint != before


def test_both_models_decide(tmp_path: Path) -> None:
    folder = tiny_judge(tmp_path)
    extras(folder, scale=2.0, classifier_weight=0.5, shift=-1.0)
    judge = load(folder)
    logit = 2.0 * 1.5 + 0.5 * math.log(0.8 / 0.2) - 1.0
    assert judge.probability(0.8, Opinion(1.5, ())) == pytest.approx(1 / (1 + math.exp(-logit)))
    rising = [judge.probability(p, Opinion(m, ())) for p, m in ((0, -999), (0.1, -1), (0.5, -1), (0.5, 2), (1, 999))]
    assert rising == sorted(rising)
    assert 0 < rising[0] < 1e-9
    assert rising[-1] == pytest.approx(1)
