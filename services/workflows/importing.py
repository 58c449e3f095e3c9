"""Plans that come from a file: written down as any other, valid or refused, and never agreed to by that."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services import audit
from services.ai.service import Draft
from services.errors import MuddaError
from services.jobs import DraftPlan, OpenPlan
from services.plans.validation import Fault
from services.workflows.service import WorkflowService

SOURCE = "import"
"""Where such a plan says that it comes from."""


class PlanNotValid(MuddaError):
    """A plan that can't be carried out with what the town has; nothing was kept. `faults` are all of them."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(", ".join(fault.code for fault in faults))
        self.faults = faults


async def import_plan(session: AsyncSession, workflows: WorkflowService, request: OpenPlan, draft: Draft) -> UUID:
    """Write a plan down as a draft with its first version, and have its card posted. Raises PlanNotValid.

    `request` is the issue that it is for. No agent sees it: its draft is stored in the transaction that opens it.
    """
    if draft.report.errors:
        raise PlanNotValid(draft.report.errors)
    plan_id = await workflows.open_plan(session, request)
    claim = uuid4()
    job = DraftPlan(workspace=request.workspace, plan=plan_id, draft=1)
    if await workflows.begin_draft(session, request.workspace, job, claim) is not None:
        await workflows.store_version(session, request.workspace, plan_id, claim, draft)
        await audit.record(
            session, request.workspace, subject=plan_id, actor=audit.OPERATOR, action="plan.imported"
        )
    return plan_id
