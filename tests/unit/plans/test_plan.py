from __future__ import annotations

import json

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.plans.model import Plan, dependencies, levels, references
from tests.support.builders import body, given, plan, step


def test_what_a_step_needs_is_the_union_of_next_and_references_in_plan_order() -> None:
    made = plan(
        step("c", "free", *body(x="{{b.id}}", y='{"deep": ["{{a.id}}", "{{a.name}}"]}'), then=["d"]),
        step("a", then=["d", "d"]),
        step("b", "free", given("query", "q", "at {{a.where}} in {{issue.text}} of {{run.id}}")),
        step("d", then=[]),
    )
    assert dependencies(made) == {"c": ("a", "b"), "a": (), "b": ("a",), "d": ("c", "a")}


def test_what_names_no_step_is_no_dependency() -> None:
    made = plan(step("a", "free", *body(x="{{nobody.id}} {{a.id}} {{b.id"), then=["nobody"]), step("b"))
    assert dependencies(made) == {"a": (), "b": ()}


def test_a_step_after_itself_needs_itself() -> None:
    assert dependencies(plan(step("a", then=["a"]))) == {"a": ("a",)}


def test_steps_that_share_an_id_are_one() -> None:
    made = plan(
        step("a"), step("b", "free", *body(x="{{a.id}}")), step("c"), step("b", "free", *body(x="{{c.id}}"))
    )
    assert dependencies(made) == {"a": (), "b": ("a", "c"), "c": ()}


def test_a_step_called_issue_is_not_what_the_issue_means() -> None:
    assert dependencies(plan(step("issue"), step("a", "free", *body(x="{{issue.text}}")))) == {
        "issue": (),
        "a": (),
    }


def test_references_of_a_step_are_in_order() -> None:
    made = step("a", "free", *body(x="{{b.id}} {{oops", y="{{c}}"))
    assert [found.text for found in references(made)] == ["{{b.id}}", "{{c}}"]


def test_levels_are_what_can_start_together() -> None:
    needs = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": (), "f": ("e", "d")}
    assert levels(needs) == (("a", "e"), ("b", "c"), ("d",), ("f",))


def test_what_is_on_or_behind_a_cycle_is_in_no_level() -> None:
    assert levels({"a": (), "b": ("a", "c"), "c": ("b",), "d": ("c",)}) == (("a",),)
    assert levels({"a": ("a",)}) == ()
    assert levels({}) == ()


@for_all(st.dictionaries(st.integers(0, 30), st.sets(st.integers(0, 30)), max_size=30))
def test_each_step_comes_one_level_after_the_last_that_it_needs(graph: dict[int, set[int]]) -> None:
    needs = {str(n): tuple(str(m) for m in sorted(graph[n]) if m < n and m in graph) for n in graph}
    level_of = {step_id: number for number, level in enumerate(levels(needs)) for step_id in level}
    assert level_of.keys() == needs.keys()
    for step_id, needed in needs.items():
        assert level_of[step_id] == max((level_of[other] + 1 for other in needed), default=0)


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_postgresql_can_not_keep_is_replaced(text: str) -> None:
    made = Plan.model_validate(
        {
            "workflow_name": text,
            "description": text,
            "steps": [
                {
                    "step_id": text,
                    "component_id": text,
                    "description": text,
                    "inputs": [{"in": "body", "name": text, "value": text}],
                    "outputs": [text],
                    "next": [text],
                }
            ],
        }
    )
    written = json.dumps(made.model_dump(mode="json", by_alias=True), ensure_ascii=False)
    assert written.encode().decode().count("a\ufffdb") == 9


def test_a_plan_read_back_is_the_plan_that_was_made() -> None:
    made = plan(
        step("a", "free", given("path", "area", "north"), *body(x="{{issue.text}} \n\t ü"), then=["b"]), step("b")
    )
    assert Plan.model_validate(json.loads(json.dumps(made.model_dump(mode="json", by_alias=True)))) == made
