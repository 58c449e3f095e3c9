"""DecisionService: what people decide about the steps of a run, once for each press.

A worker may die between the commit of a decision and the end of its job. The second time what was decided about
has changed, by that very press, and nobody needs to be told of it. Somebody who presses a button twice is told, as
anybody else is whose press comes too late.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, assert_never
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, DateTime, Text, Uuid, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

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
from services.runs.held_steps import HeldStep, held_step, step_row
from services.runs.progress import RunProgress
from services.runs.step_rows import HeldRun, StepRow
from services.runs.transitions import Begun
from services.states import OVER, RunState, StepState
from services.steps.outputs import with_values

_KINDS: Mapping[str, TypeEngine[Any]] = {
    **dict.fromkeys(("workspace", "run", "step", "gate"), Uuid()),
    **dict.fromkeys(
        ("kind", "user", "absent", "reason", "channel", "message", "action", "facts", "deputies"), Text()
    ),
    "agreed": ARRAY(Text),
    "is_enough": Boolean(),
    "now": DateTime(timezone=True),
}

_SAY = """
WITH said AS (
    INSERT INTO decisions (id, workspace_id, run_id, step_run_id, kind, user_id, on_behalf_of, reason)
    VALUES (gen_random_uuid(), :workspace, :run, :step, :kind, :user, :absent, :reason)
){changed}
INSERT INTO audit_events (id, workspace_id, subject_id, actor, channel_id, message_ts, action, facts)
VALUES (gen_random_uuid(), :workspace, :run, :user, :channel, :message, :action, CAST(:facts AS jsonb))
"""
"""Puts what somebody says about a step on record. It precedes what comes of it: moves are written by triggers."""

_SAY_ONLY = PreparedStatement.of(_SAY.replace("{changed}", ""), _KINDS)

_AGREE = PreparedStatement.of(
    _SAY.replace(
        "{changed}",
        """, agreed AS (
    UPDATE step_gates SET agreed = :agreed, deputies = CAST(:deputies AS jsonb) WHERE id = :gate
), approved AS (
    UPDATE step_runs
    SET state = 'READY', approved = true, revision = revision + 1, claim = NULL, ended_at = NULL,
        decided_by = :user, decided_for = :absent, decided_at = :now, note = :reason
    WHERE id = :step AND :is_enough
)""",
    ),
    _KINDS,
)
"""The same of somebody who agrees at a gate, and what comes of that: it is nearly all presses."""

_Change = Literal[
    StepDecision.REJECT,
    StepDecision.RETRY,
    StepDecision.SKIP,
    StepDecision.MARK_DONE,
    StepDecision.EDIT_OUTPUTS,
]

DecidedStep = tuple[HeldRun, StepRow]
"""A run and a step as they are once something is decided."""


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
    ) -> DecidedStep:
        """Approve, reject, retry, skip or mark a step as done; or say what one that is over has answered.

        An approval that others have to join changes nothing yet but who has agreed. The jobs of steps that can
        start are put into the queue, or into `ready` where there is such a list: then the card's redraw, too, is
        left to `AttemptService.begin_in_place`. The run's row is held. Raises NotFound, StaleVersion,
        MoveNotAllowed, NotAnApprover, NotNamed, SelfApproval or AlreadyAgreed.
        """
        held = await _shown(session, workspace_id, step_id, revision)
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
        said = _said(held, kind, actor, absent, reason, outputs)
        jobs: list[RunStep] = [] if ready is None else ready
        if kind is StepDecision.APPROVE:
            step = await self._approve(session, held, said, now, jobs)
        else:
            await _SAY_ONLY.rows(session, **said)
            run, changed = await held.objects(session)
            await self._change(session, run, changed, kind, said, now, outputs, jobs)
            step = step_row(changed)
        if ready is None:
            await enqueue_all(session, jobs)
        going_on = {job.run for job in jobs}
        begun = None if ready is None else Begun()
        states = await self._progress.settle_held(session, [held.run], going_on, now, begun)
        return replace(held.run, state=states.get(held.run.id, held.run.state)), step

    async def _approve(
        self, session: AsyncSession, held: HeldStep, said: Mapping[str, Any], now: datetime, ready: list[RunStep]
    ) -> StepRow:
        """Note that somebody agrees, and let the step start if that is enough."""
        step, user, absent = held.step, said["user"], said["absent"]
        _at_gate(step)
        held.check_named(absent or user)
        if held.gate is None:
            raise MoveNotAllowed(state=step.state, wanted=StepState.READY)
        agreement = agree(held.gate, held.rules, user, absent)
        await _AGREE.rows(
            session,
            **said,
            gate=held.gate.id,
            agreed=agreement.agreed,
            deputies=json.dumps(agreement.deputies),
            is_enough=agreement.is_enough,
            now=now,
        )
        if not agreement.is_enough:
            return step
        await self._progress.draw_question(session, held.run.workspace_id, step.id, held.revision + 1, step.wait)
        ready.append(_job(held.run, step))
        return replace(step, state=StepState.READY)

    async def _change(
        self,
        session: AsyncSession,
        run: Run,
        step: StepRun,
        kind: _Change,
        said: Mapping[str, Any],
        now: datetime,
        outputs: Sequence[GivenOutput],
        ready: list[RunStep],
    ) -> None:
        """Carry out what is no approval."""
        if outputs:
            await session.refresh(step, ["output"])
            step.output = with_values(step.output, [(each.path, each.value) for each in outputs])
        if kind is not StepDecision.EDIT_OUTPUTS:
            step.decided_by, step.decided_at, step.note = said["user"], now, said["reason"]
            step.decided_for = said["absent"]
        match kind:
            case StepDecision.REJECT:
                _at_gate(step)
                step.error = {"code": "rejected", "reason": step.note or ""}
                await self._progress.move(session, step, StepState.FAILED, now)
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
        ready.append(_job(run, step))


def _said(
    held: HeldStep,
    kind: StepDecision,
    actor: Actor,
    absent: str | None,
    reason: str | None,
    outputs: Sequence[GivenOutput],
) -> dict[str, Any]:
    """What somebody says about a step, for `_SAY`."""
    facts: dict[str, Any] = {"on_behalf_of": absent} if absent else {}
    if outputs:
        facts["outputs"] = {render_path(each.path): each.value for each in outputs}
    return {
        "workspace": held.run.workspace_id,
        "run": held.run.id,
        "step": held.step.id,
        "kind": kind,
        "user": actor.user,
        "absent": absent,
        "reason": reason,
        "channel": actor.channel,
        "message": actor.message_ts,
        "action": f"step.{kind}",
        "facts": json.dumps(audit.with_press(actor, {"step": held.step.name, **facts})),
    }


def _job(run: Run | HeldRun, step: StepRun | StepRow) -> RunStep:
    return RunStep(workspace=run.workspace_id, run=run.id, step=step.id, attempt=step.attempt)


async def _shown(session: AsyncSession, workspace_id: UUID, step_id: UUID, revision: int) -> HeldStep:
    """The step, if it is as a button shows it. Raises NotFound, StaleVersion or MoveNotAllowed."""
    held = await held_step(session, workspace_id, step_id)
    held.check_revision(revision)
    if held.run.state == RunState.CANCELLED:
        raise MoveNotAllowed(state=RunState.CANCELLED, wanted=StepState.READY)
    return held


def _may_edit(run: Run, step: StepRun) -> None:
    """Raise MoveNotAllowed unless the step is over and the run is not."""
    _only_from(step, *OVER)
    if run.state == RunState.COMPLETED:
        raise MoveNotAllowed(state=step.state, wanted=StepState.DONE)


def _only_from(step: StepRun | StepRow, *states: StepState) -> None:
    if step.state not in states:
        raise MoveNotAllowed(state=step.state, wanted=StepState.READY)


def _at_gate(step: StepRun | StepRow) -> None:
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
