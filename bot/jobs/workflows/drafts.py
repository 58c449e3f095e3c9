"""The agents draft a plan: read, close, call the model, open, write."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.jobs.model_calls import count_calls
from bot.jobs.registry import Handler, Lane
from bot.jobs.workflows.clarifying import made_clear
from bot.jobs.workflows.looking import with_pictures
from bot.jobs.workflows.reasons import failure_of
from services.ai.errors import DraftFailed
from services.ai.service import Draft
from services.ai.usage import Usage
from services.ai.wishes import Wish
from services.audit import Actor
from services.components.builtins import BUILTINS
from services.components.specs import ComponentSpec
from services.jobs import DraftPlan
from services.learning.memory import Memory
from services.plans.differences import differences
from services.plans.model import Issue
from services.plans.polls import component_keys
from services.policies.specs import Policies
from services.states import FailureCode, Phase
from services.workflows.drafts import Failure
from services.workflows.refining import UP_TO_DATE

logger = logging.getLogger("mudda.drafts")

DRAFT_SECONDS = 110.0
"""A draft ends within two minutes, one way or the other; what is left is for the card."""


@dataclass(frozen=True, slots=True)
class _Material:
    """What a plan is made of: the components by key; with a wish it is made of the plan that there is."""

    issue: Issue
    components: Mapping[str, ComponentSpec]
    memory: Memory
    policies: Policies
    wish: Wish | None


class LostClaim(Exception):
    """Not a failure: the plan was discarded meanwhile, or another worker drafts it."""


async def draft_plan(job: DraftPlan, deps: Deps) -> None:
    """Draft a plan and store it as a version, or the reason why there is none."""
    claim = uuid4()
    deadline = asyncio.get_running_loop().time() + DRAFT_SECONDS
    async with deps.database.transaction() as session:
        issue = await deps.workflows.begin_draft(session, job.workspace, job, claim)
        if issue is None:
            return
        if await deps.budget.is_used_up(session, job.workspace, deps.now()):
            await deps.workflows.fail(session, job.workspace, job.plan, Failure(FailureCode.BUDGET), claim=claim)
            return
    async with deps.database.reading() as session:
        material = await _material(session, job, issue, deps)
    if not material.components:
        await _fail(job, claim, Failure(FailureCode.NO_COMPONENTS), (), deps)
        return
    clear = await made_clear(job, claim, issue, material.components, deps)
    if clear is None:
        return
    if clear.attached:
        clear = await _looked_at(job, claim, clear, deps)
    material = replace(material, issue=clear)
    wish = material.wish
    if wish and wish.plan:
        report = await deps.ai.judged(wish.plan, material.components, issue, material.policies)
        material = replace(material, wish=replace(wish, faults=report.errors))
    try:
        draft = await _drafted(job, claim, material, deadline, deps)
    except LostClaim:
        logger.info("A draft was overtaken and thrown away")
    except DraftFailed as error:
        logger.warning("No plan: %s", error)
        await _fail(job, claim, failure_of(error), error.usages, deps)
    else:
        await _store(job, claim, draft, material.wish, deps)


async def _material(session: AsyncSession, job: DraftPlan, issue: Issue, deps: Deps) -> _Material:
    """All that the agents are shown. What a wish asks for is looked for as what the issue itself says."""
    wish = await deps.refining.wanted(session, job.workspace, job.plan)
    words = f"{issue.text}\n{wish.text}" if wish else issue.text
    in_plan = sorted(component_keys(wish.plan)) if wish and wish.plan else []
    memory = await deps.learning.memory(session, job.workspace, issue.text)
    offer = await deps.offers.offer(session, job.workspace, words, used=(*in_plan, *memory.used))
    today = deps.now().astimezone(deps.budget.zone).date()
    policies = await deps.policies.for_issue(session, job.workspace, words, today)
    known = {spec.key: spec for spec in (*offer.specs, *BUILTINS.values())} if offer.specs else {}
    if wish and wish.plan:
        known |= await deps.components.by_keys(
            session, job.workspace, [key for key in in_plan if key not in known]
        )
    return _Material(issue, known, memory, policies, wish)


async def _looked_at(job: DraftPlan, claim: UUID, issue: Issue, deps: Deps) -> Issue:
    """The issue with its pictures, as far as they can be had; which can't be stands on the card."""
    seen = await with_pictures(issue, deps)
    async with deps.database.transaction() as session:
        await deps.workflows.note_pictures(session, job.workspace, job.plan, claim, seen.attached)
    return seen


async def give_up(job: DraftPlan, deps: Deps) -> None:
    """Drafting has failed in a way that nobody foresaw."""
    async with deps.database.transaction() as session:
        await deps.workflows.fail(session, job.workspace, job.plan, Failure(FailureCode.INTERNAL))


async def _drafted(job: DraftPlan, claim: UUID, material: _Material, deadline: float, deps: Deps) -> Draft:
    async def note_phase(phase: Phase, facts: Mapping[str, Any]) -> None:
        async with deps.database.transaction() as session:
            if not await deps.workflows.note_phase(session, job.workspace, job.plan, claim, phase, dict(facts)):
                raise LostClaim

    return await deps.ai.draft(
        material.issue,
        material.components,
        deadline=deadline,
        on_phase=note_phase,
        memory=material.memory,
        policies=material.policies,
        wish=material.wish,
    )


async def _store(job: DraftPlan, claim: UUID, draft: Draft, wish: Wish | None, deps: Deps) -> None:
    is_same = wish is not None and wish.plan is not None and not differences(wish.plan, draft.plan)
    async with deps.database.transaction() as session:
        await deps.workflows.record_calls(session, job.workspace, job.plan, draft.usages)
        if is_same:
            is_kept = await deps.workflows.keep_as_is(session, job.workspace, job.plan, claim)
        else:
            is_kept = await deps.workflows.store_version(session, job.workspace, job.plan, claim, draft)
            if is_kept and wish is not None and wish.text != UP_TO_DATE:
                await deps.learning.keep_wish(session, job.workspace, job.plan, wish.text, Actor(wish.by))
        if not is_kept:
            logger.info("A draft came too late and was thrown away")
    count_calls(draft.usages, deps)


async def _fail(job: DraftPlan, claim: UUID, failure: Failure, usages: Sequence[Usage], deps: Deps) -> None:
    async with deps.database.transaction() as session:
        await deps.workflows.record_calls(session, job.workspace, job.plan, usages)
        await deps.workflows.fail(session, job.workspace, job.plan, failure, claim=claim)
    count_calls(usages, deps)


HANDLERS = (Handler(DraftPlan, Lane.SLOW, draft_plan, give_up),)
