"""The moves that nearly all steps make, READY to RUNNING to DONE, for any number of steps with a statement each.

A step that goes another way (a gate, a condition, a failure, a person's word) goes by the rows as objects, in
`RunProgress`; it is the same transaction, and the same rows are held. What is written here is what would be
written there: the same columns, the same revisions, and the audit trail is PostgreSQL's own.

Every function takes a session. `hold` and `finish` hold the rows of the runs from then on, in one order for all;
if they may not wait for those that others hold, they leave those out.

A statement sees what was committed before it began, and it may begin before it gets the rows of the runs. What it
*changes* then it sees anew, as it is by now; what it only reads may be of before. So `begin` looks again at what
`hold` has read.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Integer, LargeBinary, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from db.prepared import PreparedStatement
from db.queue import MOVE, JobRow, payload
from services import card_marks
from services.card_marks import CardMark
from services.components.builtins import BUILTINS
from services.jobs import RunStep
from services.runs.step_rows import DoneStep, HeldRun, StepRow, due_step
from services.states import RunState, StepState


@dataclass(frozen=True, slots=True)
class BeginningStep:
    """A step that is about to be sent, and its job.

    Without a `claim` it can't be sent as it is. Where there is a `place`, the row of a job that is over, it goes
    on in that.
    """

    job: RunStep
    claim: UUID | None
    request: Any
    place: JobRow | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """What `finish` did: the steps that ended, those that are READY now, and those whose turn it is otherwise."""

    runs: Mapping[UUID, HeldRun]
    done: frozenset[UUID]
    ready: Sequence[StepRow]
    others: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Beside:
    """What `begin` is to do besides: mark cards (see `card_marks`), and find the states of the steps of runs."""

    cards: Mapping[str, Any]
    settling: Collection[UUID] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """What `begin` did: the steps that are RUNNING, and those that have their place. What it found besides.

    `states` are those before. `behind` has what is alone behind steps that are RUNNING.
    """

    running: set[UUID] = field(default_factory=set)
    placed: set[UUID] = field(default_factory=set)
    states: dict[UUID, set[StepState]] = field(default_factory=lambda: defaultdict(set))
    cards: list[CardMark] = field(default_factory=list)
    behind: dict[UUID, StepRow] = field(default_factory=dict)


_HELD = """
    SELECT id, workspace_id, plan_id, state FROM workflow_executions
    WHERE id = ANY(:runs) ORDER BY id FOR UPDATE
"""

_IDS = ARRAY(Uuid)
_TEXTS = ARRAY(Text)
_KINDS: dict[str, TypeEngine[Any]] = {
    "runs": _IDS,
    "ids": _IDS,
    "claims": _IDS,
    "outcomes": _TEXTS,
    "statuses": ARRAY(Integer),
    # As text: a list of lists would be an array of two dimensions.
    "outputs": _TEXTS,
    "warnings": _TEXTS,
    "started": ARRAY(DateTime(timezone=True)),
    "attempts": ARRAY(Integer),
    "requests": _TEXTS,
    "places": ARRAY(BigInteger),
    "owners": _IDS,
    "entrypoints": _TEXTS,
    "payloads": ARRAY(LargeBinary),
    "settling": _IDS,
    "now": DateTime(timezone=True),
    **card_marks.KINDS,
}


def _prepared(statement: str) -> PreparedStatement:
    # Where what belongs to a step stands in the arrays that are given, and in those of `counted`.
    statement = statement.replace("{place}", "array_position(:ids, step.id)")
    statement = statement.replace("{number}", "counted.numbers[array_position(counted.ids, step.id)]")
    return PreparedStatement.of(statement, _KINDS)


def _holding(statement: str) -> dict[bool, PreparedStatement]:
    """A statement that holds runs, by whether it may wait for those that others hold."""
    return {
        True: _prepared(statement.replace("{held}", _HELD)),
        False: _prepared(statement.replace("{held}", f"{_HELD} SKIP LOCKED")),
    }


_HOLD = _holding("""
WITH held AS ({held})
SELECT 'step' AS kind, id, run_id, workspace_id, CAST(NULL AS uuid) AS plan_id, state, step, component_key, gated,
    attempt, first_attempt, wait
FROM step_runs WHERE id = ANY(:ids)
UNION ALL
SELECT 'run', id, NULL, workspace_id, plan_id, state, NULL, NULL, NULL, NULL, NULL, NULL FROM held
""")


async def hold(
    session: AsyncSession, run_ids: Collection[UUID], step_ids: Collection[UUID], *, may_wait: bool
) -> tuple[dict[UUID, HeldRun], dict[UUID, StepRow]]:
    """Hold runs, and read steps of them."""
    runs, steps = {}, {}
    for kind, id_, run_id, workspace_id, plan_id, state, *rest in await _HOLD[may_wait].rows(
        session, runs=list(run_ids), ids=list(step_ids)
    ):
        if kind == "run":
            runs[id_] = HeldRun(id_, workspace_id, plan_id, state)
        else:
            step, component_key, *others = rest
            steps[id_] = StepRow(id_, run_id, step, component_key, state, *others)
    return runs, steps


# Whether a step that so many others have ended before can start without a person, a condition or a second look.
_PLAIN = """
    waiting_for = {number} AND state = 'PENDING' AND done_before + {number} >= needed
    AND (approved OR NOT gated) AND COALESCE(step.step -> 'when', 'null') = 'null'
"""

# A row that two finished steps stand before is counted down once, by two: no statement changes a row twice.
#
# No rows are joined with each other. PostgreSQL plans for a table as it was when it was last analyzed, and for a
# few rows; it then looks at each row that is given for each that it finds. So what belongs to a row is found by
# the place of its id in an array. IS TRUE keeps it from looking at all steps in a state, those of other runs too.
_FINISH = _holding(
    """
WITH held AS ({held}), done AS (
    UPDATE step_runs AS step
    SET state = 'DONE', revision = revision + 1, claim = NULL, ended_at = :now, error = NULL,
        output = CAST(NULLIF((:outputs)[{place}], 'null') AS jsonb), warnings = CAST((:warnings)[{place}] AS jsonb)
    WHERE id = ANY(:ids) AND run_id = ANY(ARRAY(SELECT id FROM held))
        AND (state = 'RUNNING' AND claim = (:claims)[{place}]) IS TRUE
    RETURNING id, workspace_id, run_id, attempt, followers, {place} AS place
), kept AS (
    INSERT INTO step_attempts (id, workspace_id, step_run_id, number, outcome, status, facts, started_at)
    SELECT gen_random_uuid(), workspace_id, id, attempt, (:outcomes)[done.place], (:statuses)[done.place],
        CAST('{}' AS jsonb), (:started)[done.place]
    FROM done
), behind AS MATERIALIZED (
    SELECT run_id, name, count(*)::int AS number
    FROM done, unnest(followers) AS name
    WHERE run_id = ANY(ARRAY(SELECT id FROM held WHERE state <> 'CANCELLED'))
    GROUP BY run_id, name
), counted AS MATERIALIZED (
    SELECT array_agg(id) AS ids, array_agg(number) AS numbers
    FROM behind, LATERAL (
        SELECT id FROM step_runs WHERE run_id = behind.run_id AND step_id = behind.name OFFSET 0
    ) AS step
), nearer AS (
    UPDATE step_runs AS step
    SET waiting_for = waiting_for - {number}, done_before = done_before + {number},
        state = CASE WHEN {plain} THEN 'READY' ELSE state END,
        revision = revision + CASE WHEN {plain} THEN 1 ELSE 0 END
    FROM counted
    WHERE step.id = ANY(counted.ids)
    RETURNING step.id, step.run_id, step.step, step.component_key, step.state, step.gated, step.attempt,
        step.first_attempt, step.waiting_for
)
SELECT 'behind' AS kind, id, run_id, CAST(NULL AS uuid) AS workspace_id, CAST(NULL AS uuid) AS plan_id, state,
    step, component_key, gated, attempt, first_attempt
FROM nearer WHERE waiting_for = 0
UNION ALL
SELECT 'done', id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM done
UNION ALL
SELECT 'run', id, NULL, workspace_id, plan_id, state, NULL, NULL, NULL, NULL, NULL FROM held
""".replace("{plain}", _PLAIN)
)


async def finish(
    session: AsyncSession, run_ids: Collection[UUID], steps: Sequence[DoneStep], now: datetime, *, may_wait: bool
) -> Finished:
    """Hold runs, record steps of them as DONE, and count down what is behind those.

    A step whose claim has passed to another stays as it is. In a run that was cancelled nothing more starts.
    """
    found = await _FINISH[may_wait].rows(
        session,
        runs=list(run_ids),
        ids=[step.id for step in steps],
        claims=[step.claim for step in steps],
        outcomes=[step.outcome for step in steps],
        statuses=[step.status for step in steps],
        outputs=[json.dumps(step.output) for step in steps],
        warnings=[json.dumps(step.warnings) for step in steps],
        started=[step.started_at for step in steps],
        now=now,
    )
    runs, done, ready, others = {}, set(), [], []
    for kind, id_, run_id, workspace_id, plan_id, state, step, component_key, *rest in found:
        if kind == "run":
            runs[id_] = HeldRun(id_, workspace_id, plan_id, state)
        elif kind == "done":
            done.add(id_)
        elif state == StepState.READY:
            ready.append(StepRow(id_, run_id, step, component_key, state, *rest))
        else:
            others.append(id_)
    return Finished(runs, frozenset(done), ready, others)


# What is behind a step is looked for one by one: rows by what is given. The cards last: in a transaction
# their rows are held after those of runs.
_BEGIN = _prepared(
    """
WITH moved AS (
    {move}
    RETURNING (:ids)[array_position(:places, pgqueuer.id)] AS id
), begun AS (
    UPDATE step_runs AS step
    SET state = 'RUNNING', revision = revision + 1, claim = (:claims)[{place}],
        request = CAST((:requests)[{place}] AS jsonb), started_at = :now, retry_at = NULL, ended_at = NULL
    WHERE id = ANY(:ids) AND (state = 'READY' AND attempt = (:attempts)[{place}]) IS TRUE
        AND (:claims)[{place}] IS NOT NULL
        AND ((:places)[{place}] IS NULL OR id IN (SELECT id FROM moved))
    RETURNING id, run_id, followers
), behind AS (
    SELECT begun.id, follower.document
    FROM begun, LATERAL (
        SELECT jsonb_build_object(
            'id', id, 'step', step, 'component_key', component_key, 'gated', gated, 'attempt', attempt,
            'first_attempt', first_attempt
        ) AS document
        FROM step_runs AS step
        WHERE run_id = begun.run_id AND step_id = begun.followers[1] AND {plain}
        OFFSET 0
    ) AS follower
    WHERE cardinality(begun.followers) = 1
), marked AS (
    {mark}
)
SELECT 'running' AS kind, id, CAST(NULL AS text) AS state, CAST(NULL AS uuid) AS workspace_id,
    CAST(NULL AS integer) AS generation, CAST(NULL AS text) AS key, CAST(NULL AS boolean) AS is_asked,
    CAST(NULL AS interval) AS rest, CAST(NULL AS text) AS transaction, CAST(NULL AS jsonb) AS document
FROM begun
UNION ALL
SELECT 'placed', id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM moved
UNION ALL
SELECT 'behind', id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, document FROM behind
UNION ALL
SELECT 'state', run_id, state, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT DISTINCT run_id, state FROM step_runs WHERE run_id = ANY(:settling)) AS states
UNION ALL
SELECT 'card', plan_id, NULL, workspace_id, generation, key, is_asked, rest, transaction, NULL FROM marked
""".replace("{move}", MOVE)
    .replace("{mark}", card_marks.MARK)
    .replace("{plain}", _PLAIN.replace("{number}", "1"))
)


async def begin(session: AsyncSession, steps: Sequence[BeginningStep], now: datetime, beside: Beside) -> Begun:
    """Let READY steps be RUNNING, each for whoever has its claim, and mark the cards of their plans.

    A step whose place has passed to another worker is not begun.
    """
    begun = Begun()
    if not (steps or beside.settling or beside.cards["plans"]):
        return begun
    run_ids = {step.job.step: step.job.run for step in steps}
    found = await _BEGIN.rows(
        session,
        ids=[step.job.step for step in steps],
        attempts=[step.job.attempt for step in steps],
        claims=[step.claim for step in steps],
        requests=[json.dumps(step.request) for step in steps],
        places=[step.place and step.place.id for step in steps],
        owners=[step.place and step.place.owner for step in steps],
        entrypoints=[step.job.entrypoint for step in steps],
        payloads=[payload(step.job) for step in steps],
        settling=list(beside.settling),
        now=now,
        **beside.cards,
    )
    for kind, id_, state, workspace_id, *card in found:
        match kind:
            case "running":
                begun.running.add(id_)
            case "placed":
                begun.placed.add(id_)
            case "behind":
                begun.behind[id_] = due_step(run_ids[id_], card[-1])
            case "state":
                begun.states[id_].add(StepState(state))
            case _:
                begun.cards.append(CardMark(workspace_id, id_, *card[:-1]))
    return begun


def is_plain(run: HeldRun, step: StepRow) -> bool:
    """Whether a step that is due can be begun by `begin`."""
    return run.state != RunState.CANCELLED and step.state == StepState.READY and step.component_key not in BUILTINS
