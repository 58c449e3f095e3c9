"""Workspaces as an operator sees them: which there are, what is in one, and all of it to take along."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from db.models import (
    AICall,
    ApprovalRulesRow,
    AuditEvent,
    Card,
    Component,
    Decision,
    Installation,
    Open311Endpoint,
    PlanningNoteRow,
    PlanVersion,
    Policy,
    PolicyPassage,
    Run,
    WorkflowPlan,
    Workspace,
)
from db.models.documents import WorkspaceSettings
from services.errors import NotFound
from services.queries.export import masked_row


@dataclass(frozen=True, slots=True)
class WorkspaceLine:
    """A workspace in a list. `installed_at` is None where the bot token of the settings serves it."""

    id: UUID
    team_id: str
    name: str
    installed_at: datetime | None
    removed_at: datetime | None
    plans: int


@dataclass(frozen=True, slots=True)
class WorkspaceDetails:
    """All that is of interest about one; plans and runs are counted by their states."""

    line: WorkspaceLine
    owner_id: str | None
    installed_by: str | None
    scopes: str | None
    settings: WorkspaceSettings
    components: int
    plans: Mapping[str, int]
    runs: Mapping[str, int]
    tokens_in_30_days: int


async def list_workspaces(session: AsyncSession) -> Sequence[WorkspaceLine]:
    """All of them, by name."""
    of_it = WorkflowPlan.workspace_id == Workspace.id
    plans = select(func.count()).where(of_it).correlate(Workspace).scalar_subquery()
    rows = await session.execute(
        select(
            Workspace.id,
            Workspace.team_id,
            Workspace.name,
            Installation.installed_at,
            Workspace.removed_at,
            plans,
        )
        .outerjoin(Installation, Installation.id == Workspace.installation_id)
        .order_by(Workspace.name, Workspace.team_id)
    )
    return [WorkspaceLine(*row) for row in rows]


async def workspace_details(session: AsyncSession, team_id: str, since: datetime) -> WorkspaceDetails:
    """One of them; tokens are counted `since`. Raises NotFound."""
    line = next((line for line in await list_workspaces(session) if line.team_id == team_id), None)
    if line is None:
        raise NotFound("workspace", team_id)
    row = await session.get_one(Workspace, line.id)
    installation = await session.get(Installation, row.installation_id) if row.installation_id else None
    components = select(func.count()).where(Component.workspace_id == line.id)
    tokens = select(func.coalesce(func.sum(AICall.total_tokens), 0)).where(
        AICall.workspace_id == line.id, AICall.created_at >= since
    )
    return WorkspaceDetails(
        line=line,
        owner_id=installation.owner_id if installation else None,
        installed_by=installation.installed_by if installation else None,
        scopes=installation.scopes if installation else None,
        settings=row.settings,
        components=int(await session.scalar(components) or 0),
        plans=await _by_state(session, WorkflowPlan, line.id),
        runs=await _by_state(session, Run, line.id),
        tokens_in_30_days=int(await session.scalar(tokens) or 0),
    )


async def _by_state(session: AsyncSession, model: type[WorkflowPlan | Run], workspace_id: UUID) -> dict[str, int]:
    query = select(model.state, func.count()).where(model.workspace_id == workspace_id).group_by(model.state)
    return {row.state: row[1] for row in await session.execute(query)}


async def documents(session: AsyncSession, workspace_id: UUID) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Every row of a workspace, but for its runs, which have a document each: its kind, and what is in it."""
    of_it = WorkflowPlan.workspace_id == workspace_id
    versions = select(PlanVersion).join(WorkflowPlan, WorkflowPlan.id == PlanVersion.plan_id)
    queries = {
        "workspace": select(Workspace).where(Workspace.id == workspace_id),
        "approval_rules": select(ApprovalRulesRow).where(ApprovalRulesRow.workspace_id == workspace_id),
        "component": select(Component).where(Component.workspace_id == workspace_id).order_by(Component.key),
        "open311_endpoint": (
            select(Open311Endpoint)
            .where(Open311Endpoint.workspace_id == workspace_id)
            .order_by(Open311Endpoint.prefix)
        ),
        "policy": (
            select(Policy)
            .options(undefer(Policy.source))
            .where(Policy.workspace_id == workspace_id)
            .order_by(Policy.key, Policy.version)
        ),
        "policy_passage": (
            select(PolicyPassage)
            .where(PolicyPassage.workspace_id == workspace_id)
            .order_by(PolicyPassage.policy_id, PolicyPassage.position)
        ),
        "plan": select(WorkflowPlan).where(of_it).order_by(WorkflowPlan.number),
        "plan_version": versions.where(of_it).order_by(PlanVersion.created_at),
        "card": select(Card).where(Card.workspace_id == workspace_id).order_by(Card.created_at),
        "decision": select(Decision).where(Decision.workspace_id == workspace_id).order_by(Decision.created_at),
        "model_call": select(AICall).where(AICall.workspace_id == workspace_id).order_by(AICall.created_at),
        "planning_note": (
            select(PlanningNoteRow)
            .where(PlanningNoteRow.workspace_id == workspace_id)
            .order_by(PlanningNoteRow.created_at)
        ),
        "audit_event": (
            select(AuditEvent).where(AuditEvent.workspace_id == workspace_id).order_by(AuditEvent.created_at)
        ),
    }
    for kind, query in queries.items():
        # By server-side cursor: a town's audit trail need not fit into memory.
        async for row in await session.stream_scalars(query):
            yield kind, masked_row(row)
            session.expunge(row)


async def run_ids(session: AsyncSession, workspace_id: UUID) -> Sequence[UUID]:
    """The runs of a workspace, the oldest first."""
    query = select(Run.id).where(Run.workspace_id == workspace_id).order_by(Run.created_at)
    return (await session.scalars(query)).all()
