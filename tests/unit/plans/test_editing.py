"""A plan that is changed by hand."""

from __future__ import annotations

import pytest

from services.plans.editing import StepEdit, edited
from services.plans.model import Plan, StepInput, as_answered, dependencies
from services.plans.validation import FaultCode
from tests.support.builders import body, codes, component, given, plan, report, step

PLAN = plan(
    step("look", then=["order"]),
    step("order", "free", *body(title="Leak"), then=["tell"]),
    step("tell", "free", *body(text="On its way")),
)
FROM_A_PERSON = component(
    "sms", request_schema={"type": "object", "properties": {"to": {"type": "string", "from": "person"}}}
)


def test_a_step_is_taken_out_and_what_was_around_it_keeps_its_order() -> None:
    found = edited(PLAN, StepEdit("order", removed=True))
    assert dependencies(found) == {"look": (), "tell": ("look",)}


def test_inputs_are_replaced_added_and_left_out() -> None:
    typed = (
        StepInput(location="body", name="title", value="", typed=True),
        StepInput(location="body", name="area", value="Old town", typed=True),
    )
    found = edited(PLAN, StepEdit("order", typed, after=("look",)))
    assert [(item.name, item.value, item.typed) for item in found.steps[1].inputs] == [("area", "Old town", True)]


def test_gate_and_order() -> None:
    found = edited(PLAN, StepEdit("tell", gated=True, after=("look",)))
    assert found.steps[2].requires_approval
    assert dependencies(found) == {"look": (), "order": ("look",), "tell": ("look",)}


@pytest.mark.parametrize("edit", [StepEdit("nothing", removed=True), StepEdit("nothing", gated=True)])
def test_a_step_that_is_not_there_changes_nothing(edit: StepEdit) -> None:
    assert edited(PLAN, edit) == PLAN


def test_what_a_person_typed_may_go_where_only_a_person_may_say_it() -> None:
    made_up = step("text", "sms", given("body", "to", "555-0100"))
    assert codes(report((made_up,), FROM_A_PERSON).errors) == [FaultCode.FORBIDDEN_ORIGIN]
    item = StepInput(location="body", name="to", value="555-0100", typed=True)
    typed = made_up.model_copy(update={"inputs": (item,)})
    assert report((typed,), FROM_A_PERSON).errors == ()
    # A reference inside of what was typed is no less a reference.
    mixed = typed.model_copy(update={"inputs": (item.model_copy(update={"value": "{{look.number}}"}),)})
    assert codes(report((step("look"), mixed), FROM_A_PERSON).errors) == [FaultCode.FORBIDDEN_ORIGIN]


def test_a_model_can_not_say_that_a_person_typed_something() -> None:
    forged = {"in": "body", "name": "to", "value": "555-0100", "typed": True}
    document = {"workflow_name": "w", "steps": [{"step_id": "text", "component_id": "sms", "inputs": [forged]}]}
    answered = as_answered(Plan.model_validate(document))
    assert not answered.steps[0].inputs[0].typed
    kept = Plan.model_validate(document)
    assert as_answered(answered, kept).steps[0].inputs[0].typed
    other = {**document, "steps": [{**document["steps"][0], "inputs": [{**forged, "value": "555-0199"}]}]}  # type: ignore[dict-item]
    assert not as_answered(Plan.model_validate(other), kept).steps[0].inputs[0].typed


def test_what_was_not_typed_is_stored_as_ever() -> None:
    assert "typed" not in PLAN.model_dump_json()
    assert Plan.model_validate_json(PLAN.model_dump_json(by_alias=True)) == PLAN
    nonsense = {"in": "body", "name": "to", "value": "x", "typed": "very"}
    assert not StepInput.model_validate(nonsense).typed
