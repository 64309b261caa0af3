"""Tens of thousands of fragments are left out, with a warning; sentences never are."""

from __future__ import annotations

from tclp_daemon.analysis.fragments import without_excess
from tclp_daemon.analysis.segment import split_sentences
from tclp_daemon.config import Limits
from tclp_daemon.document import Document
from tclp_daemon.extract import read_document

CLAUSE = "The Supplier shall reduce its greenhouse gas emissions by half before 2030."


def read(lines: list[str]) -> Document:
    return read_document("\n\n".join(lines).encode(), ".txt", Limits())


def test_a_contract_is_left_as_it_is() -> None:
    document = read([CLAUSE, "Payment terms", "Net zero by 2040", CLAUSE + " Annually."])
    sentences = split_sentences(document)
    assert without_excess(document, sentences) == (sentences, ())


def test_what_is_left_out_is_said_and_no_sentence_is() -> None:
    document = read([*(f"Item number {i}" for i in range(30)), CLAUSE, *(f"Price list {i}" for i in range(30)), CLAUSE])
    sentences = split_sentences(document)
    kept, (warning,) = without_excess(document, sentences, most=40)
    texts = [document.text[sentence.start : sentence.end] for sentence in kept]
    assert texts == [*(f"Item number {i}" for i in range(30)), CLAUSE, *(f"Price list {i}" for i in range(10)), CLAUSE]
    assert warning.code == "many_fragments"
    assert warning.message.startswith("20 lines or cells of fewer than 6 words were not classified")


def test_fragments_that_repeat_count_once() -> None:
    document = read(["Signed by", "Name of signatory"] * 30)
    sentences = split_sentences(document)
    assert without_excess(document, sentences, most=2) == (sentences, ())
