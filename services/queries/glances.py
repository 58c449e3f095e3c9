"""What a card needs of a run with very many steps: how all of them stand, and all of those that it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.prepared import PreparedStatement
from services.plans.model import Plan, Step, dependencies, levels, references
from services.queries.snapshots import StepSnapshot
from services.states import StepState

LARGE = 100
"""Of a plan with more steps most are not shown by its card."""

SHOWN = 50
"""So many steps stand on a card at most."""

_NEEDS_PEOPLE = (StepState.WAITING, StepState.UNCERTAIN, StepState.FAILED)

URGENCY: Mapping[StepState, int] = {
    **dict.fromkeys(StepState, 3),
    **dict.fromkeys(_NEEDS_PEOPLE, 0),
    StepState.RUNNING: 1,
    StepState.READY: 1,
    StepState.PENDING: 2,
}
"""Which steps are shown where not all can be: those that people have to do with, then those under way."""


class Glance(NamedTuple):
    """How a step stands. `has_more`: it has sent something, got an answer, or there is something odd about it."""

    run_id: UUID
    id: UUID
    step_id: str
    state: str
    revision: int
    attempt: int
    gated: bool
    has_more: bool

    def snapshot(self) -> StepSnapshot:
        """The step without what it sends, its answer, and its gate."""
        return StepSnapshot(
            self.id, self.step_id, StepState(self.state), self.revision, self.attempt, gated=self.gated
        )


@dataclass(frozen=True, slots=True)
class StepOrder:
    """The steps of a plan by their ids, and the place of each in the order in which cards show them."""

    steps: Mapping[str, Step]
    places: Mapping[str, int]

    @classmethod
    def of(cls, plan: Plan) -> StepOrder:
        """Work it out, which takes milliseconds for a large plan."""
        return cls(
            {step.step_id: step for step in plan.steps},
            {name: place for place, name in enumerate(in_order_of(plan))},
        )


def in_order_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """What each step of a plan waits for, by their ids: each after those, and a circle, if there is one, last."""
    needs = dependencies(plan)
    order = dict.fromkeys(step_id for level in levels(needs) for step_id in level) | dict.fromkeys(needs)
    return {step_id: needs[step_id] for step_id in order}


_GLANCES = PreparedStatement(
    text(
        "SELECT run_id, id, step_id, state, revision, attempt, gated,"
        " output IS NOT NULL OR COALESCE(request, 'null') NOT IN ('null', '{}')"
        " OR COALESCE(error, 'null') NOT IN ('null', '{}') OR warnings <> '[]'"
        " FROM step_runs WHERE run_id = ANY(:runs) ORDER BY run_id, position"
    ).bindparams(bindparam("runs", type_=ARRAY(Uuid)))
)


async def glances(session: AsyncSession, run_ids: Sequence[UUID]) -> dict[UUID, list[Glance]]:
    """How the steps of runs stand, by the ids of the runs, in the order of their plans."""
    found: dict[UUID, list[Glance]] = {run_id: [] for run_id in run_ids}
    for row in await _GLANCES.rows(session, runs=list(run_ids)):
        glance = Glance._make(row)
        found[glance.run_id].append(glance)
    return found


def chosen(steps: Sequence[Glance], order: StepOrder) -> list[UUID]:
    """The steps of a run, by their ids, of which its card may say more than how they stand.

    Those it shows at most; all that people have to do with; those whose answers are in what these send; and one
    that has something to be looked at, for there is a button for that.
    """
    last = len(order.places)

    def place(step: Glance) -> tuple[int, int]:
        return URGENCY[StepState(step.state)], order.places.get(step.step_id, last)

    wanted = {step.step_id: step for step in sorted(steps, key=place)[:SHOWN]}
    wanted |= {step.step_id: step for step in steps if step.state in _NEEDS_PEOPLE}
    if not any(step.has_more for step in wanted.values()):
        wanted |= {step.step_id: step for step in islice((step for step in steps if step.has_more), 1)}
    done = {step.step_id: step for step in steps if step.state == StepState.DONE}
    sources = {found.source for name in wanted if name in order.steps for found in references(order.steps[name])}
    return [step.id for step in (wanted | {name: done[name] for name in sources if name in done}).values()]
