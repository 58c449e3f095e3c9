"""A step that is over and the only one that it lets start, by one statement: what a chain consists of.

`record` takes four round trips for that, and a function of PostgreSQL's takes one (migration 0043). What the next
step sends has to be known before the one that is over is written down. So it is for what needs no more than that
one's answer; and where anything has become otherwise since the step began, the function writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg

from db.errors import sqlstate
from db.queue import JobRow, payload
from db.session import Database
from services.jobs import RunStep
from services.runs.claims import Attempt, AttemptOutcome, NextStep, attempt_of
from services.runs.progress import RunProgress
from services.runs.step_rows import Behind, HeldRun, due_step
from services.states import RunState
from services.steps.calls import StepCall
from services.steps.sources import Answered, StepFault, StepSources

_HAND_OVER = f"SELECT hand_over_step({', '.join(f'${number}' for number in range(1, 24))}) AS found"

_OTHERWISE = "MU001"
"""What the function fails with when the steps are not as they were thought to be."""


class HandOvers:
    """Tries the short way. One per process."""

    def __init__(self, progress: RunProgress, inputs: StepSources) -> None:
        self._progress = progress
        self._inputs = inputs

    async def hand_over(self, database: Database, came: AttemptOutcome, now: datetime) -> NextStep | None:
        """Record a step and begin the one behind it, in a transaction of their own; None if nothing is written."""
        behind, row = came.attempt.behind, came.row
        if behind is None or row is None or not came.is_plain or not row.may_go_on():
            return None
        run = HeldRun(came.job.run, came.job.workspace, came.attempt.plan_id, RunState.RUNNING)
        attempt = self._attempt(run, came, behind, now)
        if attempt is None:
            return None
        job = RunStep(workspace=run.workspace_id, run=run.id, step=behind.follower.id, attempt=attempt.number)
        found = await self._handed_over(database, run, came, NextStep(job, attempt), row, now)
        if found is None:
            return None
        for _ in range(found["jobs"]):
            database.priority(run.workspace_id)
        further = found["behind"] and Behind.of(behind.follower, due_step(run.id, found["behind"]))
        return NextStep(job, replace(attempt, behind=further))

    def _attempt(
        self, run: HeldRun, came: AttemptOutcome, behind: Behind, now: datetime
    ) -> Attempt[StepCall] | None:
        """What the next step does; None if that takes more than is known."""
        before = Answered(behind.name, behind.component_key, came.result.output)
        source = self._inputs.at_hand(run, behind.follower, before)
        if source is None:
            return None
        try:
            return attempt_of(run.plan_id, behind.follower, source.call(), now)
        except StepFault:
            return None

    async def _handed_over(
        self,
        database: Database,
        run: HeldRun,
        came: AttemptOutcome,
        following: NextStep,
        row: JobRow,
        now: datetime,
    ) -> Mapping[str, Any] | None:
        """What the function says; None if it has written nothing."""
        assert isinstance(following.begun, Attempt)  # noqa: S101 - as it was made here
        done, job, attempt = came.done(), following.job, following.begun
        cards = self._progress.beside([run], {run.id}).cards
        try:
            [answer] = await database.bound_alone(
                _HAND_OVER,
                *(run.id, done.id, done.claim, came.job.attempt, done.outcome, done.status),
                *(json.dumps(done.output), json.dumps(done.warnings), done.started_at, now),
                *(job.step, job.attempt, attempt.claim, json.dumps(attempt.call.preview())),
                *(row.id, row.owner, job.entrypoint, payload(job)),
                *(cards["interval"], bool(cards["hurried"]), database.next_priority(run.workspace_id)),
            )
        except asyncpg.PostgresError as error:
            if sqlstate(error) != _OTHERWISE:
                raise
            return None
        found: Mapping[str, Any] | None = answer["found"]
        return found
