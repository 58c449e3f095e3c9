"""What leaves the house says where it came from: at a gate, in the details of a run or a step, and in the plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.views.card import card
from bot.views.modals.plan import details_modal
from bot.views.modals.run import run_details_modal
from bot.views.modals.step import step_details_modal
from bot.views.plan.origins import Answers
from bot.views.plan.steps import in_order
from bot.views.run.origins import Origins
from services.components.builtins import ASK_PERSON, BUILTINS
from services.components.specs import ComponentSpec
from services.plans.model import Step, StepInput
from services.queries.snapshots import PlanSnapshot, VersionSnapshot
from services.states import PlanState, RunState, StepState
from tests.support import run_samples, samples
from tests.support.builders import Location, given, step
from tests.support.sent_lines import sent_lines
from tests.support.slack_rules import HARMFUL, check_message, check_modal, words

COMPONENTS = {
    "crews.find": ComponentSpec("crews.find", "Find a crew"),
    "send": ComponentSpec("send", "Send it", http_method="POST"),
    ASK_PERSON: BUILTINS[ASK_PERSON],
}
FIND, ASK = step("find", "crews.find"), step("ask", ASK_PERSON)
CREW, PERSON, REPORT = "from the answer of “Find a crew”", "from the answer of a person", "from the report"


def sending(*inputs: StepInput, components: dict[str, ComponentSpec] | None = None) -> VersionSnapshot:
    plan = samples.VERSION.plan.model_copy(update={"steps": (FIND, ASK, step("send", "send", *inputs))})
    return replace(samples.VERSION, plan=plan, components=components or COMPONENTS)


def origins(*inputs: StepInput) -> Origins:
    version = sending(*inputs)
    return Origins(version.plan.steps[-1], Answers.of(in_order(version)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{find.id}}", CREW),
        ("{{ask.answer}}", PERSON),
        ("{{issue.reporter}}", REPORT),
        ("{{run.id}}", "from the run"),
        ("Crew {{find.id}}", f"partly {CREW}"),
        ("{{find.id}}{{find.name}}{{issue.place}}", f"{CREW} and the report"),
        ("Crew", ""),
        ("", ""),
        ("{{gone.id}}", "from the answer of “gone”"),
    ],
)
def test_a_value_says_where_it_comes_from(text: str, words: str) -> None:
    assert Answers.of(in_order(sending())).came_from(text) == words


SENT: list[tuple[StepInput, dict[str, Any], list[str]]] = [
    (given("body", "to", "{{find.id}}"), {"body": {"to": "C1"}}, [f"To ({CREW}): C1"]),
    (given("body", "to", "me"), {"body": {"to": "me"}}, ["To: me"]),
    (given("query", "q", "{{ask.answer}}"), {"query": [["q", "red"]]}, [f"Q ({PERSON}): red"]),
    (given("header", "X-to", "{{find.id}}"), {"headers": {"X-To": "C1"}}, [f"X to (header) ({CREW}): C1"]),
    (given("path", "crew", "{{find.id}}"), {"url": "https://a.example/crews/C1"}, [f"Crew ({CREW}): C1"]),
    # A value that is not in the address any more: what was answered has been filled in by a person since.
    (given("path", "crew", "{{find.id}}"), {"url": "https://a.example/crews/C2"}, [f"Crew ({CREW}): see Details"]),
    (given("path", "crew", "C 1"), {"url": "https://a.example/crews/C%201"}, ["Crew: C 1"]),
    (given("body", "at.lat", "{{find.lat}}"), {"body": {"at": {"lat": 1}}}, [f"At lat ({CREW}): 1"]),
    (given("body", "a.b", "{{find.x}}"), {"body": {"a.b": {"c": 1}}}, [f"A b c ({CREW}): 1"]),
    (
        given("body", "at", '{"street": "{{issue.place}}", "crews": [{"id": "{{find.id}}"}], "city": "Salem"}'),
        {"body": {"at": {"street": "Main", "crews": [{"id": "C1"}], "city": "Salem"}}},
        [f"At street ({REPORT}): Main", "At city: Salem", f"At crews 1 id ({CREW}): C1"],
    ),
    (
        given("body", "tags", '["{{find.a}}", "{{ask.answer}}"]'),
        {"body": {"tags": ["x", "y"]}},
        [f"Tags ({CREW} and the answer of a person): x, y"],
    ),
    (given("body", "body", "{{find.orders}}"), {"body": [{"id": 1}]}, [f"1 id ({CREW}): 1"]),
    (given("body", "body", "{{ask.answer}}"), {"body": "hello"}, [f"Text ({PERSON}): hello"]),
    (given("variable", "to", "{{find.id}}"), {"body": {"to": "C1"}}, [f"To ({CREW}): C1"]),
]


@pytest.mark.parametrize(("item", "request_", "shown"), SENT)
def test_each_value_that_is_sent_does(item: StepInput, request_: dict[str, Any], shown: list[str]) -> None:
    step = Step(step_id="x", component_id="x", inputs=(item,))
    outputs = {"find": {"id": "C1"}}
    assert sent_lines(request_, 20, 200, origins(item), step=step, outputs=outputs) == shown


def test_a_value_of_the_query_is_not_taken_for_one_of_the_body() -> None:
    both = origins(given("query", "id", "{{find.id}}"), given("body", "id", "7"))
    assert sent_lines({"query": [["id", "C1"]], "body": {"id": 7}}, 9, 99, both) == [f"Id ({CREW}): C1", "Id: 7"]


def test_little_room_cuts_the_words_too() -> None:
    assert sent_lines({"body": {"to": "C1"}}, 9, 20, origins(given("body", "to", "{{find.id}}"))) == [
        "To (from the answer of…): C1"
    ]


def at_gate(*inputs: StepInput, **more: Any) -> PlanSnapshot:
    asked = run_samples.step("send", StepState.WAITING, gated=True, request=run_samples.REQUESTS["tell"])
    snapshot = run_samples.run(RunState.WAITING)
    assert snapshot.run is not None
    run = replace(snapshot.run, steps=(*run_samples.done("find", "ask"), asked))
    return replace(samples.decided(PlanState.APPROVED), version=sending(*inputs, **more), run=run)


TO, TEXT = given("body", "to", "{{issue.reporter}}"), given("body", "text", "Crew {{find.name}} comes")


def test_so_say_the_gate_and_the_details() -> None:
    snapshot = at_gate(TO, TEXT)
    message = card(snapshot, card_id=run_samples.RUN_ID)
    check_message(message)
    run, modal = run_details_modal(snapshot), step_details_modal(snapshot, run_samples.step_uuid("send"), None)
    assert modal is not None
    for view in (run, modal):
        check_modal(view)
    for seen in (words(message.blocks), words(run["blocks"])):
        assert f"To ({REPORT}): " in seen
        assert f"Text (partly {CREW}): " in seen
    assert f"Where values come from\nto: {REPORT}\ntext: partly {CREW}" in words(modal["blocks"])


def test_a_step_with_nothing_but_its_own_says_nothing_of_it() -> None:
    modal = step_details_modal(at_gate(given("body", "to", "me")), run_samples.step_uuid("send"), None)
    assert modal is not None
    assert "Where values come from" not in words(modal["blocks"])


def test_the_plan_names_who_will_answer() -> None:
    view = details_modal(
        samples.draft(plan=sending(TO, TEXT, given("body", "why", "{{ask.answer}}")).plan, components=COMPONENTS)
    )
    check_modal(view)
    seen = words(view["blocks"])
    assert "• To: [who reported it]\n" in seen
    assert f"• Text: Crew [the name from step 1] comes (partly {CREW})" in seen
    assert f"• Why: [the answer from step 2] ({PERSON})" in seen


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: repr(text[:12]))
@pytest.mark.parametrize("place", ["path", "query", "header", "body"])
def test_no_name_and_no_value_rings_or_is_too_long(text: str, place: Location) -> None:
    named = {**COMPONENTS, "crews.find": ComponentSpec("crews.find", text)}
    inputs = [
        Step.model_validate(
            {
                "step_id": "x",
                "component_id": "x",
                "inputs": [{"in": place, "name": f"{text}{n}", "value": "{{find.id}}" + text} for n in range(14)],
            }
        ).inputs
    ]
    snapshot = at_gate(*inputs[0], components=named)
    check_message(card(snapshot, card_id=run_samples.RUN_ID))
    check_modal(run_details_modal(snapshot))
    modal = step_details_modal(snapshot, run_samples.step_uuid("send"), {"text": text})
    assert modal is not None
    check_modal(modal)
    check_modal(details_modal(replace(snapshot, run=None)))
