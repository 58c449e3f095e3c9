"""Buttons on a plan's card."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.listeners.guard import guard
from bot.listeners.pictures import graph_of_plan
from bot.listeners.refining import choose_step, list_versions
from bot.slack import ids, payloads
from bot.views.modals.plan import details_modal
from services.jobs import DecidePlan, MakeDryRun, PlanDecision

DECISIONS: dict[str, PlanDecision] = {
    ids.ACTION_APPROVE: PlanDecision.APPROVE,
    ids.ACTION_DISCARD: PlanDecision.DISCARD,
    ids.ACTION_TRY_AGAIN: PlanDecision.TRY_AGAIN,
}


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    for action in DECISIONS:
        app.action(action)(guard(payloads.click, decide, members_only=True))
    app.action(ids.ACTION_SHOW_ALL)(guard(payloads.click, show_all, members_only=True))
    app.action(ids.ACTION_PLAN_MORE)(guard(payloads.click, more, members_only=True))


async def decide(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Discard, or try again: handed over with the revision that the person saw."""
    await deps.intake.put(click.key, _decision(click, deps))
    await ack()


async def show_all(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Every step of a plan that is too long for its card, in a modal."""
    await _open_details(click, _ref(click), deps)
    await ack()


async def more(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """What the card's menu offers: a dry run, the plan as a picture, or a modal."""
    choice = _choice(click)
    if choice.name == ids.CHOICE_SHOW_GRAPH:
        await deps.intake.put(click.key, graph_of_plan(click, choice.ref.id, deps))
    elif choice.name == ids.CHOICE_DRY_RUN:
        await deps.intake.put(click.key, _dry_run(click, choice.ref, deps))
    else:
        await MODALS[choice.name](click, choice.ref, deps)
    await ack()


async def _open_details(click: payloads.Click, ref: ids.Ref, deps: Deps) -> None:
    async with deps.database.reading() as session:
        snapshot = await deps.queries.get(session, deps.workspace.id, ref.id)
    await deps.slack.open_view(click.trigger_id, details_modal(snapshot))


MODALS = {
    ids.CHOICE_SHOW_ALL: _open_details,
    ids.CHOICE_EDIT_STEP: choose_step,
    ids.CHOICE_VERSIONS: list_versions,
}


def _dry_run(click: payloads.Click, ref: ids.Ref, deps: Deps) -> MakeDryRun:
    return MakeDryRun(
        key=click.key,
        workspace=deps.workspace.id,
        plan=ref.id,
        revision=ref.revision,
        user=click.user,
        channel=click.channel,
        message_ts=click.message_ts,
        thread_ts=click.thread_ts,
    )


def _decision(click: payloads.Click, deps: Deps) -> DecidePlan:
    ref = _ref(click)
    return DecidePlan(
        key=click.key,
        workspace=deps.workspace.id,
        plan=ref.id,
        revision=ref.revision,
        decision=DECISIONS[click.action],
        user=click.user,
        channel=click.channel,
        message_ts=click.message_ts,
        thread_ts=click.thread_ts,
    )


def _ref(click: payloads.Click) -> ids.Ref:
    try:
        return ids.Ref.decode(click.value)
    except ValueError as error:
        raise MalformedPayload("a button's value that we did not write") from error


def _choice(click: payloads.Click) -> ids.Choice:
    try:
        return ids.Choice.decode(click.value)
    except ValueError as error:
        raise MalformedPayload("an option's value that we did not write") from error
