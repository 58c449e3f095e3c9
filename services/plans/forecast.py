"""A forecast of a plan: how long its run will take and whether it will need help, from how such steps went before.

A run is played through many times. Each time every step takes as long as one of the earlier steps of its
component did, drawn by chance, and begins when all that it waits for are over. So a path of many steps is not said
to take the sum of all that is worst, and many steps side by side are not said to take as long as one.

The draws are the same each time: a card that is drawn again must not say something else.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import add

from services.components.builtins import (
    ASK_PERSON,
    AT_MOST_MINUTES,
    MAX_MINUTES,
    MIN_MINUTES,
    WAIT_FOR,
    WAIT_UNTIL,
)
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.plans.model import Plan, Step, dependencies, levels

LEAST = 5
"""With fewer steps on record than this, a component has no history yet."""

_ROUNDS, _LEAST_ROUNDS, _DRAWS = 400, 20, 10_000
"""A run is played through so many times, and fewer times where that would be more than so many draws."""

_WAITS = frozenset({ASK_PERSON, WAIT_FOR, WAIT_UNTIL})
"""What waits for people or for a time of its own takes as long as it does, whatever it took elsewhere."""


@dataclass(frozen=True, slots=True)
class Record:
    """How the last `steps` of one component went.

    `seconds` has those that needed no person's help: how long each took, pauses between attempts included.
    """

    seconds: Sequence[float]
    steps: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a run.

    Half of such runs take `usual_seconds` at most, and nine of ten `long_seconds`; None where there is no history
    of any step. `chance`, from 0 to 1, is that none of the steps needs a person's help. Steps of components that
    are `unknown`, by key and in the plan's order, are left out of all three.

    Not in the seconds, but beside them: the `approvals` and `answers` of people, `wait_minutes` that have to pass,
    and `poll_minutes` that may pass until something holds: of both the longest on one path. Minutes that only the
    run can tell make `open_waits`. `tokens` is what drafting the plan has cost, every draft of it.
    """

    usual_seconds: float | None = None
    long_seconds: float | None = None
    chance: float | None = None
    unknown: tuple[str, ...] = ()
    approvals: int = 0
    answers: int = 0
    wait_minutes: float = 0.0
    poll_minutes: float = 0.0
    open_waits: int = 0
    tokens: int = 0


def timed_components(plan: Plan) -> tuple[str, ...]:
    """The keys of the components whose records a forecast of the plan is made of, each once, in its order."""
    return tuple(dict.fromkeys(step.component_id for step in plan.steps if step.component_id not in _WAITS))


def forecast(
    plan: Plan, components: Mapping[str, ComponentSpec], records: Mapping[str, Record], *, tokens: int = 0
) -> Forecast:
    """The forecast of a plan; `records` are by component. Steps on a circle count for nothing."""
    timed = timed_components(plan)
    known = {key: records[key] for key in timed if key in records and records[key].steps >= LEAST}
    graph = _Graph.of(plan)
    spans = graph.spans({key: record.seconds for key, record in known.items() if record.seconds})
    waits = [_wait(step) for step in plan.steps]
    return Forecast(
        usual_seconds=_quantile(spans, 0.5),
        long_seconds=_quantile(spans, 0.9),
        chance=_chance(plan, known),
        unknown=tuple(key for key in timed if key not in known),
        approvals=sum(_asks_first(step, components.get(step.component_id)) for step in plan.steps),
        answers=sum(step.component_id == ASK_PERSON for step in plan.steps),
        wait_minutes=graph.longest({wait.step_id: wait.minutes or 0.0 for wait in waits}),
        poll_minutes=graph.longest({wait.step_id: wait.at_most or 0.0 for wait in waits}),
        open_waits=sum(wait.is_open for wait in waits),
        tokens=tokens,
    )


def _chance(plan: Plan, known: Mapping[str, Record]) -> float | None:
    if not known:
        return None
    shares = {key: len(record.seconds) / record.steps for key, record in known.items()}
    return math.prod(shares[step.component_id] for step in plan.steps if step.component_id in shares)


def _asks_first(step: Step, component: ComponentSpec | None) -> bool:
    return step.requires_approval or (component is not None and component.approval is ApprovalPolicy.STEP)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else None


@dataclass(frozen=True, slots=True)
class _Wait:
    """What a step waits by itself, in minutes: `minutes` for certain, `at_most` if need be."""

    step_id: str
    minutes: float | None = None
    at_most: float | None = None
    is_open: bool = False


def _wait(step: Step) -> _Wait:
    if step.component_id == WAIT_FOR:
        minutes = _minutes(step, "minutes")
        return _Wait(step.step_id, minutes=minutes, is_open=minutes is None)
    if step.component_id == WAIT_UNTIL:
        is_given = any(item.name == "at_most_minutes" for item in step.inputs)
        at_most = _minutes(step, "at_most_minutes") if is_given else float(AT_MOST_MINUTES)
        return _Wait(step.step_id, at_most=at_most, is_open=at_most is None)
    return _Wait(step.step_id)


def _minutes(step: Step, name: str) -> float | None:
    """The minutes that an input states; None where it states none that can be waited for: a reference, say."""
    try:
        stated = float(next(item.value for item in step.inputs if item.name == name))
    except (StopIteration, ValueError):
        return None
    return stated if MIN_MINUTES <= stated <= MAX_MINUTES else None


@dataclass(frozen=True, slots=True)
class _Graph:
    """The steps in an order in which each comes after those that it `needs`, with the component of each."""

    order: Sequence[str]
    needs: Mapping[str, Sequence[str]]
    component: Mapping[str, str]

    @staticmethod
    def of(plan: Plan) -> _Graph:
        needs = dependencies(plan)
        order = [step_id for level in levels(needs) for step_id in level]
        return _Graph(order, needs, {step.step_id: step.component_id for step in plan.steps})

    def longest(self, weights: Mapping[str, float]) -> float:
        """The largest sum of weights on one path."""
        if not any(weights.values()):
            return 0.0
        ends: dict[str, float] = {}
        for step_id in self.order:
            ends[step_id] = weights[step_id] + max((ends[needed] for needed in self.needs[step_id]), default=0.0)
        return max(ends.values(), default=0.0)

    def spans(self, seconds: Mapping[str, Sequence[float]]) -> list[float]:
        """How long the run took each time that it was played through, in order; none without any `seconds`."""
        if not seconds or not self.order:
            return []
        rounds = max(_LEAST_ROUNDS, min(_ROUNDS, _DRAWS // max(len(self.order), 1)))
        chance = random.Random(0)  # noqa: S311 - a forecast, not a secret
        at_once = [0.0] * rounds
        ends: dict[str, Sequence[float]] = {}
        for step_id in self.order:
            needed = [ends[each] for each in self.needs[step_id]]
            begins = list(map(max, *needed)) if len(needed) > 1 else needed[0] if needed else at_once
            earlier = seconds.get(self.component[step_id])
            took = chance.choices(earlier, k=rounds) if earlier else at_once
            ends[step_id] = list(map(add, begins, took))
        return sorted(map(max, at_once, *ends.values()))
