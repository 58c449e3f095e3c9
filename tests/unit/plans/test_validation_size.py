"""Plans of any size: nothing recurses over the steps, and no part of the work grows with their square."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest

from services.plans.model import Step, StepInput, dependencies, levels
from services.plans.validation import FaultCode, Report
from tests.support.builders import body, codes, component, given, plan, report, step

MANY = 10_000


def by_next(count: int) -> tuple[Step, ...]:
    return tuple(step(f"s{n}", then=[f"s{n + 1}"] if n + 1 < count else []) for n in range(count))


def by_reference(count: int) -> tuple[Step, ...]:
    steps = (step(f"s{n}", "free", *body(x="{{" + f"s{n - 1}.id" + "}}")) for n in range(1, count))
    return (step("s0"), *steps)


def ring(count: int) -> tuple[Step, ...]:
    return tuple(step(f"s{n}", then=[f"s{(n + 1) % count}"]) for n in range(count))


def ring_of_references(count: int) -> tuple[Step, ...]:
    return tuple(step(f"s{n}", "free", *body(x="{{" + f"s{(n + 1) % count}.id" + "}}")) for n in range(count))


def behind_a_cycle(count: int) -> tuple[Step, ...]:
    return (step("p", then=["q"]), step("q", then=["p", "s0"]), *by_next(count - 2))


@pytest.mark.parametrize("chain", [by_next, by_reference])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_chain_of_ten_thousand_steps_is_valid(chain: Callable[[int], tuple[Step, ...]], backwards: bool) -> None:
    steps = chain(MANY)[:: -1 if backwards else 1]
    assert report(steps, max_steps=MANY) == Report()
    needs = dependencies(plan(*steps))
    assert needs[f"s{MANY - 1}"] == (f"s{MANY - 2}",)
    assert len(levels(needs)) == MANY


def test_a_ring_of_ten_thousand_steps_is_one_cycle() -> None:
    said = report(ring(MANY), max_steps=MANY)
    assert codes(said.errors) == [FaultCode.CYCLE]
    assert said.errors[0].detail["cycle"] == [f"s{n}" for n in range(MANY)]


def test_ten_thousand_steps_behind_a_cycle_are_unreachable() -> None:
    said = report(behind_a_cycle(MANY), max_steps=MANY)
    assert Counter(codes(said.errors)) == {FaultCode.CYCLE: 1, FaultCode.UNREACHABLE_STEP: MANY - 2}


def layers(count: int) -> tuple[Step, ...]:
    """Each step has four steps after it, by turns as `next` and as references."""
    return tuple(
        step(
            f"s{n}",
            "free",
            *body(**{f"x{m}": "{{" + f"s{m}.id" + "}}" for m in range(max(0, n - 3), n - 1)}),
            then=[f"s{m}" for m in range(n + 1, min(n + 3, count))],
        )
        for n in range(count)
    )


def fan_in(count: int) -> tuple[Step, ...]:
    return (*(step(f"s{n}", then=["last"]) for n in range(count - 1)), step("last"))


def with_many_inputs(count: int) -> tuple[Step, ...]:
    return (step("a", "free", *(given("body", f"x{n}", "{{b.id}} {{") for n in range(count))),)


def with_one_input_many_times(count: int) -> tuple[Step, ...]:
    return (step("a", "free", *(given("body", "x", "1") for _ in range(count))),)


def with_a_long_literal(count: int) -> tuple[Step, ...]:
    return (step("a", "list", StepInput(location="body", name="x", value="[" + "1," * count + "1]")),)


def that_share_an_id(count: int) -> tuple[Step, ...]:
    return tuple(step("a", then=["a"]) for _ in range(count))


LISTS = component(
    "list", request_schema={"properties": {"x": {"type": "array", "items": {"type": "string"}}}, "required": ["y"]}
)


@pytest.mark.parametrize(
    "shape",
    [
        by_next,
        by_reference,
        ring,
        ring_of_references,
        behind_a_cycle,
        layers,
        fan_in,
        with_many_inputs,
        with_one_input_many_times,
        with_a_long_literal,
        that_share_an_id,
    ],
)
def test_the_time_is_in_proportion_to_the_plan(shape: Callable[[int], tuple[Step, ...]]) -> None:
    def best(count: int) -> float:
        steps = shape(count)
        times = []
        for _ in range(2):
            start = time.process_time()
            report(steps, LISTS, max_steps=count)
            times.append(time.process_time() - start)
        return min(times)

    # Ten times the plan takes ten times as long, and a hundred times if the time grows with its square.
    assert best(2_000) < 35 * max(best(200), 0.0005)


@pytest.mark.parametrize("count", [100_000])
def test_a_hundred_thousand_inputs_are_judged(count: int) -> None:
    said = report(with_one_input_many_times(count))
    assert Counter(codes(said.errors)) == {FaultCode.DUPLICATE_INPUT: count - 1}


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "a." * 500_000, "{{" * 500_000, "[" * 1_000_000, "\x00\ud800\u202e"]
)
def test_a_hostile_text_anywhere_is_judged_and_cut(text: str) -> None:
    inputs = [StepInput(location=place, name=text, value=text) for place in ("path", "query", "header", "body")]
    made = Step(step_id=text, component_id=text, inputs=tuple(inputs), next=(text, "gone" + text))
    known = Step(step_id="a", component_id="free", inputs=tuple(inputs))
    said = report((made, known))
    assert {FaultCode.MALFORMED_STEP_ID, FaultCode.UNKNOWN_COMPONENT, FaultCode.DANGLING_NEXT} <= set(
        codes(said.errors)
    )
    assert all(len(repr(fault)) < 2_000 for fault in (*said.errors, *said.warnings))


def test_steps_that_all_refer_to_each_other_are_judged_soon() -> None:
    names = [f"s{number}" for number in range(500)]
    all_of_them = {name: " ".join(f"{{{{{other}.id}}}}" for other in names if other != name) for name in names}
    steps = [step(name, "free", *body(x=text)) for name, text in all_of_them.items()]
    started = time.process_time()
    said = report(plan(*steps), max_steps=500)
    assert time.process_time() - started < 5  # about 1 s where nothing else runs
    assert {found.code for found in said.errors} == {FaultCode.CYCLE, FaultCode.NOT_UPSTREAM}
    assert len(said.errors) <= 2_001
