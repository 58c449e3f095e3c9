"""Issues come in: `/mudda`, `@mudda`, and the modal that `/mudda` alone opens."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.listeners.approvals import show_form
from bot.listeners.guard import guard
from bot.listeners.notes import list_notes
from bot.listeners.notifications import show_form as show_notifications
from bot.slack import ids, payloads
from bot.views.modals.new_issue import new_issue_modal
from bot.views.private.notes import Note, note_text
from services.jobs import OpenPlan, Tell

ASKS_FOR_HELP = ("help", "?")
ANSWERS = {"approvers": show_form, "notes": list_notes, "notifications": show_notifications}
"""What is answered to these words alone: they are no issue."""


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.command(ids.COMMAND_MUDDA)(guard(payloads.command, state_by_command))
    app.event("app_mention")(guard(payloads.mention, state_by_mention))
    app.view(ids.VIEW_NEW_ISSUE)(guard(payloads.new_issue, state_by_modal))


async def state_by_command(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """`/mudda <issue>`; with no text a modal, with `help`, `approvers` or `notes` what is asked for."""
    if not command.text:
        view = new_issue_modal(command.channel, response_url=command.response_url)
        await deps.slack.open_view(command.trigger_id, view)
        await ack()
    elif command.text.lower() in ASKS_FOR_HELP:
        await ack(text=note_text(Note.HELP))
    elif answer := ANSWERS.get(command.text.lower()):
        await answer(command, deps, ack)
    else:
        await deps.intake.put(command.key, _from_command(command, deps))
        await ack()


async def state_by_mention(mention: payloads.Mention, deps: Deps, ack: AsyncAck) -> None:
    """`@mudda <issue>`, answered in the thread. Other bots are not listened to: two could talk for ever."""
    if mention.from_person and mention.text and mention.text.lower() not in ASKS_FOR_HELP:
        await deps.intake.put(mention.key, _from_mention(mention, deps))
    elif mention.from_person:
        await deps.intake.put(mention.key, _help(mention, deps))
    await ack()


async def state_by_modal(issue: payloads.NewIssue, deps: Deps, ack: AsyncAck) -> None:
    """The modal's issue; Slack itself refuses an empty field, but not one of blanks."""
    if not issue.text:
        await ack(response_action="errors", errors={ids.BLOCK_ISSUE: "Say in a sentence what is wrong."})
        return
    await deps.intake.put(issue.key, _from_modal(issue, deps))
    await ack()


def _from_command(command: payloads.Command, deps: Deps) -> OpenPlan:
    return OpenPlan(
        key=command.key,
        workspace=deps.workspace.id,
        source="command",
        channel=command.channel,
        reporter=command.user,
        text=command.text,
        markup=command.markup,
        response_url=command.response_url,
    )


def _from_mention(mention: payloads.Mention, deps: Deps) -> OpenPlan:
    return OpenPlan(
        key=mention.key,
        workspace=deps.workspace.id,
        source="mention",
        channel=mention.channel,
        reporter=mention.user,
        text=mention.text,
        markup=mention.markup,
        message_ts=mention.message_ts,
        thread_ts=mention.thread_ts or mention.message_ts,
    )


def _from_modal(issue: payloads.NewIssue, deps: Deps) -> OpenPlan:
    return OpenPlan(
        key=issue.key,
        workspace=deps.workspace.id,
        source="modal",
        channel=issue.channel,
        reporter=issue.user,
        text=issue.text,
        place=issue.place,
        urgency=issue.urgency,
        response_url=issue.response_url,
    )


def _help(mention: payloads.Mention, deps: Deps) -> Tell:
    code = Note.HELP if mention.text else Note.EMPTY_MENTION
    return Tell(
        workspace=deps.workspace.id,
        channel=mention.channel,
        user=mention.user,
        note=code,
        thread_ts=mention.thread_ts,
    )
