"""Workflows as people are shown them, read from the rows."""

from __future__ import annotations

from db.models import PlanVersion, WorkflowPlan
from services.components.specs import Approval, ComponentSpec
from services.plans.model import Plan
from services.plans.validation import Fault
from services.queries.snapshots import PlanLine, PlanSnapshot, VersionSnapshot
from services.states import Phase, PlanState
from services.workflows.drafts import failure_from_json, issue_of


def version_snapshot(row: PlanVersion) -> VersionSnapshot:
    """Read a version back."""
    specs = [ComponentSpec(**{**spec, "approval": Approval(spec["approval"])}) for spec in row.components]
    return VersionSnapshot(
        version=row.version,
        plan=Plan.model_validate(row.document),
        components={spec.key: spec for spec in specs},
        selected=tuple(row.selected),
        warnings=tuple(Fault.from_dict(fault) for fault in row.warnings),
        model=row.model,
        tokens=row.tokens,
        seconds=row.seconds,
    )


def plan_snapshot(plan: WorkflowPlan, version: PlanVersion | None) -> PlanSnapshot:
    """All that a card shows."""
    return PlanSnapshot(
        id=plan.id,
        number=plan.number,
        revision=plan.revision,
        state=PlanState(plan.state),
        issue=issue_of(plan),
        channel_id=plan.channel_id,
        created_at=plan.created_at,
        phase=None if plan.phase is None else Phase(plan.phase),
        phase_facts=plan.phase_facts,
        version=None if version is None else version_snapshot(version),
        failure=None if plan.failure is None else failure_from_json(plan.failure),
        decided_by=plan.decided_by,
        decided_at=plan.decided_at,
    )


def plan_line(plan: WorkflowPlan) -> PlanLine:
    """A plan as one line of a list."""
    return PlanLine(
        id=plan.id,
        number=plan.number,
        state=PlanState(plan.state),
        title=plan.title or plan.issue_text,
        reporter_id=plan.reporter_id,
        channel_id=plan.channel_id,
        created_at=plan.created_at,
        steps=plan.steps,
    )
