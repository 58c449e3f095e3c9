"""A plan judged by the components and policies of today, for what people do to it."""

from __future__ import annotations

from bot.deps import Deps
from services.ai.service import Draft
from services.plans.model import Plan
from services.queries.snapshots import PlanSnapshot, VersionSnapshot


async def rechecked(snapshot: PlanSnapshot, version: VersionSnapshot, plan: Plan, deps: Deps) -> Draft:
    """What `plan` is by today's rules, made of that version of it; with its errors, if it has any."""
    today = deps.now().astimezone(deps.budget.zone).date()
    async with deps.database.reading() as session:
        rules = await deps.rechecks.rules(session, deps.workspace.id, snapshot.issue, plan, today)
    return await deps.rechecks.draft(
        plan, snapshot.issue, rules, selected=version.selected, citations=version.citations
    )
