"""What later steps take from a step of a run: what a person is asked for who marks it done."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from db.models import PlanVersion, Run, StepRun
from services.errors import NotFound
from services.plans.schemas import Schema
from services.queries.workflows import version_snapshot
from services.steps.outputs import StepOutputs, awaited_outputs


async def step_outputs(session: AsyncSession, workspace_id: UUID, step_id: UUID) -> StepOutputs:
    """What is taken from a step of a run. Raises NotFound."""
    row = (
        await session.execute(
            select(StepRun, PlanVersion)
            .join(Run, Run.id == StepRun.run_id)
            .join(
                PlanVersion,
                (PlanVersion.plan_id == Run.plan_id) & (PlanVersion.version == Run.version),
            )
            .where(Run.workspace_id == workspace_id, StepRun.id == step_id)
            .options(undefer(StepRun.output))
        )
    ).one_or_none()
    if row is None:
        raise NotFound("step", step_id)
    step, version = row[0], version_snapshot(row[1])
    spec = version.components.get(step.component_key)
    schema = Schema(spec.response_schema if spec else {})
    title = str(step.step.get("description") or step.component_key)
    return StepOutputs(title, awaited_outputs(version.plan, step.step_id, schema, step.output), schema)
