"""What later steps take from a step, and what a person may give for it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.views.modals.outputs import output_inputs, unfit
from services.formats.strict_json import render_path
from services.plans.model import Plan, Step, StepInput
from services.plans.schemas import Schema
from services.steps.outputs import AwaitedOutput, StepOutputs, Unfit, awaited_outputs, with_values
from tests.support.slack_rules import check_modal

SCHEMA = Schema(
    {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "number": {"type": "integer"},
            "cost": {"type": ["number", "null"]},
            "open": {"type": "boolean"},
            "status": {"enum": ["open", "closed"]},
            "crews": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}}},
            "place": {"type": "object"},
        },
    }
)


def step(step_id: str, **inputs: str) -> Step:
    given = tuple(
        StepInput.model_validate({"in": "body", "name": name, "value": value}) for name, value in inputs.items()
    )
    return Step(step_id=step_id, component_id="c", description=f"Do {step_id}", inputs=given)


def awaited(*steps: Step, output: Any = None) -> tuple[AwaitedOutput, ...]:
    return awaited_outputs(Plan(workflow_name="w", steps=(step("order"), *steps)), "order", SCHEMA, output)


def test_what_later_steps_take_is_awaited_once_with_its_takers() -> None:
    found = awaited(
        step("look", number="{{order.number}}"),
        step("tell", text="Order {{order.number}} of {{look.id}}, {{order.status}}", own="{{issue.text}}"),
        output={"number": 7},
    )
    assert [(each.name, each.takers, each.value) for each in found] == [
        ("number", ("Do look", "Do tell"), 7),
        ("status", ("Do tell",), None),
    ]
    assert found[0].types == {"integer"}
    assert found[1].options == ("open", "closed")


def test_of_an_object_and_a_member_of_it_the_member_is_asked_for() -> None:
    found = awaited(step("a", x="{{order}}"), step("b", x="{{order.crews}}"), step("c", x="{{order.crews[0].id}}"))
    assert [each.name for each in found] == ["crews[0].id"]
    assert [each.name for each in awaited(step("a", x="{{order}}"))] == [""]


def test_a_step_is_not_asked_for_what_it_takes_itself() -> None:
    assert awaited(step("a", x="{{b.id}}"), step("b", x="{{a.id}}")) == ()


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        (("id",), "101", "101"),
        (("number",), "101", 101),
        (("cost",), "12.5", 12.5),
        (("open",), "true", True),
        (("status",), "open", "open"),
        (("crews",), '[{"id": 7}]', [{"id": 7}]),
        (("unknown", "member"), "101", "101"),
    ],
)
def test_a_text_is_read_by_the_components_schema(path: tuple[str | int, ...], text: str, value: Any) -> None:
    [found] = awaited(step("look", x=f"{{{{order.{render_path(path)}}}}}"))
    assert StepOutputs("Order", (found,), SCHEMA).read(found, text) == value


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("number", "a hundred", "Enter a whole number."),
        ("number", "1.5", "Enter a whole number."),
        ("cost", "much", "Enter a number."),
        ("crews", "{}", "Enter a list, as JSON."),
    ],
)
def test_a_text_that_does_not_fit_is_refused_in_words(path: str, text: str, words: str) -> None:
    [found] = awaited(step("look", x=f"{{{{order.{path}}}}}"))
    with pytest.raises(Unfit) as refused:
        StepOutputs("Order", (found,), SCHEMA).read(found, text)
    assert unfit(refused.value.types) == words


@pytest.mark.parametrize(
    ("output", "values", "whole"),
    [
        (None, [(("id",), "7")], {"id": "7"}),
        ({"a": 1}, [(("id",), "7"), (("a",), 2)], {"a": 2, "id": "7"}),
        (None, [(("crews", 1, "id"), 7)], {"crews": [None, {"id": 7}]}),
        (None, [((0, "id"), 7)], [{"id": 7}]),
        ("text", [((), 7)], 7),
        ({"a": "text"}, [(("a", "b"), 1)], {"a": {"b": 1}}),
    ],
)
def test_values_are_put_where_later_steps_look(output: Any, values: Any, whole: Any) -> None:
    assert with_values(output, values) == whole


def test_an_index_beyond_reason_makes_no_endless_list() -> None:
    assert len(with_values(None, [((999_999,), 1)])) == 101


def test_the_form_has_a_field_for_each_value() -> None:
    found = awaited(
        step("a", x="{{order.number}} {{order.open}} {{order.status}} {{order.crews}} {{order.id}}"),
        output={"number": 7, "open": True, "id": "x" * 5_000},
    )
    blocks = output_inputs(found)
    view = {"type": "modal", "title": {"type": "plain_text", "text": "t"}, "blocks": blocks}
    check_modal(
        {**view, "submit": {"type": "plain_text", "text": "s"}, "callback_id": "c", "private_metadata": "{}"}
    )
    elements = [block["element"] for block in blocks]
    assert [element["type"] for element in elements] == [
        "plain_text_input",
        "static_select",
        "static_select",
        "plain_text_input",
        "plain_text_input",
    ]
    assert elements[0]["initial_value"] == "7"
    assert elements[1]["initial_option"]["value"] == "true"
    assert "initial_value" not in elements[4]
    assert blocks[0]["label"]["text"] == "Number"
    assert blocks[0]["hint"]["text"] == "Needed by “Do a”. Enter a whole number."
