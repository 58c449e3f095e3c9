"""A step that somebody presses a button about, and all that a decision about it goes by, read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ApprovalRulesRow, PlanVersion, Run, StepGate, StepRun, WorkflowPlan
from db.prepared import PreparedStatement, row_type
from services.approvals import ApprovalRules, NotNamed, rules_of
from services.errors import NotFound, StaleVersion
from services.runs.step_rows import HeldRun, StepRow


@dataclass(frozen=True, slots=True)
class HeldGate:
    """Where a step waits now, and who agrees so far: see `StepGate`."""

    id: UUID
    agreed: Sequence[str]
    deputies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HeldStep:
    """A step, and its run, whose row is held until the transaction ends.

    `gate` is the one at which it waits now. `named` are those whom policies name to agree to it; None: whoever may
    decide about others. `reporter` reported the issue, and `requester` had it planned, if that was somebody else.
    """

    run: HeldRun
    step: StepRow
    revision: int
    gate: HeldGate | None
    named: list[str] | None
    rules: ApprovalRules
    reporter: str
    requester: str | None

    def check_revision(self, shown: int) -> None:
        """Raise StaleVersion if the step has changed since a button was drawn."""
        if self.revision != shown:
            raise StaleVersion(shown=shown, current=self.revision, state=self.step.state)

    def check_named(self, user: str) -> None:
        """Raise NotNamed unless policies let `user` agree to the step, who may decide about others."""
        if self.named is not None and user not in self.named:
            raise NotNamed(user, self.named)

    async def objects(self, session: AsyncSession) -> tuple[Run, StepRun]:
        """The run and the step to change as objects."""
        row = (await session.execute(_OBJECTS, {"step": self.step.id})).one()
        return row.Run, row.StepRun


_OBJECTS = (
    select(StepRun, Run)
    .join(Run, Run.id == StepRun.run_id)
    .where(StepRun.id == bindparam("step", type_=Uuid()))
    .execution_options(populate_existing=True)
)

_HOLD = PreparedStatement.of(
    """
    SELECT id FROM workflow_executions
    WHERE workspace_id = :workspace AND id = (SELECT run_id FROM step_runs WHERE id = :step)
    FOR UPDATE
    """,
    {"workspace": Uuid(), "step": Uuid()},
)

_STEP = ("id", "run_id", "step", "component_key", "state", "gated", "attempt", "first_attempt", "wait")
"""Of a step's columns those that StepRow has, in its order."""

_RULES = [column.name for column in ApprovalRulesRow.__table__.columns]
_RulesRow = row_type("_RulesRow", _RULES)

# By itself, once the run's row is held: a statement that has waited for a row sees all others as they were before.
_READ = PreparedStatement(
    select(
        *(getattr(StepRun, name) for name in _STEP),
        *(StepRun.revision, Run.plan_id, Run.state, PlanVersion.gate_people[StepRun.step_id]),
        *(WorkflowPlan.reporter_id, WorkflowPlan.requester_id),
        *(StepGate.id, StepGate.agreed, StepGate.deputies),
        *(getattr(ApprovalRulesRow, name) for name in _RULES),
    )
    .join(Run, Run.id == StepRun.run_id)
    .join(WorkflowPlan, WorkflowPlan.id == Run.plan_id)
    .join(PlanVersion, and_(PlanVersion.plan_id == Run.plan_id, PlanVersion.version == Run.version))
    .outerjoin(StepGate, and_(StepGate.step_run_id == StepRun.id, StepGate.revision == StepRun.revision))
    .outerjoin(ApprovalRulesRow, ApprovalRulesRow.workspace_id == Run.workspace_id)
    .where(StepRun.id == bindparam("step", type_=Uuid()))
)


async def held_step(session: AsyncSession, workspace_id: UUID, step_id: UUID) -> HeldStep:
    """Hold the row of a step's run, and read what there is to know. Raises NotFound."""
    if not await _HOLD.rows(session, workspace=workspace_id, step=step_id):
        raise NotFound("step", step_id)
    [row] = await _READ.rows(session, step=step_id)
    step = StepRow(*row[: len(_STEP)])
    revision, plan_id, state, named, reporter, requester, gate_id, agreed, deputies, *rules = row[len(_STEP) :]
    return HeldStep(
        run=HeldRun(step.run_id, workspace_id, plan_id, state),
        step=step,
        revision=revision,
        gate=None if gate_id is None else HeldGate(gate_id, agreed, deputies),
        named=named,
        rules=rules_of(None if rules[0] is None else _RulesRow._make(rules)),
        reporter=reporter,
        requester=requester,
    )


def step_row(step: StepRun) -> StepRow:
    """A step, for what moves many."""
    return StepRow(*(getattr(step, name) for name in _STEP))
