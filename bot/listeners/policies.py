"""The menu of the passages that a plan follows."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from bot.views.modals.policy import policy_modal


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.action(ids.ACTION_POLICY_READ)(guard(payloads.click, read, members_only=True))


async def read(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """A passage in a modal, or on top of the one that it was chosen in."""
    passage_id = _ref(click.value).id
    async with deps.database.reading() as session:
        passage = await deps.policies.passage(session, deps.workspace.id, passage_id)
    show = deps.slack.open_view if click.message_ts else deps.slack.push_view
    await show(click.trigger_id, policy_modal(passage))
    await ack()


def _ref(value: str) -> ids.Ref:
    try:
        return ids.Ref.decode(value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
