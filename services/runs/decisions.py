"""DecisionService: what people decide about the steps of a run, once for each press.

A worker may die between the commit of a decision and the end of its job. The second time what was decided about
has changed, by that very press, and nobody needs to be told of it. Somebody who presses a button twice is told, as
anybody else is whose press comes too late.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import Text, Uuid, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Run, StepRun
from db.prepared import PreparedStatement
from db.queue import enqueue_all
from db.session import ReadSession
from services import audit
from services.approvals import ApprovalService
from services.audit import Actor
from services.errors import MoveNotAllowed
from services.formats.strict_json import render_path
from services.jobs import DecidePlan, DecideRun, GivenOutput, RunStep, StepDecision
from services.jobs.notifications import AskAtGate, HandOverGate, NudgeGate
from services.runs.gates import agree
from services.runs.held_steps import HeldStep, held_step
from services.runs.progress import RunProgress
from services.states import OVER, RunState, StepState
from services.steps.outputs import with_values
from services.steps.sources import RunAndStep

_SAY = PreparedStatement.of(
    """
WITH said AS (
    INSERT INTO decisions (id, workspace_id, run_id, step_run_id, kind, user_id, on_behalf_of, reason)
    VALUES (gen_random_uuid(), :workspace, :run, :step, :kind, :user, :absent, :reason)
)
INSERT INTO audit_events (id, workspace_id, subject_id, actor, channel_id, message_ts, action, facts)
VALUES (gen_random_uuid(), :workspace, :run, :user, :channel, :message, :action, CAST(:facts AS jsonb))
""",
    {
        **dict.fromkeys(("workspace", "run", "step"), Uuid()),
        **dict.fromkeys(("kind", "user", "absent", "reason", "channel", "message", "action", "facts"), Text()),
    },
)
"""Puts what somebody says about a step on record; it precedes what comes of it."""


class DecisionService:
    """Decisions about steps. Every method takes a session and leaves the commit to its caller."""

    def __init__(self, progress: RunProgress, approvals: ApprovalService) -> None:
        self._progress = progress
        self._approvals = approvals

    async def decide(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        step_id: UUID,
        revision: int,
        kind: StepDecision,
        actor: Actor,
        now: datetime,
        reason: str | None = None,
        outputs: Sequence[GivenOutput] = (),
        ready: list[RunStep] | None = None,
    ) -> RunAndStep:
        """Approve, reject, retry, skip or mark a step as done; or say what one that is over has answered.

        An approval that others have to join changes nothing yet but who has agreed. The jobs of steps that can
        start are put into the queue, or into `ready` where there is such a list: then the card's redraw, too, is
        left to `AttemptService.begin_in_place`. Returns the run, whose row is held, and the step. Raises NotFound,
        StaleVersion, MoveNotAllowed, NotAnApprover, NotNamed, SelfApproval or AlreadyAgreed.
        """
        held = await _shown(session, workspace_id, step_id, revision)
        run, step = held.run, held.step
        absent = await self._approvals.check_by(
            session,
            workspace_id,
            held.rules,
            actor.user,
            requester=held.reporter,
            also=held.requester,
            now=now,
            named=held.named if kind is StepDecision.APPROVE else None,
        )
        facts: dict[str, Any] = {"on_behalf_of": absent} if absent else {}
        if outputs:
            facts["outputs"] = {render_path(each.path): each.value for each in outputs}
        await _SAY.rows(
            session,
            workspace=workspace_id,
            run=run.id,
            step=step.id,
            kind=kind,
            user=actor.user,
            absent=absent,
            reason=reason,
            channel=actor.channel,
            message=actor.message_ts,
            action=f"step.{kind}",
            facts=json.dumps(audit.with_press(actor, {"step": step.step_id, **facts})),
        )
        if outputs:
            await session.refresh(step, ["output"])
            step.output = with_values(step.output, [(each.path, each.value) for each in outputs])
        jobs: list[RunStep] = [] if ready is None else ready
        if kind is not StepDecision.APPROVE or _is_agreed(held, actor.user, absent):
            if kind is not StepDecision.EDIT_OUTPUTS:
                step.decided_by, step.decided_at, step.note = actor.user, now, reason
                step.decided_for = absent
            await self._carry_out(session, run, step, kind, now, jobs)
            if ready is None:
                await enqueue_all(session, jobs)
        goes_on = any(job.run == run.id for job in jobs)
        await self._progress.settle(session, run, now, goes_on=goes_on, draws=ready is None)
        return run, step

    async def _carry_out(
        self,
        session: AsyncSession,
        run: Run,
        step: StepRun,
        kind: StepDecision,
        now: datetime,
        ready: list[RunStep],
    ) -> None:
        match kind:
            case StepDecision.REJECT:
                _at_gate(step)
                step.error = {"code": "rejected", "reason": step.note or ""}
                await self._progress.move(session, step, StepState.FAILED, now)
            case StepDecision.APPROVE:
                step.approved = True
                await self._let_start(session, run, step, now, ready)
            case StepDecision.RETRY:
                await self._retry(session, run, step, now, ready)
            case StepDecision.SKIP:
                await self._end(session, run, step, StepState.SKIPPED, now, ready)
            case StepDecision.MARK_DONE:
                _only_from(step, StepState.UNCERTAIN)
                await self._end(session, run, step, StepState.DONE, now, ready)
            case StepDecision.EDIT_OUTPUTS:
                _may_edit(run, step)
                step.revision += 1
            case _:
                assert_never(kind)

    async def _retry(
        self, session: AsyncSession, run: Run, step: StepRun, now: datetime, ready: list[RunStep]
    ) -> None:
        _only_from(step, StepState.FAILED, StepState.UNCERTAIN)
        step.attempt += 1
        step.first_attempt = step.attempt
        # Nothing of this attempt has been sent; what was is on record with the earlier ones.
        step.error = step.started_at = None
        if step.state == StepState.UNCERTAIN:
            await self._let_start(session, run, step, now, ready)
        else:
            await self._progress.open(session, run, [step], now, ready)

    async def _end(
        self,
        session: AsyncSession,
        run: Run,
        step: StepRun,
        state: StepState,
        now: datetime,
        ready: list[RunStep],
    ) -> None:
        step.error = None
        await self._progress.move(session, step, state, now)
        await self._progress.advance(session, run, step, now, ready)

    async def _let_start(
        self, session: AsyncSession, run: Run, step: StepRun, now: datetime, ready: list[RunStep]
    ) -> None:
        await self._progress.move(session, step, StepState.READY, now)
        ready.append(RunStep(workspace=run.workspace_id, run=run.id, step=step.id, attempt=step.attempt))


async def _shown(session: AsyncSession, workspace_id: UUID, step_id: UUID, revision: int) -> HeldStep:
    """The step, if it is as a button shows it. Raises NotFound, StaleVersion or MoveNotAllowed."""
    held = await held_step(session, workspace_id, step_id)
    held.check_revision(revision)
    if held.run.state == RunState.CANCELLED:
        raise MoveNotAllowed(state=RunState.CANCELLED, wanted=StepState.READY)
    return held


def _is_agreed(held: HeldStep, user: str, absent: str | None) -> bool:
    """Note that `user` agrees; whether enough people do now. Raises MoveNotAllowed, NotNamed or AlreadyAgreed."""
    _at_gate(held.step)
    held.check_named(absent or user)
    if held.gate is None:
        raise MoveNotAllowed(state=held.step.state, wanted=StepState.READY)
    return agree(held.gate, held.rules, user, absent)


def _may_edit(run: Run, step: StepRun) -> None:
    """Raise MoveNotAllowed unless the step is over and the run is not."""
    _only_from(step, *OVER)
    if run.state == RunState.COMPLETED:
        raise MoveNotAllowed(state=step.state, wanted=StepState.DONE)


def _only_from(step: StepRun, *states: StepState) -> None:
    if step.state not in states:
        raise MoveNotAllowed(state=step.state, wanted=StepState.READY)


def _at_gate(step: StepRun) -> None:
    """Raise MoveNotAllowed unless the step waits for people to agree, and not for an answer."""
    _only_from(step, StepState.WAITING)
    if step.wait and step.wait.get("attempt") == step.attempt:
        raise MoveNotAllowed(state=step.state, wanted=StepState.READY)


async def decider_of(session: ReadSession, workspace_id: UUID, job: DecideRun) -> str | None:
    """Who decided about the step, or ended the run, that a press came too late for."""
    run = select(Run.ended_by).where(Run.workspace_id == workspace_id, Run.id == job.target)
    step = (
        select(StepRun.decided_by)
        .join(Run, Run.id == StepRun.run_id)
        .where(Run.workspace_id == workspace_id, StepRun.id == job.target)
    )
    return await session.scalar(step) or await session.scalar(run)


async def press_is_recorded(
    session: AsyncSession, workspace_id: UUID, job: DecidePlan | DecideRun | NudgeGate | HandOverGate | AskAtGate
) -> bool:
    """Whether what this very press did is on record already."""
    if job.key is None:
        return False
    target = job.plan if isinstance(job, DecidePlan) else job.target
    # A decision is on record with its plan or its run, and a button may be about a step.
    run = select(StepRun.run_id).where(StepRun.id == target).scalar_subquery()
    plan = select(Run.plan_id).where(Run.id == target).scalar_subquery()
    subject = AuditEvent.subject_id
    found = select(AuditEvent.id).where(
        AuditEvent.workspace_id == workspace_id,
        or_(subject == target, subject == run, subject == plan),
        AuditEvent.actor == job.user,
        AuditEvent.facts["press"].as_string() == job.key,
    )
    return await session.scalar(found.limit(1)) is not None
