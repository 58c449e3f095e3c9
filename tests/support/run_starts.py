"""Runs begun without Slack or a model: a plan is written down, agreed to and started, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run, StepRun, WorkflowPlan
from db.session import Database
from services.ai.service import Draft
from services.ai.usage import Usage
from services.approvals import ApprovalService
from services.audit import Actor
from services.cards import CardService
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentService
from services.jobs import DraftPlan, OpenPlan, StepDecision
from services.plans.model import Plan
from services.plans.validation import Report
from services.runs.attempts import AttemptService
from services.runs.decisions import DecisionService
from services.runs.gates import GateService
from services.runs.progress import RunProgress
from services.runs.service import RunService
from services.steps.sources import StepSources
from services.workflows.service import WorkflowService

REPORTER, CHANNEL = "U0PRIYA001", "C0WORKS001"
APPROVER = Actor("U0MARCO001", CHANNEL, "1764000000.000100")
ISSUE = "Water is coming up through the road at 5th and Main"

components = ComponentService()
_cards, _approvals = CardService(), ApprovalService()
_workflows = WorkflowService(_cards, _approvals)
_inputs = StepSources()
_gates = GateService(_approvals)
_progress = RunProgress(_cards, _gates, _inputs)
runs, attempts = RunService(_progress, components, _approvals), AttemptService(_progress, _inputs)
decisions = DecisionService(_progress, _approvals)


def now() -> datetime:
    """The time, with zone."""
    return datetime.now(UTC)


def step(step_id: str, component: str, *, then: Iterable[str] = (), gate: bool = False, **inputs: str) -> Any:
    """A step on the wire: `then` are the steps that come after it, and an input's name is `place__name`."""
    return {
        "step_id": step_id,
        "component_id": component,
        "description": f"Do {step_id}",
        "inputs": [
            {"in": name.split("__")[0], "name": name.split("__")[1], "value": value}
            for name, value in inputs.items()
        ],
        "next": list(then),
        "requires_approval": gate,
    }


def layered(width: int, layers: int, component: str = "do") -> list[Mapping[str, Any]]:
    """Each step but those of the last layer comes before four of the next, or before all that there are."""
    return [
        step(
            f"s{layer}-{place}",
            component,
            then=[f"s{layer + 1}-{(place + n) % width}" for n in range(min(4, width)) if layer + 1 < layers],
        )
        for layer in range(layers)
        for place in range(width)
    ]


async def registered(database: Database, workspace_id: UUID, *definitions: Mapping[str, Any]) -> None:
    """Register components; what is not given is the same for all."""
    async with database.transaction() as session:
        for given in definitions:
            definition = {"name": given["key"], "description": "Does it.", **given}
            await components.create(session, workspace_id, ComponentDefinition.model_validate(definition))


async def begun(
    session: AsyncSession, workspace_id: UUID, steps: Sequence[Mapping[str, Any]], channel: str = CHANNEL
) -> UUID:
    """Begin a run of these steps, and return its id. Nothing is validated."""
    plan = Plan.model_validate({"workflow_name": "Stop the leak", "steps": steps})
    request = OpenPlan(
        key=str(uuid4()),
        workspace=workspace_id,
        source="command",
        channel=channel,
        reporter=REPORTER,
        text=ISSUE,
    )
    plan_id = await _workflows.open_plan(session, request)
    claim = uuid4()
    job = DraftPlan(workspace=workspace_id, plan=plan_id, draft=1)
    assert await _workflows.begin_draft(session, workspace_id, job, claim)
    keys = {each.component_id for each in plan.steps}
    specs = await components.by_keys(session, workspace_id, keys)
    usage = Usage("model", "planner", 10, 5, 15, 100, "ok", 1)
    draft = Draft(plan, Report(), tuple(specs), specs, (usage,), 0.1)
    assert await _workflows.store_version(session, workspace_id, plan_id, claim, draft)
    revision = await session.scalar(select(WorkflowPlan.revision).where(WorkflowPlan.id == plan_id))
    version = await _workflows.approve(session, workspace_id, plan_id, revision or 0, APPROVER, now())
    return await runs.start(session, workspace_id, plan_id, version, APPROVER, now())


async def run_state(database: Database, run_id: UUID) -> str:
    """The state of a run."""
    async with database.reading() as session:
        return str(await session.scalar(select(Run.state).where(Run.id == run_id)))


async def step_states(database: Database, run_id: UUID) -> dict[str, str]:
    """The states of a run's steps."""
    async with database.reading() as session:
        rows = await session.execute(
            select(StepRun.step_id, StepRun.state).where(StepRun.run_id == run_id).order_by(StepRun.position)
        )
        return {row.step_id: row.state for row in rows}


async def decided(database: Database, workspace_id: UUID, run_id: UUID, step_id: str, kind: str) -> None:
    """Let a person decide about a step as it stands."""
    async with database.transaction() as session:
        row = (
            await session.execute(
                select(StepRun.id, StepRun.revision).where(StepRun.run_id == run_id, StepRun.step_id == step_id)
            )
        ).one()
        await decisions.decide(
            session, workspace_id, row.id, row.revision, StepDecision(kind), APPROVER, now(), "because"
        )


async def until(question: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Ask the database again and again until it says yes; it tells nobody of itself. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await question():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def hurried(database: Database, question: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something, with no job's pause as long as it would be."""

    async def asked() -> bool:
        async with database.transaction() as session:
            await session.execute(text("UPDATE pgqueuer SET execute_after = now() WHERE status = 'queued'"))
        return await question()

    await until(asked, 60)
