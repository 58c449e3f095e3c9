"""`/mudda notes`: what the plan maker is told to mind, for those who may change it."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.languages import _
from bot.listeners.guard import guard
from bot.listeners.paging import buttons_of, turn_page
from bot.slack import ids, payloads
from bot.views.modals.planning_note import planning_note_modal
from bot.views.private.notes import Note, note_text, with_people
from bot.views.private.planning_notes import planning_notes_list
from services.approvals import NotAnApprover
from services.jobs import DeleteNote, SaveNote, Tell
from services.learning.notes import NoteSnapshot


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.action(ids.ACTION_NOTE_EDIT)(guard(payloads.click, show_note, members_only=True))
    app.action(ids.ACTION_NOTE_DELETE)(guard(payloads.click, delete, members_only=True))
    app.action(buttons_of(ids.ACTION_NOTES_PAGE))(guard(payloads.click, turn_page, members_only=True))
    app.view(ids.VIEW_NOTE)(guard(payloads.reason, save, members_only=True))


async def list_notes(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """The first page, for whoever may change it."""
    try:
        async with deps.database.reading() as session:
            page = await deps.learning.notes.page(session, deps.workspace.id, command.user)
    except NotAnApprover as error:
        await ack(text=note_text(with_people(Note.NOTES_CLOSED, error.approvers)))
        return
    message = planning_notes_list(page, is_on=deps.learning.is_on)
    await ack(text=message.text, blocks=message.blocks)


async def show_note(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The form of a note, or of a new one."""
    ref = _ref(click.value)
    try:
        note = await _note(click.user, ref, deps) if ref.revision else None
    except NotAnApprover as error:
        await deps.intake.put(click.key, _closed(click, error, deps))
    else:
        view = planning_note_modal(ref, note, click.channel, click.message_ts, click.response_url)
        await deps.slack.open_view(click.trigger_id, view)
    await ack()


async def save(form: payloads.Reason, deps: Deps, ack: AsyncAck) -> None:
    """What was written, handed over; Slack itself refuses an empty field, but not one of blanks."""
    if not form.text:
        await ack(
            response_action="errors", errors={ids.BLOCK_REASON: _("Say in a sentence what plans should mind.")}
        )
        return
    await deps.intake.put(form.key, _saving(form, deps))
    await ack()


async def delete(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Slack has asked whether it is meant."""
    await deps.intake.put(click.key, _deletion(click, deps))
    await ack()


async def _note(user: str, ref: ids.Ref, deps: Deps) -> NoteSnapshot:
    async with deps.database.reading() as session:
        return await deps.learning.notes.get(session, deps.workspace.id, user, ref.id)


def _saving(form: payloads.Reason, deps: Deps) -> SaveNote:
    ref = _ref(form.value)
    return SaveNote(
        key=form.key,
        workspace=deps.workspace.id,
        # A new note gets its id from its form: sent twice, it is the same.
        target=ref.id if ref.revision else uuid5(NAMESPACE_URL, f"{deps.workspace.id}/{form.key}"),
        revision=ref.revision,
        user=form.user,
        channel=form.channel,
        message_ts=form.message_ts,
        text=form.text,
        response_url=form.response_url,
    )


def _deletion(click: payloads.Click, deps: Deps) -> DeleteNote:
    ref = _ref(click.value)
    return DeleteNote(
        key=click.key,
        workspace=deps.workspace.id,
        target=ref.id,
        revision=ref.revision,
        user=click.user,
        channel=click.channel,
        message_ts=click.message_ts,
        response_url=click.response_url,
    )


def _closed(click: payloads.Click, error: NotAnApprover, deps: Deps) -> Tell:
    return Tell(
        workspace=deps.workspace.id,
        channel=click.channel,
        user=click.user,
        note=with_people(Note.NOTES_CLOSED, error.approvers),
        response_url=click.response_url,
    )


def _ref(value: str) -> ids.Ref:
    try:
        return ids.Ref.decode(value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
