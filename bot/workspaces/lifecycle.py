"""Workspaces come and go: what Slack tells of that, which is no matter of one workspace's listeners.

Neither of app_uninstalled and tokens_revoked is sure to come, and either may come first. An event that Slack sends
again after an outage may be older than the next installation, and then means nothing any more.
https://docs.slack.dev/reference/events/app_uninstalled, …/tokens_revoked, …/team_access_granted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import MalformedPayload
from bot.slack.envelopes import organisation_of, workspace_of
from db.queue import enqueue
from db.session import Database
from services.audit import SYSTEM
from services.jobs import EndWork
from services.workspaces.installations import InstallationService, installed, remove

logger = logging.getLogger("mudda.workspaces")


class _Tokens(BaseModel):
    model_config = ConfigDict(strict=True)

    bot: list[str] = []


class _Revoked(BaseModel):
    model_config = ConfigDict(strict=True)

    tokens: _Tokens


class _Access(BaseModel):
    model_config = ConfigDict(strict=True)

    team_ids: list[str]


class Lifecycle:
    """Handles LIFECYCLE_EVENTS. What they say is in the database before Slack gets its 200."""

    def __init__(self, database: Database, installations: InstallationService) -> None:
        self._database = database
        self._installations = installations

    async def handle(self, body: Mapping[str, Any]) -> None:
        """Carry one event out. Raises MalformedPayload."""
        event = body["event"]
        owner = organisation_of(body) or workspace_of(body)
        if owner is None:
            raise MalformedPayload("whose it is stands nowhere")
        try:
            match event["type"]:
                case "app_uninstalled":
                    await self._remove(owner, body, None)
                case "tokens_revoked":
                    if bots := _Revoked.model_validate(event).tokens.bot:
                        await self._remove(owner, body, None, bots)
                case "team_access_granted":
                    async with self._database.transaction() as session:
                        await self._installations.join(session, owner, _Access.model_validate(event).team_ids)
                case "team_access_revoked":
                    await self._remove(owner, body, _Access.model_validate(event).team_ids)
        except ValidationError as error:
            raise MalformedPayload("not the shape of such an event") from error

    async def _remove(
        self, owner: str, body: Mapping[str, Any], teams: list[str] | None, bots: list[str] | None = None
    ) -> None:
        """Remove the workspaces of an installation, or some `teams` of it, or those with one of the `bots`."""
        told_at = _time_of(body)
        async with self._database.transaction() as session:
            for found in await installed(session, owner):
                # Slack's clock has whole seconds in events.
                is_older = told_at is not None and told_at < found.installed_at.replace(microsecond=0)
                if is_older or (teams is not None and found.team_id not in teams):
                    continue
                if bots is None or found.bot_user_id in bots:
                    await remove(session, found.workspace_id, SYSTEM, datetime.now(UTC))
                    await enqueue(session, EndWork(workspace=found.workspace_id))
                    logger.info("The app was removed from the workspace %s", found.team_id)


def _time_of(body: Mapping[str, Any]) -> datetime | None:
    seconds = body.get("event_time")
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and 0 < seconds < 1 << 33 else None
