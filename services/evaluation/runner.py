"""Drafts a plan for each issue of a set and measures it. No database is needed, and nothing is carried out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from services.ai.errors import DraftFailed, GeminiError, NothingFits, PlanRejected
from services.ai.service import AIService, Draft
from services.ai.usage import Usage
from services.evaluation.cases import Case, Town, towns
from services.evaluation.results import CaseResult
from services.plans.model import Plan
from services.plans.polls import component_keys
from services.plans.validation import Fault
from services.plans.validation.faults import WARNINGS
from services.states import Phase

SECONDS = 110.0
"""How long one issue may take: as long as a draft of the bot."""

_DETAIL_LIMIT = 200


async def evaluate(
    ai: AIService,
    cases: Sequence[Case],
    *,
    concurrency: int,
    seconds: float = SECONDS,
    on_result: Callable[[CaseResult], None],
) -> tuple[CaseResult, ...]:
    """Draft for all cases, `concurrency` at a time; the results are in the order of the cases.

    `on_result` is told of each as it comes. An issue of which no plan comes is a result, and stops nothing.
    """
    turns = asyncio.Semaphore(concurrency)

    async def one(case: Case) -> CaseResult:
        async with turns:
            result = await evaluate_case(ai, towns()[case.town], case, seconds=seconds)
        on_result(result)
        return result

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(case)) for case in cases]
    return tuple(task.result() for task in tasks)


async def evaluate_case(ai: AIService, town: Town, case: Case, *, seconds: float = SECONDS) -> CaseResult:
    """Draft for one case, within so many seconds, and measure what comes of it."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    phases = _Phases()
    try:
        draft = await ai.in_zone(town.zone).draft(
            case.issue, town.components, deadline=begun + seconds, on_phase=phases
        )
    except DraftFailed as error:
        measured = {**_of_failure(error), **_of_usages(error.usages)}
    else:
        measured = {**_of_draft(draft, case, phases), **_of_usages(draft.usages)}
    return CaseResult(
        case=case.id,
        town=case.town,
        language=case.language,
        repairs=phases.repairs,
        faults_at_first=phases.faults_at_first,
        seconds=round(clock() - begun, 3),
        **measured,
    )


class _Phases:
    """What a draft tells of its repairs while it goes on.

    A plan that was sent back only for what makes no sense in it was valid at first.
    """

    def __init__(self) -> None:
        self.repairs = 0
        self.faults_at_first: Mapping[str, int] = {}

    async def __call__(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        if phase is not Phase.REPAIRING:
            return
        if self.repairs == 0:
            found: Mapping[str, int] = facts["codes"]
            self.faults_at_first = {code: times for code, times in found.items() if code not in WARNINGS}
        self.repairs = max(self.repairs, facts["repairs"])


def _of_draft(draft: Draft, case: Case, phases: _Phases) -> dict[str, Any]:
    used = component_keys(draft.plan)
    return {
        "valid_at_first": not phases.faults_at_first,
        "valid": True,
        "warnings": _by_code(draft.warnings),
        **_of_plan(draft.plan),
        "missing": tuple("|".join(sorted(keys)) for keys in case.expects if not keys & set(used)),
        "avoided": tuple(sorted(case.avoids & set(used))),
    }


def _of_failure(error: DraftFailed) -> dict[str, Any]:
    measured: dict[str, Any] = {"error": _kind(error), "detail": str(error)[:_DETAIL_LIMIT]}
    if isinstance(error, PlanRejected):
        measured |= {"faults": _by_code(error.faults), **_of_plan(error.plan)}
    return measured


def _kind(error: DraftFailed) -> str:
    if isinstance(error, GeminiError):
        return error.outcome
    return "nothing_fits" if isinstance(error, NothingFits) else "rejected"


def _of_plan(plan: Plan) -> dict[str, Any]:
    return {"components": tuple(sorted(component_keys(plan))), "steps": len(plan.steps)}


def _of_usages(usages: Sequence[Usage]) -> dict[str, Any]:
    return {
        "calls": len(usages),
        "prompt_tokens": sum(usage.prompt_tokens for usage in usages),
        "output_tokens": sum(usage.output_tokens for usage in usages),
        "total_tokens": sum(usage.total_tokens for usage in usages),
        "model": usages[-1].model if usages else "",
    }


def _by_code(faults: Iterable[Fault]) -> Mapping[str, int]:
    return dict(Counter(fault.code.value for fault in faults))
