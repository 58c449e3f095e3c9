"""Which plans use services of an endpoint: drafts to be decided about, and steps of runs that are to come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import PlanVersion, Run, StepRun, WorkflowPlan
from services.plans.model import Plan, Step
from services.plans.polls import polled_step
from services.states import PlanState, RunState, StepState

MAX_PLANS = 1_000
"""So many drafts, and so many steps to come, are looked at, the newest first."""

_GOING = (RunState.RUNNING, RunState.WAITING, RunState.FAILED)
_TO_COME = (StepState.PENDING, StepState.READY, StepState.WAITING, StepState.FAILED)
_CODE = "service_code"


@dataclass(frozen=True, slots=True)
class PlanUse:
    """A plan by its number, and the codes that it uses. `state`: DRAFT, or that of its run."""

    number: int
    title: str
    state: str
    codes: tuple[str, ...]


async def plans_that_use(
    session: AsyncSession,
    workspace_id: UUID,
    keys: Collection[str],
    code_of: Mapping[str, str],
    codes: Collection[str],
) -> tuple[PlanUse, ...]:
    """The plans that use `codes` with components of these keys; `code_of`: the code that one alone is for."""
    if not codes:
        return ()
    uses = _Uses(frozenset(keys), code_of, frozenset(codes))
    drafts = await session.execute(
        select(WorkflowPlan.number, WorkflowPlan.title, PlanVersion.document)
        .join(
            PlanVersion,
            (PlanVersion.plan_id == WorkflowPlan.id) & (PlanVersion.version == WorkflowPlan.version),
        )
        .where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.state == PlanState.DRAFT)
        .order_by(WorkflowPlan.number.desc())
        .limit(MAX_PLANS)
    )
    for number, title, document in drafts:
        uses.note(number, title, PlanState.DRAFT.value, Plan.model_validate(document).steps)
    steps = await session.execute(
        select(WorkflowPlan.number, WorkflowPlan.title, Run.state, StepRun.step)
        .join(Run, Run.plan_id == WorkflowPlan.id)
        .join(StepRun, StepRun.run_id == Run.id)
        .where(WorkflowPlan.workspace_id == workspace_id, Run.state.in_(_GOING), StepRun.state.in_(_TO_COME))
        .order_by(WorkflowPlan.number.desc())
        .limit(MAX_PLANS)
    )
    for number, title, state, step in steps:
        uses.note(number, title, state, [Step.model_validate(step)])
    return uses.found()


class _Uses:
    def __init__(self, keys: frozenset[str], code_of: Mapping[str, str], codes: frozenset[str]) -> None:
        self._keys = keys
        self._code_of = code_of
        self._codes = codes
        self._found: dict[tuple[int, str, str], dict[str, None]] = {}

    def note(self, number: int, title: str | None, state: str, steps: Iterable[Step]) -> None:
        used = {code: None for step in steps for code in self._used(step)}
        if used:
            self._found.setdefault((number, title or "", state), {}).update(used)

    def found(self) -> tuple[PlanUse, ...]:
        return tuple(PlanUse(*which, tuple(codes)) for which, codes in sorted(self._found.items()))

    def _used(self, step: Step) -> Iterable[str]:
        for call in (step, polled_step(step)):
            if call.component_id not in self._keys:
                continue
            stated: list[Any] = [self._code_of.get(call.component_id)]
            stated += [
                part.strip() for item in call.inputs if item.name == _CODE for part in item.value.split(",")
            ]
            yield from (code for code in stated if code in self._codes)
