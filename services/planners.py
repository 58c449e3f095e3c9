"""Planners: who may have plans drafted in a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models.documents import WorkspaceSettings
from services.approvals import ApprovalService
from services.errors import MuddaError
from services.workspaces import settings as workspace_settings
from services.workspaces.settings import APPROVERS, EVERYBODY, NAMED


class MayNotPlan(MuddaError):
    """The `user` may not have plans drafted here; those `people` may."""

    def __init__(self, user: str, people: Sequence[str]) -> None:
        super().__init__(f"{user} may not have plans drafted")
        self.user = user
        self.people = tuple(people)


def planners(settings: WorkspaceSettings, approvers: Sequence[str]) -> tuple[str, ...] | None:
    """Who may have plans drafted; None: everybody. Approvers always may; where there are none, everybody may."""
    kind = settings.get("may_plan", EVERYBODY)
    named = settings.get("planners", []) if kind == NAMED else []
    people = tuple(dict.fromkeys([*approvers, *named]))
    return people if kind in (APPROVERS, NAMED) and people else None


async def check_may_plan(session: AsyncSession, workspace_id: UUID, user: str, approvals: ApprovalService) -> None:
    """Whether `user` may have plans drafted, as it is set now. Raises MayNotPlan."""
    settings = await workspace_settings.current(session, workspace_id)
    if settings.get("may_plan", EVERYBODY) == EVERYBODY:
        return
    people = planners(settings, (await approvals.settings(session, workspace_id)).approvers)
    if people is not None and user not in people:
        raise MayNotPlan(user, people)
