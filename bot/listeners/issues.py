"""`/mudda` and the modal that it opens alone: issues come in, and all else that is typed there."""

from __future__ import annotations

from dataclasses import replace

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.languages import _
from bot.listeners.approvals import show_form
from bot.listeners.components import list_components
from bot.listeners.guard import guard
from bot.listeners.importing import show_add_form
from bot.listeners.inquiries import ask, is_asking
from bot.listeners.notes import list_notes
from bot.listeners.notifications import show_form as show_notifications
from bot.listeners.workflows import list_workflows
from bot.slack import ids, payloads
from bot.views.modals.new_issue import new_issue_modal
from bot.views.private.help import reading, slip
from bot.views.private.notes import Note, note_text
from services.ai.intents import Intent, Saying, Where
from services.conversations.rules import is_call_for_help, plainly, weight
from services.conversations.slips import nearest
from services.jobs import Hear, OpenPlan

KNOWN = ("help", "ask")
"""Besides ANSWERS, what a lone word may be a slip of."""

LISTS = {"components": list_components, "workflows": list_workflows}
"""What is listed to these words, alone or with more behind them."""

ASKS_FOR_HELP = ("help", "?")
ANSWERS = {
    "approvers": show_form,
    "notes": list_notes,
    "notifications": show_notifications,
    ids.WORDS_ADD: show_add_form,
}
"""What is answered to these words alone: they are no issue."""


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.command(ids.COMMAND_MUDDA)(guard(payloads.command, state_by_command))
    app.view(ids.VIEW_NEW_ISSUE)(guard(payloads.new_issue, state_by_modal))


async def state_by_command(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """`/mudda <issue>`; with no text a modal, with a word that is known, or a slip of one, what is asked for."""
    if not command.text:
        view = new_issue_modal(command.channel, response_url=command.response_url)
        await deps.slack.open_view(command.trigger_id, view)
        await ack()
    elif is_call_for_help(command.text):
        await ack(text=note_text(Note.HELP))
    elif answer := ask if is_asking(command.text) else ANSWERS.get(command.text.lower()):
        await answer(command, deps, ack)
    elif listing := LISTS.get(_first_word(command.text)):
        await listing(_behind_first_word(command), deps, ack)
    else:
        await _words(command, deps, ack)


def _first_word(text: str) -> str:
    return text.split(maxsplit=1)[0].lower()


def _behind_first_word(command: payloads.Command) -> payloads.Command:
    text, markup = (each.split(maxsplit=1)[1:] for each in (command.text, command.markup))
    return replace(command, text="".join(text), markup="".join(markup))


async def _words(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """A lone word is a slip and never drafted; a plain report gets its card at once; the rest has to be judged."""
    if weight(command.text) <= 1:
        await ack(text=slip(command.text, nearest(command.text, (*KNOWN, *LISTS, *ANSWERS))))
    elif plainly(Saying(command.text, Where.COMMAND)) is Intent.ISSUE:
        await deps.intake.put(command.key, _from_command(command, deps))
        await ack()
    else:
        await deps.intake.put(command.key, _to_judge(command, deps))
        await ack(text=reading())


async def state_by_modal(issue: payloads.NewIssue, deps: Deps, ack: AsyncAck) -> None:
    """The modal's issue; Slack itself refuses an empty field, but not one of blanks."""
    if not issue.text:
        await ack(response_action="errors", errors={ids.BLOCK_ISSUE: _("Say in a sentence what is wrong.")})
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


def _to_judge(command: payloads.Command, deps: Deps) -> Hear:
    return Hear(
        key=command.key,
        workspace=deps.workspace.id,
        where=Where.COMMAND,
        user=command.user,
        channel=command.channel,
        text=command.text,
        markup=command.markup,
        response_url=command.response_url,
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
