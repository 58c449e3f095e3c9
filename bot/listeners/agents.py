"""The bot as an agent: somebody presses Stop, a workflow comes to a step of its, or a plan is looked at beside."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from bot.views.messages.entity import Entity, task
from services.errors import NotFound
from services.jobs import DraftForWorkflow, StopAnswer, WaitForPlan


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.event("agent_session_stopped")(guard(payloads.session_stopped, stop))
    app.event("function_executed")(guard(payloads.function_executed, run_function))
    app.event("entity_details_requested")(guard(payloads.details_requested, show_details))


async def stop(stopped: payloads.SessionStopped, deps: Deps, ack: AsyncAck) -> None:
    """Handed over: who may stop what is decided there."""
    job = StopAnswer(
        workspace=deps.workspace.id, user=stopped.user, channel=stopped.channel, thread_ts=stopped.thread_ts
    )
    await deps.intake.put(stopped.key, job)
    await ack()


async def run_function(executed: payloads.FunctionExecuted, deps: Deps, ack: AsyncAck) -> None:
    """Handed over; Slack is told later how it ends, perhaps in days."""
    await deps.intake.put(executed.key, _job(executed, deps))
    await ack()


def _job(executed: payloads.FunctionExecuted, deps: Deps) -> DraftForWorkflow | WaitForPlan:
    given = {"key": executed.key, "execution": executed.execution, "user": executed.user or None}
    if executed.function == ids.FUNCTION_RUN:
        return WaitForPlan(workspace=deps.workspace.id, number=executed.number, **given)
    return DraftForWorkflow(workspace=deps.workspace.id, text=executed.text, channel=executed.channel, **given)


async def show_details(request: payloads.DetailsRequested, deps: Deps, ack: AsyncAck) -> None:
    """The plan in the pane beside, for whoever may see it: the card's preview is seen by all who see the card."""
    await deps.slack.present(request.trigger_id, await _details(request, deps))
    await ack()


async def _details(request: payloads.DetailsRequested, deps: Deps) -> Entity | None:
    """The plan as a task; None where there is none, or not for this person."""
    if not await deps.slack.is_member(request.user, deps.workspace.team_id, deps.workspace.enterprise_id):
        return None
    try:
        async with deps.database.reading() as session:
            plan = await deps.queries.get(session, deps.workspace.id, request.plan)
            viewer = await deps.queries.viewer(
                session, deps.workspace.id, request.user, request.channel, now=deps.now()
            )
            await deps.queries.check_may_see(session, plan, viewer)
    except NotFound:
        return None
    return task(plan, request.url, deps.zone, deps.now(), in_full=True)
