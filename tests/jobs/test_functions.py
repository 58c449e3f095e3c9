"""Steps of workflows of Workflow Builder: a plan is drafted, or waited for, and nothing is decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from bot.sandbox.slack import DropAfterAccepting, ErrorWord
from bot.sandbox.slack.state.functions import FunctionExecution
from bot.slack import ids
from db.models import Card, WorkflowPlan
from db.models import FunctionExecution as Row
from services import functions
from services.audit import Actor
from services.retention import purge
from services.workspaces import settings
from tests.support.approvals import rules
from tests.support.run_starts import until
from tests.support.town_hall import LEAK, TownHall, buttons, cards, drafted, hall

__all__ = ["hall"]


async def ended(hall: TownHall, execution: FunctionExecution) -> FunctionExecution:
    """Wait until Slack has been told how a step has ended."""
    await hall.slack.wait_for(lambda: execution.state != "running", 60)
    return execution


async def run(hall: TownHall, function: str, **inputs: Any) -> FunctionExecution:
    execution, delivery = await hall.slack.run_function(function, inputs)
    assert delivery.acked
    return execution


async def draft(hall: TownHall, **inputs: Any) -> FunctionExecution:
    return await run(hall, ids.FUNCTION_DRAFT, **{"issue": LEAK, "channel": works(hall), **inputs})


def works(hall: TownHall) -> str:
    return hall.slack.channel("works").id


def person(hall: TownHall, name: str) -> dict[str, str]:
    return {"id": hall.slack.user(name).id, "secret": "s"}


async def waits(hall: TownHall, count: int = 1) -> None:
    """Until so many steps wait for plans."""

    async def is_so() -> bool:
        async with hall.database.reading() as session:
            rows = select(func.count()).select_from(Row).where(Row.completed_at.is_(None))
            return await session.scalar(rows) == count

    await until(is_so, 60)
    await idle(hall)


async def idle(hall: TownHall) -> None:
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()


async def test_a_plan_is_drafted_and_where_it_is_comes_out(hall: TownHall) -> None:
    execution = await ended(hall, await draft(hall, person=person(hall, "priya")))
    card = await drafted(hall)
    assert execution.state == "completed"
    link = f"{hall.slack.url}/archives/{works(hall)}/p{card.ts.replace('.', '')}"
    assert execution.outputs == {"plan_number": 1, "plan_link": link, "outcome": "drafted"}
    async with hall.database.reading() as session:
        plan = (await session.scalars(select(WorkflowPlan))).one()
    assert (plan.reporter_id, plan.state, plan.source) == (hall.slack.user("priya").id, "DRAFT", "workflow")


async def test_the_same_step_sent_again_is_one_plan(hall: TownHall) -> None:
    execution, delivery = await hall.slack.run_function(
        ids.FUNCTION_DRAFT, {"issue": LEAK, "channel": works(hall)}
    )
    await hall.slack.redeliver(delivery, retry_num=1, retry_reason="http_timeout")
    await ended(hall, execution)
    await hall.slack.redeliver(delivery, retry_num=2, retry_reason="http_timeout")
    await idle(hall)
    assert len(cards(hall.slack)) == 1
    assert len(hall.slack.calls("functions.completeSuccess")) == 1


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"issue": "  "}, "no issue to plan"),
        ({"channel": None}, "names no channel"),
        ({"channel": "C0SQUARE01"}, "Mudda can't post in this channel"),
    ],
)
async def test_what_can_not_be_drafted_is_said_in_a_sentence(
    hall: TownHall, inputs: dict[str, Any], sentence: str
) -> None:
    given = {"issue": LEAK, "channel": works(hall), **inputs}
    execution = await run(
        hall, ids.FUNCTION_DRAFT, **{name: value for name, value in given.items() if value is not None}
    )
    assert sentence in (await ended(hall, execution)).error
    assert execution.state == "failed"


async def test_who_may_have_plans_drafted_holds_for_workflows(hall: TownHall) -> None:
    await rules(hall, "marco")
    async with hall.database.transaction() as session:
        await settings.change(
            session, hall.deps.workspace.id, {"may_plan": "approvers"}, Actor(hall.slack.user("marco").id)
        )
    assert "Only some people (1)" in (await ended(hall, await draft(hall))).error
    mine = await ended(hall, await draft(hall, person=person(hall, "priya")))
    assert "the person as whom it runs is none of them" in mine.error
    assert (await ended(hall, await draft(hall, person=person(hall, "marco")))).state == "completed"


async def test_it_waits_for_people_and_for_the_run_and_can_not_approve(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    waiting = await run(hall, ids.FUNCTION_RUN, plan_number=1)
    await waits(hall)
    assert waiting.state == "running"
    assert "Approve" in "".join(buttons(card))
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
    await hall.slack.wait_for(lambda: "Approve" not in "".join(buttons(card)))
    await ended_by_people(hall)
    assert (await ended(hall, waiting)).state == "completed"
    assert waiting.outputs["outcome"] in ("completed", "cancelled")
    # One that comes later is told at once.
    late = await ended(hall, await run(hall, ids.FUNCTION_RUN, plan_number=1))
    assert late.outputs == waiting.outputs


async def ended_by_people(hall: TownHall) -> None:
    """Cancel the run where it waits for people; one that is over by itself needs nobody."""

    def over() -> bool:
        return "Run again" in buttons(cards(hall.slack)[0])

    await hall.slack.wait_for(lambda: over() or "Cancel run" in buttons(cards(hall.slack)[0]), 60)
    if not over():
        await hall.slack.click("marco", "works", cards(hall.slack)[0].ts, ids.ACTION_RUN_CANCEL)


async def test_a_plan_that_is_discarded_ends_it_with_a_sentence(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    waiting = await run(hall, ids.FUNCTION_RUN, plan_number=1)
    await waits(hall)
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_DISCARD)
    assert (await ended(hall, waiting)).error == "Plan #1 was discarded, so nothing is carried out."


async def test_a_plan_that_is_forgotten_ends_it_too(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    waiting = await run(hall, ids.FUNCTION_RUN, plan_number=1)
    await waits(hall)
    async with hall.database.transaction() as session:
        await session.execute(delete(WorkflowPlan))
    async with hall.database.transaction() as session:
        await functions.request_forgotten(session)
    assert "not kept any more" in (await ended(hall, waiting)).error


async def test_what_not_everybody_may_see_is_told_to_who_may(hall: TownHall) -> None:
    await rules(hall, "marco")
    await hall.slack.send_command("priya", "council", "/mudda", LEAK)
    await drafted(hall, "council")
    await idle(hall)
    async with hall.database.transaction() as session:
        await session.execute(update(Card).values(is_private=True))
    for given in ({}, {"person": person(hall, "dana")}):
        execution = await ended(hall, await run(hall, ids.FUNCTION_RUN, plan_number=1, **given))
        assert "no plan of that number, or not everybody may see it" in execution.error
    for name in ("priya", "marco"):
        await run(hall, ids.FUNCTION_RUN, plan_number=1, person=person(hall, name))
    await waits(hall, 2)


async def test_a_number_that_nobody_has_is_a_sentence(hall: TownHall) -> None:
    execution = await ended(hall, await run(hall, ids.FUNCTION_RUN, plan_number=99))
    assert "no plan of that number" in execution.error


@pytest.mark.parametrize(
    "fault", [DropAfterAccepting(), ErrorWord("internal_error"), ErrorWord("execution_not_in_running_state")]
)
async def test_an_end_is_told_once_whatever_becomes_of_the_answer(hall: TownHall, fault: Any) -> None:
    hall.slack.faults.script("functions.completeSuccess", [fault])
    execution = await draft(hall)
    word = getattr(fault, "word", "")
    if word == "execution_not_in_running_state":
        # Somebody ended the workflow: nobody waits for a word any more.
        await hall.slack.wait_for_calls("functions.completeSuccess", 1, timeout=60)
    else:
        await hall.slack.wait_for_calls("functions.completeSuccess", 2, timeout=60)
        assert (await ended(hall, execution)).state == "completed"
    await waits(hall, 0)


async def test_outputs_that_slack_does_not_take_end_it_all_the_same(hall: TownHall) -> None:
    hall.slack.faults.script("functions.completeSuccess", [ErrorWord("parameter_validation_failed")])
    assert "Something went wrong" in (await ended(hall, await draft(hall))).error


async def test_a_stranger_is_told_of_no_plan(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    stranger = {"id": "U0NOBODY01", "secret": "s"}
    execution = await ended(hall, await run(hall, ids.FUNCTION_RUN, plan_number=1, person=stranger))
    assert "no plan of that number" in execution.error


async def test_what_has_ended_is_forgotten_after_a_while(hall: TownHall) -> None:
    await ended(hall, await draft(hall))
    await waits(hall, 0)
    async with hall.database.transaction() as session:
        counts = await purge(session, hall.deps.retention, hall.deps.now() + timedelta(days=8))
    assert counts["function_executions"] == 1
