"""InstalledWorkspaces: where the app is installed, each workspace known from memory once it was asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps, Workspace
from bot.errors import SlackError, TokenRefused
from bot.slack.client import Slack
from bot.workspaces.watching import watch_changes
from db.models import Workspace as WorkspaceRow
from db.queue import enqueue
from db.session import Database
from services.audit import SYSTEM
from services.jobs import EndWork
from services.workspaces.installations import InstallationService, InstalledWorkspace, remove
from services.workspaces.secrets import SealBroken

logger = logging.getLogger("mudda.workspaces")

GONE_FOR_GOOD = frozenset({"account_inactive", "token_revoked"})
"""What Slack says of a token that was good and never will be again; "invalid_auth" says only that it is not now.

A token that is dropped can't be had back: https://docs.slack.dev/reference/methods/auth.test.
"""


@dataclass(slots=True)
class InstalledWorkspaces:
    """What is known of the workspaces, as long as PostgreSQL tells of no change.

    `slack` is a client without a token. What a look-up finds is kept only while `watch` listens, and only if
    nothing was told while it looked: a token that was taken back must not come back by an answer that was late.
    """

    database: Database
    installations: InstallationService
    slack: Slack
    bind: Callable[[Workspace], Deps]
    _listening: asyncio.Event = field(default_factory=asyncio.Event)
    _by_team: dict[str, Deps] = field(default_factory=dict)
    _by_id: dict[UUID, Deps] = field(default_factory=dict)
    _changes: int = 0

    @property
    def is_listening(self) -> bool:
        """Whether changes are heard of, so that what is known may be kept."""
        return self._listening.is_set()

    def __str__(self) -> str:
        """For the log."""
        return "every workspace that installs it"

    async def of_team(self, team_id: str | None, enterprise_id: str | None = None) -> Deps | None:
        """The parts, bound to a workspace by Slack's own id.

        `enterprise_id` is that of an organisation which has the app for all its workspaces: the word that it gave
        it to this one, too, may have been lost.
        """
        if team_id is None:
            return None
        if (deps := self._by_team.get(team_id)) is not None:
            return deps
        deps = await self._load(WorkspaceRow.team_id == team_id)
        if deps is None and enterprise_id is not None:
            async with self.database.transaction() as session:
                await self.installations.join(session, enterprise_id, [team_id])
            deps = await self._load(WorkspaceRow.team_id == team_id)
        return deps

    async def of(self, workspace_id: UUID) -> Deps | None:
        """The parts, bound to a workspace by the id of its row; None if the app is not there any more."""
        return self._by_id.get(workspace_id) or await self._load(WorkspaceRow.id == workspace_id)

    async def removed(self, workspace_id: UUID) -> Deps | None:
        """The parts, bound to a workspace from which the app was removed, with a Slack that refuses all."""
        async with self.database.reading() as session:
            row = await session.get(WorkspaceRow, workspace_id)
        if row is None:
            return None
        return self.bind(Workspace(row.id, row.team_id, row.name, bot_id="", bot_user_id="", slack=self.slack))

    async def refused(self, workspace_id: UUID) -> None:
        """Ask Slack itself about the token; if it is gone for good, so is the app, whatever was not told of it.

        Not the token in memory: where the app has been installed again, that is one that Slack has taken back.
        """
        async with self.database.reading() as session:
            found = await self._find(session, WorkspaceRow.id == workspace_id)
        if found is None:
            return
        try:
            await self.slack.of_workspace(found.token, found.team_id).identity()
        except TokenRefused as error:
            if error.code in GONE_FOR_GOOD and await self._remove(found):
                logger.warning("The app is gone from the workspace %s (%s)", found.team_id, error.code)
        except SlackError:
            return

    async def _remove(self, found: InstalledWorkspace) -> bool:
        """Remove a workspace, unless the app was installed there again since it was found."""
        async with self.database.transaction() as session:
            present = await self._find(session, WorkspaceRow.id == found.id, is_held=True)
            if present is None or present.token != found.token:
                return False
            await remove(session, found.id, SYSTEM, datetime.now(UTC))
            await enqueue(session, EndWork(workspace=found.id))
        self.forget()
        return True

    def knows(self, team_id: str) -> bool:
        """Whether a look-up of a workspace would be answered from memory."""
        return team_id in self._by_team

    async def watch(self, database_url: str) -> None:
        """Listen for changes until cancelled; whatever happens, what is known meanwhile is up to date."""
        await watch_changes(database_url, self.forget, self._listening)

    def forget(self) -> None:
        """Ask the database again for whoever is asked for next."""
        self._changes += 1
        self._by_team.clear()
        self._by_id.clear()

    async def _load(self, which: ColumnElement[bool]) -> Deps | None:
        changes = self._changes
        async with self.database.reading() as session:
            found = await self._find(session, which)
        if found is None:
            return None
        deps = self.bind(self._workspace(found))
        if self.is_listening and changes == self._changes:
            self._by_team[found.team_id] = self._by_id[found.id] = deps
        return deps

    async def _find(
        self, session: AsyncSession, which: ColumnElement[bool], *, is_held: bool = False
    ) -> InstalledWorkspace | None:
        try:
            return await self.installations.find(session, which, is_held=is_held)
        except SealBroken as error:
            logger.error("A workspace's token can't be opened (%s): is MUDDA_SECRET_KEY another one now?", error)
            return None

    def _workspace(self, found: InstalledWorkspace) -> Workspace:
        return Workspace(
            id=found.id,
            team_id=found.team_id,
            name=found.name,
            bot_id=found.bot_id,
            bot_user_id=found.bot_user_id,
            slack=self.slack.of_workspace(found.token, found.team_id),
            enterprise_id=found.enterprise_id,
            settings=found.settings,
        )
