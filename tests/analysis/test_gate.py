"""Which sentences the judge is asked about."""

from __future__ import annotations

import pytest

from tclp_daemon.analysis.definitions import Definitions
from tclp_daemon.analysis.gate import candidates

GATE = 0.3


def passes(text: str, probability: float, *others: str) -> bool:
    texts = [text, *others]
    return 0 in candidates(texts, [probability, *(0.0 for _ in others)], GATE, Definitions(texts))


@pytest.mark.parametrize(
    "text",
    [
        "The Tenant keeps the LEED certificate.",
        "It surrenders RECs, I-RECs and REGOs.",
        "500 tCO2e, 3 MtCO2e and 2 t CO₂",
        "It is certified to ISO 14001 and PAS 2080.",
        "The Scope 3 emissions are reported.",
        "It obeys the Paris Agreement.",
        "the REDD+ project",
        "NET-ZERO",
        "Decarbonisation of the fleet",
    ],
)
def test_names_pass_whatever_the_classifier_says(text: str) -> None:
    assert passes(text, 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "The EPC Contractor completes the Works.",
        "The records and the recs are kept; LEEDS is a city; UKAS accredits.",
        "The CDM Regulations 2015 and the CCS framework apply.",
        "The carbon copy goes to the Agent.",
        "The Supplier is paid net within 30 days.",
        "The scope of the Services",
    ],
)
def test_ordinary_words_do_not(text: str) -> None:
    assert not passes(text, 0.0)


def test_the_classifier_opens_the_gate() -> None:
    assert passes("The Supplier reports yearly.", GATE)
    assert not passes("The Supplier reports yearly.", GATE - 0.01)


TELLING = "“Target” means a cut of greenhouse gas emissions by half."


def test_a_term_with_a_telling_meaning_opens_it_further() -> None:
    text = "The Supplier shall meet the Target."
    assert not passes(text, 0.06)
    assert passes(text, 0.06, TELLING)
    assert not passes(text, 0.04, TELLING), "the classifier is sure that it is none"
    assert not passes("The Supplier shall meet the target.", 0.06, TELLING)
    assert not passes(text, 0.06, "“Target” means a price.")


def test_each_candidate_once_and_in_order() -> None:
    texts = [TELLING, "The price is fixed.", "It meets the Target.", "climate climate"]
    assert candidates(texts, [0.9, 0.0, 0.1, 0.9], GATE, Definitions(texts)) == [0, 2, 3]
    assert candidates([], [], GATE, Definitions(())) == []
