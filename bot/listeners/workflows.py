"""`/workflows [filters, words | #number | #number.run]`: the plans of this workspace, privately and in pages."""

from __future__ import annotations

import re

from slack_bolt.async_app import AsyncAck, AsyncApp
from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.listeners.guard import guard
from bot.listeners.paging import buttons_of, turn_page
from bot.slack import ids, payloads
from bot.slack.messages import Message
from bot.views.private.lists import workflows_list
from bot.views.private.notes import Note, note_text
from bot.views.private.workflow import workflow_details
from services.errors import NotFound
from services.jobs import ShowCard
from services.queries import filters
from services.queries import runs as run_queries
from services.queries.runs import find_run
from services.queries.snapshots import PlanSnapshot


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.command(ids.COMMAND_WORKFLOWS)(guard(payloads.command, list_workflows))
    app.action(ids.ACTION_CARD_SHOW)(guard(payloads.click, show_card))
    app.action(buttons_of(ids.ACTION_WORKFLOWS_PAGE))(guard(payloads.click, turn_page))
    app.action(ids.ACTION_WORKFLOWS_FILTER)(guard(payloads.click, turn_page))


async def list_workflows(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """One plan by its number, with its last run or the one named, or the first page of those that match."""
    named = re.fullmatch(r"#?(\d{1,9})(?:\.(\d{1,9}))?", command.text)
    if named is None:
        message = await _first_page(command, deps)
    elif named[2] is None:
        message = await _plan(int(named[1]), command, deps)
    else:
        message = await _run(int(named[1]), int(named[2]), command, deps)
    await ack(text=message.text, blocks=message.blocks)


async def show_card(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Where the card of a plan is; one that was deleted comes back."""
    await deps.intake.put(click.key, _show(click, deps))
    await ack()


def _show(click: payloads.Click, deps: Deps) -> ShowCard:
    try:
        plan = ids.Ref.decode(click.value).id
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error
    return ShowCard(
        workspace=deps.workspace.id,
        user=click.user,
        channel=click.channel,
        plan=plan,
        response_url=click.response_url,
    )


async def _plan(number: int, command: payloads.Command, deps: Deps) -> Message:
    async with deps.database.reading() as session:
        try:
            plan = await deps.queries.get_by_number(session, deps.workspace.id, number)
            await _check_may_see(session, plan, command, deps)
            return workflow_details(plan, await run_queries.history(session, deps.workspace.id, plan.id))
        except NotFound:
            return Message(note_text(Note.NOT_FOUND), [])


async def _run(plan_number: int, number: int, command: payloads.Command, deps: Deps) -> Message:
    async with deps.database.reading() as session:
        try:
            run_id = await find_run(session, deps.workspace.id, plan_number, number)
            plan = await deps.queries.get_by_run(session, deps.workspace.id, run_id)
            await _check_may_see(session, plan, command, deps)
            history = await run_queries.history(session, deps.workspace.id, plan.id, run_id=run_id)
            return workflow_details(plan, history)
        except NotFound:
            return Message(note_text(Note.RUN_NOT_FOUND), [])


async def _check_may_see(session: AsyncSession, plan: PlanSnapshot, command: payloads.Command, deps: Deps) -> None:
    """What somebody may not see is not there for them. Raises NotFound."""
    viewer = await deps.queries.viewer(session, deps.workspace.id, command.user, command.channel, now=deps.now())
    await deps.queries.check_may_see(session, plan, viewer)


async def _first_page(command: payloads.Command, deps: Deps) -> Message:
    wanted = filters.read(filters.with_ids(command.markup)[: ids.SEARCH_LENGTH])
    async with deps.database.searching() as session:
        viewer = await deps.queries.viewer(
            session, deps.workspace.id, command.user, command.channel, now=deps.now()
        )
        page = await deps.queries.list(session, deps.workspace.id, wanted=wanted, viewer=viewer)
    return workflows_list(page, wanted)
