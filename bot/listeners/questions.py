"""Answer, under a question to a person, and the form behind it."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from bot.views.modals.answer import answer_fault, answer_modal
from bot.views.private.notes import Note, question_over
from services.errors import NotFound
from services.jobs import AnswerStep, Tell
from services.runs.questions import Question


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.action(ids.ACTION_STEP_ANSWER)(guard(payloads.click, show_form))
    app.view(ids.VIEW_STEP_ANSWER)(guard(payloads.answer, answer))


async def show_form(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The form, for the person who was asked, while an answer is awaited."""
    ref = _ref(click.value)
    question = await _question(ref, deps)
    if refused := _refusal(question, ref, click.user):
        await deps.intake.put(click.key, _tell(click, refused, deps))
    elif question is not None:
        view = answer_modal(question, channel=click.channel, message_ts=click.message_ts)
        await deps.slack.open_view(click.trigger_id, view)
    await ack()


async def answer(given: payloads.AnswerForm, deps: Deps, ack: AsyncAck) -> None:
    """The form's answer; Slack itself refuses an empty field, but not one of blanks, nor a film with any name."""
    if fault := answer_fault(given.answer, given.files):
        await ack(response_action="errors", errors={ids.BLOCK_ANSWER: fault})
        return
    await deps.intake.put(given.key, _job(given, deps))
    await ack()


def _tell(click: payloads.Click, note: str, deps: Deps) -> Tell:
    return Tell(
        workspace=deps.workspace.id,
        channel=click.channel,
        user=click.user,
        note=note,
        response_url=click.response_url,
    )


async def _question(ref: ids.Ref, deps: Deps) -> Question | None:
    async with deps.database.reading() as session:
        try:
            return await deps.questions.question(session, deps.workspace.id, ref.id)
        except NotFound:
            return None


def _refusal(question: Question | None, ref: ids.Ref, user: str) -> str | None:
    if question is None:
        return Note.NOT_FOUND
    if user not in question.people:
        return Note.NOT_ASKED
    is_open = question.is_open and question.attempt == ref.revision
    return None if is_open else question_over(question.answered_by)


def _job(given: payloads.AnswerForm, deps: Deps) -> AnswerStep:
    ref = _ref(given.value)
    return AnswerStep(
        workspace=deps.workspace.id,
        step=ref.id,
        attempt=ref.revision,
        user=given.user,
        answer=given.answer,
        files=given.files or (),
        channel=given.channel,
        ts=given.message_ts,
    )


def _ref(value: str) -> ids.Ref:
    try:
        return ids.Ref.decode(value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
