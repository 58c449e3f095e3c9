"""What holds for every plan: good graphs pass, bad ones are named truly, and nothing is too odd to be judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from services.components.specs import ComponentSpec
from services.plans.model import Plan, Step, StepInput, dependencies, levels
from services.plans.validation import Fault, FaultCode, validate
from tests.support.builders import body, component, report, step
from tests.support.properties import costly

Edge = tuple[int, int, bool]

edges = st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24), st.booleans()), max_size=60)


def graph(count: int, edges: list[Edge], order: list[int]) -> tuple[Step, ...]:
    """Steps `s0`..., listed in `order`; an edge from one to another is a `next`, or a reference if it says so."""
    then: dict[int, list[str]] = {number: [] for number in range(count)}
    taken: dict[int, list[str]] = {number: [] for number in range(count)}
    for start, end, by_reference in edges:
        if by_reference:
            taken[end].append("{{" + f"s{start}.id" + "}}")
        else:
            then[start].append(f"s{end}")
    return tuple(
        step(f"s{number}", "free", *body(x=" ".join(taken[number])), then=then[number]) for number in order
    )


@st.composite
def acyclic(draw: st.DrawFn) -> tuple[int, list[Edge], list[int]]:
    count = draw(st.integers(2, 25))
    found = draw(edges)
    forward = [(a, b, by) for a, b, by in found if a < b < count]
    return count, forward, draw(st.permutations(range(count)))


@given(acyclic())
def test_any_acyclic_graph_is_valid(made: tuple[int, list[Edge], list[int]]) -> None:
    said = report(graph(*made))
    assert (said.errors, said.warnings) == ((), ())


@given(acyclic(), st.data())
def test_any_edge_back_makes_a_cycle_that_is_named_truly(
    made: tuple[int, list[Edge], list[int]], data: st.DataObject
) -> None:
    count, forward, order = made
    later = data.draw(st.integers(1, count - 1))
    earlier = data.draw(st.integers(0, later - 1))
    way = [(earlier, later, data.draw(st.booleans()))]
    back = (later, earlier, data.draw(st.booleans()))
    steps = graph(count, [*forward, *way, back], order)
    cycles = [fault for fault in report(steps).errors if fault.code is FaultCode.CYCLE]
    assert len(cycles) == 1
    cycle = cycles[0].detail["cycle"]
    assert len(set(cycle)) == len(cycle)
    assert {f"s{later}", f"s{earlier}"} <= set(cycle)
    assert_real(cycle, steps)


def assert_real(cycle: list[str], steps: tuple[Step, ...]) -> None:
    needs = dependencies(Plan(workflow_name="", steps=steps))
    for before, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
        assert before in needs[after]


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.booleans()), max_size=30))
def test_every_step_has_an_order_or_a_fault_that_says_why_not(count: int, found: list[Edge]) -> None:
    kept = [(a, b, by) for a, b, by in found if a < count and b < count and not (by and a == b)]
    steps = graph(count, kept, list(range(count)))
    needs = dependencies(Plan(workflow_name="", steps=steps))
    upstream = {step_id: reachable(needs, step_id) for step_id in needs}
    on_cycle = {step_id for step_id in needs if step_id in upstream[step_id]}
    behind = {step_id for step_id in needs if upstream[step_id] & on_cycle} - on_cycle
    errors = report(steps).errors
    assert {fault.step_id for fault in errors if fault.code is FaultCode.UNREACHABLE_STEP} == behind
    assert {step_id for level in levels(needs) for step_id in level} == needs.keys() - on_cycle - behind
    cycles = [fault.detail["cycle"] for fault in errors if fault.code is FaultCode.CYCLE]
    assert len(cycles) == len(
        {frozenset(upstream[step_id] & on_cycle_of(step_id, upstream)) for step_id in on_cycle}
    )
    for cycle in cycles:
        assert_real(cycle, steps)
    assert not errors or on_cycle


def reachable(needs: Mapping[str, tuple[str, ...]], start: str) -> set[str]:
    found: set[str] = set()
    work = [start]
    while work:
        for needed in needs[work.pop()]:
            if needed not in found:
                found.add(needed)
                work.append(needed)
    return found


def on_cycle_of(step_id: str, upstream: Mapping[str, set[str]]) -> set[str]:
    return {other for other in upstream[step_id] if step_id in upstream[other]}


@given(st.integers(2, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.booleans()), max_size=30))
def test_without_the_references_that_are_blamed_only_cycles_of_next_are_left(
    count: int, found: list[Edge]
) -> None:
    kept = [(a, b, by) for a, b, by in found if a < count and b < count and a != b]
    steps = graph(count, kept, list(range(count)))
    errors = report(steps).errors
    blamed = {
        (int(fault.detail["source"][1:]), int((fault.step_id or "")[1:]), True)
        for fault in errors
        if fault.code is FaultCode.NOT_UPSTREAM
    }
    assert blamed <= set(kept)
    assert not blamed or FaultCode.CYCLE in {fault.code for fault in errors}
    by_next = report(graph(count, [edge for edge in kept if not edge[2]], list(range(count))))
    assume(by_next.ok)
    assert report(graph(count, [edge for edge in kept if edge not in blamed], list(range(count)))).ok


# Names, references, values and none of these, so that plans are both half right and quite wrong.
ODD_TEXTS = [
    "",
    "a",
    "b",
    "issue",
    "run",
    "a.b",
    "{{a.x}}",
    "{{b.y[0]}}",
    "{{issue.text}}",
    "{{",
    "{{}}",
    "\x00",
    "\ud800",
]
ODD_VALUES = [
    "null",
    "true",
    "5",
    "1e999",
    "[1]",
    '{"a": 1}',
    '{"a": "{{a.x}}"}',
    "[" * 3_000,
    "9" * 5_000,
    "x" * 5_000,
]
odd_text = st.text(max_size=12) | st.sampled_from([*ODD_TEXTS, *ODD_VALUES])
odd_inputs = st.builds(
    StepInput,
    location=st.sampled_from(["path", "query", "header", "body", "variable"]),
    name=odd_text,
    value=odd_text,
)
odd_steps = st.builds(
    Step,
    step_id=odd_text,
    component_id=st.sampled_from(["odd", "free"]) | odd_text,
    inputs=st.lists(odd_inputs, max_size=4).map(tuple),
    next=st.lists(odd_text, max_size=3).map(tuple),
)
odd_plans = st.builds(Plan, workflow_name=odd_text, steps=st.lists(odd_steps, max_size=6).map(tuple))

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats()
    | st.sampled_from(["", "a", "string", "#", "#/a"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "type"]), inner, max_size=3)
    ),
    max_leaves=6,
)
keywords = st.sampled_from([*sorted(Draft202012Validator.VALIDATORS), "$defs", "$id", "then", "else", "default"])
types = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
schemas: st.SearchStrategy[Any] = st.recursive(
    st.builds(lambda name: {"type": name}, types) | st.just({}) | st.booleans(),
    lambda inner: st.one_of(
        st.dictionaries(keywords, json_values | inner, max_size=4),
        st.builds(lambda found: {"properties": found}, st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
        st.builds(
            lambda word, found: {word: found},
            st.sampled_from(["anyOf", "oneOf", "allOf"]),
            st.lists(inner, max_size=3),
        ),
        st.builds(lambda found: {"type": "array", "items": found}, inner),
    ),
    max_leaves=6,
)
odd_components = st.builds(
    ComponentSpec,
    key=st.just("odd"),
    name=odd_text,
    category=odd_text,
    type=st.sampled_from(["REST", "GRAPHQL", "RPC", "rest", ""]),
    path_params=st.dictionaries(odd_text, schemas, max_size=2) | json_values,
    query_params=st.dictionaries(odd_text, schemas, max_size=2) | json_values,
    headers=st.dictionaries(odd_text, schemas, max_size=2) | json_values,
    request_schema=schemas | json_values,
    response_schema=schemas | json_values,
    active=st.booleans(),
)


@costly
@given(odd_plans, odd_components, st.lists(odd_text, max_size=3))
def test_no_plan_and_no_component_is_too_odd(made: Plan, odd: ComponentSpec, selected: list[str]) -> None:
    said = validate(made, {"odd": odd, "free": component()}, selected=selected, max_steps=4)
    for fault in (*said.errors, *said.warnings):
        written = json.dumps(fault.to_dict(), ensure_ascii=False, allow_nan=False).encode()
        assert Fault.from_dict(json.loads(written)) == fault


@given(schemas, st.sampled_from(["a", "a.b", "b"]), odd_text)
def test_no_schema_and_no_value_is_too_odd(schema: Any, name: str, value: str) -> None:
    spec = component("odd", request_schema=schema, response_schema=schema)
    taken = "{{ask." + name + "[0]}}"
    validate(
        Plan(
            workflow_name="",
            steps=(
                step("ask", "odd", StepInput(location="body", name=name, value=value)),
                step("use", "odd", StepInput(location="body", name=name, value=taken)),
            ),
        ),
        {"odd": spec},
    )
