from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats.text import clip
from services.plans.validation.faults import Fault, FaultCode, Report, fault

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
details = st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), json_values, max_size=3)


@given(st.sampled_from(FaultCode), st.none() | st.text(), st.none() | st.text(), details)
def test_a_fault_is_kept_and_read_back(
    code: FaultCode, step_id: str | None, field: str | None, detail: dict[str, Any]
) -> None:
    made = Fault(code, step_id, field, detail)
    assert Fault.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@given(st.text(), st.text(), details)
def test_a_fault_made_from_anything_can_be_kept(step_id: str, field: str, detail: dict[str, Any]) -> None:
    made = fault(FaultCode.CYCLE, step_id * 50, field * 50, **detail)
    written = json.dumps(made.to_dict(), ensure_ascii=False).encode()
    assert Fault.from_dict(json.loads(written)) == made
    assert b"\\u00" not in written.replace(b"\\\\", b"")
    assert len(made.step_id or "") <= 65
    assert len(made.field or "") <= 201


def test_what_is_no_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="gone"):
        Fault.from_dict({"code": "gone", "step_id": None, "field": None, "detail": {}})


def test_long_facts_are_cut() -> None:
    made = fault(
        FaultCode.INVALID_LITERAL, "a", "body.x", value="x" * 999, expected=["y" * 999], deep={"z": "z" * 999}
    )
    assert made.detail["value"] == "x" * 200 + "…"
    assert made.detail["expected"] == ["y" * 200 + "…"]
    assert len(made.detail["deep"]) == 201


def test_control_characters_are_replaced() -> None:
    assert clip("a\x00b\nc\x1b[31m\ud800\x85é") == "a\ufffdb\ufffdc\ufffd[31m\ufffd\ufffdé"


def test_a_report_parts_errors_from_warnings() -> None:
    error, warning = Fault(FaultCode.CYCLE), Fault(FaultCode.UNJUDGED)
    assert Report.of([warning, error]) == Report((error,), (warning,))
    assert not Report.of([warning, error]).ok
    assert Report.of([warning]).ok


def test_which_codes_are_warnings() -> None:
    assert {code.value for code in FaultCode if Fault(code).is_warning} == {
        "policy_hours_at_gate",
        "unknown_citation",
        "unlisted_input",
        "leftover_placeholder",
        "unguarded_reference",
        "unused_selection",
        "reporter_not_told",
        "reporter_told_early",
        "repeated_write",
        "unused_look_up",
        "late_search",
        "unused_output",
        "misnamed_step",
        "unjudged",
    }
