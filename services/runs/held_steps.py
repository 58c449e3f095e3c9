"""A step that somebody presses a button about, and all that a decision about it goes by, read at once."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ApprovalRulesRow, PlanVersion, Run, StepGate, StepRun, WorkflowPlan
from db.prepared import PreparedStatement
from services.approvals import ApprovalRules, NotNamed, rules_of
from services.errors import NotFound, StaleVersion
from services.runs.step_rows import StepRow


@dataclass(frozen=True, slots=True)
class HeldStep:
    """A step, and its run, whose row is held until the transaction ends.

    `gate` is the one at which it waits now. `named` are those whom policies name to agree to it; None: whoever may
    decide about others. `reporter` reported the issue, and `requester` had it planned, if that was somebody else.
    """

    run: Run
    step: StepRun
    gate: StepGate | None
    named: list[str] | None
    rules: ApprovalRules
    reporter: str
    requester: str | None

    def check_revision(self, shown: int) -> None:
        """Raise StaleVersion if the step has changed since a button was drawn."""
        if self.step.revision != shown:
            raise StaleVersion(shown=shown, current=self.step.revision, state=self.step.state)

    def check_named(self, user: str) -> None:
        """Raise NotNamed unless policies let `user` agree to the step, who may decide about others."""
        if self.named is not None and user not in self.named:
            raise NotNamed(user, self.named)


_HOLD = PreparedStatement.of(
    """
    SELECT id FROM workflow_executions
    WHERE workspace_id = :workspace AND id = (SELECT run_id FROM step_runs WHERE id = :step)
    FOR UPDATE
    """,
    {"workspace": Uuid(), "step": Uuid()},
)

# By itself, once the run's row is held: a statement that has waited for a row sees all others as they were before.
_READ = (
    select(
        StepRun,
        Run,
        StepGate,
        PlanVersion.gate_people,
        ApprovalRulesRow,
        WorkflowPlan.reporter_id,
        WorkflowPlan.requester_id,
    )
    .join(Run, Run.id == StepRun.run_id)
    .join(WorkflowPlan, WorkflowPlan.id == Run.plan_id)
    .join(PlanVersion, and_(PlanVersion.plan_id == Run.plan_id, PlanVersion.version == Run.version))
    .outerjoin(StepGate, and_(StepGate.step_run_id == StepRun.id, StepGate.revision == StepRun.revision))
    .outerjoin(ApprovalRulesRow, ApprovalRulesRow.workspace_id == Run.workspace_id)
    .where(StepRun.id == bindparam("step", type_=Uuid()))
    .execution_options(populate_existing=True)
)


async def held_step(session: AsyncSession, workspace_id: UUID, step_id: UUID) -> HeldStep:
    """Hold the row of a step's run, and read what there is to know. Raises NotFound."""
    if not await _HOLD.rows(session, workspace=workspace_id, step=step_id):
        raise NotFound("step", step_id)
    row = (await session.execute(_READ, {"step": step_id})).one()
    return HeldStep(
        run=row.Run,
        step=row.StepRun,
        gate=row.StepGate,
        named=(row.gate_people or {}).get(row.StepRun.step_id),
        rules=rules_of(row.ApprovalRulesRow),
        reporter=row.reporter_id,
        requester=row.requester_id,
    )


def step_row(step: StepRun) -> StepRow:
    """A step, for what moves many."""
    return StepRow(
        id=step.id,
        run_id=step.run_id,
        step=step.step,
        component_key=step.component_key,
        state=step.state,
        gated=step.gated,
        attempt=step.attempt,
        first_attempt=step.first_attempt,
        wait=step.wait,
    )
