"""Steps that wait: for some time, for a field of an answer, or for people; and what they keep meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from db.models.documents import AskedPerson, StepWait
from services.components.builtins import AT_MOST_MINUTES, EVERY_MINUTES
from services.connectors import Outcome, Response, judge
from services.connectors.errors import CallError
from services.states import StepState
from services.steps.calls import Poll
from services.steps.resolving import Values
from services.steps.results import Deferral, StepResult, failed, result_of

INTERVAL_GROWTH = 1.5
MAX_INTERVAL = timedelta(hours=1)
"""Of the intervals between polls, each of which is longer than the one before by the factor INTERVAL_GROWTH."""

MAX_GROWTH_POLLS = 40
"""Polls after which every interval has long been the longest, whatever it was at first."""


def wait_for(inputs: Mapping[str, Any], started_at: datetime, now: datetime) -> StepResult | Deferral:
    """What becomes of a step that lets so many minutes pass."""
    until = started_at + timedelta(minutes=inputs["minutes"])
    if now < until:
        return Deferral(until)
    return StepResult(StepState.DONE, "done", output={"waited_until": until.isoformat()})


def wait_until(
    poll: Poll,
    answer: Response | CallError,
    inputs: Mapping[str, Any],
    *,
    polls: int,
    started_at: datetime,
    now: datetime,
) -> StepResult | Deferral:
    """What becomes of a step that waits for a field of an answer, after that many `polls`."""
    verdict = judge(answer, safe=True)
    if verdict.outcome is Outcome.FAIL:
        return result_of(answer, poll.call.definition, polls)
    if isinstance(answer, Response) and verdict.outcome is Outcome.DONE:
        value = Values(outputs={poll.field.source: answer.body}).find(poll.field)
        if _is_awaited(value, inputs.get("equals")):
            warnings = tuple(warning.to_dict() for warning in answer.warnings)
            output = {"value": value, "polls": polls}
            return StepResult(StepState.DONE, "done", answer.status, output, warnings=warnings)
    end = wait_end(inputs, started_at)
    if now >= end:
        return failed("wait_ended", polls=polls)
    interval = max(_interval(inputs, polls), timedelta(seconds=verdict.after or 0))
    return Deferral(min(now + interval, end), {"polls": polls, "last": _last(answer)})


def wait_end(inputs: Mapping[str, Any], started_at: datetime) -> datetime:
    """Until when a field is waited for."""
    return started_at + timedelta(minutes=inputs.get("at_most_minutes", AT_MOST_MINUTES))


def _is_awaited(value: Any, wanted: str | None) -> bool:
    """Whether a field has the wanted value, or any; an empty text or list is none."""
    if wanted is None:
        return value not in (None, "", [], {})
    return value is not None and (value if isinstance(value, str) else json.dumps(value)) == wanted


def _interval(inputs: Mapping[str, Any], polls: int) -> timedelta:
    first = timedelta(minutes=inputs.get("every_minutes", EVERY_MINUTES))
    return min(first * INTERVAL_GROWTH ** min(polls - 1, MAX_GROWTH_POLLS), max(first, MAX_INTERVAL))


def _last(answer: Response | CallError) -> dict[str, Any]:
    """What came of the last poll, for whoever asks why it takes so long."""
    return answer.to_dict() if isinstance(answer, CallError) else {"status": answer.status}


def people_asked(wait: StepWait | None) -> Sequence[AskedPerson]:
    """Those who were asked, in order."""
    return (wait or {}).get("asked", [])


def with_message(wait: StepWait, person: str, *, ts: str, channel: str | None = None) -> StepWait:
    """`wait` with where the message of a person is; in the channel that is known, unless another is given."""
    asked: list[AskedPerson] = [
        {"person": person, "channel": channel or each["channel"], "ts": ts} if each["person"] == person else each
        for each in people_asked(wait)
    ]
    return {**wait, "asked": asked}


def without(wait: StepWait, person: str) -> StepWait:
    """`wait` without a person who can't be asked after all."""
    return {**wait, "asked": [each for each in people_asked(wait) if each["person"] != person]}
