"""The moves that nearly all steps make, READY to RUNNING to DONE, for any number of steps with a statement each.

A step that goes another way (a gate, a condition, a failure, a person's word) goes by the rows as objects, in
`RunProgress`; it is the same transaction, and the same rows are held. What is written here is what would be
written there: the same columns, the same revisions, and the audit trail is PostgreSQL's own.

Every function takes a session, and all but `hold_runs` one that holds the rows of the runs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer, Text, Uuid, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run, StepRun
from db.models.documents import StepWait
from services.components.builtins import BUILTINS
from services.states import RunState, StepState


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run whose row is held."""

    id: UUID
    workspace_id: UUID
    plan_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """What a step is begun from."""

    id: UUID
    run_id: UUID
    step: dict[str, Any]
    component_key: str
    state: str
    gated: bool
    attempt: int
    first_attempt: int
    wait: StepWait | None = None


@dataclass(frozen=True, slots=True)
class DoneStep:
    """What came of a step that succeeded, for whoever has its claim."""

    id: UUID
    claim: UUID
    outcome: str
    status: int | None
    output: Any
    warnings: list[Any]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedStep:
    """A step that is about to be sent."""

    id: UUID
    claim: UUID
    request: Any


@dataclass(frozen=True, slots=True)
class Finished:
    """What `finish` did: the steps that ended, those that are READY now, and those whose turn it is otherwise."""

    done: frozenset[UUID]
    ready: Sequence[StepRow]
    others: Sequence[UUID]


_STEP = (
    StepRun.id,
    StepRun.run_id,
    StepRun.step,
    StepRun.component_key,
    StepRun.state,
    StepRun.gated,
    StepRun.attempt,
    StepRun.first_attempt,
)


async def hold_runs(session: AsyncSession, run_ids: Collection[UUID], *, may_wait: bool) -> dict[UUID, HeldRun]:
    """Hold the rows of runs, in one order for all; without those that others hold, if it may not wait for them."""
    rows = await session.execute(
        select(Run.id, Run.workspace_id, Run.plan_id, Run.state)
        .where(Run.id.in_(run_ids))
        .order_by(Run.id)
        .with_for_update(skip_locked=not may_wait)
    )
    return {row.id: HeldRun(*row) for row in rows}


async def steps_of(session: AsyncSession, step_ids: Collection[UUID]) -> dict[UUID, StepRow]:
    """Steps as they are now."""
    rows = await session.execute(select(*_STEP, StepRun.wait).where(StepRun.id.in_(step_ids)))
    return {row.id: StepRow(*row) for row in rows}


# Whether a step that so many others have ended before can start without a person, a condition or a second look.
_PLAIN = """
    waiting_for = number AND state = 'PENDING' AND done_before + number >= needed
    AND (approved OR NOT gated) AND COALESCE(step.step -> 'when', 'null') = 'null'
"""

# A row that two finished steps stand before is counted down once, by two: no statement changes a row twice. Rows
# are looked up by what is given, too, and not only by what is joined: PostgreSQL plans for a table as it was when
# it was last analyzed, and if that was empty it would look at all there are, for each.
_FINISH = text(
    """
WITH came AS (
    SELECT * FROM unnest(:ids, :claims, :outcomes, :statuses, :outputs, :warnings, :started)
        AS came (id, claim, outcome, status, output, warnings, started_at)
), done AS (
    UPDATE step_runs AS step
    SET state = 'DONE', revision = step.revision + 1, claim = NULL, ended_at = :now,
        output = CAST(NULLIF(came.output, 'null') AS jsonb), warnings = CAST(came.warnings AS jsonb), error = NULL
    FROM came
    WHERE step.id = ANY(:ids) AND step.id = came.id AND step.state = 'RUNNING' AND step.claim = came.claim
    RETURNING step.id, step.workspace_id, step.run_id, step.attempt, step.followers,
        came.outcome, came.status, came.started_at
), kept AS (
    INSERT INTO step_attempts (id, workspace_id, step_run_id, number, outcome, status, facts, started_at)
    SELECT gen_random_uuid(), workspace_id, id, attempt, outcome, status, CAST('{}' AS jsonb), started_at
    FROM done
), behind AS (
    SELECT run_id, name, count(*)::int AS number
    FROM done, unnest(followers) AS name
    WHERE run_id = ANY(:going)
    GROUP BY run_id, name
), nearer AS (
    UPDATE step_runs AS step
    SET waiting_for = waiting_for - number, done_before = done_before + number,
        state = CASE WHEN plain_now THEN 'READY' ELSE state END,
        revision = revision + CASE WHEN plain_now THEN 1 ELSE 0 END
    FROM behind
    WHERE step.run_id = ANY(:going) AND step.run_id = behind.run_id AND step.step_id = behind.name
    RETURNING step.id, step.run_id, step.step, step.component_key, step.state, step.gated, step.attempt,
        step.first_attempt, step.waiting_for
)
SELECT id, NULL AS run_id, NULL AS step, NULL AS component_key, 'DONE' AS state, NULL AS gated, NULL AS attempt,
    NULL AS first_attempt
FROM done
UNION ALL
SELECT id, run_id, step, component_key, state, gated, attempt, first_attempt FROM nearer WHERE waiting_for = 0
""".replace("plain_now", _PLAIN)
)


async def finish(
    session: AsyncSession, steps: Sequence[DoneStep], going: Collection[UUID], now: datetime
) -> Finished:
    """Record steps as DONE, but for those whose claim has passed to another, and count down what is behind them.

    `going` are the runs that go on; in one that was cancelled nothing more starts.
    """
    values: dict[str, tuple[list[Any], Any]] = {
        "ids": ([step.id for step in steps], Uuid()),
        "claims": ([step.claim for step in steps], Uuid()),
        "outcomes": ([step.outcome for step in steps], Text()),
        "statuses": ([step.status for step in steps], Integer()),
        # As text: a list of lists would be an array of two dimensions.
        "outputs": ([json.dumps(step.output) for step in steps], Text()),
        "warnings": ([json.dumps(step.warnings) for step in steps], Text()),
        "started": ([step.started_at for step in steps], DateTime(timezone=True)),
        "going": (list(going), Uuid()),
    }
    query = _FINISH.bindparams(
        *[bindparam(name, value, type_=ARRAY(kind)) for name, (value, kind) in values.items()],
        bindparam("now", now, type_=DateTime(timezone=True)),
    ).columns(*_STEP)
    done, ready, others = set(), [], []
    for row in await session.execute(query):
        if row.state == StepState.DONE:
            done.add(row.id)
        elif row.state == StepState.READY:
            ready.append(StepRow(*row))
        else:
            others.append(row.id)
    return Finished(frozenset(done), ready, others)


_CLAIM = text("""
UPDATE step_runs AS step
SET state = 'RUNNING', revision = revision + 1, claim = new.claim, request = CAST(new.request AS jsonb),
    started_at = :now, retry_at = NULL, ended_at = NULL
FROM unnest(:ids, :claims, :requests) AS new (id, claim, request)
WHERE step.id = ANY(:ids) AND step.id = new.id
""")


async def claim(session: AsyncSession, steps: Sequence[ClaimedStep], now: datetime) -> None:
    """Let READY steps be RUNNING, each for whoever has its claim."""
    if steps:
        query = _CLAIM.bindparams(
            bindparam("ids", [step.id for step in steps], type_=ARRAY(Uuid)),
            bindparam("claims", [step.claim for step in steps], type_=ARRAY(Uuid)),
            bindparam("requests", [json.dumps(step.request) for step in steps], type_=ARRAY(Text)),
            bindparam("now", now, type_=DateTime(timezone=True)),
        )
        await session.execute(query)


def is_plain(run: HeldRun, step: StepRow) -> bool:
    """Whether a step that is due can be begun by `claim`."""
    return run.state != RunState.CANCELLED and step.state == StepState.READY and step.component_key not in BUILTINS
