"""How long a plan takes to be judged: types of flows, sense, conditions and all.

    python -m tests.bench.bench_validate

The goals are of a machine on which nothing else runs: 20 ms at p95 for 200 steps over 200 components, 1 s for
10,000 steps. Times are of the process's CPU. What plans are judged by is read of components before the first of
a workspace is judged, while the model makes that plan: *ahead*. *Unread* is a first plan without that.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from bot.startup.garbage import settle_garbage
from services.components.specs import ComponentSpec
from services.plans.model import Plan, Step, StepInput
from services.plans.validation import validate
from services.plans.validation.contracts import Contracts

COMPONENTS = 200
ROUNDS = {200: 40, 10_000: 3}
GOALS_SECONDS = {200: 0.020, 10_000: 1.0}

TAKES = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "b": {"type": "string", "maxLength": 100},
        "c": {"type": "integer"},
        "d": {"type": "string", "enum": ["x", "y"]},
    },
    "required": ["a"],
    "additionalProperties": False,
}
GIVES = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "data": {"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}},
    },
}


def components() -> dict[str, ComponentSpec]:
    """Components that each take what another gives."""
    return {
        f"c{number}": ComponentSpec(
            f"c{number}",
            f"Part {number}",
            category="notify",
            http_method="POST",
            request_schema=TAKES,
            response_schema=GIVES,
        )
        for number in range(COMPONENTS)
    }


def chain(steps: int) -> Plan:
    """Steps with four inputs each, three of them references to the step before."""
    return Plan(workflow_name="Bench", steps=tuple(_step(number, steps) for number in range(steps)))


def _step(number: int, steps: int) -> Step:
    before = f"s{number - 1}"
    values = ("x", "y", "1", "x")
    if number:
        values = (f"{{{{{before}.id}}}}", f"see {{{{{before}.data.s}}}}", f"{{{{{before}.data.n}}}}", "x")
    return Step(
        step_id=f"s{number}",
        component_id=f"c{number % COMPONENTS}",
        inputs=tuple(
            StepInput(location="body", name=name, value=value) for name, value in zip("abcd", values, strict=True)
        ),
        next=(f"s{number + 1}",) if number + 1 < steps else (),
    )


def main() -> None:
    """Print the table."""
    settle_garbage()
    known = components()
    print("| steps | | median, ms | p95, ms | goal, ms | |")
    print("|---|---|---|---|---|---|")
    for steps, rounds in ROUNDS.items():
        plan = chain(steps)
        taken: dict[str, list[float]] = {"unread": [], "ahead": [], "first": [], "again": []}
        for _ in range(rounds):
            taken["unread"].append(_seconds(plan, known, Contracts()))
            contracts = Contracts()
            started = time.process_time()
            contracts.read(known.values())
            taken["ahead"].append(time.process_time() - started)
            taken["first"].append(_seconds(plan, known, contracts))
            taken["again"].append(_seconds(plan, known, contracts))
        for name, seconds in taken.items():
            times = sorted(seconds)
            p95, goal = times[min(rounds - 1, int(rounds * 0.95))], GOALS_SECONDS[steps]
            told = "" if name in ("unread", "ahead") else "met" if p95 <= goal else "missed"
            median = times[rounds // 2] * 1000
            print(f"| {steps:,} | {name} | {median:.1f} | {p95 * 1000:.1f} | {goal * 1000:.0f} | {told} |")


def _seconds(plan: Plan, known: Mapping[str, ComponentSpec], contracts: Contracts) -> float:
    started = time.process_time()
    validate(plan, known, max_steps=len(plan.steps), contracts=contracts)
    return time.process_time() - started


if __name__ == "__main__":
    main()
