"""What can be seen of a bot from outside once attacks are over, gathered for the invariants to judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from prometheus_client import generate_latest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cli.export import as_json
from bot.views.pictures.graph import graph
from bot.views.pictures.report import report
from db.models import AuditEvent, Decision, PlanVersion, Run, StepRun, WorkflowPlan
from services.components.specs import ApprovalPolicy
from services.queries import runs as run_queries
from services.queries.export import run_document
from tests.hostile.stage import APPROVER, OTHER_TOWN, Stage


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that came to the town; `route` is empty where no component has one."""

    route: str
    path: str


@dataclass(frozen=True, slots=True)
class Told:
    """A call of Slack's Web API."""

    method: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What an agent of the model was asked."""

    agent: str
    text: str


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step of a run. `approved` is the step as it was shown when people approved the plan."""

    id: UUID
    name: str
    component: str
    state: str
    attempts: int
    step: Mapping[str, Any]
    approved: Mapping[str, Any] | None
    asks: bool
    agreed: bool
    values: tuple[str, ...]
    component_name: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on record: about a plan, or about a step by its `kind`."""

    kind: str
    user: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. `things` is how much people asked of the bot, `stopped` whose work came to nothing afterwards."""

    things: int = 1
    heard: tuple[str, ...] = ()
    sent: tuple[Sent, ...] = ()
    told: tuple[Told, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    log: tuple[str, ...] = ()
    records: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Stepped, ...] = ()
    decided: tuple[Decided, ...] = ()
    pressed: frozenset[tuple[str, str]] = frozenset()
    gates: Mapping[UUID, str] = field(default_factory=dict)
    largest_plan: int = 0
    changed_by_questions: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    other_town: str = OTHER_TOWN
    slack_url: str = "https://town.slack.com"
    approver: str = ""
    people: frozenset[str] = frozenset()


async def gathered(on: Stage, stopped: tuple[str, ...]) -> Evidence:
    """What there is by now. No run may be under way."""
    slack = on.hall.slack
    async with on.hall.deps.database.reading() as session:
        return Evidence(
            things=on.things,
            heard=tuple(on.heard),
            sent=tuple(Sent(entry.route, entry.path) for entry in on.hall.town.ledger),
            told=tuple(Told(call.method, call.args) for call in slack.transcript),
            prompts=tuple(Prompt(each.agent, each.system + each.prompt) for each in on.hall.gemini.transcript),
            log=tuple(on.log),
            records=await _records(on, session),
            steps=await _steps(on, session),
            decided=await _decided(session),
            pressed=frozenset(on.pressed),
            gates=dict(on.gates),
            largest_plan=max(
                [len(each["steps"]) for each in await session.scalars(select(PlanVersion.document))], default=0
            ),
            changed_by_questions=tuple(on.changed_by_questions),
            stopped=stopped,
            secrets=on.secrets,
            slack_url=slack.url,
            approver=slack.user(APPROVER).id,
            people=frozenset(slack.workspace.users),
        )


async def _records(on: Stage, session: AsyncSession) -> dict[str, str]:
    """What is kept and drawn: audit events, an export and the pictures of every plan, and metrics."""
    facts = [each.facts for each in await session.scalars(select(AuditEvent))]
    metrics = generate_latest(on.hall.deps.metrics.registry).decode()
    found = {"the audit trail": json.dumps(facts, default=str), "metrics": metrics}
    workspace, deps = on.hall.deps.workspace.id, on.hall.deps
    runs = [(each.id, each.plan_id) for each in await session.scalars(select(Run))]
    exports, drawn = list[str](), list[str]()
    for run, plan in runs:
        exports.append(json.dumps(await run_document(session, workspace, run), default=as_json))
        snapshot = await deps.queries.get(session, workspace, plan)
        history = await run_queries.history(session, workspace, plan, run_id=run)
        drawn.append(str(graph(snapshot, deps.now(), deps.zone)))
        words = report(snapshot, history, names={}, town="", asked_by="", now=deps.now(), zone=deps.zone)
        drawn.append(str(words))
    return {**found, "an export": "\n".join(exports), "a picture": "\n".join(drawn)}


async def _steps(on: Stage, session: AsyncSession) -> tuple[Stepped, ...]:
    specs = {
        each.key: each for each in await on.hall.deps.components.all_active(session, on.hall.deps.workspace.id)
    }
    agreed = set(await session.scalars(select(Decision.step_run_id).where(Decision.kind == "approve")))
    query = select(StepRun, Run.plan_id, Run.version).join(Run, Run.id == StepRun.run_id)
    found = []
    for row, plan, version in await session.execute(query):
        approved = on.approved.get((plan, version), {}).get(row.step_id)
        spec = specs.get(row.component_key)
        asks = bool(row.step["requires_approval"]) or (spec is not None and spec.approval == ApprovalPolicy.STEP)
        found.append(
            Stepped(
                row.id,
                row.step_id,
                row.component_key,
                row.state,
                row.attempt,
                row.step,
                approved,
                asks,
                row.id in agreed,
                tuple(texts(row.request or {})),
                spec.name if spec else row.component_key,
            )
        )
    return tuple(found)


async def _decided(session: AsyncSession) -> tuple[Decided, ...]:
    steps = [Decided(each.kind, each.user_id) for each in await session.scalars(select(Decision))]
    approved = select(WorkflowPlan.decided_by).where(WorkflowPlan.state == "APPROVED")
    return (*steps, *(Decided("plan", str(user)) for user in await session.scalars(approved)))


def texts(request: Mapping[str, Any]) -> list[str]:
    """The texts that a request sends, whatever they stand in."""
    parts = (request.get("body"), request.get("query"), request.get("headers"))
    return [text for part in parts for text in _texts(part)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for each in inner for text in _texts(each)]
