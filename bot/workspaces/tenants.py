"""Whose a request or a job is: the parts of the bot, bound to that workspace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from bot.deps import Deps, Workspace
from bot.workspaces.watching import watch_changes
from db.errors import DATABASE_ERRORS
from db.session import Database
from services.workspaces import settings


class Tenants(Protocol):
    """The workspaces that this process serves."""

    async def of_team(self, team_id: str | None, enterprise_id: str | None = None) -> Deps | None:
        """What to work with for a workspace by Slack's own id; None if it is not served here.

        `enterprise_id` is the organisation whose installation for all of its workspaces is meant, if one is.
        """

    async def of(self, workspace_id: UUID) -> Deps | None:
        """What to work with for a workspace by the id of its row; None if it is not served any more."""

    async def removed(self, workspace_id: UUID) -> Deps | None:
        """What ends the work of a workspace that is not served any more: all but Slack."""

    async def refused(self, workspace_id: UUID) -> None:
        """Slack does not take the workspace's token: see whether the app is gone from there, unheard."""


@dataclass(slots=True)
class OneWorkspace:
    """The workspace of the bot token that is set, and no other.

    Its settings are read again once PostgreSQL has told of a change (`watch`).
    """

    deps: Deps
    bind: Callable[[Workspace], Deps]
    database: Database
    _is_outdated: bool = False

    def __str__(self) -> str:
        """For the log."""
        return f"the workspace {self.deps.workspace.name}"

    async def of_team(self, team_id: str | None, enterprise_id: str | None = None) -> Deps | None:
        """The parts, if it is this workspace."""
        return await self._current() if team_id == self.deps.workspace.team_id else None

    async def of(self, workspace_id: UUID) -> Deps | None:
        """The parts, if it is this workspace."""
        return await self._current() if workspace_id == self.deps.workspace.id else None

    async def removed(self, workspace_id: UUID) -> Deps | None:
        """None: whoever has set a token has to take it back."""
        return None

    async def refused(self, workspace_id: UUID) -> None:
        """Nothing: whoever has set the token has to mend that, and the jobs wait."""

    async def watch(self, database_url: str) -> None:
        """Listen for changes until cancelled."""
        await watch_changes(database_url, self._outdate)

    def _outdate(self) -> None:
        self._is_outdated = True

    async def _current(self) -> Deps:
        if self._is_outdated:
            self._is_outdated = False
            try:
                async with self.database.reading() as session:
                    own = await settings.current(session, self.deps.workspace.id)
            except DATABASE_ERRORS:
                # What needs the database says so itself; what doesn't goes on with what is known.
                self._is_outdated = True
            else:
                if own != self.deps.workspace.settings:
                    self.deps = self.bind(replace(self.deps.workspace, settings=own))
        return self.deps
