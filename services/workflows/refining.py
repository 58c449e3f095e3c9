"""RefiningService: drafts are changed by a wish for the agents, by hand, or back to an earlier version."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, PlanVersion, WorkflowPlan
from db.models.documents import PlanChange
from db.session import ReadSession
from services.ai.service import Draft
from services.ai.wishes import Wish
from services.errors import MoveNotAllowed
from services.formats.storable import postgres_safe
from services.jobs import EditPlan, RefinePlan, RestoreVersion
from services.jobs.refining import Change
from services.plans.attached import with_new
from services.plans.editing import StepEdit
from services.plans.model import Plan, StepInput
from services.states import PlanState
from services.workflows.moves import PlanMoves
from services.workflows.versions import Made, VersionKind, next_version

MAX_WISH = 3_000
"""Characters of a wish: what a field of a form takes."""


UP_TO_DATE = "Bring the plan up to date with what the town has today."
"""A wish without words of a person; what is out of date the agents are told as the faults of the plan."""


class RefiningService(PlanMoves):
    """Changes of drafts. Every method takes a session and leaves the commit to its caller.

    Whoever may discard a plan may change it: approvers, and who asked for it; anyone while there are no approvers.
    """

    async def wish(self, session: AsyncSession, job: RefinePlan) -> None:
        """Have the agents change a draft, or draft a failed plan with what was said; the same act again is none.

        Raises NotAnApprover, StaleVersion, MoveNotAllowed or NotFound.
        """
        plan = await self._to_change(session, job)
        if plan is None:
            return
        words = postgres_safe(job.wish.strip())[:MAX_WISH]
        change: PlanChange = {
            "by": job.user,
            "wish": words,
            "channel": job.channel,
            "message_ts": job.message_ts,
            "thread_ts": job.thread_ts,
        }
        plan.change = dict(change)
        plan.pictures = with_new(plan.pictures, job.files)
        await self._draft_anew(session, plan, actor=job.actor, action="plan.change_wished", wish=words)

    async def wanted(self, session: ReadSession | AsyncSession, workspace_id: UUID, plan_id: UUID) -> Wish | None:
        """What a draft under way is to change; None where the issue is all there is."""
        plan = await session.scalar(
            select(WorkflowPlan).where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == plan_id)
        )
        if plan is None or plan.change is None:
            return None
        document = await session.scalar(
            select(PlanVersion.document).where(PlanVersion.plan_id == plan.id, PlanVersion.version == plan.version)
        )
        return Wish(
            plan.change["wish"], plan.change["by"], None if document is None else Plan.model_validate(document)
        )

    async def edit(self, session: AsyncSession, job: EditPlan, draft: Draft) -> None:
        """Keep what a person made of a draft by hand; raises as `wish` does."""
        await self._keep(session, job, draft, Made(VersionKind.EDITED, job.actor))

    async def restore(self, session: AsyncSession, job: RestoreVersion, draft: Draft) -> None:
        """Keep an earlier version as a new one; raises as `wish` does."""
        await self._keep(session, job, draft, Made(VersionKind.RESTORED, job.actor), based_on=job.to_version)

    async def _keep(
        self, session: AsyncSession, job: Change, draft: Draft, made: Made, *, based_on: int | None = None
    ) -> None:
        plan = await self._to_change(session, job)
        if plan is None:
            return
        if plan.state != PlanState.DRAFT:
            raise MoveNotAllowed(state=plan.state, wanted=PlanState.DRAFT)
        made = replace(made, based_on=based_on or plan.version)
        session.add(next_version(plan, draft, made))
        plan.change = None
        facts = {"version": plan.version, "based_on": made.based_on}
        await self._changed(session, plan, actor=job.actor, action=f"plan.{made.kind}", **facts)

    async def _to_change(self, session: AsyncSession, job: Change) -> WorkflowPlan | None:
        """The plan, as it was shown, for whoever may change it; None if this act has been done before."""
        plan = await self._locked(session, job.workspace, job.plan)
        if await _is_done(session, job):
            return None
        if job.revision is not None:
            plan = await self._shown(session, job.workspace, job.plan, job.revision)
        await self._approvals.check_may_discard(
            session, job.workspace, job.user, requester=plan.reporter_id, also=plan.requester_id
        )
        return plan


def step_edit(job: EditPlan) -> StepEdit:
    """What the job makes of the step, marked as a person's."""
    inputs = (
        StepInput(location=item.location, name=item.name, value=item.value, typed=True) for item in job.inputs
    )
    return StepEdit(job.step_id, tuple(inputs), job.gated, job.after, job.removed)


async def _is_done(session: AsyncSession, job: Change) -> bool:
    """Whether an earlier run of this job did it, and its worker died then."""
    found = select(AuditEvent.id).where(
        AuditEvent.workspace_id == job.workspace,
        AuditEvent.subject_id == job.plan,
        AuditEvent.actor == job.user,
        AuditEvent.facts["press"].as_string() == job.key,
    )
    return await session.scalar(found.limit(1)) is not None
