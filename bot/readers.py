"""Who reads what is said, and so in which language it is said."""

from __future__ import annotations

from bot.deps import Deps, Workspace
from bot.languages import Language, language_of
from db.queue import Job
from services.queries.snapshots import PlanSnapshot


async def language_for(user: str | None, deps: Deps) -> Language:
    """The language in which a person reads Slack; the workspace's own where there is no person, or unknown."""
    locale = await deps.slack.locale(user) if user else None
    return language_of(locale or deps.workspace.settings.get("language"))


def reader_of(job: Job) -> str | None:
    """The one person whom a job answers; None where it is about nobody, or about what many read."""
    reader: str | None = getattr(job, "reader", None) or getattr(job, "user", None)
    return reader


def language_of_card(snapshot: PlanSnapshot, workspace: Workspace) -> Language:
    """The language of a plan's card and of what is said below it, which many people read."""
    return language_of(workspace.settings.get("language") or snapshot.locale)
