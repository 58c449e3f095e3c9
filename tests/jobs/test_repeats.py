"""A decision whose job runs twice, for its worker died after the commit: nobody is told that nothing was done."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from bot.jobs.runs.decisions import decide_run
from bot.jobs.workflows.decisions import decide
from bot.sandbox.town import Hold, Status
from db.models import Run, StepRun, WorkflowPlan
from services.jobs import DecidePlan, DecideRun, Tell
from tests.support.town_hall import TownHall, plan_card
from tests.support.town_runs import approved, order, outcome, with_button


async def told(hall: TownHall) -> list[str]:
    """To whom something is said privately, or is about to be."""
    async with hall.database.reading() as session:
        query = text("SELECT payload FROM pgqueuer WHERE entrypoint = 'tell'")
        waiting = [Tell.model_validate_json(payload).user for payload in await session.scalars(query)]
    names = {name: hall.slack.user(name).id for name in ("marco", "dana")}
    return [name for name, user in names.items() if user in waiting or hall.slack.ephemerals("works", name)]


async def run_job(hall: TownHall, decision: Any) -> DecideRun:
    async with hall.database.reading() as session:
        plan = (await session.scalars(select(WorkflowPlan))).one()
        run = (await session.scalars(select(Run))).one()
        step = (await session.scalars(select(StepRun))).one()
    of_run = decision in ("cancel", "stop", "again")
    return DecideRun(
        key=str(uuid4()),
        workspace=hall.deps.workspace.id,
        target=run.id if of_run else step.id,
        revision=plan.revision if of_run else step.revision,
        decision=decision,
        user=hall.slack.user("marco").id,
        channel=hall.slack.channel("works").id,
        reason="because",
    )


async def test_decisions_about_a_step_and_its_run(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(422), Hold())
    await approved(hall, order(gate=True))
    for decision, button in (("approve", "Approve step"), ("retry", "Retry"), ("cancel", "Cancel run")):
        await with_button(hall, button)
        job = await run_job(hall, decision)
        await decide_run(job, hall.deps)
        await decide_run(job, hall.deps)
        assert await told(hall) == [], decision
    await decide_run(job.model_copy(update={"user": hall.slack.user("dana").id, "key": "hers"}), hall.deps)
    assert await told(hall) == ["dana"]


@pytest.mark.parametrize("decision", ["stop", "skip"])
async def test_decisions_about_a_failed_run(hall: TownHall, decision: str) -> None:
    hall.town.script("workorders.create", Status(422))
    await approved(hall, order())
    await with_button(hall, "Stop run")
    job = await run_job(hall, decision)
    await decide_run(job, hall.deps)
    await decide_run(job, hall.deps)
    assert await told(hall) == []
    await decide_run(job.model_copy(update={"key": "another press"}), hall.deps)
    assert await told(hall) == ["marco"], "who presses twice is told that the second came too late"


async def test_run_again_is_one_more_run(hall: TownHall) -> None:
    await approved(hall, order())
    await outcome(hall)
    job = await run_job(hall, "again")
    await decide_run(job, hall.deps)
    await decide_run(job, hall.deps)
    assert await told(hall) == []
    async with hall.database.reading() as session:
        assert len((await session.scalars(select(Run.id))).all()) == 2


@pytest.mark.parametrize("decision", ["approve", "discard"])
async def test_decisions_about_a_plan(hall: TownHall, decision: Any) -> None:
    await plan_card(hall)
    async with hall.database.reading() as session:
        plan = (await session.scalars(select(WorkflowPlan))).one()
    job = DecidePlan(
        key=str(uuid4()),
        workspace=hall.deps.workspace.id,
        plan=plan.id,
        revision=plan.revision,
        decision=decision,
        user=hall.slack.user("marco").id,
        channel=plan.channel_id,
    )
    await decide(job, hall.deps)
    await decide(job, hall.deps)
    assert await told(hall) == []
    await decide(job.model_copy(update={"user": hall.slack.user("dana").id, "key": "hers"}), hall.deps)
    assert await told(hall) == ["dana"]
