"""RunService: runs of approved versions, begun, run again, and cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Decision, PlanVersion, Run, StepRun, WorkflowPlan
from services import audit
from services.approvals import ApprovalService
from services.audit import Actor
from services.components.builtins import BUILTINS
from services.components.service import ComponentService
from services.components.specs import ApprovalPolicy
from services.errors import MoveNotAllowed, NotFound, StaleVersion
from services.jobs import RunDecision, RunStep
from services.plans.model import Plan, dependencies
from services.plans.polls import component_keys
from services.runs.progress import RunProgress
from services.states import RunState, StepState

ENDED = frozenset({RunState.COMPLETED, RunState.CANCELLED})
"""A run that has failed can be retried from there; to begin anew it has to be stopped first."""


class RunService:
    """Runs and their steps. Every method takes a session and leaves the commit to its caller."""

    def __init__(self, progress: RunProgress, components: ComponentService, approvals: ApprovalService) -> None:
        self._progress = progress
        self._components = components
        self._approvals = approvals

    async def start(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        plan_id: UUID,
        version: int,
        actor: Actor,
        now: datetime,
        ready: list[RunStep] | None = None,
    ) -> UUID:
        """Begin a run of a version, with its components frozen as they are now.

        The jobs of steps that can start are put into the queue, or into `ready` where there is such a list.
        """
        row = (
            await session.scalars(
                select(PlanVersion).where(PlanVersion.plan_id == plan_id, PlanVersion.version == version)
            )
        ).one()
        plan = Plan.model_validate(row.document)
        keys = component_keys(plan) - BUILTINS.keys()
        latest = await session.scalar(select(func.max(Run.number)).where(Run.plan_id == plan_id))
        definitions = await self._components.definitions(session, workspace_id, keys)
        run = Run(
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
        gates = {key: document["approval"] == ApprovalPolicy.STEP for key, document in definitions.items()}
        steps = _step_runs(run, plan, gates)
        session.add_all(steps)
        await session.flush()
        await audit.record(
            session, workspace_id, subject=run.id, actor=actor, action="run.started", plan=str(plan_id)
        )
        await self._progress.open(session, run, [step for step in steps if step.waiting_for == 0], now, ready)
        await self._progress.settle(session, run, now)
        return run.id

    async def rerun(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        run_id: UUID,
        revision: int,
        actor: Actor,
        now: datetime,
        ready: list[RunStep] | None = None,
    ) -> UUID:
        """Begin a new run of the same version; `revision` is the plan's, as the button was drawn for; `ready` as
        with `start`.

        Raises NotFound, NotAnApprover, SelfApproval; StaleVersion if it has been run again since; MoveNotAllowed
        while the run, or a call that it has made, is under way.
        """
        plan = await _plan_of(session, workspace_id, run_id)
        last = await _last_run(session, plan)
        if last.id != run_id or plan.revision != revision:
            raise StaleVersion(shown=revision, current=plan.revision, state=last.state)
        absent = await self._approvals.check(
            session, workspace_id, actor.user, requester=plan.reporter_id, also=plan.requester_id, now=now
        )
        if last.state not in ENDED or await _is_calling(session, last):
            raise MoveNotAllowed(state=RunState.RUNNING, wanted=RunState.RUNNING)
        # From here on a second press of the same button is about a card that has changed.
        plan.revision += 1
        await audit.record(
            session, workspace_id, subject=plan.id, actor=actor, action="plan.run_again", after=str(run_id)
        )
        new_id = await self.start(session, workspace_id, plan.id, last.version, actor, now, ready)
        session.add(
            Decision(
                workspace_id=workspace_id,
                run_id=new_id,
                kind=RunDecision.AGAIN,
                user_id=actor.user,
                on_behalf_of=absent,
            )
        )
        return new_id

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
        absent = await self._approvals.check_may_stop(session, run, actor.user, now=now)
        if run.state not in ((RunState.FAILED,) if only_failed else (RunState.RUNNING, RunState.WAITING)):
            raise MoveNotAllowed(state=run.state, wanted=RunState.CANCELLED)
        await self._cancel(session, run, actor, now, absent)

    async def cancel_all(self, session: AsyncSession, workspace_id: UUID, now: datetime, *, limit: int) -> int:
        """Cancel at most so many runs that are not over, whoever may decide about them; how many there were."""
        unfinished = (RunState.RUNNING, RunState.WAITING, RunState.FAILED)
        runs = await session.scalars(
            select(Run)
            .where(Run.workspace_id == workspace_id, Run.state.in_(unfinished))
            .order_by(Run.id)
            .limit(limit)
            .with_for_update()
        )
        ended = runs.all()
        for run in ended:
            await self._cancel(session, run, audit.SYSTEM, now)
        return len(ended)

    async def _cancel(
        self, session: AsyncSession, run: Run, actor: Actor, now: datetime, absent: str | None = None
    ) -> None:
        run.state, run.ended_by, run.ended_at = RunState.CANCELLED, actor.user, now
        await record_decision(session, run, None, RunDecision.CANCEL, actor.user, absent=absent)
        await audit.record(session, run.workspace_id, subject=run.id, actor=actor, action="run.cancelled")
        waiting = (StepState.PENDING, StepState.READY, StepState.WAITING)
        await session.execute(
            update(StepRun)
            .where(StepRun.run_id == run.id, StepRun.state.in_(waiting))
            .values(state=StepState.CANCELLED, revision=StepRun.revision + 1)
        )
        await self._progress.withdraw_questions(session, run)
        await self._progress.tell_reporter(session, run)
        await self._progress.settle(session, run, now)

    async def locked(self, session: AsyncSession, workspace_id: UUID, run_id: UUID) -> Run:
        """The run's row, held until the transaction ends. Raises NotFound."""
        run = await session.scalar(
            select(Run).where(Run.workspace_id == workspace_id, Run.id == run_id).with_for_update()
        )
        if run is None:
            raise NotFound("run", run_id)
        return run


async def record_decision(
    session: AsyncSession,
    run: Run,
    step: StepRun | None,
    kind: str,
    user: str,
    reason: str | None = None,
    absent: str | None = None,
) -> None:
    """Put what somebody said about a run, or about a step of it, on record; for the `absent`, if as a deputy."""
    session.add(
        Decision(
            workspace_id=run.workspace_id,
            run_id=run.id,
            step_run_id=None if step is None else step.id,
            kind=kind,
            user_id=user,
            on_behalf_of=absent,
            reason=reason,
        )
    )


def _step_runs(run: Run, plan: Plan, gates: Mapping[str, bool]) -> list[StepRun]:
    needs = dependencies(plan)
    followers: dict[str, list[str]] = {step_id: [] for step_id in needs}
    for step_id, needed in needs.items():
        for earlier in needed:
            followers[earlier].append(step_id)
    return [
        StepRun(
            workspace_id=run.workspace_id,
            run_id=run.id,
            step_id=step.step_id,
            position=position,
            step=step.model_dump(mode="json", by_alias=True),
            component_key=step.component_id,
            followers=followers[step.step_id],
            waiting_for=len(needs[step.step_id]),
            needed=len(needs[step.step_id]) if step.needs == "all" else min(1, len(needs[step.step_id])),
            state=StepState.PENDING,
            gated=step.requires_approval or gates.get(step.component_id, False),
        )
        for position, step in enumerate(plan.steps)
    ]


async def _plan_of(session: AsyncSession, workspace_id: UUID, run_id: UUID) -> WorkflowPlan:
    """The plan of a run, held until the transaction ends."""
    of_run = select(Run.plan_id).where(Run.id == run_id).scalar_subquery()
    plan = await session.scalar(
        select(WorkflowPlan)
        .where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == of_run)
        .with_for_update()
    )
    if plan is None:
        raise NotFound("run", run_id)
    return plan


async def _last_run(session: AsyncSession, plan: WorkflowPlan) -> Run:
    return (
        await session.scalars(
            select(Run).where(Run.plan_id == plan.id).order_by(Run.number.desc()).limit(1).with_for_update()
        )
    ).one()


async def _is_calling(session: AsyncSession, run: Run) -> bool:
    """Whether a call that was made before the run was cancelled has not come back yet."""
    calling = select(StepRun.id).where(StepRun.run_id == run.id, StepRun.state == StepState.RUNNING).limit(1)
    return await session.scalar(calling) is not None
