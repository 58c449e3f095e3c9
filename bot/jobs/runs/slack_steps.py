"""The kinds of steps that need Slack: a message is posted, or people are asked. No worker is held by them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from bot.deps import Deps
from bot.errors import ChannelUnreachable, RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import post_once
from bot.jobs.runs.asking import ask
from bot.views.messages.notice import notice_message
from bot.workspaces.tenants import Tenants
from services.components.builtins import ASK_PERSON, NOTIFY
from services.jobs import RunStep
from services.runs.claims import Attempt
from services.runs.executor import Executor
from services.states import StepState
from services.steps.calls import BuiltinCall
from services.steps.results import StepOutcome, StepResult, failed

SlackKind = Callable[[RunStep, Attempt[BuiltinCall], Deps], Awaitable[StepOutcome]]


def register_slack_steps(executor: Executor, tenants: Tenants) -> None:
    """Let the executor carry out the steps that need Slack, each in the workspace that its run belongs to."""
    kinds: dict[str, SlackKind] = {NOTIFY: _notify, ASK_PERSON: ask}
    for key, kind in kinds.items():
        executor.register(key, partial(_carry_out, kind, tenants))


async def _carry_out(
    kind: SlackKind, tenants: Tenants, job: RunStep, attempt: Attempt[BuiltinCall]
) -> StepOutcome:
    """What Slack refuses fails the step; what it may take later is tried again by the worker."""
    deps = await tenants.of(job.workspace)
    if deps is None:
        return failed("channel_unreachable")
    try:
        return await kind(job, attempt, deps)
    except (RateLimited, SlackUnavailable):
        raise
    except ChannelUnreachable:
        return failed("channel_unreachable")
    except SlackError as error:
        return failed("slack_refused", reason=error.code)


async def _notify(job: RunStep, attempt: Attempt[BuiltinCall], deps: Deps) -> StepOutcome:
    call = attempt.call
    message = notice_message(job.step, call.inputs["message"], to=call.person)
    channel, thread_ts = call.channel, None
    if channel is None:
        async with deps.database.transaction() as session:
            channel, thread_ts = await deps.cards.place(session, job.workspace, attempt.plan_id)
    ts = await post_once(channel, message, thread_ts, attempt, deps)
    return StepResult(StepState.DONE, "done", output={"posted": True, "channel": channel, "ts": ts})
