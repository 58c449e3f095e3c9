"""What a workspace sets for itself: how each setting is written, and what may be set.

The operator sets them with `mudda workspaces set`, the workspace's own admins on their Home, by the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Workspace
from db.models.documents import WorkspaceSettings as WorkspaceSettings
from services import audit
from services.audit import Actor
from services.workspaces.installations import announce

EVERYBODY, APPROVERS, NAMED = "everybody", "approvers", "named"
"""Who may have plans drafted."""

PLAN_EMOJI, NO_EMOJI = "mudda", "off"
"""The emoji that plans the message that it is put on, unless a workspace has chosen another, or none."""

MAX_EMOJI = 100
"""Characters of the name of an emoji: no longer one can be added to Slack."""

MIN_PLAN_DAYS, MAX_DAYS = 30, 36_500

LANGUAGES = ("en", "de", "hi")
"""The languages that cards may be in, as `bot.languages` has them."""


class SettingFault(StrEnum):
    """Why a text is no value of a setting; in brackets the facts that come with it, besides the `text`."""

    UNKNOWN = "unknown"  # choices
    ZONE = "zone"
    NUMBER = "number"
    DAYS = "days"  # least, most
    TRUTH = "truth"
    CHANNEL = "channel"
    MAY_PLAN = "may_plan"
    EMOJI = "emoji"  # usual, off
    LANGUAGE = "language"  # choices
    PEOPLE = "people"


class SettingRefused(ValueError):
    """A text that is no value of the setting `name`."""

    def __init__(self, name: str, fault: SettingFault, facts: Mapping[str, Any]) -> None:
        super().__init__(f"{name}: {fault}")
        self.name = name
        self.fault = fault
        self.facts = facts


class _Unfit(ValueError):
    def __init__(self, fault: SettingFault, **facts: Any) -> None:
        super().__init__(fault)
        self.fault = fault
        self.facts = facts


def read(name: str, text: str) -> Any:
    """The value of a setting, from how it is written. Raises SettingRefused."""
    if name not in READERS:
        facts = {"text": name, "choices": ", ".join(READERS)}
        raise SettingRefused(name, SettingFault.UNKNOWN, facts)
    try:
        return READERS[name](text)
    except _Unfit as error:
        raise SettingRefused(name, error.fault, {"text": text, **error.facts}) from error


async def change(
    session: AsyncSession, workspace_id: UUID, changes: Mapping[str, str], actor: Actor
) -> WorkspaceSettings:
    """Set what `changes` names, an empty text for what holds in the whole deployment; and tell every replica.

    Nothing is put on record where nothing changes. Raises SettingRefused.
    """
    row = (
        await session.scalars(
            select(Workspace)
            .where(Workspace.id == workspace_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one()
    kept: dict[str, Any] = {key: value for key, value in row.settings.items() if key not in changes}
    kept |= {name: read(name, text) for name, text in changes.items() if text}
    settings = cast("WorkspaceSettings", kept)
    if settings == row.settings:
        return settings
    changed = {name: kept.get(name) for name in changes if kept.get(name) != row.settings.get(name)}
    await session.execute(update(Workspace).where(Workspace.id == workspace_id).values(settings=settings))
    await audit.record(session, workspace_id, subject=workspace_id, actor=actor, action="workspace.set", **changed)
    await announce(session)
    return settings


def plan_emoji(settings: WorkspaceSettings) -> str | None:
    """The name of the emoji that plans a message; None: none does."""
    name = settings.get("plan_emoji", PLAN_EMOJI)
    return None if name == NO_EMOJI else name


async def current(session: AsyncSession, workspace_id: UUID) -> WorkspaceSettings:
    """What a workspace has set for itself."""
    return (await session.scalars(select(Workspace.settings).where(Workspace.id == workspace_id))).one()


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _Unfit(SettingFault.ZONE) from None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise _Unfit(SettingFault.NUMBER)
    return int(text)


def _days(text: str) -> int:
    days = _whole(text)
    if days and not MIN_PLAN_DAYS <= days <= MAX_DAYS:
        raise _Unfit(SettingFault.DAYS, least=MIN_PLAN_DAYS, most=MAX_DAYS)
    return days


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise _Unfit(SettingFault.TRUTH)
    return text == "true"


def _channel(text: str) -> str:
    if not re.fullmatch(r"[CG][A-Z0-9]{1,20}", text):
        raise _Unfit(SettingFault.CHANNEL)
    return text


def _may_plan(text: str) -> str:
    if text not in (EVERYBODY, APPROVERS, NAMED):
        raise _Unfit(SettingFault.MAY_PLAN)
    return text


def _emoji(text: str) -> str:
    name = text.strip().strip(":").lower()
    if not re.fullmatch(rf"[\w+'-]{{1,{MAX_EMOJI}}}", name):
        raise _Unfit(SettingFault.EMOJI, usual=PLAN_EMOJI, off=NO_EMOJI)
    return name


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise _Unfit(SettingFault.LANGUAGE, choices=", ".join(LANGUAGES))
    return text


def _people(text: str) -> list[str]:
    people = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[UW][A-Z0-9]{1,20}", person) for person in people):
        raise _Unfit(SettingFault.PEOPLE)
    return list(dict.fromkeys(people))


READERS: Mapping[str, Callable[[str], Any]] = {
    "time_zone": _zone,
    "tokens_per_day": _whole,
    "learn_from_plans": _truth,
    "default_channel": _channel,
    "may_plan": _may_plan,
    "planners": _people,
    "plan_days": _days,
    "plan_emoji": _emoji,
    "language": _language,
}
"""What can be set for a workspace, and how it is read; each raises _Unfit."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a workspace has not set it: as the deployment is set. No limit and for good are 0."""

    time_zone: str = "UTC"
    tokens_per_day: int = 0
    learns: bool = True
    plan_days: int = 0
