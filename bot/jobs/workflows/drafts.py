"""The agents draft a plan: read, close, call the model, open, write."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from bot.jobs.workflows.reasons import failure_of
from services.ai.errors import DraftFailed
from services.ai.service import Draft
from services.ai.usage import Usage
from services.components.builtins import BUILTINS
from services.components.specs import ComponentSpec
from services.jobs import DraftPlan
from services.learning.memory import Memory
from services.plans.model import Issue
from services.policies.specs import Policies
from services.states import FailureCode, Phase
from services.workflows.drafts import Failure

logger = logging.getLogger("mudda.drafts")

DRAFT_SECONDS = 110.0
"""A draft ends within two minutes, one way or the other; what is left is for the card."""


class LostClaim(Exception):
    """Not a failure: the plan was discarded meanwhile, or another worker drafts it."""


async def draft_plan(job: DraftPlan, deps: Deps) -> None:
    """Draft a plan and store it as a version, or the reason why there is none."""
    claim = uuid4()
    async with deps.database.transaction() as session:
        issue = await deps.workflows.begin_draft(session, job.workspace, job, claim)
        if issue is None:
            return
        if await deps.budget.is_used_up(session, job.workspace, deps.now()):
            await deps.workflows.fail(session, job.workspace, job.plan, Failure(FailureCode.BUDGET), claim=claim)
            return
    async with deps.database.reading() as session:
        memory = await deps.learning.memory(session, job.workspace, issue.text)
        offer = await deps.offers.offer(session, job.workspace, issue.text, used=memory.used)
        today = deps.now().astimezone(deps.budget.zone).date()
        policies = await deps.policies.for_issue(session, job.workspace, issue.text, today)
    if not offer.specs:
        await _fail(job, claim, Failure(FailureCode.NO_COMPONENTS), (), deps)
        return
    try:
        draft = await _drafted(job, claim, issue, (*offer.specs, *BUILTINS.values()), memory, policies, deps)
    except LostClaim:
        logger.info("A draft was overtaken and thrown away")
    except DraftFailed as error:
        logger.warning("No plan: %s", error)
        await _fail(job, claim, failure_of(error), error.usages, deps)
    else:
        await _store(job, claim, draft, deps)


async def give_up(job: DraftPlan, deps: Deps) -> None:
    """Drafting has failed in a way that nobody foresaw."""
    async with deps.database.transaction() as session:
        await deps.workflows.fail(session, job.workspace, job.plan, Failure(FailureCode.INTERNAL))


async def _drafted(
    job: DraftPlan,
    claim: UUID,
    issue: Issue,
    components: Sequence[ComponentSpec],
    memory: Memory,
    policies: Policies,
    deps: Deps,
) -> Draft:
    async def note_phase(phase: Phase, facts: Mapping[str, Any]) -> None:
        async with deps.database.transaction() as session:
            if not await deps.workflows.note_phase(session, job.workspace, job.plan, claim, phase, dict(facts)):
                raise LostClaim

    deadline = asyncio.get_running_loop().time() + DRAFT_SECONDS
    known = {spec.key: spec for spec in components}
    return await deps.ai.draft(
        issue, known, deadline=deadline, on_phase=note_phase, memory=memory, policies=policies
    )


async def _store(job: DraftPlan, claim: UUID, draft: Draft, deps: Deps) -> None:
    async with deps.database.transaction() as session:
        await deps.workflows.record_calls(session, job.workspace, job.plan, draft.usages)
        if not await deps.workflows.store_version(session, job.workspace, job.plan, claim, draft):
            logger.info("A draft came too late and was thrown away")
    _count(draft.usages, deps)


async def _fail(job: DraftPlan, claim: UUID, failure: Failure, usages: Sequence[Usage], deps: Deps) -> None:
    async with deps.database.transaction() as session:
        await deps.workflows.record_calls(session, job.workspace, job.plan, usages)
        await deps.workflows.fail(session, job.workspace, job.plan, failure, claim=claim)
    _count(usages, deps)


def _count(usages: Sequence[Usage], deps: Deps) -> None:
    for usage in usages:
        deps.metrics.count_model(usage)


HANDLERS = (Handler(DraftPlan, Lane.SLOW, draft_plan, give_up),)
