"""Buttons on a plan's card."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import ids, payloads
from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.guard import guard
from bot.views.details import details_modal
from services.jobs import Decide, Decision

DECISIONS: dict[str, Decision] = {ids.ACTION_DISCARD: "discard", ids.ACTION_TRY_AGAIN: "try_again"}


def register(app: AsyncApp, deps: Deps) -> None:
    """Add the listeners of this file."""
    for action in DECISIONS:
        app.action(action)(guard(payloads.click, decide, deps))
    app.action(ids.ACTION_SHOW_ALL)(guard(payloads.click, show_all, deps))


async def decide(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Discard, or try again: handed over with the revision that the person saw."""
    await deps.intake.put(click.key, _decision(click))
    await ack()


async def show_all(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Every step of a plan that is too long for its card, in a modal."""
    async with deps.database.reading() as session:
        snapshot = await deps.workflows.get(session, deps.workspace_id, _ref(click).id)
    await deps.slack.open_view(click.trigger_id, details_modal(snapshot))
    await ack()


def _decision(click: payloads.Click) -> Decide:
    ref = _ref(click)
    return Decide(
        team=click.team,
        plan=ref.id,
        revision=ref.revision,
        decision=DECISIONS[click.action],
        user=click.user,
        channel=click.channel,
        message_ts=click.message_ts,
        thread_ts=click.thread_ts,
    )


def _ref(click: payloads.Click) -> ids.Ref:
    try:
        return ids.Ref.decode(click.value)
    except ValueError as error:
        raise MalformedPayload("a button's value that we did not write") from error
