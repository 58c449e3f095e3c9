"""Drafts that people want to be different."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot.sandbox.slack import Message
from db.models import PlanVersion, WorkflowPlan
from db.queue import enqueue
from services.components.packs import parse_pack
from services.components.service import ComponentService
from services.jobs import DecidePlan, PlanDecision, RefinePlan
from services.plans.model import Plan
from tests.support.town_hall import TownHall, buttons, card_text, cards

SCHOOL = """
components:
  - key: schools.notify
    name: Notify a school
    description: Tells a school of works nearby.
    type: REST
    category: notifications
    http_method: POST
    endpoint_url: http://town.invalid/schools
    request_schema: {type: object, required: [message], properties: {message: {type: string}}}
    response_schema: {type: object, properties: {sent: {type: integer}}}
"""


async def with_school(hall: TownHall) -> None:
    async with hall.database.transaction() as session:
        await ComponentService().load(session, hall.deps.workspace.id, parse_pack(SCHOOL))


async def the_plan(hall: TownHall) -> WorkflowPlan:
    async with hall.database.reading() as session:
        return (await session.scalars(select(WorkflowPlan))).one()


async def versions(hall: TownHall) -> list[PlanVersion]:
    async with hall.database.reading() as session:
        return list(await session.scalars(select(PlanVersion).order_by(PlanVersion.version)))


async def wish(hall: TownHall, words: str, user: str = "priya", **given: Any) -> RefinePlan:
    """Have it said in the thread of the card, as what listens there hands it over."""
    job = RefinePlan(
        workspace=hall.deps.workspace.id,
        user=hall.slack.user(user).id,
        channel=hall.slack.channel("works").id,
        key=given.pop("key", f"event:{words[:40].replace(' ', '_')}"),
        plan=(await the_plan(hall)).id,
        wish=words,
        **given,
    )
    async with hall.database.transaction() as session:
        await enqueue(session, job)
    return job


async def card_where(hall: TownHall, *words: str) -> Message:
    return await hall.slack.wait_for(
        lambda: next(
            (
                card
                for card in cards(hall.slack)
                if buttons(card) and all(each in card_text(card) for each in words)
            ),
            None,
        ),
        30,
    )


async def told(hall: TownHall, user: str = "priya") -> Message:
    first, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", user), 30)
    return first


def keys(row: PlanVersion) -> list[str]:
    return [step["component_id"] for step in row.document["steps"]]


def approval(hall: TownHall, plan: WorkflowPlan, revision: int) -> Any:
    return DecidePlan(
        workspace=hall.deps.workspace.id,
        plan=plan.id,
        decision=PlanDecision.APPROVE,
        revision=revision,
        user=hall.slack.user("priya").id,
        channel=hall.slack.channel("works").id,
    )


def plans(rows: list[PlanVersion]) -> list[Plan]:
    return [Plan.model_validate(row.document) for row in rows]
