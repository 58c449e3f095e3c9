"""`/mudda notifications`, and the menu of a gate: remind, ask for more information, hand it over."""

from __future__ import annotations

from datetime import date

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.languages import _
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from bot.views.modals.gate import ask_modal, hand_over_modal
from bot.views.modals.notifications import notifications_modal
from services.jobs import AskAtGate, HandOverGate, NudgeGate, SetNotifications
from services.notifications.preferences import NotificationMode, Preferences
from services.queries import runs as run_queries

MODALS = {ids.CHOICE_ASK: ask_modal, ids.CHOICE_HAND_OVER: hand_over_modal}


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.action(ids.ACTION_GATE_MORE)(guard(payloads.click, more, members_only=True))
    app.view(ids.VIEW_GATE_ASK)(guard(payloads.gate_form, ask, members_only=True))
    app.view(ids.VIEW_GATE_HAND_OVER)(guard(payloads.gate_form, hand_over, members_only=True))
    app.view(ids.VIEW_NOTIFICATIONS)(guard(payloads.notifications, save, members_only=True))


async def show_form(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """The form, filled in with what the person has set."""
    async with deps.database.reading() as session:
        found = await deps.notifications.preferences.get(session, deps.workspace.id, command.user)
    view = notifications_modal(found, command.channel, response_url=command.response_url)
    await deps.slack.open_view(command.trigger_id, view)
    await ack()


async def save(form: payloads.NotificationsForm, deps: Deps, ack: AsyncAck) -> None:
    """What can't be meant shows in the form; the rest is handed over."""
    if errors := await _errors(form, deps):
        await ack(response_action="errors", errors=errors)
        return
    await deps.intake.put(form.key, _settings(form, deps))
    await ack()


async def more(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """What the menu of a gate offers: a reminder at once, or one of two forms."""
    choice = _choice(click.value)
    if (modal := MODALS.get(choice.name)) is None:
        await deps.intake.put(click.key, _nudge(click, choice.ref, deps))
    else:
        async with deps.database.reading() as session:
            title = await run_queries.step_title(session, deps.workspace.id, choice.ref.id)
        channel, ts, thread_ts = click.channel, click.message_ts, click.thread_ts
        view = modal(choice.ref, title, channel=channel, message_ts=ts, thread_ts=thread_ts)
        await deps.slack.open_view(click.trigger_id, view)
    await ack()


async def hand_over(form: payloads.GateForm, deps: Deps, ack: AsyncAck) -> None:
    """The person to whom it is handed; whether they may decide is seen when it is done."""
    if form.person is None or not await _is_fit(form.person, deps):
        errors = {ids.BLOCK_PERSON: _("Choose a person of your organisation who may decide.")}
        await ack(response_action="errors", errors=errors)
        return
    await deps.intake.put(form.key, HandOverGate(**_act(form, deps), person=form.person))
    await ack()


async def ask(form: payloads.GateForm, deps: Deps, ack: AsyncAck) -> None:
    """The person who is asked, and what."""
    if form.person is None or form.person == deps.workspace.bot_user_id or not form.text:
        block = ids.BLOCK_REASON if form.person and not form.text else ids.BLOCK_PERSON
        errors = {block: _("A word or two will do.") if block == ids.BLOCK_REASON else _("Choose a person.")}
        await ack(response_action="errors", errors=errors)
        return
    await deps.intake.put(form.key, AskAtGate(**_act(form, deps), person=form.person, text=form.text))
    await ack()


async def _errors(form: payloads.NotificationsForm, deps: Deps) -> dict[str, str]:
    """A sentence for the first field with something wrong in it."""
    if form.mode not in frozenset(NotificationMode):
        return {ids.BLOCK_MODE: _("Choose one of these.")}
    if form.deputy is None:
        return {}
    if form.deputy == form.user:
        return {ids.BLOCK_DEPUTY: _("Choose somebody else: you can't stand in for yourself.")}
    if not await deps.slack.is_colleague(form.deputy, deps.workspace.team_id):
        return {
            ids.BLOCK_DEPUTY: _("Choose a member of your organisation: no app, no guest, nobody who has left.")
        }
    return _wrong_days(form, deps.notifications.preferences.today(deps.now()))


def _wrong_days(form: payloads.NotificationsForm, today: date) -> dict[str, str]:
    if form.first is None or form.last is None:
        return {ids.BLOCK_FIRST_DAY if form.first is None else ids.BLOCK_LAST_DAY: _("Choose a day.")}
    try:
        Preferences(NotificationMode(form.mode), form.deputy, form.first, form.last)
    except ValueError:
        return {ids.BLOCK_LAST_DAY: _("Choose a day that is not before the first, and within a year.")}
    if form.last < today:
        return {ids.BLOCK_LAST_DAY: _("That day is over. Choose today or later.")}
    return {}


async def _is_fit(person: str, deps: Deps) -> bool:
    """Whether somebody may be asked to decide at all: an approver, or where there are none a colleague."""
    async with deps.database.reading() as session:
        has_approvers = (await deps.approvals.settings(session, deps.workspace.id)).approvers
    return bool(has_approvers) or await deps.slack.is_colleague(person, deps.workspace.team_id)


def _settings(form: payloads.NotificationsForm, deps: Deps) -> SetNotifications:
    days = {"first": form.first, "last": form.last} if form.deputy else {}
    return SetNotifications(
        workspace=deps.workspace.id,
        user=form.user,
        channel=form.channel,
        mode=form.mode,
        deputy=form.deputy,
        response_url=form.response_url,
        **days,
    )


def _nudge(click: payloads.Click, ref: ids.Ref, deps: Deps) -> NudgeGate:
    return NudgeGate(
        key=click.key,
        workspace=deps.workspace.id,
        target=ref.id,
        revision=ref.revision,
        user=click.user,
        channel=click.channel,
        message_ts=click.message_ts,
        thread_ts=click.thread_ts,
    )


def _act(form: payloads.GateForm, deps: Deps) -> dict[str, object]:
    """What the jobs of both forms have in common."""
    try:
        ref = ids.Ref.decode(form.value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
    return {
        "key": form.key,
        "workspace": deps.workspace.id,
        "target": ref.id,
        "revision": ref.revision,
        "user": form.user,
        "channel": form.channel,
        "message_ts": form.message_ts,
        "thread_ts": form.thread_ts,
    }


def _choice(value: str) -> ids.Choice:
    try:
        return ids.Choice.decode(value)
    except ValueError as error:
        raise MalformedPayload("an option's value that we did not write") from error
