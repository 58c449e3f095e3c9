"""RunService: runs of approved versions, begun and decided about. `attempts` carries their steps out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Decision, PlanVersion, StepRun, WorkflowExecution
from db.queue import enqueue
from services import audit
from services.approvals import ApprovalService
from services.audit import Actor
from services.components.builtins import BUILTINS
from services.components.service import ComponentService
from services.components.specs import Approval
from services.errors import MoveNotAllowed, NotFound, StaleVersion
from services.formats.strict_json import render_path
from services.jobs import GivenOutput, RunStep
from services.plans.model import Plan, dependencies
from services.plans.polls import component_keys
from services.runs.gates import GateService
from services.runs.progress import Progress
from services.states import OVER, RunState, StepState
from services.steps.outputs import with_values


@dataclass(frozen=True, slots=True)
class Reply:
    """A word to the reporter that is due; `begun_at` if somebody may have posted it already."""

    run_id: UUID
    begun_at: datetime | None


class RunService:
    """Runs and their steps. Every method takes a session and leaves the commit to its caller."""

    def __init__(
        self, progress: Progress, components: ComponentService, approvals: ApprovalService, gates: GateService
    ) -> None:
        self._progress = progress
        self._components = components
        self._approvals = approvals
        self._gates = gates

    async def start(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, version: int, actor: Actor, now: datetime
    ) -> UUID:
        """Begin a run of a version, with its components frozen as they are now."""
        row = (
            await session.scalars(
                select(PlanVersion).where(PlanVersion.plan_id == plan_id, PlanVersion.version == version)
            )
        ).one()
        plan = Plan.model_validate(row.document)
        keys = component_keys(plan) - BUILTINS.keys()
        latest = await session.scalar(
            select(func.max(WorkflowExecution.number)).where(WorkflowExecution.plan_id == plan_id)
        )
        definitions = await self._components.definitions(session, workspace_id, keys)
        run = WorkflowExecution(
            id=uuid4(),
            workspace_id=workspace_id,
            plan_id=plan_id,
            version=version,
            number=(latest or 0) + 1,
            state=RunState.RUNNING,
            components=definitions,
            started_by=actor.user,
        )
        session.add(run)
        await session.flush()
        # A model can ask for a gate, and can't take away one that the component has.
        gates = {key: document["approval"] == Approval.STEP for key, document in definitions.items()}
        steps = _step_runs(run, plan, gates)
        session.add_all(steps)
        await session.flush()
        await audit.record(
            session, workspace_id, subject=run.id, actor=actor, action="run.started", plan=str(plan_id)
        )
        await self._progress.open(session, run, [step for step in steps if step.waiting_for == 0], now)
        await self._progress.settle(session, run, now)
        return run.id

    async def cancel(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        run_id: UUID,
        actor: Actor,
        now: datetime,
        *,
        only_failed: bool = False,
    ) -> None:
        """Stop what has not started, not what was sent.

        A run that has failed is stopped with `only_failed`, and only such a one: whoever wants to end what goes on
        has not seen that it has failed, nor the other way round. Raises NotFound, MoveNotAllowed or NotAnApprover.
        """
        run = await self.locked(session, workspace_id, run_id)
        await self._approvals.check_may_stop(session, run, actor.user)
        if run.state not in ((RunState.FAILED,) if only_failed else (RunState.RUNNING, RunState.WAITING)):
            raise MoveNotAllowed(state=run.state, wanted=RunState.CANCELLED)
        run.state, run.ended_by, run.ended_at = RunState.CANCELLED, actor.user, now
        self._decided(session, run, None, "cancel", actor, None)
        await audit.record(session, workspace_id, subject=run.id, actor=actor, action="run.cancelled")
        waiting = (StepState.PENDING, StepState.READY, StepState.WAITING)
        await session.execute(
            update(StepRun)
            .where(StepRun.run_id == run.id, StepRun.state.in_(waiting))
            .values(state=StepState.CANCELLED, revision=StepRun.revision + 1)
        )
        await self._progress.withdraw_questions(session, run)
        await self._progress.tell_reporter(session, run)
        await self._progress.settle(session, run, now)

    async def decide(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        step_id: UUID,
        revision: int,
        kind: str,
        actor: Actor,
        now: datetime,
        reason: str | None = None,
        outputs: Sequence[GivenOutput] = (),
    ) -> None:
        """Approve, reject, retry, skip or mark a step as done; or say what one that is over has answered.

        An approval that others have to join changes nothing yet but who has agreed. Raises NotFound, StaleVersion,
        MoveNotAllowed, NotAnApprover, SelfApproval or AlreadyAgreed.
        """
        run, step = await self._shown(session, workspace_id, step_id, revision)
        await self._approvals.check_run(session, run, actor.user)
        self._decided(session, run, step, kind, actor, reason)
        facts = {"outputs": {render_path(each.path): each.value for each in outputs}} if outputs else {}
        await audit.record(
            session, workspace_id, subject=run.id, actor=actor, action=f"step.{kind}", step=step.step_id, **facts
        )
        if outputs:
            await session.refresh(step, ["output"])
            step.output = with_values(step.output, [(each.path, each.value) for each in outputs])
        if kind == "edit_outputs":
            _may_edit(run, step)
            step.revision += 1
        elif kind != "approve" or await self._is_agreed(session, run, step, actor.user):
            step.decided_by, step.decided_at, step.note = actor.user, now, reason
            await self._carry_out(session, run, step, kind, now)
        await self._progress.settle(session, run, now)

    async def _is_agreed(self, session: AsyncSession, run: WorkflowExecution, step: StepRun, user: str) -> bool:
        _at_gate(step)
        return await self._gates.agree(session, run.workspace_id, step, user)

    async def _carry_out(
        self, session: AsyncSession, run: WorkflowExecution, step: StepRun, kind: str, now: datetime
    ) -> None:
        if kind == "reject":
            _at_gate(step)
            step.error = {"code": "rejected", "reason": step.note or ""}
            await self._progress.move(session, step, StepState.FAILED, now)
        elif kind == "approve":
            step.approved = True
            await self._send_again(session, run, step, now)
        elif kind == "retry":
            _only_from(step, StepState.FAILED, StepState.UNCERTAIN)
            step.attempt += 1
            step.first_attempt = step.attempt
            # Nothing of this attempt has been sent; what was is on record with the earlier ones.
            step.error = step.started_at = None
            if step.state == StepState.UNCERTAIN:
                await self._send_again(session, run, step, now)
            else:
                await self._progress.open(session, run, [step], now)
        else:
            if kind == "mark_done":
                _only_from(step, StepState.UNCERTAIN)
            wanted = StepState.SKIPPED if kind == "skip" else StepState.DONE
            step.error = None
            await self._progress.move(session, step, wanted, now)
            await self._progress.go_on(session, run, step, now)

    async def _send_again(
        self, session: AsyncSession, run: WorkflowExecution, step: StepRun, now: datetime
    ) -> None:
        await self._progress.move(session, step, StepState.READY, now)
        job = RunStep(workspace=run.workspace_id, run=run.id, step=step.id, attempt=step.attempt)
        await enqueue(session, job, key=f"step:{step.id}:{step.attempt}")

    def _decided(
        self,
        session: AsyncSession,
        run: WorkflowExecution,
        step: StepRun | None,
        kind: str,
        actor: Actor,
        reason: str | None,
    ) -> None:
        session.add(
            Decision(
                workspace_id=run.workspace_id,
                run_id=run.id,
                step_run_id=None if step is None else step.id,
                kind=kind,
                user_id=actor.user,
                reason=reason,
            )
        )

    async def begin_reply(
        self, session: AsyncSession, workspace_id: UUID, run_id: UUID, now: datetime
    ) -> Reply | None:
        """Note that the reporter is about to be told; None if that is done."""
        run = await self.locked(session, workspace_id, run_id)
        if run.reply_ts is not None:
            return None
        reply = Reply(run.id, run.reply_started_at)
        run.reply_started_at = run.reply_started_at or now
        return reply

    async def replied(self, session: AsyncSession, workspace_id: UUID, run_id: UUID, ts: str) -> None:
        """The reporter has been told."""
        run = await self.locked(session, workspace_id, run_id)
        run.reply_ts = ts

    async def locked(self, session: AsyncSession, workspace_id: UUID, run_id: UUID) -> WorkflowExecution:
        """The run's row, held until the transaction ends. Raises NotFound."""
        run = await session.scalar(
            select(WorkflowExecution)
            .where(WorkflowExecution.workspace_id == workspace_id, WorkflowExecution.id == run_id)
            .with_for_update()
        )
        if run is None:
            raise NotFound("run", run_id)
        return run

    async def _step(self, session: AsyncSession, run: WorkflowExecution, step_id: UUID) -> StepRun:
        step = await session.scalar(
            select(StepRun)
            .where(StepRun.run_id == run.id, StepRun.id == step_id)
            .execution_options(populate_existing=True)
        )
        if step is None:
            raise NotFound("step", step_id)
        return step

    async def _shown(
        self, session: AsyncSession, workspace_id: UUID, step_id: UUID, revision: int
    ) -> tuple[WorkflowExecution, StepRun]:
        run_id = await session.scalar(select(StepRun.run_id).where(StepRun.id == step_id))
        if run_id is None:
            raise NotFound("step", step_id)
        run = await self.locked(session, workspace_id, run_id)
        step = await self._step(session, run, step_id)
        if step.revision != revision:
            raise StaleVersion(shown=revision, current=step.revision, state=step.state)
        if run.state == RunState.CANCELLED:
            raise MoveNotAllowed(state=RunState.CANCELLED, wanted=StepState.READY)
        return run, step


def _may_edit(run: WorkflowExecution, step: StepRun) -> None:
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


def _step_runs(run: WorkflowExecution, plan: Plan, gates: Mapping[str, bool]) -> list[StepRun]:
    needs = dependencies(plan)
    followers: dict[str, list[str]] = {step_id: [] for step_id in needs}
    for step_id, needed in needs.items():
        for earlier in needed:
            followers[earlier].append(step_id)
    return [
        StepRun(
            run_id=run.id,
            step_id=step.step_id,
            position=position,
            step=step.model_dump(mode="json", by_alias=True),
            component_key=step.component_id,
            followers=followers[step.step_id],
            waiting_for=len(needs[step.step_id]),
            state=StepState.PENDING,
            gated=step.requires_approval or gates.get(step.component_id, False),
        )
        for position, step in enumerate(plan.steps)
    ]
