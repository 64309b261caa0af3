"""What counts as another result, and what does not."""

from __future__ import annotations

from scripts.same_results import differences

BEFORE = {
    "nda.txt": {
        "status": "completed",
        "result": {"findings": [{"page": 1}], "provenance": {"model": "a", "version": "1"}, "analysis_time": 0.3},
    }
}


def test_versions_times_and_model_names_are_not_compared() -> None:
    after = {
        "nda.txt": {
            "status": "completed",
            "result": {"findings": [{"page": 1}], "provenance": {"model": "b", "version": "2"}, "analysis_time": 0.9},
        }
    }
    assert list(differences(BEFORE, after)) == []


def test_every_other_value_that_differs_is_named() -> None:
    after = {"nda.txt": {"status": "failed", "result": {"findings": [{"page": 2}]}}, "lease.doc": {}}
    assert list(differences(BEFORE, after)) == [
        "lease.doc: null -> {}",
        "nda.txt/result/findings[0]/page: 1 -> 2",
        'nda.txt/result/provenance: {"model": "a", "version": "1"} -> null',
        'nda.txt/status: "completed" -> "failed"',
    ]
    assert list(differences([1], [1, 2])) == [": [1] -> [1, 2]"]
