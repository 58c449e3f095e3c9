"""Between rows and snapshots: how a plan, its versions and its failure are kept, and read back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from db.models import PlanVersion, WorkflowPlan
from services.ai import Draft
from services.builtins import component_keys
from services.mentions import PARTS
from services.plan import Approval, ComponentSpec, Issue, Plan
from services.snapshots import Failure, PlanLine, PlanSnapshot, VersionSnapshot
from services.states import FailureCode, Phase, PlanState
from services.validation import Fault


def version_row(plan_id: UUID, version: int, draft: Draft) -> PlanVersion:
    """The row that keeps a draft, with the components as they are now: a later edit does not change it."""
    used = component_keys(draft.plan) | set(draft.selected)
    return PlanVersion(
        plan_id=plan_id,
        version=version,
        document=draft.plan.model_dump(mode="json", by_alias=True),
        components=[asdict(spec) for key, spec in draft.components.items() if key in used],
        selected=list(draft.selected),
        warnings=[fault.to_dict() for fault in draft.warnings],
        model=draft.model,
        tokens=sum(usage.total_tokens for usage in draft.usages),
        seconds=draft.seconds,
    )


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


def issue_of(plan: WorkflowPlan) -> Issue:
    """What was reported."""
    return Issue(
        plan.issue_text,
        plan.place,
        plan.urgency,
        plan.reporter_id,
        plan.channel_id,
        PARTS.validate_python(plan.issue_parts),
    )


def failure_to_json(failure: Failure) -> dict[str, Any]:
    """For the database."""
    return {"code": failure.code.value, "faults": [fault.to_dict() for fault in failure.faults]}


def failure_from_json(document: dict[str, Any]) -> Failure:
    """From the database."""
    return Failure(FailureCode(document["code"]), tuple(Fault.from_dict(fault) for fault in document["faults"]))
