"""The judge: a second, larger model that decides about the few sentences that the classifier thinks possible.

It reads a `Passage`: headings, definitions and neighbours as well as the sentence. Each sentence ends with a separator
token, and the answer on the sentence is read from that token (Cohan et al. 2019, "Pretrained language models for
sequential sentence classification"). Its log-odds and the classifier's are added up, each with a weight of its own.

Any local Hugging Face token-classification directory with two labels that was trained so works.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tclp_daemon.analysis.context import Passage
from tclp_daemon.analysis.judge_folder import EMBEDDED_JUDGE, JudgeExtras
from tclp_daemon.analysis.model_folder import fingerprint, read_extras, read_topic_head
from tclp_daemon.analysis.network import Network, climate_index, finite, load_network
from tclp_daemon.analysis.self_test import answered, compare, reason
from tclp_daemon.analysis.thresholds import Thresholds
from tclp_daemon.config import Model
from tclp_daemon.errors import ContractError, ErrorCode

# In tokens. What is longer is judged in parts that overlap by a quarter.
LONGEST_PREFACE = 128
LONGEST_SENTENCE = 192
LONGEST_WINDOW = 384
# Passages tokenised at once. A large contract has tens of thousands, and tokens take nine times the memory of text.
_CHUNK = 200
_LONG = "The Supplier shall deliver the Goods. " * 60  # more than one window; what the self-test asks in any case


class Assembled(NamedTuple):
    """Token ids; for each part of a sentence in them the place of its separator, and the sentence's index."""

    ids: list[int]
    ends: list[int]
    owners: list[int]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the judge says about a sentence: its log-odds that it is climate language, and topics, the best first."""

    margin: float
    topics: tuple[str, ...]


def assembled(tokenizer: Any, preface: str, sentences: Sequence[str]) -> Iterator[Assembled]:
    """A passage in as few windows as hold it.

    Args:
        tokenizer: the judge's.
        preface: headings and definitions; repeated in each window, cut where it is too long.
        sentences: in text order.
    """
    encoded = tokenizer([preface, *sentences], add_special_tokens=False)["input_ids"]
    head = [tokenizer.cls_token_id, *encoded[0][:LONGEST_PREFACE], tokenizer.sep_token_id]
    window = Assembled(list(head), [], [])
    for owner, ids in enumerate(encoded[1:]):
        for part in _parts(ids):
            if window.ends and len(window.ids) + len(part) + 1 > LONGEST_WINDOW:
                yield window
                window = Assembled(list(head), [], [])
            window.ids.extend(part)
            window.ends.append(len(window.ids))
            window.ids.append(tokenizer.sep_token_id)
            window.owners.append(owner)
    yield window


def _parts(ids: list[int]) -> Iterator[list[int]]:
    step = LONGEST_SENTENCE * 3 // 4
    for begin in range(0, max(1, len(ids) - LONGEST_SENTENCE // 4), step):
        yield ids[begin : begin + LONGEST_SENTENCE]


class Judge:
    """A loaded judge. Not thread-safe; each worker process has its own.

    Attributes:
        name: for people.
        fingerprint: sha256 over all files that decide a probability.
        extras: what `tclp.json` says: the gate and the weights.
        thresholds: the directory's own.

    Args:
        network: the directory's model and tokenizer.
        extras, fingerprint: see the attributes.
        topics: weight and bias of the topic head, None where there is none.

    Raises:
        ValueError: its windows are too short, or it has no label for climate language.
    """

    def __init__(self, network: Network, extras: JudgeExtras, fingerprint: str, topics: Any = None) -> None:
        if network.max_tokens < LONGEST_WINDOW:
            raise ValueError(f"its windows have {network.max_tokens} tokens; {LONGEST_WINDOW} are needed")
        self._network = network
        self._climate = climate_index(network.model.config.id2label, extras.climate_label)
        self._topic_head = topics
        self.extras = extras
        self.name = extras.name
        self.fingerprint = fingerprint
        self.thresholds = Thresholds.of(extras.threshold, extras.lone_threshold, extras.sure_threshold)

    @classmethod
    def load(cls, settings: Model, classifier: str) -> Judge | None:
        """Loads the configured judge, or the embedded one if it goes with the classifier, and tests it.

        Args:
            settings: the model section of the configuration.
            classifier: its fingerprint. The embedded judge was calibrated with one classifier and means nothing beside
                another one.

        Raises:
            ContractError: model_unavailable.
        """
        folder = settings.judge_path or EMBEDDED_JUDGE
        try:
            if settings.judge_path is None and (
                not folder.is_dir() or read_extras(folder, JudgeExtras).classifier != classifier
            ):
                return None
            judge = cls._load(folder, settings)
            judge.self_test()
        except Exception as error:
            # Libraries read the directory, so no list of exceptions would be complete.
            raise ContractError(ErrorCode.MODEL_UNAVAILABLE, detail=f"{folder}: {reason(error)}") from error
        return judge

    @classmethod
    def _load(cls, folder: Path, settings: Model) -> Judge:
        extras = read_extras(folder, JudgeExtras)
        tokenizer, model = load_network(folder, "token", settings)
        return cls(
            Network(tokenizer, model, 512),
            extras,
            fingerprint(folder),
            read_topic_head(folder, model.device, len(extras.topics), getattr(model.config, "hidden_size", 0)),
        )

    def self_test(self) -> None:
        """Judges known passages and compares (see `Classifier.self_test`).

        Raises:
            ContractError: model_unavailable.
        """
        known = self.extras.known_answers
        judged = answered(lambda: self.opinions([Passage.alone(text) for text in (*known, _LONG)]))
        compare((_sigmoid(opinion.margin) for (opinion,) in judged[: len(known)]), known.values())

    def opinions(
        self, passages: Sequence[Passage], on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> list[list[Opinion]]:
        """For each passage what the judge says about each of its sentences.

        Args:
            passages: any number.
            on_progress: called with (done, total) passages as they are read.

        Raises:
            ContractError: internal, the model's answer is not a number.
        """
        found: list[list[Opinion]] = []
        for begin in range(0, len(passages), _CHUNK):
            found += self._opinions(passages[begin : begin + _CHUNK])
            on_progress(len(found), len(passages))
        return found

    def _opinions(self, passages: Sequence[Passage]) -> list[list[Opinion]]:
        """As `opinions`, for no more passages than may be tokenised at once."""
        windows = [
            (number, window)
            for number, passage in enumerate(passages)
            for window in assembled(self._network.tokenizer, passage.preface, passage.sentences)
        ]
        found: list[dict[int, Opinion]] = [{} for _ in passages]
        numbered = [(at, window.ids) for at, (_, window) in enumerate(windows)]
        for owners, answer in self._network.run(numbered, output_hidden_states=self._topic_head is not None):
            for row, at in enumerate(owners):
                number, window = windows[at]
                for owner, opinion in zip(window.owners, self._read(answer, row, window.ends), strict=True):
                    # Of a long sentence's parts, the surest one counts.
                    if owner not in found[number] or found[number][owner].margin < opinion.margin:
                        found[number][owner] = opinion
        return [[each[owner] for owner in range(len(each))] for each in found]

    def _read(self, answer: Any, row: int, ends: Sequence[int]) -> list[Opinion]:
        logits = finite(answer.logits[row, list(ends)].float())
        margins = (logits[:, self._climate] - logits[:, 1 - self._climate]).tolist()
        if self._topic_head is None:
            return [Opinion(margin, ()) for margin in margins]
        weight, bias = self._topic_head
        scores = (answer.hidden_states[-1][row, list(ends)].float() @ weight.T + bias).sigmoid()
        return [
            Opinion(margin, self.extras.named(ranking))
            for margin, ranking in zip(margins, finite(scores).tolist(), strict=True)
        ]

    def probability(self, classified: float, opinion: Opinion) -> float:
        """The calibrated probability that both models together give a sentence.

        Args:
            classified: the classifier's probability.
            opinion: the judge's.
        """
        clipped = min(max(classified, 1e-6), 1 - 1e-6)
        extras = self.extras
        logit = extras.scale * opinion.margin + extras.classifier_weight * math.log(clipped / (1 - clipped))
        return _sigmoid(logit + extras.shift)


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, logit))))
