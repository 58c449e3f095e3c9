"""Plans, their versions, and what happened to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey

ISSUE_SEARCH = "to_tsvector('english', left(issue_text, 40000))"


class WorkflowPlan(Base):
    """An issue that somebody stated, and the plan for it.

    `version`, `title` and `steps` are those of the latest version. `revision` counts every change that a button
    could be stale about: each move of the state and each new version. `claim` is the token of the draft now under
    way; a worker whose token is no longer there has been replaced by another. `requester_id` is who had it
    planned, where that is not the reporter. `permalink` is the address of the message that was planned as it
    stood there; `pictures` are those that came with the issue, and where they could not be looked at for the
    draft, why not. `change` is what somebody wants to be different about it, while that
    is worked on, and afterwards if nothing came of it. `clarification` is what was asked before it was planned.
    `place_found` is what a geocoder made of its place. `same_as` is the plan that it was put away for. `locale` is
    in what language whoever asked for it reads Slack ("de-DE"), where that is known.
    """

    __tablename__ = "workflow_plans"
    __table_args__ = (
        UniqueConstraint("workspace_id", "number"),
        UniqueConstraint("workspace_id", "inbox_key"),
        Index("workflow_plans_recent_idx", "workspace_id", "created_at"),
        Index(
            "workflow_plans_examples_idx",
            "workspace_id",
            "decided_at",
            postgresql_where=text("state = 'APPROVED'"),
        ),
        # The latest decisions, whatever they were: people ask who decided what.
        Index(
            "workflow_plans_decided_idx",
            "workspace_id",
            "decided_at",
            postgresql_where=text("decided_at IS NOT NULL"),
        ),
        Index("workflow_plans_draft_idx", "workspace_id", "created_at", postgresql_where=text("state = 'DRAFT'")),
        Index("workflow_plans_reporter_idx", "workspace_id", "reporter_id", "number"),
        Index("workflow_plans_thread_idx", "workspace_id", "channel_id", "thread_ts"),
        Index("workflow_plans_same_idx", "same_as", postgresql_where=text("same_as IS NOT NULL")),
        # Few of many: what people ask about most.
        Index(
            "workflow_plans_unfinished_idx",
            "workspace_id",
            "state",
            postgresql_where=text("state IN ('DRAFTING', 'DRAFT', 'FAILED')"),
        ),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    number: Mapped[int]
    inbox_key: Mapped[str]
    source: Mapped[str]
    channel_id: Mapped[str]
    message_ts: Mapped[str | None]
    thread_ts: Mapped[str | None]
    reporter_id: Mapped[str]
    requester_id: Mapped[str | None]
    response_url: Mapped[str | None]
    issue_text: Mapped[str]
    issue_parts: Mapped[list[Any]] = mapped_column(default=list)
    issue_search: Mapped[str] = mapped_column(TSVECTOR, Computed(ISSUE_SEARCH, persisted=True), deferred=True)
    place: Mapped[str | None]
    place_found: Mapped[str | None]
    locale: Mapped[str | None]
    urgency: Mapped[str | None]
    permalink: Mapped[str | None]
    pictures: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    state: Mapped[str]
    phase: Mapped[str | None]
    phase_facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    failure: Mapped[dict[str, Any] | None]
    change: Mapped[dict[str, Any] | None]
    clarification: Mapped[dict[str, Any] | None]
    same_as: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_plans.id", ondelete="SET NULL"))
    version: Mapped[int | None]
    title: Mapped[str | None]
    steps: Mapped[int | None]
    revision: Mapped[int] = mapped_column(default=1)
    draft: Mapped[int] = mapped_column(default=1)
    claim: Mapped[UUID | None]
    decided_by: Mapped[str | None]
    decided_for: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    versions: Mapped[list[PlanVersion]] = relationship(
        lazy="raise", order_by="PlanVersion.version", back_populates="plan"
    )


class PlanVersion(Base):
    """What the agents drafted or a person made of that, whole and unchanging.

    `kind` is how it was made, `made_by` the person who wanted it so, if one did, `wish` their words for it, and
    `based_on` the version that it was made of.
    `citations` are the passages of policies that it cites. `gate_people` are those whom policies name to agree to
    a step, by its id: nobody else may.
    """

    __tablename__ = "plan_versions"
    __table_args__ = (UniqueConstraint("plan_id", "version"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[UUID]
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_plans.id", ondelete="CASCADE"))
    version: Mapped[int]
    document: Mapped[dict[str, Any]]
    components: Mapped[list[Any]]
    selected: Mapped[list[str]]
    warnings: Mapped[list[Any]]
    citations: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    gate_people: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    kind: Mapped[str] = mapped_column(default="drafted", server_default="drafted")
    made_by: Mapped[str | None]
    wish: Mapped[str | None]
    based_on: Mapped[int | None]
    model: Mapped[str]
    tokens: Mapped[int]
    seconds: Mapped[float]
    created_at: Mapped[CreatedAt]

    plan: Mapped[WorkflowPlan] = relationship(lazy="raise", back_populates="versions")
