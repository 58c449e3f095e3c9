"""Steps of Mudda's own, for tests: how they stand in a plan, and what has come of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot.sandbox.slack import Delivery, Message
from bot.slack import ids
from db.models import StepRun
from services.jobs import RunStep
from tests.support.town_hall import TownHall
from tests.support.town_runs import step


def notify(to: str = "reporter", message: str = "We are on it", **more: Any) -> dict[str, Any]:
    return step("tell", "slack.notify", body__to=to, body__message=message, **more)


def ask(person: str = "reporter", kind: str = "text", **more: Any) -> dict[str, Any]:
    return step(
        "ask", "slack.ask_person", body__person=person, body__question="Which tap?", body__kind=kind, **more
    )


def wait_until(**more: str) -> dict[str, Any]:
    return {
        **step("until", "wait.until"),
        "inputs": [
            {"in": "body", "name": name, "value": value}
            for name, value in {
                "component": "workorders.get",
                "path.work_order_id": "{{order.work_order_id}}",
                "field": "status",
                "every_minutes": "0.01",
                **more,
            }.items()
        ],
    }


async def the_step(hall: TownHall, step_id: str) -> StepRun:
    async with hall.database.reading() as session:
        return (await session.scalars(select(StepRun).where(StepRun.step_id == step_id))).one()


async def output(hall: TownHall, step_id: str) -> Any:
    async with hall.database.reading() as session:
        return await session.scalar(select(StepRun.output).where(StepRun.step_id == step_id))


async def job_of(hall: TownHall, step_id: str) -> RunStep:
    found = await the_step(hall, step_id)
    return RunStep(workspace=hall.deps.workspace.id, run=found.run_id, step=found.id, attempt=found.attempt)


def marked(hall: TownHall, event: str) -> list[Message]:
    return [
        message
        for channel in hall.slack.workspace.channels.values()
        for message in channel.messages.values()
        if (message.metadata or {}).get("event_type") == event
    ]


async def posted(hall: TownHall, event: str) -> Message:
    return await hall.slack.wait_for(lambda: next(iter(marked(hall, event)), None), 20)


async def question(hall: TownHall, user: str = "priya") -> Message:
    """The question in a person's DM."""
    channel = hall.slack.dm(user).id
    return await hall.slack.wait_for(
        lambda: next((each for each in marked(hall, ids.METADATA_QUESTION) if each.channel == channel), None), 20
    )


async def form(hall: TownHall, user: str = "priya") -> Any:
    """Press Answer under the question, and the form that opens."""
    asked = await question(hall, user)
    await hall.slack.click(user, asked.channel, asked.ts, ids.ACTION_STEP_ANSWER)
    [view] = await hall.slack.wait_for(lambda: hall.slack.views(user))
    return view


async def answer(hall: TownHall, given: Any, user: str = "priya") -> Delivery:
    """Answer the question: with a text, the number of an option, or files by their ids."""
    view = await form(hall, user)
    return await hall.slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: given}})
