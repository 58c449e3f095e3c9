"""Approvals: who may decide in a workspace, and the gates that wait for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey
from db.models.documents import GateRequest


class ApprovalRulesRow(Base):
    """Who may decide in a workspace, how many must agree, and what happens while they don't.

    No row: anyone may decide. `remind_after_minutes` of 0 is never; no `limit_minutes` is no limit.
    `self_approval`: approvers may decide about what they reported themselves.
    """

    __tablename__ = "approval_rules"

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    approvers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    quorum: Mapped[int]
    remind_after_minutes: Mapped[float]
    limit_minutes: Mapped[float | None]
    limit_outcome: Mapped[str]
    self_approval: Mapped[bool] = mapped_column(default=False, server_default="false")


class StepGate(Base):
    """One time that a step waits at its gate: from `revision` of the step until that has moved on.

    `agreed` are the Slack ids of those who have agreed this time, in their order. `reminders` counts those sent,
    the last of them begun at `reminded_at`. `limit_at` and `limit_outcome` are as they were when the wait began.

    `deputies` are those who agreed in the place of one of the `agreed`, by that one's id. It may be handed on:
    `assigned_to` is asked now, by `assigned_by`, after `assignments` changes of that. `requests` are what people
    asked others to know more. `nudges` counts the reminders that people pressed, the last at `nudged_at`.
    """

    __tablename__ = "step_gates"
    __table_args__ = (UniqueConstraint("step_run_id", "revision"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[UUID]
    step_run_id: Mapped[UUID] = mapped_column(ForeignKey("step_runs.id", ondelete="CASCADE"))
    revision: Mapped[int]
    agreed: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    reminders: Mapped[int] = mapped_column(default=0)
    reminded_at: Mapped[datetime | None]
    limit_at: Mapped[datetime | None]
    limit_outcome: Mapped[str | None]
    deputies: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    assigned_to: Mapped[str | None]
    assigned_by: Mapped[str | None]
    assignments: Mapped[int] = mapped_column(default=0, server_default="0")
    requests: Mapped[list[GateRequest]] = mapped_column(JSONB(), default=list, server_default="[]")
    nudges: Mapped[int] = mapped_column(default=0, server_default="0")
    nudged_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
