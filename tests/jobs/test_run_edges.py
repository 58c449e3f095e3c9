"""Runs in a town that changes under them: components that are gone, answers that never end, missing outputs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from bot.sandbox.slack import Message
from bot.sandbox.town import Endless, Status
from db.models import Component, StepAttempt, StepRun
from tests.support.own_steps import the_step
from tests.support.run_starts import begun, until
from tests.support.run_starts import run_state as state_of
from tests.support.run_starts import step as wired
from tests.support.stand_in_plans import script_plan
from tests.support.town_hall import TownHall, buttons, card_text, drafted
from tests.support.town_runs import (
    approved,
    order,
    outcome,
    press,
    run_state,
    skip,
    step,
    step_states,
    with_button,
)

ORDER = Component.key == "workorders.create"
CHANGES = {
    "edited": update(Component).where(ORDER).values(endpoint_url="http://127.0.0.1:9/gone", http_method="GET"),
    "deactivated": update(Component).where(ORDER).values(is_active=False),
    "deleted": delete(Component).where(ORDER),
}


async def changed(hall: TownHall, how: str) -> None:
    async with hall.database.transaction() as session:
        await session.execute(CHANGES[how])


@pytest.mark.parametrize("how", CHANGES)
async def test_a_component_that_changes_under_way_does_not_change_the_run(hall: TownHall, how: str) -> None:
    await approved(hall, order(gate=True))
    await with_button(hall, "Approve step")
    await changed(hall, how)
    await press(hall, "Approve step")
    await outcome(hall)
    assert await run_state(hall) == "COMPLETED"
    [request] = hall.town.received("workorders.create")
    assert request.method == "POST"


@pytest.mark.parametrize("how", ["deactivated", "deleted"])
async def test_a_plan_whose_component_is_gone_is_not_started_and_whoever_approves_hears_of_it(
    hall: TownHall, how: str
) -> None:
    look = step("look", "open311.find_requests")
    plan = {"workflow_name": "Stop the leak", "description": "Mend it.", "steps": [look, order()]}
    card = await planned(hall, plan)
    await changed(hall, how)
    await hall.slack.click("marco", "works", card.ts, buttons(card)["Approve and run"]["action_id"])
    answer, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert {"deactivated": "is switched off", "deleted": "does not exist"}[how] in card_text(answer)
    assert "Update the plan" in buttons(answer)
    assert await step_states(hall) == {}
    assert hall.town.received("open311.find_requests") == []


@pytest.mark.parametrize("how", ["deactivated", "deleted"])
async def test_a_component_that_is_gone_before_the_run_begins_fails_its_step_in_plain_words(
    hall: TownHall, how: str
) -> None:
    await changed(hall, how)
    find, create = "open311.find_requests", "workorders.create"
    async with hall.database.transaction() as session:
        steps = [wired("look", find, then=["order"]), wired("order", create)]
        run_id = await begun(session, hall.deps.workspace.id, steps)

    async def is_over() -> bool:
        return await state_of(hall.database, run_id) == "FAILED"

    await until(is_over, 20)
    assert await step_states(hall) == {"look": "DONE", "order": "FAILED"}
    assert (await the_step(hall, "order")).error == {"code": "component_missing", "component": create}
    assert hall.town.received(create) == []


async def planned(hall: TownHall, plan: dict[str, Any]) -> Message:
    script_plan(hall.gemini, plan)
    await hall.slack.send_command("priya", "works", "/mudda", "Water is coming up through the road")
    return await drafted(hall)


async def test_a_step_that_needs_the_output_of_a_skipped_one_fails_by_the_name_of_it(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(422))
    get = step("get", "workorders.get", path__work_order_id="{{order.work_order_id}}")
    card = await approved(hall, order(after="get"), get)
    await with_button(hall, "Retry")
    await skip(hall)

    async def is_over() -> bool:
        return await step_states(hall) == {"order": "SKIPPED", "get": "FAILED"}

    await until(is_over, 20)
    error = (await the_step(hall, "get")).error or {}
    assert (error["code"], error["reference"]) == ("unresolved_reference", "{{order.work_order_id}}")
    assert hall.town.received("workorders.get") == []
    await hall.slack.wait_for(lambda: "the work order id from step 1, which is missing" in card_text(card), 20)


async def test_a_component_that_may_be_called_again_is_after_an_answer_of_500(hall: TownHall) -> None:
    hall.town.script("open311.find_requests", Status(500))
    await approved(hall, step("look", "open311.find_requests"))
    await outcome(hall)
    assert len(hall.town.received("open311.find_requests")) == 2
    async with hall.database.reading() as session:
        attempts = (await session.scalars(select(StepAttempt).order_by(StepAttempt.number))).all()
    assert [(attempt.outcome, attempt.status) for attempt in attempts] == [("retry", 500), ("done", 200)]


async def test_an_answer_that_never_ends_is_cut_off_and_ends_the_step(hall: TownHall) -> None:
    hall.town.script("notifications.reply_to_reporter", Endless())
    reply = step(
        "reply",
        "notifications.reply_to_reporter",
        body__reporter="{{issue.reporter}}",
        body__message="We are on it",
    )
    await approved(hall, reply)
    await outcome(hall)
    found = await the_step(hall, "reply")
    assert (found.state, found.warnings[0]["code"]) == ("DONE", "too_large")
    assert len(hall.town.received("notifications.reply_to_reporter")) == 1


async def test_a_gate_shows_exactly_what_is_sent_then(hall: TownHall) -> None:
    await approved(hall, order(gate=True))
    await with_button(hall, "Approve step")
    shown = (await the_step(hall, "order")).request
    assert shown is not None
    await press(hall, "Approve step")
    await outcome(hall)
    [sent] = hall.town.received("workorders.create")
    assert shown["method"] == sent.method
    assert shown["url"] == hall.town.url + sent.path
    assert shown["body"] == sent.body
    assert (await the_step(hall, "order")).request == shown


WIDE = 1_000


async def test_a_thousand_steps_fan_out_and_in_again_through_a_real_worker(hall: TownHall) -> None:
    names = [f"look{number}" for number in range(WIDE - 2)]
    find = "open311.find_requests"
    steps = [
        wired("first", find, then=names),
        *(wired(name, find, then=["last"]) for name in names),
        wired("last", find),
    ]
    async with hall.database.transaction() as session:
        run_id = await begun(session, hall.deps.workspace.id, steps)

    async def is_over() -> bool:
        return await state_of(hall.database, run_id) != "RUNNING"

    await until(is_over, 60)
    assert await state_of(hall.database, run_id) == "COMPLETED"
    assert len(hall.town.received(find)) == WIDE
    await assert_in_order(hall, run_id)


async def assert_in_order(hall: TownHall, run_id: UUID) -> None:
    async with hall.database.reading() as session:
        query = select(StepRun.step_id, StepRun.started_at, StepRun.ended_at).where(StepRun.run_id == run_id)
        rows = {row.step_id: row for row in await session.execute(query)}
    first, last = rows.pop("first"), rows.pop("last")
    assert first.ended_at <= min(row.started_at for row in rows.values())
    assert max(row.ended_at for row in rows.values()) <= last.started_at
