"""One step in a modal of its own: all that it sends and all that came back, or where all of it is."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from bot.slack.ids import VIEW_STEP_DETAILS
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import VIEW_SIZE
from bot.views.kit.text import clean, parts
from bot.views.modals.step import step_details_modal
from services.queries.snapshots import PlanSnapshot
from services.states import RunState, StepState
from tests.support import run_samples, samples
from tests.support.run_samples import run, step, step_uuid
from tests.support.slack_rules import check_modal, parsed, words

S = StepState
REQUEST: dict[str, Any] = {
    "method": "PUT",
    "url": "https://works.example.gov/areas/" + "long-name-" * 50,
    "query": [["channel", "sms"], ["channel", "mail"]],
    "headers": {"X-Reason": "burst main"},
    "own_headers": ["X-Town"],
    "body": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": "deep"}}}}}}}, "lines": "one\ntwo"},
    "body_format": "json",
    "auth": "bearer",
}


def opened(snapshot: PlanSnapshot, step_id: str, answer: Any = None) -> str:
    view = step_details_modal(snapshot, step_uuid(step_id), answer)
    assert view is not None
    check_modal(view)
    assert len(json.dumps(view["blocks"])) <= VIEW_SIZE
    assert len(view["blocks"]) <= kit.VIEW_BLOCKS
    assert view["callback_id"] == VIEW_STEP_DETAILS
    return words(view["blocks"])


def at_gate(**request: Any) -> PlanSnapshot:
    return run(RunState.WAITING, step("residents", S.WAITING, request={**REQUEST, **request}))


def boxed(seen: str) -> str:
    """Without the line ends at which a text was taken apart, or had of its own."""
    return seen.replace("\n", "")


def test_a_gate_shows_all_of_what_is_sent() -> None:
    seen = opened(at_gate(), "residents")
    assert f"Would send\nPUT {REQUEST['url']}" in seen
    assert "Query\nchannel: sms\nchannel: mail" in seen
    assert "Headers\nX-Reason: burst main\nX-Town: (set for this component)" in seen
    assert f"Body\n{json.dumps(REQUEST['body'], indent=2)}" in seen
    assert "Cut:" not in seen
    assert "Body (sent as a form)" in opened(at_gate(body_format="form"), "residents")


@pytest.mark.parametrize("length", [1_889, 15_000, 100_000])
def test_a_long_text_is_shown_to_its_end(length: int) -> None:
    text = ("word " * length)[: length - 3] + "end"
    seen = boxed(opened(at_gate(body={"text": text}), "residents"))
    assert text in seen
    assert "Cut:" not in seen


def test_many_values_are_all_there() -> None:
    body = {f"field_{number}": number for number in range(500)}
    seen = opened(at_gate(body=body), "residents")
    assert all(f'"field_{number}": {number}' in seen for number in range(500))


def test_what_no_view_can_hold_says_how_much_it_is_and_where() -> None:
    seen = opened(at_gate(body={"text": "word " * 100_000}), "residents")
    assert "word word" in seen
    assert "Cut: 501 kB in all; \nmudda export 12.1\n has it." in seen


def test_an_answer_is_shown_whole_or_says_how_much_it_is() -> None:
    done = run(RunState.COMPLETED, step("order", S.DONE))
    answer = [{"id": number, "name": f"Valve {number}"} for number in range(300)]
    seen = opened(done, "order", answer)
    assert boxed(json.dumps(answer, indent=2)) in boxed(seen)
    assert "Cut:" not in seen
    seen = opened(done, "order", {"notes": "x" * 900_000})
    assert "Cut: 900 kB in all" in seen
    assert "Sent\nPOST https://works.example.gov/areas/downtown/work-orders" in seen
    assert opened(done, "order", "Thank you.\nBye.").endswith("Answer\nThank you.\nBye.")


def test_a_request_and_an_answer_that_are_both_too_long_share_the_view() -> None:
    request = {**REQUEST, "body": {"text": "asked " * 100_000}}
    done = run(RunState.COMPLETED, step("order", S.DONE, request=request))
    seen = opened(done, "order", {"text": "answered " * 100_000})
    assert seen.count("Cut:") == 2
    assert seen.count("asked ") > 10_000
    assert seen.count("answered ") > 10_000


def test_it_says_how_the_step_stands_and_who_decided() -> None:
    seen = opened(run_samples.COMPLETED, "residents")
    assert "Done in 2 s · 1 attempt" in seen
    assert "Approved by" in seen


def test_a_step_that_is_not_there_has_no_modal() -> None:
    assert step_details_modal(run_samples.COMPLETED, UUID(int=1), None) is None
    assert step_details_modal(samples.DRAFT, step_uuid("order"), None) is None


@pytest.mark.parametrize(
    "text",
    [samples.HOSTILE, "<" * 40_000, "字" * 60_000, "🚰" * 40_000, "\n" * 9_000, "\ud800", "", "a\n" * 60_000],
    ids=lambda text: repr(text[:12]),
)
def test_whatever_is_in_it_fits_and_nothing_of_it_rings(text: str) -> None:
    snapshot = run_samples.hostile_run(text)
    assert snapshot.run is not None
    nested = {text or "a": [text]}
    for number, each in enumerate(snapshot.run.steps):
        for answer in (nested,) if number else (nested, text, None):
            view = step_details_modal(snapshot, each.id, answer)
            assert view is not None
            check_modal(view)
            assert len(json.dumps(view["blocks"])) <= VIEW_SIZE
            assert all("bold" not in string for string in parsed(view["blocks"]))


def test_the_title_fits_large_numbers() -> None:
    snapshot = replace(run_samples.long_run(1_000, S.DONE), number=123_456_789)
    assert snapshot.run is not None
    view = step_details_modal(snapshot, snapshot.run.steps[-1].id, None)
    assert view is not None
    check_modal(view)


@pytest.mark.parametrize("text", ["one\n  two\n\nthree\n" * 50, "x" * 1_000, "<&>" * 300, "", "\n\n"])
def test_parts_are_all_of_a_text(text: str) -> None:
    taken = list(parts(text, 100))
    assert "".join(taken).replace("\n", "") == clean(text).replace("\n", "")
    assert all(0 < len(part) <= 100 for part in taken)
