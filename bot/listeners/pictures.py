"""The buttons "Show graph" and "Report". In a menu of a card the choice comes to `bot.listeners.plans`."""

from __future__ import annotations

from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from services.jobs import MakePicture, PictureKind


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.action(ids.ACTION_GRAPH_PLAN)(guard(payloads.click, show_plan, members_only=True))
    app.action(ids.ACTION_GRAPH_RUN)(guard(payloads.click, show_run, members_only=True))
    app.action(ids.ACTION_RUN_REPORT)(guard(payloads.click, report, members_only=True))


async def show_plan(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The graph of a plan, in the thread of its card."""
    await deps.intake.put(click.key, graph_of_plan(click, _id(click), deps))
    await ack()


async def show_run(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The graph of a run as it stands now."""
    await deps.intake.put(click.key, _job(click, PictureKind.GRAPH, deps, run=_id(click)))
    await ack()


async def report(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The report of a run, as a file."""
    await deps.intake.put(click.key, _job(click, PictureKind.REPORT, deps, run=_id(click)))
    await ack()


def graph_of_plan(click: payloads.Click, plan: UUID, deps: Deps) -> MakePicture:
    """The job behind every way to ask for the graph of a plan."""
    return _job(click, PictureKind.GRAPH, deps, plan=plan)


def _job(
    click: payloads.Click, kind: PictureKind, deps: Deps, *, plan: UUID | None = None, run: UUID | None = None
) -> MakePicture:
    return MakePicture(
        key=click.key,
        workspace=deps.workspace.id,
        picture=kind,
        plan=plan,
        run=run,
        user=click.user,
        channel=click.channel,
        message_ts=click.message_ts,
        thread_ts=click.thread_ts,
        response_url=click.response_url,
    )


def _id(click: payloads.Click) -> UUID:
    try:
        return ids.Ref.decode(click.value).id
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
