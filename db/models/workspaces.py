"""Workspaces: Slack teams. Every other row belongs to one."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey


class Workspace(Base):
    """A Slack team that uses the bot."""

    __tablename__ = "workspaces"

    id: Mapped[PrimaryKey]
    team_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    last_plan_number: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[CreatedAt]
