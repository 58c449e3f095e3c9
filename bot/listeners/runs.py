"""Buttons on a run's card, and the modals that ask for words."""

from __future__ import annotations

from collections.abc import Sequence

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.languages import _
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from bot.views.modals.outputs import unfit
from bot.views.modals.reason import edit_outputs_modal, mark_done_modal, reject_modal, skip_modal
from bot.views.modals.run import run_details_modal
from bot.views.modals.step import step_details_modal
from services.errors import NotFound
from services.jobs import DecideRun, GivenOutput, RunDecision, StepDecision
from services.queries import runs as run_queries
from services.queries.outputs import step_outputs
from services.steps.outputs import StepOutputs, Unfit

DECISIONS: dict[str, RunDecision | StepDecision] = {
    ids.ACTION_RUN_CANCEL: RunDecision.CANCEL,
    ids.ACTION_RUN_STOP: RunDecision.STOP,
    ids.ACTION_RUN_AGAIN: RunDecision.AGAIN,
    ids.ACTION_STEP_APPROVE: StepDecision.APPROVE,
    ids.ACTION_STEP_RETRY: StepDecision.RETRY,
}
REASON_MODALS = {
    ids.ACTION_STEP_REJECT: reject_modal,
    ids.ACTION_STEP_SKIP: skip_modal,
}
OUTPUT_MODALS = {
    ids.ACTION_STEP_MARK_DONE: mark_done_modal,
    ids.ACTION_STEP_EDIT_OUTPUTS: edit_outputs_modal,
}


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    for action in DECISIONS:
        app.action(action)(guard(payloads.click, decide, members_only=True))
    for action in REASON_MODALS:
        app.action(action)(guard(payloads.click, ask_for_reason, members_only=True))
    for action in OUTPUT_MODALS:
        app.action(action)(guard(payloads.click, ask_for_outputs, members_only=True))
    app.action(ids.ACTION_RUN_DETAILS)(guard(payloads.click, show_details, members_only=True))
    app.action(ids.ACTION_STEP_DETAILS)(guard(payloads.click, show_step, members_only=True))
    app.view(ids.VIEW_STEP_REJECT)(guard(payloads.reason, reject, members_only=True))
    app.view(ids.VIEW_STEP_SKIP)(guard(payloads.reason, skip, members_only=True))
    app.view(ids.VIEW_STEP_MARK_DONE)(guard(payloads.reason, mark_done, members_only=True))
    app.view(ids.VIEW_STEP_EDIT_OUTPUTS)(guard(payloads.reason, edit_outputs, members_only=True))


async def decide(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """A decision that needs no words, handed over with the revision that the person saw."""
    await deps.intake.put(click.key, _job(click, DECISIONS[click.action], deps))
    await ack()


async def ask_for_reason(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """A step is not rejected without saying why; of one that is skipped, it may be said. Both say what follows."""
    ref = _ref(click.value)
    async with deps.database.reading() as session:
        run_id = await run_queries.run_of_step(session, deps.workspace.id, ref.id)
        snapshot = await deps.queries.get_by_run(session, deps.workspace.id, run_id)
    modal = REASON_MODALS[click.action]
    channel, ts, thread_ts = click.channel, click.message_ts, click.thread_ts
    view = modal(ref, snapshot, channel=channel, message_ts=ts, thread_ts=thread_ts)
    await deps.slack.open_view(click.trigger_id, view)
    await ack()


async def ask_for_outputs(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Nor marked done without saying how that is known, and what later steps take from it."""
    ref = _ref(click.value)
    of = await _outputs(ref, deps)
    modal = OUTPUT_MODALS[click.action]
    channel, ts, thread_ts = click.channel, click.message_ts, click.thread_ts
    view = modal(ref, of.title, of.awaited, channel=channel, message_ts=ts, thread_ts=thread_ts)
    await deps.slack.open_view(click.trigger_id, view)
    await ack()


async def reject(reason: payloads.Reason, deps: Deps, ack: AsyncAck) -> None:
    """The modal of Reject step."""
    if faults := _faults(reason):
        await ack(response_action="errors", errors=faults)
        return
    await deps.intake.put(reason.key, _with_reason(reason, StepDecision.REJECT, (), deps))
    await ack()


async def skip(reason: payloads.Reason, deps: Deps, ack: AsyncAck) -> None:
    """The modal of Skip step."""
    await deps.intake.put(reason.key, _with_reason(reason, StepDecision.SKIP, (), deps))
    await ack()


async def mark_done(reason: payloads.Reason, deps: Deps, ack: AsyncAck) -> None:
    """The modal of Mark done."""
    await _with_outputs(reason, StepDecision.MARK_DONE, deps, ack)


async def edit_outputs(reason: payloads.Reason, deps: Deps, ack: AsyncAck) -> None:
    """The modal of Fill in answer."""
    await _with_outputs(reason, StepDecision.EDIT_OUTPUTS, deps, ack)


async def show_details(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """A run with as much of each step as fits, in a modal."""
    async with deps.database.reading() as session:
        run_id = _ref(click.value).id
        snapshot = await deps.queries.get_by_run(session, deps.workspace.id, run_id)
        history = await run_queries.history(session, deps.workspace.id, snapshot.id, run_id=run_id)
    await deps.slack.open_view(click.trigger_id, run_details_modal(snapshot, history))
    await ack()


async def show_step(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """One step with its whole request and answer: in a modal, or on top of the one that it was chosen in."""
    step_id = _ref(click.value).id
    async with deps.database.reading() as session:
        run_id, answer = await run_queries.answer(session, deps.workspace.id, step_id)
        snapshot = await deps.queries.get_by_run(session, deps.workspace.id, run_id)
    view = step_details_modal(snapshot, step_id, answer)
    if view is None:
        raise NotFound("step", step_id)
    await (deps.slack.push_view if click.is_in_modal else deps.slack.open_view)(click.trigger_id, view)
    await ack()


async def _with_outputs(reason: payloads.Reason, decision: StepDecision, deps: Deps, ack: AsyncAck) -> None:
    of = await _outputs(_ref(reason.value), deps)
    outputs, unfit = _read(of, reason.outputs)
    if faults := _faults(reason) | unfit:
        await ack(response_action="errors", errors=faults)
        return
    await deps.intake.put(reason.key, _with_reason(reason, decision, outputs, deps))
    await ack()


async def _outputs(ref: ids.Ref, deps: Deps) -> StepOutputs:
    async with deps.database.reading() as session:
        return await step_outputs(session, deps.workspace.id, ref.id)


def _read(of: StepOutputs, texts: Sequence[str]) -> tuple[tuple[GivenOutput, ...], dict[str, str]]:
    """The values that were given, and by block what is wrong with those that don't fit."""
    outputs: list[GivenOutput] = []
    faults: dict[str, str] = {}
    for number, (awaited, text) in enumerate(zip(of.awaited, texts, strict=False)):
        try:
            outputs.append(GivenOutput(path=awaited.path, value=of.read(awaited, text)))
        except Unfit as error:
            faults[f"{ids.BLOCK_OUTPUT}{number}"] = unfit(error.types)
    return tuple(outputs), faults


def _faults(reason: payloads.Reason) -> dict[str, str]:
    """Slack itself refuses an empty field, but not one of blanks."""
    return {} if reason.text else {ids.BLOCK_REASON: _("Write a word or two.")}


def _with_reason(
    reason: payloads.Reason, decision: StepDecision, outputs: tuple[GivenOutput, ...], deps: Deps
) -> DecideRun:
    return _job(reason, decision, deps).model_copy(update={"reason": reason.text or None, "outputs": outputs})


def _job(request: payloads.Click | payloads.Reason, decision: RunDecision | StepDecision, deps: Deps) -> DecideRun:
    ref = _ref(request.value)
    return DecideRun(
        key=request.key,
        workspace=deps.workspace.id,
        target=ref.id,
        revision=ref.revision,
        decision=decision,
        user=request.user,
        channel=request.channel,
        message_ts=request.message_ts,
        thread_ts=request.thread_ts,
    )


def _ref(value: str) -> ids.Ref:
    try:
        return ids.Ref.decode(value)
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
