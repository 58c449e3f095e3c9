"""What a forecast makes of a graph and of how such steps went before."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import pytest

from services.components.builtins import BUILTINS
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.plans.forecast import LEAST, Forecast, Record, forecast, timed_components
from services.plans.model import Plan, Step, StepInput

STEADY = [10.0] * 20
"""It always takes ten seconds."""

UNSTEADY = [*[1.0] * 17, *[60.0] * 3]
"""Mostly one second, and a minute three times in twenty."""

OF_STEADY, OF_UNSTEADY = Record(STEADY, 20), Record(UNSTEADY, 20)

COMPONENTS: Mapping[str, ComponentSpec] = {
    "steady": ComponentSpec("steady", "Steady"),
    "unsteady": ComponentSpec("unsteady", "Unsteady"),
    "locked": ComponentSpec("locked", "Locked", approval=ApprovalPolicy.STEP),
    **BUILTINS,
}


def step(step_id: str, key: str = "steady", *then: str, gate: bool = False, **inputs: str) -> Step:
    given = tuple(StepInput(location="body", name=name, value=value) for name, value in inputs.items())
    return Step(step_id=step_id, component_id=key, next=then, inputs=given, requires_approval=gate)


def chain(length: int, component: str = "steady") -> list[Step]:
    return [step(f"s{n}", component, f"s{n + 1}") for n in range(length - 1)] + [step(f"s{length - 1}", component)]


def wide(width: int, component: str = "steady") -> list[Step]:
    return [step(f"s{n}", component) for n in range(width)]


DIAMOND = [
    step("first", "steady", "left", "right"),
    step("left", "steady", "longer"),
    step("longer", "steady", "last"),
    step("right", "steady", "last"),
    step("last"),
]


def told(
    steps: Iterable[Step],
    *,
    steady: Record | None = OF_STEADY,
    unsteady: Record | None = OF_UNSTEADY,
) -> Forecast:
    records = {"steady": steady, "unsteady": unsteady}
    known = {key: record for key, record in records.items() if record is not None}
    return forecast(Plan(workflow_name="w", steps=tuple(steps)), COMPONENTS, known)


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [([step("one")], 10), (chain(7), 70), (wide(30), 10), (DIAMOND, 40), ([*chain(3), step("apart")], 30)],
    ids=["one", "chain", "wide", "diamond", "chain and one apart"],
)
def test_steady_steps_take_as_long_as_the_longest_path(steps: list[Step], seconds: float) -> None:
    made = told(steps)
    assert (made.usual_seconds, made.long_seconds) == (seconds, seconds)


def test_a_reference_is_waited_for_as_well() -> None:
    assert told([step("a"), step("b", text="{{a.id}}")]).usual_seconds == 20


def test_a_long_chain_does_not_have_bad_luck_at_every_step() -> None:
    made = told(chain(10, "unsteady"))
    assert made.usual_seconds is not None
    assert made.long_seconds is not None
    assert 10 <= made.usual_seconds < made.long_seconds < 10 * 60
    assert told([step("one", "unsteady")]).usual_seconds == 1


def test_of_many_side_by_side_one_is_likely_slow() -> None:
    assert told(wide(1, "unsteady")).usual_seconds == 1
    assert told(wide(30, "unsteady")).usual_seconds == 60


def test_the_same_plan_is_told_the_same_each_time() -> None:
    steps = [*chain(9, "unsteady"), *(step(f"w{n}", "unsteady") for n in range(9))]
    spread = Record([n**1.5 for n in range(50)], 50)
    assert told(steps, unsteady=spread) == told(steps, unsteady=spread)


def test_the_chance_is_that_no_step_needs_help() -> None:
    made = told(
        [step("a"), step("b", "unsteady"), step("c", "unsteady")],
        steady=Record([1.0] * 9, 10),
        unsteady=Record([1.0] * 4, 5),
    )
    assert made.chance == pytest.approx(0.9 * 0.8 * 0.8)


@pytest.mark.parametrize("few", [None, Record([], 0), Record([1.0] * (LEAST - 1), LEAST - 1)])
def test_too_little_history_is_none(few: Record | None) -> None:
    alone = told(chain(3, "unsteady"), unsteady=few)
    assert alone == Forecast(unknown=("unsteady",))
    beside = told([step("a", "unsteady", "b"), step("b"), step("c", "unsteady")], unsteady=few)
    assert (beside.usual_seconds, beside.chance, beside.unknown) == (10, 1, ("unsteady",))


def test_just_enough_history_counts_also_where_it_was_mostly_bad() -> None:
    made = told([step("a")], steady=Record([3.0], LEAST))
    assert (made.usual_seconds, made.chance, made.unknown) == (3, 1 / LEAST, ())


def test_what_never_went_by_itself_has_a_chance_and_no_time() -> None:
    made = told([step("a")], steady=Record([], LEAST))
    assert (made.usual_seconds, made.long_seconds, made.chance, made.unknown) == (None, None, 0, ())


def test_people_are_counted_and_not_timed() -> None:
    made = told(
        [step("a", "steady", "b", gate=True), step("b", "slack.ask_person", "c"), step("c"), step("d", "locked")]
    )
    assert (made.usual_seconds, made.approvals, made.answers) == (20, 2, 1)
    assert made.unknown == ("locked",)


def test_waits_stand_apart_by_the_longest_path() -> None:
    made = told(
        [
            step("a", "wait.for", "b", minutes="30"),
            step("b", "steady", "c"),
            step("c", "wait.for", minutes="15.5"),
            step("d", "wait.for", minutes="40"),
            step("e", "wait.until", "f", component="steady", field="x", at_most_minutes="60"),
            step("f", "wait.until", component="steady", field="x"),
        ]
    )
    assert (made.usual_seconds, made.wait_minutes, made.poll_minutes, made.open_waits) == (10, 45.5, 60 + 1_440, 0)


@pytest.mark.parametrize("minutes", ["{{a.minutes}}", "", "soon", "nan", "inf"])
def test_minutes_that_only_the_run_can_tell_are_open(minutes: str) -> None:
    waits = [step("b", "wait.for", minutes=minutes), step("c", "wait.until", at_most_minutes=minutes)]
    made = told([step("a"), *waits])
    assert (made.wait_minutes, made.poll_minutes, made.open_waits) == (0, 0, 2)


def test_only_what_has_a_time_of_its_own_is_looked_up() -> None:
    steps = [step("a"), step("b", "wait.for"), step("c", "slack.ask_person"), step("d", "slack.notify"), step("e")]
    assert timed_components(Plan(workflow_name="w", steps=tuple(steps))) == ("steady", "slack.notify")


@pytest.mark.parametrize(
    "steps", [[], [step("a", "steady", "a")], [step("a", "steady", "b"), step("b", "steady", "a")]]
)
def test_no_plan_is_too_odd(steps: list[Step]) -> None:
    assert told(steps).usual_seconds in (None, 0)


def test_ten_thousand_steps_are_told_soon() -> None:
    steps = [step(f"s{n}", "unsteady", f"s{n + 100}") for n in range(10_000)]
    started = time.perf_counter()
    assert told(steps).usual_seconds
    assert time.perf_counter() - started < 5
