"""The bot as an agent: somebody presses Stop, or a workflow comes to a step of its."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.deps import Deps
from bot.listeners.guard import guard
from bot.slack import ids, payloads
from services.jobs import DraftForWorkflow, StopAnswer, WaitForPlan


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.event("agent_session_stopped")(guard(payloads.session_stopped, stop))
    app.event("function_executed")(guard(payloads.function_executed, run_function))


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
