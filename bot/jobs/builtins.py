"""Built-in steps are carried out: a message is posted, people asked, time let pass. No worker is held by it."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.deps import Deps
from bot.errors import ChannelUnreachable, RateLimited, SlackError, SlackUnavailable
from bot.jobs.asking import Asked, ask
from bot.jobs.posting import post_once
from bot.views.notices import notice
from services.components.builtins import ASK_PERSON, AT_MOST_MINUTES, EVERY_MINUTES, NOTIFY, WAIT_FOR, WAIT_UNTIL
from services.connectors import Answer, Outcome, called, judge
from services.connectors.errors import CallError
from services.jobs import RunStep
from services.runs.builtin_attempts import BuiltinAttempt
from services.states import StepState
from services.steps.builtin_calls import Poll
from services.steps.resolving import Values
from services.steps.results import Result, failed, result_of

logger = logging.getLogger("mudda.builtins")

GROWTH = 1.5
LONGEST_INTERVAL = timedelta(hours=1)
"""Of the intervals between polls, each of which is longer than the one before by the factor GROWTH."""

MANY = 40
"""Polls after which every interval has long been the longest, whatever it was at first."""


@dataclass(frozen=True, slots=True)
class _PutOff:
    """The step waits until then; `facts` are kept with it."""

    until: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


_Outcome = Result | _PutOff | Asked


async def carry_out(job: RunStep, attempt: BuiltinAttempt, deps: Deps) -> None:
    """Do what a built-in step is for, as far as it goes now, and record that."""
    try:
        outcome = await _KINDS[attempt.call.key](job, attempt, deps)
    except (RateLimited, SlackUnavailable):
        raise
    except ChannelUnreachable:
        outcome = failed("channel_unreachable")
    except SlackError as error:
        outcome = failed("slack_refused", reason=error.code)
    if not await _keep(job, attempt, outcome, deps):
        logger.info("What came of a step was overtaken and thrown away")


async def _keep(job: RunStep, attempt: BuiltinAttempt, outcome: _Outcome, deps: Deps) -> bool:
    if isinstance(outcome, Result):
        return await deps.steps.record(job, attempt, outcome)
    async with deps.database.transaction() as session:
        now = deps.now()
        if isinstance(outcome, _PutOff):
            return await deps.builtins.put_off(session, job, attempt, outcome.until, now, **outcome.facts)
        return await deps.builtins.asked(session, job, attempt, now)


async def _notify(job: RunStep, attempt: BuiltinAttempt, deps: Deps) -> _Outcome:
    call = attempt.call
    message = notice(job.step, call.inputs["message"], to=call.person)
    channel, thread_ts = call.channel, None
    if channel is None:
        async with deps.database.transaction() as session:
            channel, thread_ts = await deps.cards.place(session, job.workspace, attempt.plan_id)
    ts = await post_once(channel, message, thread_ts, attempt, deps)
    return Result(StepState.DONE, "done", output={"posted": True, "channel": channel, "ts": ts})


async def _wait_for(job: RunStep, attempt: BuiltinAttempt, deps: Deps) -> _Outcome:
    until = attempt.started_at + timedelta(minutes=attempt.call.inputs["minutes"])
    if deps.now() < until:
        return _PutOff(until)
    return Result(StepState.DONE, "done", output={"waited_until": until.isoformat()})


async def _wait_until(job: RunStep, attempt: BuiltinAttempt, deps: Deps) -> _Outcome:
    poll, inputs = attempt.call.poll, attempt.call.inputs
    assert poll is not None  # noqa: S101 - a wait.until has one
    polls = attempt.wait.get("polls", 0) + 1
    # A key of its own for each: the answer of the last one is what nobody wants again.
    key = f"{job.run}:{job.step}:{attempt.number}:{polls}"
    answer = await called(poll.request, poll.definition, idempotency_key=key, connector=deps.connector)
    verdict = judge(answer, safe=True)
    if verdict.outcome is Outcome.FAIL:
        return result_of(answer, poll.definition, attempt.number)
    if isinstance(answer, Answer) and verdict.outcome is Outcome.DONE:
        value = _value(answer, poll)
        if _is_awaited(value, inputs.get("equals")):
            warnings = tuple(warning.to_dict() for warning in answer.warnings)
            return Result(
                StepState.DONE, "done", answer.status, {"value": value, "polls": polls}, warnings=warnings
            )
    end = attempt.started_at + timedelta(minutes=inputs.get("at_most_minutes", AT_MOST_MINUTES))
    now = deps.now()
    if now >= end:
        return failed("wait_ended", polls=polls)
    pause = max(_interval(inputs, polls), timedelta(seconds=verdict.after or 0))
    return _PutOff(min(now + pause, end), {"polls": polls, "last": _last(answer)})


def _value(answer: Answer, poll: Poll) -> Any:
    return Values(outputs={poll.field.source: answer.body}).find(poll.field)


def _is_awaited(value: Any, wanted: str | None) -> bool:
    """Whether a field has the wanted value, or any; an empty text or list is none."""
    if wanted is None:
        return value not in (None, "", [], {})
    return value is not None and (value if isinstance(value, str) else json.dumps(value)) == wanted


def _interval(inputs: Mapping[str, Any], polls: int) -> timedelta:
    first = timedelta(minutes=inputs.get("every_minutes", EVERY_MINUTES))
    return min(first * GROWTH ** min(polls - 1, MANY), max(first, LONGEST_INTERVAL))


def _last(answer: Answer | CallError) -> dict[str, Any]:
    """What came of the last poll, for whoever asks why it takes so long."""
    return answer.to_dict() if isinstance(answer, CallError) else {"status": answer.status}


_KINDS: Mapping[str, Callable[[RunStep, BuiltinAttempt, Deps], Awaitable[_Outcome]]] = {
    NOTIFY: _notify,
    ASK_PERSON: ask,
    WAIT_FOR: _wait_for,
    WAIT_UNTIL: _wait_until,
}
