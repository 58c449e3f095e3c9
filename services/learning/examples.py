"""Which approved plans of a workspace are for issues like this one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    desc,
    func,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import PlanVersion, Run, WorkflowPlan
from services.issue_words import issue_query
from services.learning.memory import Example
from services.learning.structure import structure
from services.plans.model import Plan
from services.selection.ranking import Document, Ranking, terms
from services.states import PlanState, RunState

LATEST = 1_000
"""So many approved plans are looked through, the latest. No index helps behind row-level security, so each costs
some microseconds; and how a town worked years ago is no example.
"""

CANDIDATES = 16
MAX_LOADED = 4
"""Those that PostgreSQL finds likest, and those of them whose plans are read. Which two are told shows later."""

_NO_EXAMPLE = (RunState.CANCELLED, RunState.FAILED)
"""How the last run of a plan ended that people thought better of."""


async def similar_plans(session: AsyncSession, workspace_id: UUID, issue_text: str) -> tuple[Example, ...]:
    """Approved and completed plans whose issues are most like this one, the likest first, as structure."""
    candidates = await _candidates(session, workspace_id, issue_text)
    likeness = _likeness(issue_text, {(plan, version): text for plan, version, text in candidates})
    best = sorted(likeness, key=lambda key: (-likeness[key], str(key)))[:MAX_LOADED]
    if not best:
        return ()
    version = PlanVersion
    versions = await session.execute(
        select(version.plan_id, version.version, version.document, version.components).where(
            version.workspace_id == workspace_id, tuple_(version.plan_id, version.version).in_(best)
        )
    )
    rows = {(row.plan_id, row.version): (row.document, row.components) for row in versions}
    found = (_example(*rows[key], likeness[key]) for key in best if key in rows)
    return tuple(example for example in found if example is not None)


async def _candidates(
    session: AsyncSession, workspace_id: UUID, issue_text: str
) -> Sequence[tuple[UUID, int, str]]:
    """The plan, its version and the issue of those that share the most telling words."""
    latest = (
        select(WorkflowPlan.id, WorkflowPlan.version, WorkflowPlan.issue_search)
        .where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.state == PlanState.APPROVED)
        .order_by(WorkflowPlan.decided_at.desc())
        .limit(LATEST)
        .subquery()
    )
    query = issue_query(issue_text)
    # 1: a long issue has more words in it, and is not more like this one for that.
    fit = func.ts_rank(latest.c.issue_search, query, 1)
    likest = (
        select(latest.c.id, latest.c.version)
        .where(latest.c.issue_search.op("@@")(query))
        .order_by(desc(fit), latest.c.id)
        .limit(CANDIDATES)
        .subquery()
    )
    last_run = (
        select(Run.state)
        .where(Run.plan_id == WorkflowPlan.id)
        .order_by(Run.number.desc())
        .limit(1)
        .correlate(WorkflowPlan)
        .scalar_subquery()
    )
    texts = (
        select(WorkflowPlan.id, likest.c.version, WorkflowPlan.issue_text)
        .join(likest, likest.c.id == WorkflowPlan.id)
        .where(func.coalesce(last_run, "").not_in(_NO_EXAMPLE))
    )
    return [(row.id, row.version, row.issue_text) for row in await session.execute(texts)]


def _likeness(issue_text: str, texts: Mapping[tuple[UUID, int], str]) -> dict[tuple[UUID, int], float]:
    """How like each text is to the issue's, from 0 to 1: among those found a word that all have says little."""
    keys = {f"{plan}.{version}": (plan, version) for plan, version in texts}
    documents = (
        Document(name, {term: float(times) for term, times in Counter(terms(texts[key])).items()})
        for name, key in keys.items()
    )
    scores = Ranking(documents).scores(issue_text)
    most = max(scores.values(), default=0.0) or 1.0
    return {key: scores.get(name, 0.0) / most for name, key in keys.items()}


def _example(document: dict[str, Any], components: list[Any], likeness: float) -> Example | None:
    specs = {str(spec["key"]): spec for spec in components}
    return structure(Plan.model_validate(document), specs, likeness)
