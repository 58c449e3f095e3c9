"""What differs between two versions of a plan."""

from __future__ import annotations

from typing import Any

from services.plans.differences import ChangeKind, Difference, differences
from services.plans.model import Condition, Plan
from tests.support.builders import body, plan, step

LOOK = step("look", "geo.lookup", *body(address="5th and Main"), then=["order"])
ORDER = step("order", "orders.create", *body(title="Leak", area="{{look.area}}"))
CREW = step("crew", "crews.assign", *body(order="{{order.id}}"))
NOTICE = step("notice", "notify.residents", *body(text="Water is off", order="{{order.id}}"))
OLD = plan(LOOK, ORDER, CREW, NOTICE)


def only(old: Plan, new: Plan) -> Difference:
    found = differences(old, new)
    assert len(found) == 1, found
    return found[0]


def with_step(step_id: str, **changes: Any) -> Plan:
    steps = (each.model_copy(update=changes) if each.step_id == step_id else each for each in OLD.steps)
    return plan(*steps)


def test_the_same_plan_has_no_differences() -> None:
    assert differences(OLD, OLD) == ()
    cited = with_step("order", cites=("roads@1#2",), outputs=("id",))
    assert differences(OLD, cited) == ()


def test_what_is_added_and_removed() -> None:
    school = step("school", "notify.school", *body(text="Water is off"))
    found = differences(OLD, plan(LOOK, ORDER, CREW, school))
    assert [(each.kind, each.step and each.step.step_id) for each in found] == [
        (ChangeKind.ADDED, "school"),
        (ChangeKind.REMOVED, "notice"),
    ]


def test_a_step_put_in_between_reorders_nothing() -> None:
    check = step("check", "crews.find", *body(order="{{order.id}}"), then=["crew"])
    assert only(OLD, plan(LOOK, ORDER, check, CREW, NOTICE)).kind is ChangeKind.ADDED
    assert only(plan(LOOK, ORDER, check, CREW, NOTICE), OLD).kind is ChangeKind.REMOVED


def test_what_comes_later_now_says_after_what() -> None:
    found = only(OLD, plan(LOOK, ORDER, CREW.model_copy(update={"next": ("notice",)}), NOTICE))
    assert (found.kind, found.step and found.step.step_id, found.after) == (
        ChangeKind.REORDERED,
        "notice",
        ("crew",),
    )


def test_two_that_changed_places_are_told_once() -> None:
    before = plan(CREW.model_copy(update={"next": ("notice",)}), ORDER, NOTICE)
    after = plan(CREW, ORDER, NOTICE.model_copy(update={"next": ("crew",)}))
    found = only(before, after)
    assert (found.step and found.step.step_id, found.after, found.not_after) == ("crew", ("notice",), ())


def test_what_does_not_wait_any_more() -> None:
    found = only(plan(CREW.model_copy(update={"next": ("notice",)}), ORDER, NOTICE), plan(CREW, ORDER, NOTICE))
    assert (found.step and found.step.step_id, found.after, found.not_after) == ("notice", (), ("crew",))


def test_gates() -> None:
    assert only(OLD, with_step("crew", requires_approval=True)).kind is ChangeKind.GATED
    assert only(with_step("crew", requires_approval=True), OLD).kind is ChangeKind.UNGATED


def test_inputs_with_what_they_were() -> None:
    found = differences(
        OLD, with_step("notice", inputs=body(text="Water is back", tone="kind", order="{{order.id}}"))
    )
    assert [(each.field, each.old, each.new) for each in found] == [
        ("body.text", "Water is off", "Water is back"),
        ("body.tone", "", "kind"),
    ]


def test_conditions_and_words() -> None:
    when = Condition.model_validate({"tests": [{"value": "{{look.area}}", "is": "present"}]})
    assert only(OLD, with_step("order", when=when)).kind is ChangeKind.CONDITION
    assert only(OLD, with_step("crew", description="Send them")).kind is ChangeKind.DESCRIBED
    assert only(OLD, OLD.model_copy(update={"workflow_name": "Stop it"})).kind is ChangeKind.RENAMED


def test_another_component_in_the_same_step() -> None:
    found = only(OLD, with_step("notice", component_id="notify.all"))
    assert (found.kind, found.old, found.new) == (ChangeKind.REPLACED, "notify.residents", "notify.all")


def test_another_id_for_the_same_step_is_no_difference() -> None:
    renamed = ORDER.model_copy(update={"step_id": "make_order"})
    crew = CREW.model_copy(update={"inputs": body(order="{{make_order.id}}")})
    notice = NOTICE.model_copy(update={"inputs": body(text="Water is off", order="{{make_order.id}}")})
    look = LOOK.model_copy(update={"next": ("make_order",)})
    assert differences(OLD, plan(look, renamed, crew, notice)) == ()


def test_plans_that_nobody_could_carry_out_are_compared_too() -> None:
    circle = plan(step("a", then=["b"]), step("b", then=["a"]))
    assert differences(circle, circle) == ()
    assert differences(plan(step("a"), step("a")), circle)
