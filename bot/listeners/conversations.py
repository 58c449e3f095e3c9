"""What people say to the bot, and in threads of its; and what they meant, by a button."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from services.ai.intents import Where
from services.jobs import Hear, Settle, Settlement

_CHOICES: Mapping[str, Settlement] = {
    ids.ACTION_HEARD_ISSUE: "issue",
    ids.ACTION_HEARD_CHANGE: "change",
    ids.ACTION_HEARD_QUESTION: "question",
}


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.event("app_mention")(guard(payloads.heard, hear))
    app.event("message")(guard(payloads.heard, hear))
    for action in _CHOICES:
        app.action(action)(guard(payloads.click, settle))


async def hear(heard: payloads.Heard, deps: Deps, ack: AsyncAck) -> None:
    """What calls the bot, is said to it alone, or in a thread of its. Other apps could go on for ever."""
    if heard.from_person and await _is_for_bot(heard, deps):
        await deps.intake.put(heard.key, _job(heard, deps))
    await ack()


async def settle(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """One of the buttons below what could be meant in several ways."""
    await deps.intake.put(click.key, _settlement(click, deps))
    await ack()


async def _is_for_bot(heard: payloads.Heard, deps: Deps) -> bool:
    place = (deps.workspace.id, heard.channel, heard.thread)
    if heard.is_dm or heard.is_call:
        deps.threads.note(place)
        return True
    if heard.thread_ts is None:
        return False
    return await deps.threads.is_owned(place, partial(_ask, heard, deps))


async def _ask(heard: payloads.Heard, deps: Deps) -> bool:
    async with deps.database.reading() as session:
        return await deps.conversations.is_owned(session, deps.workspace.id, heard.channel, heard.thread)


def _job(heard: payloads.Heard, deps: Deps) -> Hear:
    return Hear(
        key=heard.key,
        workspace=deps.workspace.id,
        where=Where.DM if heard.is_dm else Where.MENTION if heard.is_call else Where.THREAD,
        user=heard.user,
        channel=heard.channel,
        message_ts=heard.message_ts,
        thread_ts=heard.thread_ts,
        text=heard.text,
        markup=heard.markup,
        files=heard.files,
        is_stranger=heard.team not in (None, deps.workspace.team_id, deps.workspace.enterprise_id),
    )


def _settlement(click: payloads.Click, deps: Deps) -> Settle:
    try:
        ref = ids.Ref.decode(click.value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
    return Settle(
        key=click.key,
        workspace=deps.workspace.id,
        user=click.user,
        channel=click.channel,
        message_ts=click.message_ts or None,
        thread_ts=click.thread_ts,
        revision=ref.revision,
        heard=ref.id,
        choice=_CHOICES[click.action],
        response_url=click.response_url,
    )
