"""Workspaces: Slack teams, which every other row belongs to, and the installations of the app in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey
from db.models.documents import WorkspaceSettings


class Installation(Base):
    """The app, installed by OAuth: in one workspace, or in a whole organisation for all of its workspaces.

    `owner_id` is Slack's id of the workspace (T…) or of the organisation (E…). `token` is the bot token, sealed
    for this row's id; null once it is gone.
    """

    __tablename__ = "installations"

    id: Mapped[PrimaryKey]
    owner_id: Mapped[str] = mapped_column(unique=True)
    enterprise_id: Mapped[str | None]
    app_id: Mapped[str]
    bot_id: Mapped[str]
    bot_user_id: Mapped[str]
    token: Mapped[str | None]
    scopes: Mapped[str]
    installed_by: Mapped[str]
    installed_at: Mapped[datetime]


class Workspace(Base):
    """A Slack team that uses the bot. `removed_at`: since when the app is not there any more.

    Without `installation_id` it is the one of the bot token that is set.
    """

    __tablename__ = "workspaces"

    id: Mapped[PrimaryKey]
    team_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    last_plan_number: Mapped[int] = mapped_column(default=0, server_default="0")
    installation_id: Mapped[UUID | None] = mapped_column(ForeignKey("installations.id", ondelete="SET NULL"))
    settings: Mapped[WorkspaceSettings] = mapped_column(JSONB(), default=dict, server_default="{}")
    removed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
