"""Rows of a plan and its runs, as the services leave them; for tests of what only reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Decision, PlanVersion, Run, StepAttempt, StepRun, WorkflowPlan
from services.states import PlanState, RunState, StepState

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
COMPONENT: dict[str, Any] = {
    "key": "works.create",
    "name": "Create a work order",
    "description": "Creates one.",
    "http_method": "POST",
    "endpoint_url": "https://works.example/orders",
    "headers": {"X-Town": {"type": "string", "const": "header-value"}},
    "auth": {"type": "api_key", "in": "header", "name": "X-Key", "value": "env:WORKS_KEY"},
}
STEP = {"step_id": "order", "component_id": "works.create", "description": "Order it", "inputs": [], "next": []}
SPEC = {
    "key": "works.create",
    "name": "Create a work order",
    "http_method": "POST",
    "headers": COMPONENT["headers"],
    "approval": "plan",
}


async def plan(session: AsyncSession, workspace_id: UUID, number: int = 12) -> UUID:
    """An approved plan of one step."""
    row = WorkflowPlan(
        id=uuid4(),
        workspace_id=workspace_id,
        number=number,
        inbox_key=f"k{number}",
        source="command",
        channel_id="C1",
        reporter_id="U1",
        response_url="https://hooks.example/secret-hook",
        issue_text="A leak at 5th and Main",
        state=PlanState.APPROVED,
        version=1,
        title="Stop the leak",
        steps=1,
    )
    session.add(row)
    await session.flush()
    document = {"workflow_name": "Stop the leak", "description": "", "steps": [STEP]}
    session.add(
        PlanVersion(
            workspace_id=workspace_id,
            plan_id=row.id,
            version=1,
            document=document,
            components=[SPEC],
            selected=["works.create"],
            warnings=[],
            model="m",
            tokens=1,
            seconds=0.1,
        )
    )
    await session.flush()
    return row.id


async def run(
    session: AsyncSession,
    workspace_id: UUID,
    plan_id: UUID,
    number: int = 1,
    *,
    attempts: int = 1,
    output: Any = None,
) -> UUID:
    """A run that is done, with so many attempts of its step, and a decision about each but the last."""
    row = Run(
        id=uuid4(),
        workspace_id=workspace_id,
        plan_id=plan_id,
        version=1,
        number=number,
        state=RunState.COMPLETED,
        components={"works.create": COMPONENT},
        started_by="U2",
        ended_at=NOW + timedelta(minutes=number),
    )
    session.add(row)
    await session.flush()
    step = StepRun(
        workspace_id=workspace_id,
        id=uuid4(),
        run_id=row.id,
        step_id="order",
        position=0,
        step=STEP,
        component_key="works.create",
        followers=[],
        waiting_for=0,
        state=StepState.DONE,
        gated=False,
        attempt=attempts,
        output=output,
    )
    session.add(step)
    await session.flush()
    for attempt in range(1, attempts + 1):
        last = attempt == attempts
        session.add(
            StepAttempt(
                workspace_id=workspace_id,
                step_run_id=step.id,
                number=attempt,
                outcome="done" if last else "failed",
                status=201 if last else 422,
                facts={} if last else {"code": "http_status", "status": 422, "message": "<!channel> no"},
                started_at=NOW + timedelta(seconds=attempt),
                ended_at=NOW + timedelta(seconds=attempt + 1),
            )
        )
        if not last:
            session.add(
                Decision(
                    workspace_id=workspace_id,
                    run_id=row.id,
                    step_run_id=step.id,
                    kind="retry",
                    user_id="U0000002",
                    reason=f"try {attempt}",
                    created_at=NOW + timedelta(seconds=attempt),
                )
            )
    await session.flush()
    return row.id
