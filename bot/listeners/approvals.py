"""`/mudda approvers`: who may decide, how many of them have to agree, and what happens while they don't."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.languages import _
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from bot.views.kit.text import is_user
from bot.views.modals.approvers import MAX_LIMIT_MINUTES, MAX_REMINDER_MINUTES, approvals_modal
from bot.views.private.notes import Note, note_text, with_people
from services.approvals import LimitOutcome, NotAnApprover
from services.jobs import SetApprovalRules


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.view(ids.VIEW_APPROVALS)(guard(payloads.approvals, save, members_only=True))


async def show_form(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """The form, for whoever may change it."""
    try:
        async with deps.database.reading() as session:
            await deps.approvals.check_may_set(session, deps.workspace.id, command.user)
            settings = await deps.approvals.settings(session, deps.workspace.id)
    except NotAnApprover as error:
        await ack(text=note_text(with_people(Note.APPROVALS_CLOSED, error.approvers)))
        return
    view = approvals_modal(settings, command.channel, response_url=command.response_url)
    await deps.slack.open_view(command.trigger_id, view)
    await ack()


async def save(form: payloads.ApprovalRulesForm, deps: Deps, ack: AsyncAck) -> None:
    """What can't be meant shows in the form; the rest is handed over."""
    if errors := _errors(form, deps.workspace.bot_user_id):
        await ack(response_action="errors", errors=errors)
        return
    await deps.intake.put(form.key, _job(form, deps))
    await ack()


def _errors(form: payloads.ApprovalRulesForm, bot: str) -> dict[str, str]:
    """A sentence for each field with something wrong in it."""
    most = max(1, len(form.approvers))
    errors = {
        ids.BLOCK_APPROVERS: _wrong_people(form.approvers, bot),
        ids.BLOCK_QUORUM: ""
        if _is_within(form.quorum, 1, most)
        else _("Enter a whole number from 1 to {most}, no more than there are approvers.", most=most),
        ids.BLOCK_REMINDER: ""
        if _is_within(form.remind_after, 0, MAX_REMINDER_MINUTES)
        else _("Enter a whole number of minutes from 0 (never) to {most} (a week).", most=MAX_REMINDER_MINUTES),
        ids.BLOCK_LIMIT: ""
        if not form.limit or _is_within(form.limit, 1, MAX_LIMIT_MINUTES)
        else _("Enter a whole number of minutes from 1 to {most} (90 days), or nothing.", most=MAX_LIMIT_MINUTES),
        ids.BLOCK_OUTCOME: "" if form.outcome in frozenset(LimitOutcome) else _("Choose one of these."),
    }
    return {block: error for block, error in errors.items() if error}


def _wrong_people(approvers: tuple[str, ...], bot: str) -> str:
    if bot in approvers:
        return _("Mudda can't decide about its own plans. Choose people.")
    return "" if all(map(is_user, approvers)) else _("Choose people, one by one.")


def _is_within(number: str, least: int, most: int) -> bool:
    return number.isascii() and number.isdecimal() and len(number) < 10 and least <= int(number) <= most


def _job(form: payloads.ApprovalRulesForm, deps: Deps) -> SetApprovalRules:
    return SetApprovalRules(
        workspace=deps.workspace.id,
        user=form.user,
        channel=form.channel,
        approvers=form.approvers,
        quorum=int(form.quorum),
        remind_after_minutes=int(form.remind_after),
        limit_minutes=int(form.limit) if form.limit else None,
        limit_outcome=form.outcome,
        response_url=form.response_url,
    )
