"""The versions of a plan: who made each, how, and of which other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from db.models import PlanVersion, WorkflowPlan
from services.ai.service import Draft
from services.audit import Actor
from services.workflows.drafts import version_row


class VersionKind(StrEnum):
    """How a version came to be."""

    DRAFTED = "drafted"
    REFINED = "refined"
    EDITED = "edited"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Made:
    """How a version is made: of which other, and for whom; `wish` is what they said that they want."""

    kind: VersionKind = VersionKind.DRAFTED
    actor: Actor | None = None
    wish: str | None = None
    based_on: int | None = None


def made_of(plan: WorkflowPlan) -> Made:
    """How the version is made that the agents are at."""
    change = plan.change
    if change is None:
        return Made(based_on=plan.version)
    actor = Actor(change["by"], change["channel"] or None, change["message_ts"])
    kind = VersionKind.DRAFTED if plan.version is None else VersionKind.REFINED
    return Made(kind, actor, change["wish"], plan.version)


def is_changing(plan: WorkflowPlan) -> bool:
    """Whether there is a version that stands again if nothing comes of what is being done."""
    return plan.version is not None and plan.change is not None and plan.failure is None


def next_version(plan: WorkflowPlan, draft: Draft, made: Made) -> PlanVersion:
    """A draft as the next version, which is the plan's from now on; the row is for the caller to add."""
    plan.version = (plan.version or 0) + 1
    plan.title = draft.plan.workflow_name
    plan.steps = len(draft.plan.steps)
    row = version_row(plan, plan.version, draft)
    row.kind, row.wish, row.based_on = made.kind, made.wish, made.based_on
    row.made_by = made.actor.user if made.actor else None
    return row
