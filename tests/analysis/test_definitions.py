"""Defined terms: which ones a contract has, what they mean, and which a sentence uses."""

from __future__ import annotations

import random
import time

import pytest

from tclp_daemon.analysis.definitions import Definitions


def meanings(*texts: str) -> dict[str, str]:
    """Term -> meaning."""
    return {found.term: found.meaning for found in Definitions(texts).all()}


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ('"REC" means a renewable energy certificate.', {"REC"}),
        ("(a) “REC” or “Certificate” shall mean a certificate.", {"REC", "Certificate"}),
        ('1.7"Lead Time" shall mean the time that begins on the Order Date.', {"Lead Time"}),
        ("„Anlage“ bedeutet die Anlage in Anhang 2.", {"Anlage"}),
        ("In this Agreement, the term “Duct”, as used in Schedule 2, means a pipe.", {"Duct"}),
        ("As used herein, “PCO” means a proposed order, and “Order” means a change.", {"PCO", "Order"}),
        ("The term “Utility Costs” shall include the following.", {"Utility Costs"}),
        ("“Plans” — the drawings in Schedule 2.", {"Plans"}),
        ('"Works": all that Schedule 2 lists.', {"Works"}),
        ("1.2 Renewable Energy Certificate means a certificate.", {"Renewable Energy Certificate"}),
        ("PREMIUM PROGRAM shall mean a program of the Company.", {"PREMIUM PROGRAM"}),
        ("The plan in Schedule 4 (the “Transition Plan”) binds the Supplier.", {"Transition Plan"}),
        ("each lot (each a “Site” and together the “Sites”)", {"Site"}),
        ("A credit (“REC”) is issued.", {"REC"}),
        ("The ship Anna (hereinafter the “Vessel”) sails.", {"Vessel"}),
        ("The ship Anna, hereinafter referred to as the “Vessel”, sails.", {"Vessel"}),
        ("It joins the emissions trading scheme (ETS).", {"ETS"}),
        ("One REC (renewable energy certificate) is issued.", {"REC"}),
        ("LEED – Leadership in Energy and Environmental Design", {"LEED"}),
        ("the Capital College & Career Academy (CCCA)", {"CCCA"}),
        ("measurement, reporting, and verification (MRV)", {"MRV"}),
    ],
)
def test_what_defines_a_term(text: str, terms: set[str]) -> None:
    assert meanings(text).keys() == terms


@pytest.mark.parametrize(
    "text",
    [
        "This means that the Supplier pays.",
        "Notice by any means of delivery is notice.",
        "Capitalized terms not otherwise defined here shall have the meaning given to them in the Lease.",
        "References to a Schedule shall mean a schedule of this Agreement.",
        "“including” means including without limitation.",
        "Give notice in writing (see “Notices” below).",
        "The margin stock (within the meaning of “Regulation U”) is sold.",
        "The Supplier pays the Fee (Net).",
        "The Board of Trustees (Board) meets.",
        "The price of the lot (XYZ) is fixed.",
        "Cross-Connections and Backflow Prevention",
        "The drawings show “light duty” sections.",
        "By: Title: Director",
        "Todos shall refer to the Reseller all inquiries.",
    ],
)
def test_what_defines_nothing(text: str) -> None:
    assert not meanings(text)


@pytest.mark.parametrize(
    ("texts", "term", "meaning"),
    [
        (['As used here, "REC" means a certificate.'], "REC", '"REC" means a certificate.'),
        (["The plan in Schedule 4 (the “Plan”) binds it."], "Plan", "The plan in Schedule 4 (the “Plan”)"),
        (["It joins the emissions trading scheme (ETS)."], "ETS", "ETS: emissions trading scheme"),
        (["USA (United States of America) law applies."], "USA", "USA: United States of America"),
        # In list items, on the next page; but not the next definition.
        (["“Fuel” means:", "(a) coal; or", "(b) oil."], "Fuel", "“Fuel” means: (a) coal; or"),
        (["“Duct” means a pipe", "that carries waste."], "Duct", "“Duct” means a pipe that carries waste."),
        (["“Duct” means a pipe", "“Fuel” means coal."], "Duct", "“Duct” means a pipe"),
        (["“Duct” means:", "“Fuel” means coal."], "Duct", "“Duct” means:"),
        # What it means is said elsewhere.
        (
            ["“Plan” has the meaning given to it in clause 4.", "the plan to cut waste (the “Plan”)"],
            "Plan",
            "the plan to cut waste (the “Plan”)",
        ),
        (
            ["“Plan” – see Section 4.", "the plan to cut waste (the “Plan”)"],
            "Plan",
            "the plan to cut waste (the “Plan”)",
        ),
        (["“Plan” is defined in the Loan Agreement."], "Plan", "“Plan” is defined in the Loan Agreement."),
        # A clause says more than a bracket.
        (["It joins the trading scheme (“TS”).", "“TS” means the law of 2003."], "TS", "“TS” means the law of 2003."),
    ],
)
def test_the_meaning(texts: list[str], term: str, meaning: str) -> None:
    assert meanings(*texts)[term] == meaning


def test_a_meaning_is_short() -> None:
    found = meanings("“Long” means " + "a thing and " * 500, "the other thing " * 100 + "(the “Other”)")
    assert all(100 < len(meaning) <= 240 for meaning in found.values())


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("It surrenders RECs.", ["REC"]),
        ("Each REC’s price and each “REC”", ["REC"]),
        ("It is said; the It department", []),
        ("the IT department", ["IT"]),
        ("rec", []),
        ("RECORD", []),
        ("pre-REC", []),
        ("the Transition Plan and a Plan", ["Transition Plan", "Plan"]),
        ("THE TRANSITION\nPLAN", ["Transition Plan"]),
        ("the transition plan", []),
        ("Certain Events of Default", ["Event of Default"]),
        ("both Facilities, all Processes", ["Facility", "Process"]),
        ("Processing", []),
        ("500 tCO2e of it", ["tCO2e"]),
    ],
)
def test_which_terms_a_sentence_uses(text: str, used: list[str]) -> None:
    terms = ("REC", "IT", "Plan", "Transition Plan", "Event of Default", "Facility", "Process", "tCO2e")
    definitions = Definitions([f"“{term}” means a thing." for term in terms])
    assert [definition.term for definition in definitions.used_in(text)] == used


def test_definitions_in_two_columns() -> None:
    definitions = Definitions(["A certificate for one megawatt hour."], [(0, "“REC”: A certificate for …")])
    (found,) = definitions.used_in("It surrenders RECs.")
    assert (found.meaning, found.sentence) == ("“REC”: A certificate for …", 0)


HOSTILE = {
    "quotation marks": "“" * 1_000_000,
    "quoted words": "“Aa” " * 200_000,
    "quoted words that mean": "“Aa” means " * 100_000,
    "joined terms": "“Aa” or " * 130_000 + "“Aa” means",
    "brackets": "(" * 1_000_000,
    "brackets and quotation marks": "(the “" * 170_000,
    "capitals": "A" * 1_000_000,
    "capital words": "Aa " * 330_000,
    "abbreviations": "(AB) " * 200_000,
    "words before abbreviations": "a b c (ABCDEFGHIJ) " * 50_000,
    "abbreviations before words": "ABCDEFGHIJ (" + "a " * 500_000,
    "spaces": "A" + " " * 1_000_000 + "means",
    "digits and dots": "1." * 500_000,
    "hereinafter": "hereinafter a b c d " * 50_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_takes_linear_time(text: str) -> None:
    text = text[:100_000] + text[-10:]
    begin = time.process_time()
    definitions = Definitions([text, "“Aa” means it.", "“Aa Aa Aa” means it."])
    definitions.used_in(text)
    assert time.process_time() - begin < 5


def test_as_many_terms_as_a_contract_may_have() -> None:
    choose = random.Random(15)
    terms = [f"Aa {choose.choice('BCDEFG')}{index} Plan" for index in range(5_000)]
    texts = [f"“{term}” means a thing of the Aa Plan." for term in terms]
    texts += [f"The Supplier shall carry out the {term}." for term in terms]
    begin = time.process_time()
    definitions = Definitions(texts)
    assert sum(len(definitions.used_in(text)) for text in texts) == 2 * len(terms)
    assert time.process_time() - begin < 10
