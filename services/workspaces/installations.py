"""InstallationService: the app installed by OAuth, found again by whoever serves a workspace, and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Installation, Workspace
from db.models.documents import WorkspaceSettings
from services import audit
from services.audit import Actor
from services.workspaces.records import ensure
from services.workspaces.secrets import SecretBox

CHANNEL = "mudda_workspaces"
"""Where PostgreSQL tells every replica, on commit, that something about a workspace has changed."""

BOT_TOKEN = "slack_bot_token"  # noqa: S105 - what the sealed token is for
_ANNOUNCE = text("SELECT pg_notify(:channel, '')")


@dataclass(frozen=True, slots=True)
class Grant:
    """What Slack gives for the code of an installation.

    `owner_id` is the workspace's id, or the organisation's where it `is_org_wide`; `teams` are the workspaces that
    it is for, with their names.
    """

    owner_id: str
    enterprise_id: str | None
    app_id: str
    bot_id: str
    bot_user_id: str
    token: str
    scopes: str
    installed_by: str
    teams: Mapping[str, str]

    @property
    def is_org_wide(self) -> bool:
        """Whether it is for a whole organisation."""
        return self.owner_id == self.enterprise_id


@dataclass(frozen=True, slots=True)
class InstalledWorkspace:
    """A workspace in which the app is: with the bot token, and who the bot is there."""

    id: UUID
    team_id: str
    name: str
    enterprise_id: str | None
    bot_id: str
    bot_user_id: str
    token: str
    settings: WorkspaceSettings

    def __repr__(self) -> str:
        """Without the token: this may get into a log."""
        return f"InstalledWorkspace({self.team_id})"


class InstallationService:
    """Installations. Every method takes a session and leaves the commit to its caller."""

    def __init__(self, secrets: SecretBox) -> None:
        self._secrets = secrets

    async def save(self, session: AsyncSession, grant: Grant, now: datetime) -> Sequence[UUID]:
        """Keep what Slack gave, in place of what it gave before; the ids of its workspaces.

        What a workspace had before it was removed is there again.
        """
        row = await session.scalar(
            select(Installation).where(Installation.owner_id == grant.owner_id).with_for_update()
        )
        if row is None:
            row = Installation(id=uuid4(), owner_id=grant.owner_id)
            session.add(row)
        row.enterprise_id, row.app_id = grant.enterprise_id, grant.app_id
        row.bot_id, row.bot_user_id = grant.bot_id, grant.bot_user_id
        row.token = self._secrets.seal(grant.token, owner=str(row.id), purpose=BOT_TOKEN)
        row.scopes, row.installed_by, row.installed_at = grant.scopes, grant.installed_by, now
        await session.flush()
        ids = [await self._join(session, row, team, name) for team, name in grant.teams.items()]
        await announce(session)
        return ids

    async def join(self, session: AsyncSession, enterprise_id: str, teams: Sequence[str]) -> Sequence[UUID]:
        """Workspaces to which an organisation gives the app; the ids of those that it did not have before."""
        row = await session.scalar(select(Installation).where(Installation.owner_id == enterprise_id))
        if row is None or row.token is None:
            return []
        ids = [await self._join(session, row, team, "") for team in teams]
        await announce(session)
        return ids

    async def find(
        self, session: AsyncSession, which: ColumnElement[bool], *, is_held: bool = False
    ) -> InstalledWorkspace | None:
        """The workspace for which `which` is true, if the app is there. Raises SealBroken.

        Where it `is_held` nobody can install it again until the transaction ends.
        """
        query = (
            select(Workspace, Installation)
            .join(Installation, Installation.id == Workspace.installation_id)
            .where(which, Workspace.removed_at.is_(None), Installation.token.is_not(None))
        )
        if is_held:
            query = query.with_for_update(of=Installation)
        found = (await session.execute(query)).one_or_none()
        if found is None:
            return None
        workspace, row = found
        return InstalledWorkspace(
            id=workspace.id,
            team_id=workspace.team_id,
            name=workspace.name,
            enterprise_id=row.enterprise_id,
            bot_id=row.bot_id,
            bot_user_id=row.bot_user_id,
            token=self._secrets.open(row.token or "", owner=str(row.id), purpose=BOT_TOKEN),
            settings=workspace.settings,
        )

    async def reseal(self, session: AsyncSession) -> int:
        """Seal every token with the first key; how many there are. Raises SealBroken."""
        rows = (await session.scalars(select(Installation).where(Installation.token.is_not(None)))).all()
        for row in rows:
            row.token = self._secrets.reseal(row.token or "")
        return len(rows)

    async def _join(self, session: AsyncSession, row: Installation, team: str, name: str) -> UUID:
        workspace_id = await ensure(session, team, name)
        values = {"installation_id": row.id, "removed_at": None} | ({"name": name} if name else {})
        await session.execute(update(Workspace).where(Workspace.id == workspace_id).values(values))
        await audit.record(
            session,
            workspace_id,
            subject=workspace_id,
            actor=Actor(row.installed_by),
            action="workspace.installed",
            scopes=row.scopes,
        )
        return workspace_id


@dataclass(frozen=True, slots=True)
class WorkspaceOfInstallation:
    """A workspace that an installation is for."""

    workspace_id: UUID
    team_id: str
    bot_user_id: str
    installed_at: datetime


async def installed(session: AsyncSession, owner_id: str) -> Sequence[WorkspaceOfInstallation]:
    """The workspaces that the installation of a workspace, or of an organisation, is for."""
    rows = await session.execute(
        select(Workspace.id, Workspace.team_id, Installation.bot_user_id, Installation.installed_at)
        .join(Installation, Installation.id == Workspace.installation_id)
        .where(Installation.owner_id == owner_id, Workspace.removed_at.is_(None))
        .order_by(Workspace.id)
    )
    return [WorkspaceOfInstallation(*row) for row in rows]


async def remove(session: AsyncSession, workspace_id: UUID, actor: Actor, now: datetime) -> None:
    """The app is gone from a workspace: its token is dropped at once, unless others of an organisation use it.

    What it did there stays until it is purged. Done twice it is done once.
    """
    row = await session.scalar(
        select(Workspace).where(Workspace.id == workspace_id, Workspace.removed_at.is_(None)).with_for_update()
    )
    if row is None:
        return
    row.removed_at = now
    await session.flush()
    others = await session.scalar(
        select(func.count()).where(
            Workspace.installation_id == row.installation_id, Workspace.removed_at.is_(None)
        )
    )
    if row.installation_id is not None and not others:
        await session.execute(
            update(Installation).where(Installation.id == row.installation_id).values(token=None)
        )
    await audit.record(session, row.id, subject=row.id, actor=actor, action="workspace.removed")
    await announce(session)


async def announce(session: AsyncSession) -> None:
    """Tell every replica, once this is committed, that what it knows of workspaces may be out of date."""
    await session.execute(_ANNOUNCE, {"channel": CHANNEL})
