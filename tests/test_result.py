"""Results of version 1, which lie in outboxes and databases, are read as results of version 2."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from valid import validator

from tclp_daemon.result import ContractResult

FOUND = {
    "text": "The Supplier shall reach net zero by 2040.", "start": 12, "end": 54, "probability": 0.98,
    "topics": ["net_zero"], "page": None, "paragraph": 2, "clause": "1", "heading": "Climate", "recognised": False,
}  # fmt: skip
VERSION_1: dict[str, Any] = {
    "classification": "possible",
    "bucket_labels": {"cat0": "unlikely", "cat1": "possible", "cat2": "likely", "cat3": "very likely"},
    "coverage": {
        "complete": True, "pages": None, "judged_pages": None, "recognised_pages": 0, "share": 1.0, "words": "",
    },
    "warnings": [],
    "statistics": {"word_count": 10, "page_count": None, "sentence_count": 3, "analysis_time": 0.01},
    "result_file": "nda.txt.result.json",
    "report_file": "nda.txt.report.html",
    "schema_version": 1,
    "findings": [FOUND, FOUND],
    "counts": {"sentences": 3, "findings": 2, "by_topic": {"net_zero": 2}},
    "provenance": {
        "sha256": "ab" * 32, "model": "tclp", "model_fingerprint": "cd" * 32, "threshold": 0.5, "lone_threshold": 0.7,
        "precision": "float32", "version": "0.1.0", "extractor": "text 1", "segmenter": "nupunkt 0.6.0",
        "format": "txt", "ocr": None,
    },
}  # fmt: skip


def test_version_1_is_read_and_its_fields_keep_their_meaning() -> None:
    read = ContractResult.model_validate(VERSION_1).model_dump(mode="json")
    assert read["schema_version"] == 2
    assert (read["counts"]["counted"], read["counts"]["clauses"], read["clauses"]) == (2, None, [])
    assert (read["provenance"]["judge"], read["provenance"]["sure_threshold"]) == ("", None)
    for name in VERSION_1.keys() - {"schema_version", "counts", "provenance", "findings"}:
        assert read[name] == VERSION_1[name]
    for name in ("counts", "provenance"):
        assert read[name] | VERSION_1[name] == read[name]
    assert [finding | FOUND for finding in read["findings"]] == read["findings"]
    validator("result").validate(read)


@pytest.mark.parametrize("change", [{"schema_version": 3}, {"counts": None}, {"counts": {"sentences": 3}}])
def test_what_is_no_version_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ContractResult.model_validate(VERSION_1 | change)
