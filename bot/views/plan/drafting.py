"""The agents at work: the tasks of a card whose plan is being drafted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.messages import Block
from bot.views.kit.blocks import Status, plan, span, task_card
from bot.views.kit.text import count
from services.states import Phase

_TITLES = {
    Phase.WAITING: "Waiting for a turn",
    Phase.SELECTING: "Choosing components",
    Phase.PLANNING: "Arranging the steps",
    Phase.REPAIRING: "Fixing the plan",
    Phase.SAMPLING: "Trying other plans",
    Phase.CHECKING: "Checking the plan",
}
_WORDS = {
    Phase.SELECTING: ("Choose components", "Choosing components", "Chose components"),
    Phase.PLANNING: ("Arrange the steps", "Arranging the steps", "Arranged the steps"),
    Phase.REPAIRING: ("Fix the plan", "Fixing the plan", "Fixed the plan"),
    Phase.SAMPLING: ("Try other plans", "Trying other plans", "Tried other plans"),
    Phase.CHECKING: ("Check the plan", "Checking the plan", "Checked the plan"),
}
"""What each phase is called before, while and after it is worked on."""


def progress(phase: Phase, facts: Mapping[str, Any]) -> Block:
    """A plan block whose tasks are the agents' own. Fixing shows only where there is something to fix."""
    phases = _phases(phase, facts)
    now = len(phases) - 1 - phases[::-1].index(phase) if phase in phases else -1
    tasks = [
        _task(each, position - now, _fact(each, facts, is_past=position < now), again=each in phases[:position])
        for position, each in enumerate(phases)
    ]
    return plan(_TITLES[phase], tasks)


def _phases(phase: Phase, facts: Mapping[str, Any]) -> list[Phase]:
    """What there is to do as far as is known, in its order. After other plans were tried, the best is mended."""
    repairs, samples = _number(facts, "repairs"), _number(facts, "samples")
    mending = [Phase.REPAIRING] if phase is Phase.REPAIRING or repairs else []
    trying = [Phase.SAMPLING] if phase is Phase.SAMPLING or samples else []
    mending_again = [Phase.REPAIRING] if samples and repairs > 1 else []
    return [Phase.SELECTING, Phase.PLANNING, *mending, *trying, *mending_again, Phase.CHECKING]


def _task(phase: Phase, distance: int, fact: str, *, again: bool) -> Block:
    """A task that lies `distance` phases ahead; behind us if negative."""
    before, during, after = _WORDS[phase]
    task_id = f"{phase.value}-again" if again else phase.value
    if distance > 0:
        return task_card(task_id, before, "pending")
    status: Status = "in_progress" if distance == 0 else "complete"
    return task_card(task_id, during if distance == 0 else after, status, [span(fact)] if fact else ())


def _fact(phase: Phase, facts: Mapping[str, Any], *, is_past: bool) -> str:
    selected, offered, faults, samples = (
        _number(facts, name) for name in ("selected", "offered", "faults", "samples")
    )
    if phase is Phase.SELECTING and offered:
        return (
            f"{selected:,} of {count(offered, 'component')}" if selected else f"From {count(offered, 'component')}"
        )
    if phase is Phase.SAMPLING and is_past:
        return count(samples, "other plan")
    # The number is of the latest plan: what was mended before other plans were tried had one of its own.
    if phase is Phase.SAMPLING and faults:
        return f"{count(faults, 'thing')} still did not fit together"
    if phase is Phase.REPAIRING and faults and not (is_past and samples):
        return f"{count(faults, 'thing')} did not fit together"
    return ""


def _number(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) and value > 0 else 0
