"""Where the card of a plan is shown: here, or in the channel that somebody chose."""

from __future__ import annotations

from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from services.jobs import MoveCard


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.action(ids.ACTION_CARD_HERE)(guard(payloads.click, show_here, members_only=True))
    app.action(ids.ACTION_CARD_PLACE)(guard(payloads.click, show_there, members_only=True))
    app.action(ids.ACTION_CARD_CHOOSE)(guard(payloads.click, show_in_chosen, members_only=True))


async def show_here(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The card comes to where somebody asks for it."""
    await deps.intake.put(click.key, _move(click, _read(click).id, click.channel, deps))
    await ack()


async def show_there(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The card goes to the channel that its button names."""
    try:
        place = ids.Place.decode(click.value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
    await deps.intake.put(click.key, _move(click, place.ref.id, place.channel, deps))
    await ack()


async def show_in_chosen(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The card goes to the channel that was chosen in its menu."""
    ref = _ref(click.block.removeprefix(ids.BLOCK_PLACE_CARD))
    if click.chosen is None:
        raise MalformedPayload("a choice of nothing")
    await deps.intake.put(click.key, _move(click, ref.id, click.chosen, deps))
    await ack()


def _move(click: payloads.Click, plan: UUID, to: str, deps: Deps) -> MoveCard:
    return MoveCard(
        key=click.key,
        workspace=deps.workspace.id,
        user=click.user,
        channel=click.channel,
        message_ts=click.message_ts,
        plan=plan,
        to=to,
        response_url=click.response_url,
    )


def _read(click: payloads.Click) -> ids.Ref:
    return _ref(click.value)


def _ref(value: str) -> ids.Ref:
    try:
        return ids.Ref.decode(value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
