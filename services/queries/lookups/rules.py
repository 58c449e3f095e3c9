"""What holds in the town: its policies, who may decide, and what the model costs."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AICall
from services.approvals import ApprovalService
from services.formats.text import clip
from services.policies.service import PolicyService
from services.queries.lookups.arguments import NoArguments, Period, Words
from services.queries.lookups.rows import Fact, Facts, People, RowKind, Scope, Took, known

MAX_PASSAGE = 500
"""Characters of a passage."""

_OUTCOMES = {"fail": "the step fails", "skip": "the step is skipped", "wait": "it goes on waiting"}


async def policies(session: AsyncSession, scope: Scope, given: Words) -> Facts:
    """The passages in force that fit the words; without words, the policies that there are."""
    service, today = PolicyService(), scope.now.astimezone(ZoneInfo(scope.time_zone)).date()
    if given.text is None:
        lines = [
            line
            for line in await service.list(session, scope.workspace_id)  # type: ignore[arg-type]
            if line.removed_at is None and not line.replaced
        ]
        facts = [
            Fact(
                RowKind.POLICY,
                known(
                    policy=clip(line.name, 120),
                    version=line.version,
                    passages=line.passages,
                    effective_from=line.effective_from,
                    effective_until=line.effective_until,
                ),
            )
            for line in lines
        ]
        return Facts(facts[:20], len(facts))
    found = await service.for_issue(session, scope.workspace_id, given.text, today)
    facts = [
        Fact(
            RowKind.POLICY,
            known(
                policy=clip(passage.citation.policy, 120),
                section=clip(passage.citation.heading, 120),
                text=clip(" ".join(passage.text.split()), MAX_PASSAGE),
            ),
        )
        for passage in found.passages
    ]
    return Facts(facts, len(facts))


async def approvers(session: AsyncSession, scope: Scope, given: NoArguments) -> Facts:
    """Who may decide in this workspace."""
    rules = await ApprovalService().settings(session, scope.workspace_id)
    values = known(
        people=People(rules.approvers) if rules.approvers else None,
        who=None if rules.approvers else "anyone",
        not_about="what they reported themselves" if rules.approvers else None,
        quorum=rules.quorum,
        reminded_after=Took(rules.remind_after_minutes * 60) if rules.remind_after_minutes else None,
        limit=Took(rules.limit_minutes * 60) if rules.limit_minutes else None,
        after_the_limit=_OUTCOMES[rules.limit_outcome] if rules.limit_minutes else None,
    )
    return Facts([Fact(RowKind.APPROVERS, values)], 1)


async def tokens(session: AsyncSession, scope: Scope, given: Period) -> Facts:
    """What the model has cost, by agent, the most first: of today where no day is named."""
    midnight = _midnight(scope)
    begins = given.begins(scope) or (midnight if given.until is None else None)
    ends = given.ends(scope)
    used = func.sum(AICall.total_tokens).label("tokens")
    query = (
        select(AICall.agent, used, func.count().label("calls"))
        .where(AICall.workspace_id == scope.workspace_id)
        .group_by(AICall.agent)
        .order_by(used.desc())
    )
    if begins is not None:
        query = query.where(AICall.created_at >= begins)
    if ends is not None:
        query = query.where(AICall.created_at < ends)
    rows = (await session.execute(query)).all()
    facts = [
        Fact(RowKind.TOKENS, {"agent": row.agent, "tokens": int(row.tokens), "calls": row.calls}) for row in rows
    ]
    total = {"tokens": sum(int(row.tokens) for row in rows), "calls": sum(row.calls for row in rows)}
    return Facts(facts[:12], len(facts), total)


def _midnight(scope: Scope) -> datetime:
    local = scope.now.astimezone(ZoneInfo(scope.time_zone))
    return local - timedelta(
        hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
