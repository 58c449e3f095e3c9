"""A chain of which the first step is under way, handed over one way or the other, and what is left of it then."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from db.queue import JobRow
from db.session import Database
from services.approvals import ApprovalService
from services.card_pace import Pace
from services.cards import CardService
from services.jobs import RunStep
from services.runs.attempts import AttemptService
from services.runs.claims import Attempt, AttemptOutcome, NextStep
from services.runs.gates import GateService
from services.runs.progress import RunProgress
from services.states import StepState
from services.steps.calls import StepCall
from services.steps.results import StepResult
from services.steps.sources import StepSources
from tests.support.picked_steps import picked
from tests.support.run_starts import begun, now, step

ANSWER = {
    "text": "dig <b>&",
    "number": 17,
    "yes": True,
    "part": 1e16,
    "list": [1],
    "none": None,
    "whole": {"a": 1},
}

INTERVAL = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The first step of a run, begun, and the queue's row of its job."""

    run_id: UUID
    row: JobRow
    job: RunStep
    attempt: Attempt[StepCall]

    def came(self, output: Any = ANSWER) -> AttemptOutcome:
        """It has succeeded."""
        result = StepResult(StepState.DONE, "done", 200, output, warnings=({"code": "odd"},))
        return AttemptOutcome(self.job, self.attempt, result, self.row)


def attempts_of(pace: Pace | None = None) -> AttemptService:
    """Attempts with what else belongs to them; they have read nothing yet."""
    inputs = StepSources()
    return AttemptService(RunProgress(CardService(INTERVAL, pace), GateService(ApprovalService()), inputs), inputs)


def chain(*, two: str = "do", gate: bool = False, **inputs: str) -> list[Any]:
    """Three steps; what the second is can be chosen."""
    return [
        step("one", "do", then=["two"]),
        step("two", two, then=["three"], gate=gate, **inputs),
        step("three", "do", body__name="{{two.text}}"),
    ]


async def under_way(
    database: Database,
    workspace_id: UUID,
    attempts: AttemptService,
    steps: list[Any],
    *,
    may_go_on: bool = True,
    attempt: int = 1,
) -> UnderWay:
    """A run of these steps, the first of which is begun by a worker that has it from the queue."""
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM pgqueuer"))
        run_id = await begun(session, workspace_id, steps)
        await session.execute(text("DELETE FROM pgqueuer WHERE entrypoint <> 'run_step'"))
        tried = text("UPDATE step_runs SET attempt = :attempt WHERE run_id = :run AND step_id = 'one'")
        await session.execute(tried, {"attempt": attempt, "run": run_id})
    [(row, first)] = await picked(database, may_go_on=may_go_on)
    job = first.model_copy(update={"attempt": attempt})
    async with database.transaction() as session:
        [begun_one] = await attempts.begin(session, [job], now())
        await session.execute(text("DELETE FROM pgqueuer WHERE id <> :row"), {"row": row.id})
    assert isinstance(begun_one, Attempt)
    return UnderWay(run_id, row, job, begun_one)


async def by_record(database: Database, attempts: AttemptService, came: AttemptOutcome) -> NextStep:
    """The long way."""
    async with database.transaction() as session:
        [following] = await attempts.record(session, [came], now())
    assert isinstance(following, NextStep)
    return following


async def left(database: Database, run_id: UUID) -> dict[str, Any]:
    """All that is on record of a run and in the queue, with names in place of ids, and what was done for when."""
    async with database.reading() as session:
        found = {
            name: [row[0] for row in await session.execute(text(query), {"run": run_id})]
            for name, query in _LEFT.items()
        }
        ids = (await session.execute(text(_IDS), {"run": run_id})).all()
    names = {str(id_): name for name, id_ in ids}
    written = re.sub(r"homes:workspace:\d+", "homes:transaction", _named(json.dumps(found), names))
    document: dict[str, Any] = json.loads(written)
    return document


def _named(written: str, names: dict[str, str]) -> str:
    for id_, name in names.items():
        written = written.replace(id_, name)
    return written


_IDS = """
SELECT step_id, id FROM step_runs WHERE run_id = :run
UNION ALL SELECT 'run', id FROM workflow_executions WHERE id = :run
UNION ALL SELECT 'plan', plan_id FROM workflow_executions WHERE id = :run
UNION ALL SELECT 'workspace', workspace_id FROM workflow_executions WHERE id = :run
UNION ALL SELECT 'card', cards.id FROM cards JOIN workflow_executions AS run USING (plan_id) WHERE run.id = :run
"""
_LEFT = {
    "run": """
        SELECT to_jsonb(run) - '{created_at,started_at}'::text[] FROM workflow_executions AS run WHERE id = :run
    """,
    "steps": """
        SELECT to_jsonb(moved) - '{claim,started_at,ended_at}'::text[] || jsonb_build_object(
            'claimed', claim IS NOT NULL, 'answered', output IS NOT NULL,
            'began', started_at IS NOT NULL, 'is_over', ended_at IS NOT NULL
        )
        FROM step_runs AS moved WHERE run_id = :run ORDER BY position
    """,
    "attempts": """
        SELECT to_jsonb(tried) - '{id,started_at,ended_at}'::text[]
        FROM step_attempts AS tried JOIN step_runs AS step ON step.id = tried.step_run_id
        WHERE step.run_id = :run ORDER BY step.position, number
    """,
    "record": """
        SELECT jsonb_build_array(actor, action, facts) FROM audit_events
        WHERE subject_id = :run ORDER BY created_at
    """,
    "jobs": """
        SELECT jsonb_build_array(
            entrypoint, status, dedupe_key, convert_from(payload, 'UTF8')::jsonb, execute_after - created,
            queue_manager_id IS NOT NULL
        )
        FROM pgqueuer WHERE CAST(:run AS uuid) IS NOT NULL ORDER BY entrypoint, id
    """,
}
