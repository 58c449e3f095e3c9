"""A dry run as it is shown: within Slack's limits, to the letter, and marked as what it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from bot.slack.messages import Message
from bot.views.messages.dry_run import NOTHING, dry_run
from services.plans.model import Plan, Step
from services.plans.validation import Fault, FaultCode
from services.queries.snapshots import PlanSnapshot, VersionSnapshot
from services.runs.dry_runs import DryRun, StepForecast, StepVerdict, mark
from tests.support import samples
from tests.support.slack_rules import check_message, words

ID = UUID(int=9)


def request(url: str = "https://works.example/orders", **body: Any) -> dict[str, Any]:
    return {"method": "POST", "url": url, "query": [["q", "1"]], "headers": {}, "body": body or None}


def forecast(
    step_id: str, fate: StepVerdict = StepVerdict.WOULD_SEND, *, gated: bool = False, **rest: Any
) -> StepForecast:
    return StepForecast(step_id, fate, gated, **{"request": request(title="Mend it"), **rest})


def drafted(*steps: Step) -> tuple[PlanSnapshot, VersionSnapshot]:
    snapshot = samples.GALLERY["Drafted"]
    assert snapshot.version is not None
    version = snapshot.version
    if steps:
        version = replace(version, plan=Plan(workflow_name="A plan", steps=steps))
    return replace(snapshot, version=version), version


def found(*steps: StepForecast, faults: tuple[Fault, ...] = ()) -> DryRun:
    return DryRun(ID, 1, samples.DECIDER, samples.MADE_AT, steps, faults)


def drawn(*forecasts: StepForecast, faults: tuple[Fault, ...] = ()) -> list[Message]:
    steps = tuple(Step(step_id=each.step_id, component_id="workorders.create") for each in forecasts)
    messages = dry_run(*drafted(*steps), found(*forecasts, faults=faults))
    for message in messages:
        check_message(message)
        assert NOTHING in words(message.blocks)
        assert NOTHING in message.text
    return messages


def said(*forecasts: StepForecast, faults: tuple[Fault, ...] = ()) -> str:
    return "\n".join(words(message.blocks) for message in drawn(*forecasts, faults=faults))


def test_each_fate_has_its_words() -> None:
    text = said(
        forecast("a"),
        forecast("b", StepVerdict.READ, output={"status": "open"}),
        forecast("c", StepVerdict.NOT_READ, awaits=("{{a.id}}",)),
        forecast("d", StepVerdict.WOULD_WAIT),
        forecast("e", StepVerdict.WOULD_FAIL, error={"code": "secret_missing", "name": "WORKS_KEY"}, gated=True),
        forecast("f", StepVerdict.WOULD_FAIL, error={"code": "component_missing"}, request=None),
    )
    for sentence in (
        "Of 6 steps: 1 would be sent, 1 would wait, 1 looked up for real, 1 would be looked up and 2 would fail.",
        "1 would need approval first.",
        "Looked up for real (read-only)",
        "Answered: status open",
        "Would send to “Create a work order”:",
        "Known only once it runs: id (step 1).",
        "Would fail. The password or key “WORKS_KEY” is not set.",
        "Would fail. Its component is no longer there.",
    ):
        assert sentence in text


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        ("host", "It does not answer at the moment, so it was not asked."),
        ("rate", "It may be called only so often"),
        ("busy", "It is busy at the moment"),
    ],
)
def test_a_look_up_that_could_not_be_made_now_says_why(held: str, sentence: str) -> None:
    looked = forecast("a", StepVerdict.NOT_READ, held=held)
    assert StepForecast.from_dict(looked.to_dict()) == looked
    text = said(looked)
    assert sentence in text
    assert "Would look up" in text


def test_what_is_not_known_yet_is_said_where_it_goes() -> None:
    reference = "{{a.items[0].order_id}}"
    wanted = request("https://works.example/orders/%EE%80%80%7B%7Ba.items%5B0%5D.order_id%7D%7D%EE%80%81/crew")
    wanted["body"] = {"note": f"See {mark(reference)}.", mark(reference): [mark(reference)]}
    wanted["query"] = [["order", mark(reference)]]
    text = said(forecast("a"), forecast("b", request=wanted, awaits=(reference,)))
    assert "Known only once it runs: order id (step 1)." in text
    assert "Note: See (the order id from step 1)." in text
    assert "Order: (the order id from step 1)" in text
    assert "\ue000" not in text
    assert "%EE" not in text


def test_a_text_that_looks_like_a_reference_is_shown_as_it_is() -> None:
    text = said(forecast("a"), forecast("b", request=request(text="{{a.id}} is what they wrote")))
    assert "Text: {{a.id}} is what they wrote" in text


@pytest.mark.parametrize("text", [samples.HOSTILE, *samples.SCRIPTS, "\u202e<!here>", "x" * 70_000])
def test_no_text_rings_formats_or_is_too_long(text: str) -> None:
    harm = forecast(
        "a",
        request=request(f"https://works.example/{text[:200]}", **{text[:100]: text, "deep": {"er": [text] * 30}}),
        output=text,
        error={"code": "http_status", "status": 400, "message": text},
        awaits=(text,),
    )
    many = [replace(harm, step_id=f"s{number}", fate=fate) for number, fate in enumerate(list(StepVerdict) * 3)]
    drawn(*many, faults=(Fault(FaultCode.UNKNOWN_COMPONENT, "s0", "component_id", {"component": text}),) * 9)


def test_a_thousand_steps_are_cut_at_ten_messages_and_the_last_says_so() -> None:
    messages = drawn(*(forecast(f"s{number}", request=request(text="word " * 200)) for number in range(1_000)))
    assert len(messages) == 10
    assert "more steps. Dry run: nothing was changed." in words(messages[-1].blocks)
    marks = [message.metadata for message in messages]
    assert len({str(mark) for mark in marks}) == 10


def test_what_is_wrong_with_the_plan_as_a_whole_is_said_once() -> None:
    fault = Fault(FaultCode.INACTIVE_COMPONENT, "a", "component_id", {"component": "workorders.create"})
    messages = drawn(*(forecast(f"s{number}") for number in range(100)), faults=(fault,))
    assert len(messages) > 1
    assert "switched off: “Create a work order”" in words(messages[0].blocks)
    assert "switched off" not in words(messages[1].blocks)


def test_the_same_dry_run_is_drawn_the_same() -> None:
    assert drawn(forecast("a")) == drawn(forecast("a"))
