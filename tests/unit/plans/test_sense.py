"""Sense: nothing is said of sixty good plans of six kinds of towns, and every bad one is found."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given as given_that
from hypothesis import strategies as st

from services.components.builtins import ASK_PERSON, BUILTINS, NOTIFY, WAIT_FOR
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.plans.model import Plan, Step
from services.plans.validation import Fault, FaultCode, Report, validate
from services.plans.validation.faults import SENSE
from services.plans.validation.sense import sense_faults
from tests.support.builders import body, component, given, step
from tests.support.properties import costly
from tests.support.town_plans import TownPlan, good_plans, senseless_plans

GOOD, SENSELESS = tuple(good_plans()), tuple(senseless_plans())


def judged(made: TownPlan) -> Report:
    return validate(made.plan, made.components, selected=[step.component_id for step in made.plan.steps])


def found(faults: tuple[Fault, ...]) -> Counter[tuple[str, str | None]]:
    return Counter((fault.code.value, fault.step_id) for fault in faults)


@pytest.mark.parametrize("made", GOOD, ids=str)
def test_nothing_is_said_of_a_good_plan(made: TownPlan) -> None:
    assert judged(made) == Report()


@pytest.mark.parametrize("made", SENSELESS, ids=str)
def test_a_plan_without_sense_is_valid_and_found(made: TownPlan) -> None:
    said = judged(made)
    assert said.ok
    assert found(said.warnings) == Counter(made.faults)


def test_there_are_enough_of_each() -> None:
    assert len(GOOD) >= 60
    assert set(Counter(made.town for made in GOOD).values()) == {10}
    kinds = Counter(code for made in SENSELESS for code, _ in made.faults)
    assert kinds.keys() == set(SENSE)
    assert min(kinds.values()) >= 2
    assert len(SENSELESS) >= 20


@pytest.mark.parametrize("made", [*GOOD, *SENSELESS], ids=str)
def test_the_order_in_which_the_steps_are_listed_changes_nothing(made: TownPlan) -> None:
    turned = made.plan.model_copy(update={"steps": made.plan.steps[::-1]})
    said = found(judged(replace(made, plan=turned)).warnings)
    # Of two steps side by side that do the same, either is the second; and so is the one that tells last.
    sided = {FaultCode.REPEATED_WRITE.value, FaultCode.REPORTER_TOLD_EARLY.value}
    codes = Counter(code for code, _ in said.elements())
    assert codes == Counter(code for code, _ in made.faults)
    assert {each for each in said if each[0] not in sided} == {
        each for each in made.faults if each[0] not in sided
    }


FOUND = {
    "id": {"type": "string"},
    "name": {"type": ["string", "null"]},
    "crews": {"type": "array", "items": {"type": "object", "properties": {"crew_id": {"type": "string"}}}},
}
LOOK = component(
    "town.look",
    category="reports",
    query_params={"place": {"type": "string"}},
    response_schema={"type": "object", "properties": FOUND},
)
WRITE = component(
    "town.write",
    category="work",
    http_method="POST",
    approval=ApprovalPolicy.PLAN,
    request_schema={"type": "object"},
)
TELL = component("mail.tell", http_method="POST")
KNOWN = {**BUILTINS, **{spec.key: spec for spec in (LOOK, WRITE, TELL)}}
TOLD = step("told", "mail.tell", *body(to="{{issue.reporter}}"))


def sense(*steps: Step) -> list[str]:
    plan = Plan(workflow_name="", steps=steps)
    return [f"{fault.code.value} {fault.step_id}" for fault in sense_faults(plan, KNOWN)]


def looks(*then: str, outputs: tuple[str, ...] = ()) -> Step:
    made = step("a", "town.look", given("query", "place", "5th"), then=then)
    return made.model_copy(update={"outputs": outputs})


def writes(step_id: str = "b", *then: str, gate: bool = False, what: str = "x") -> Step:
    made = step(step_id, "town.write", *body(what=what), then=then)
    return made.model_copy(update={"requires_approval": gate})


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((looks("b"), writes("b", "told"), TOLD), ["unused_look_up a"]),
        ((looks("b"), writes("b", "told", gate=True), TOLD), []),
        ((looks("b"), writes("b", "c"), writes("c", "told", gate=True, what="y"), TOLD), []),
        ((looks("b"), writes("b", "told", what="{{a.id}}"), TOLD), []),
        ((looks("b"), writes("b", "told", what='{"deep": ["{{ a.id }}"]}'), TOLD), []),
        ((looks("ask"), step("ask", ASK_PERSON, then=["b"]), writes("b", "told"), TOLD), []),
        ((writes("b", "told", gate=True), looks(), TOLD), ["unused_look_up a"]),
        ((writes("b", "told"), looks(outputs=("id",)), TOLD), []),
        ((writes("b", "a", "told"), looks(), TOLD), []),
        ((looks(),), []),
        ((looks("told"), TOLD), ["unused_look_up a"]),
    ],
)
def test_who_uses_a_look_up(steps: tuple[Step, ...], said: list[str]) -> None:
    assert sense(*steps) == said


@pytest.mark.parametrize(
    ("outputs", "taken", "said"),
    [
        (("name",), "{{a.id}}", ["unused_output a"]),
        (("name", "id"), "{{a.id}}", []),
        (("data.id",), "{{a.id}}", []),
        (("crew_id",), "{{a.crews[0].crewId}}", []),
        (("crews[0].crew_id",), "{{a.crews}}", []),
        (("name",), "{{a}}", []),
        (("name",), "{{a.unheard_of}}", []),
    ],
)
def test_which_outputs_are_used(outputs: tuple[str, ...], taken: str, said: list[str]) -> None:
    assert sense(looks("b", outputs=outputs), writes("b", "told", what=taken), TOLD) == said


def test_what_makes_sure_that_there_is_something_is_used() -> None:
    by_path = step("a", "town.look", given("path", "id", "W-1"), then=["b"])
    assert sense(by_path, writes("b", "told", what="W-1"), TOLD) == []
    assert sense(by_path, writes("b", "told", what="W-2"), TOLD) == ["unused_look_up a"]


@pytest.mark.parametrize(
    ("between", "said"),
    [
        (step("m", WAIT_FOR, *body(minutes="5"), then=["c"]), []),
        (step("m", ASK_PERSON, then=["c"]), []),
        (step("m", NOTIFY, *body(to="C1"), then=["c"]), ["repeated_write c"]),
        (step("m", "town.write", *body(what="y"), then=["c"]), ["repeated_write c"]),
    ],
)
def test_what_is_a_reason_to_do_the_same_again(between: Step, said: list[str]) -> None:
    assert sense(writes("b", "m"), between, writes("c", "told"), TOLD) == said


def test_what_was_undone_is_done_again() -> None:
    on = step("on", "town.write", given("path", "valve", "V1"), *body(to="open"), then=["off"])
    off = step("off", "town.write", given("path", "valve", "V1"), *body(to="shut"), then=["again"])
    again = step("again", "town.write", given("path", "valve", "V1"), *body(to="open"), then=["told"])
    assert sense(on, off, again, TOLD) == []
    elsewhere = off.model_copy(update={"inputs": (given("path", "valve", "V2"), *body(to="shut"))})
    assert sense(on, elsewhere, again, TOLD) == ["repeated_write again"]


@pytest.mark.parametrize(
    "unsound",
    [
        (writes("b", "b"), writes("c"), writes("c")),
        (writes("b", "c"), writes("c", "b")),
        (writes("b"), writes("b")),
        (writes("b", "gone"), writes("c")),
        (writes("b", what="{{gone.id}}"), writes("c", what="{{gone.id}}")),
        (writes("b"), writes("c"), step("d", "nobody")),
        (),
    ],
)
def test_a_plan_that_is_not_sound_is_not_judged(unsound: tuple[Step, ...]) -> None:
    assert sense(*unsound) == []


odd_text = st.text(max_size=20) | st.sampled_from(
    ["{{s0}}", "{{s0.id}}", "{{s1[0].items}}", "{{", "[1, {}]", "{", "data[0].id", "a b c", "close the road"]
)
odd_schemas = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "#", "string"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "items", "properties", "$ref", "anyOf", "id", "work_id"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
odd_components = st.builds(
    component,
    st.sampled_from(["o0", "o1", "x.a", "x.b", "", "\x00"]),
    name=odd_text,
    description=odd_text,
    category=odd_text,
    type=st.sampled_from(["REST", "GRAPHQL", "BUILTIN", ""]),
    http_method=st.sampled_from(["GET", "POST", "post", ""]),
    approval=st.sampled_from(ApprovalPolicy),
    response_schema=odd_schemas,
)


@costly
@given_that(st.lists(odd_components, min_size=1, max_size=3), st.data())
def test_no_step_and_no_component_is_too_odd(known: list[ComponentSpec], data: st.DataObject) -> None:
    odd_steps = st.builds(
        Step,
        step_id=st.just(""),
        component_id=st.sampled_from([spec.key for spec in known]),
        description=odd_text,
        inputs=st.lists(st.builds(given, st.sampled_from(["path", "body"]), odd_text, odd_text), max_size=3),
        outputs=st.lists(odd_text, max_size=3),
        requires_approval=st.booleans(),
    )
    made = data.draw(st.lists(odd_steps, max_size=6))
    named = [each.model_copy(update={"step_id": f"s{number}"}) for number, each in enumerate(made)]
    plan = Plan(workflow_name="", steps=tuple(named))
    for fault in sense_faults(plan, {spec.key: spec for spec in known}):
        assert fault.code in SENSE
        assert Fault.from_dict(json.loads(json.dumps(fault.to_dict()))) == fault


def test_ten_thousand_equal_writes_are_judged() -> None:
    said = sense(
        *(writes(f"s{number}", f"s{number + 1}") for number in range(9_999)), writes("s9999", "told"), TOLD
    )
    assert 1 <= len(said) <= 100
