"""What an attempt of a step comes to: the verdict over its call, and how often and how soon to try again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from db.models.documents import StepWait
from services.components.definitions import ComponentDefinition
from services.connectors import Outcome, Response, is_safe, judge
from services.connectors.errors import CallError
from services.connectors.responses.reasons import reason_in
from services.states import StepState

BASE_DELAY_SECONDS, MAX_DELAY_SECONDS = 1.0, 60.0
"""Seconds before the second attempt, doubled for each one after, and never more than the longest."""

MAX_RETRY_AFTER_SECONDS = 3600.0
"""As long as a component may ask for patience, in seconds; one that asks for more has failed: people decide."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of an attempt. `retry_after` is set when the same step is to be tried again after so long."""

    state: StepState
    outcome: str
    status: int | None = None
    output: Any = None
    error: Mapping[str, Any] | None = None
    warnings: tuple[Mapping[str, Any], ...] = ()
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Deferral:
    """The step waits until then, held by no worker; `progress` is kept with it."""

    until: datetime
    progress: StepWait = field(default_factory=StepWait)


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """Everybody has been asked who can be, or nobody needs to be any more: the step waits for an answer."""


StepOutcome = StepResult | Deferral | PendingAnswer


def failed(code: str, **facts: Any) -> StepResult:
    """The result of an attempt that failed for good, its error under `code` with these facts."""
    return StepResult(StepState.FAILED, "failed", error={"code": code, **facts})


def result_of(answer: Response | CallError, definition: ComponentDefinition, attempt: int) -> StepResult:
    """The result of attempt number `attempt`, which counts from 1."""
    verdict = judge(answer, safe=is_safe(definition))
    status = answer.status if isinstance(answer, Response) else None
    if verdict.outcome is Outcome.DONE and isinstance(answer, Response):
        warnings = tuple(warning.to_dict() for warning in answer.warnings)
        return StepResult(StepState.DONE, "done", status, answer.body, None, warnings)
    error = _error(answer)
    asked = verdict.after or 0.0
    if asked > MAX_RETRY_AFTER_SECONDS:
        error["retry_after"] = asked
    elif verdict.outcome is Outcome.RETRY and attempt < definition.attempts:
        return StepResult(
            StepState.READY, "retry", status, None, error, (), timedelta(seconds=_pause(attempt, asked))
        )
    uncertain = verdict.outcome is Outcome.UNCERTAIN
    state = StepState.UNCERTAIN if uncertain else StepState.FAILED
    return StepResult(state, state.lower(), status, None, error)


def _error(answer: Response | CallError) -> dict[str, Any]:
    if isinstance(answer, CallError):
        return answer.to_dict()
    return {"code": "http_status", "status": answer.status, "message": reason_in(answer.body)}


def _pause(attempt: int, asked: float) -> float:
    """Seconds before the next attempt; `asked` is what the component asks for.

    Chance is added to both: what failed together, or was told the same, should not come back together.
    """
    longest: float = min(BASE_DELAY_SECONDS * 2 ** (attempt - 1), MAX_DELAY_SECONDS)
    return max(asked, longest / 2) + longest * random.random() / 2  # noqa: S311 - jitter, not a secret
