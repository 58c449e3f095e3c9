"""What is asked on a card before the issue is planned: its buttons, and the form behind one of them."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.languages import _
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from bot.slack.payloads.clarifying import ClarifyForm, clarify
from bot.views.modals.clarify import NOTHING_SAID, clarify_modal
from bot.views.private.notes import Note, clarified_by, stale, with_people
from services.errors import NotFound
from services.jobs import AnswerClarification, Tell
from services.queries.snapshots import PlanSnapshot
from services.workflows.clarifications import MAX_CHOICES


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.action(ids.ACTION_CLARIFY_ANSWER)(guard(payloads.click, show_form))
    app.action(ids.ACTION_CLARIFY_ANYWAY)(guard(payloads.click, plan_anyway))
    app.action(ids.ACTION_CLARIFY_SAME)(guard(payloads.click, same))
    app.action(ids.ACTION_CLARIFY_UNDO)(guard(payloads.click, undo))
    for number in range(MAX_CHOICES):
        app.action(f"{ids.ACTION_CLARIFY_CHOICE}{number}")(guard(payloads.click, choose))
    app.view(ids.VIEW_CLARIFY)(guard(clarify, answer))


async def show_form(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The form, for whoever can answer while an answer is awaited."""
    snapshot = await _snapshot(_ref(click.value), deps)
    if (refused := _refusal(snapshot, click.user)) or snapshot is None or snapshot.clarification is None:
        await deps.intake.put(click.key, _tell(click, refused or Note.NOT_FOUND, deps))
    else:
        place = {"channel": click.channel, "message_ts": click.message_ts, "thread_ts": click.thread_ts}
        view = clarify_modal(snapshot, snapshot.clarification, **place)  # type: ignore[arg-type]
        await deps.slack.open_view(click.trigger_id, view)
    await ack()


async def answer(form: ClarifyForm, deps: Deps, ack: AsyncAck) -> None:
    """What was said in the form; something there has to be."""
    if not form.given:
        errors = {f"{ids.BLOCK_LACK}{name}": _(NOTHING_SAID) for name in form.asked[:1]}
        await ack(response_action="errors", errors=errors)
        return
    await deps.intake.put(form.key, _answer(form, deps, given=dict(form.given)))
    await ack()


async def plan_anyway(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """It is to be planned without an answer."""
    await deps.intake.put(click.key, _answer(click, deps, is_anyway=True))
    await ack()


async def same(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """It is the same as what is planned already."""
    await deps.intake.put(click.key, _answer(click, deps, is_same=True))
    await ack()


async def undo(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """It is not the same after all."""
    await deps.intake.put(click.key, _answer(click, deps, is_undone=True))
    await ack()


async def choose(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """One of the places that may be meant."""
    try:
        chosen = ids.Numbered.decode(click.value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
    await deps.intake.put(click.key, _answer(click, deps, value=chosen.ref.encode(), choice=chosen.number))
    await ack()


async def _snapshot(ref: ids.Ref, deps: Deps) -> PlanSnapshot | None:
    async with deps.database.reading() as session:
        try:
            return await deps.queries.get(session, deps.workspace.id, ref.id)
        except NotFound:
            return None


def _refusal(snapshot: PlanSnapshot | None, user: str) -> str | None:
    if snapshot is None:
        return Note.NOT_FOUND
    if not snapshot.is_asking:
        asked = snapshot.clarification
        return clarified_by(asked.by if asked else None) or stale(snapshot.state)
    return None if user in snapshot.asked_people else with_people(Note.CLARIFY_NOT_ASKED, snapshot.asked_people)


def _tell(click: payloads.Click, note: str, deps: Deps) -> Tell:
    return Tell(
        workspace=deps.workspace.id,
        channel=click.channel,
        user=click.user,
        note=note,
        thread_ts=click.thread_ts,
        response_url=click.response_url,
    )


def _answer(
    said: payloads.Click | ClarifyForm, deps: Deps, *, value: str = "", **what: Any
) -> AnswerClarification:
    return AnswerClarification(
        key=said.key,
        workspace=deps.workspace.id,
        plan=_ref(value or said.value).id,
        user=said.user,
        channel=said.channel,
        message_ts=said.message_ts or None,
        thread_ts=said.thread_ts,
        response_url=said.response_url if isinstance(said, payloads.Click) else None,
        **what,
    )


def _ref(value: str) -> ids.Ref:
    try:
        return ids.Ref.decode(value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
