"""LearningService: what a workspace's earlier plans and people teach; nothing, where it is switched off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.audit import Actor
from services.jobs import StepDecision
from services.learning.examples import similar_plans
from services.learning.memory import NOTHING, Memory
from services.learning.notes import NoteService
from services.learning.wordings import Worded, Wording
from services.plans.differences import ChangeKind, differences
from services.plans.model import Plan

_EDITS: Mapping[ChangeKind, Wording] = {
    ChangeKind.REMOVED: Wording.REMOVED,
    ChangeKind.GATED: Wording.GATED,
    ChangeKind.UNGATED: Wording.UNGATED,
}
"""What of an edit says how plans should be."""


@dataclass(frozen=True, slots=True)
class LearningService:
    """Switched on or off for a workspace. `notes` are there either way: people may see and delete them."""

    notes: NoteService
    is_on: bool

    async def memory(self, session: AsyncSession, workspace_id: UUID, issue_text: str) -> Memory:
        """What there is to tell the agents for an issue."""
        if not self.is_on:
            return NOTHING
        examples = await similar_plans(session, workspace_id, issue_text)
        return Memory(examples, await self.notes.latest(session, workspace_id))

    async def keep_wish(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, wish: str, actor: Actor
    ) -> None:
        """Make a note of a wish that became a version of a draft."""
        if self.is_on:
            await self.notes.keep_change(
                session, workspace_id, plan_id, Worded(Wording.WISHED, reason=wish), actor
            )

    async def keep_edit(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, old: Plan, new: Plan, actor: Actor
    ) -> None:
        """Make notes of what a person changed by hand: what was left out, and where people are asked."""
        for change in differences(old, new) if self.is_on else ():
            if change.kind in _EDITS and change.step is not None:
                said = Worded(_EDITS[change.kind], change.step.component_id)
                await self.notes.keep_change(session, workspace_id, plan_id, said, actor)

    async def keep_reason(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        step_id: UUID,
        decision: StepDecision,
        reason: str | None,
        actor: Actor,
    ) -> None:
        """Make a note of why a step was decided about, if that says something."""
        if self.is_on:
            await self.notes.keep_reason(session, workspace_id, step_id, decision, reason, actor)
