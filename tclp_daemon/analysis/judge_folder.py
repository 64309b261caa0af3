"""What the judge reads from its model directory in addition to weights and tokenizer: `tclp.json`.

    {"name": "…", "classifier": "fingerprint of the classifier it goes with", "gate": 0.3, "threshold": 0.5,
     "lone_threshold": 0.8, "sure_threshold": 0.98, "scale": 1.0, "classifier_weight": 0.5, "shift": 0.0,
     "climate_label": "climate", "topics": ["emissions", …], "topic_threshold": 0.3, "known_answers": {"…": 0.99}}

`topics.safetensors` is as for the classifier (see `model_folder`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tclp_daemon.analysis.model_folder import Named, named_topics

EMBEDDED_JUDGE = Path(__file__).parents[1] / "models" / "climate-judge"


class JudgeExtras(Named):
    """The keys of `tclp.json`, all optional; other keys are ignored.

    Attributes:
        classifier: fingerprint of the classifier that it was calibrated with.
        gate: the classifier's probability from which the judge is asked.
        threshold: the probability from which a sentence is a finding.
        lone_threshold: the same for a sentence with no other finding near it.
        sure_threshold: the same for a line of a drawing list, an address or a signature block.
        scale, classifier_weight, shift: p = sigmoid(scale * margin + classifier_weight * logit + shift).
        climate_label: the name of the label that means climate language.
        topics: the names of the topic head's outputs, in their order.
        topic_threshold: the probability from which a second topic is named.
        known_answers: sentences, each alone, and sigmoid(margin) that the loaded judge must give them.
    """

    classifier: str = ""
    gate: float = Field(0.3, gt=0, lt=1)
    threshold: float = Field(0.5, gt=0, lt=1)
    lone_threshold: float | None = Field(None, gt=0, le=1)
    sure_threshold: float | None = Field(None, gt=0, le=1)
    scale: float = Field(1.0, gt=0)
    classifier_weight: float = Field(0.0, ge=0)
    shift: float = 0.0
    climate_label: str | None = None
    topics: tuple[str, ...] = ()
    topic_threshold: float = Field(0.3, ge=0, le=1)
    known_answers: dict[str, float] = Field({})

    def named(self, scores: list[float]) -> tuple[str, ...]:
        """One or two topics, the more probable first.

        Args:
            scores: the probability of each topic.
        """
        return named_topics(self.topics, scores, self.topic_threshold)
