"""The agents at work: the tasks of a card whose plan is being drafted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.messages import Block
from bot.views.kit.blocks import Status, plan, task_card
from bot.views.kit.text import count
from services.states import Phase

_TITLES = {
    Phase.WAITING: "Waiting for a turn",
    Phase.SELECTING: "Choosing components",
    Phase.PLANNING: "Arranging the steps",
    Phase.REPAIRING: "Mending the plan",
    Phase.CHECKING: "Checking the plan",
}
_ORDER = (Phase.SELECTING, Phase.PLANNING, Phase.REPAIRING, Phase.CHECKING)
_WORDS = {
    Phase.SELECTING: ("Choose components", "Choosing components", "Chose components"),
    Phase.PLANNING: ("Arrange the steps", "Arranging the steps", "Arranged the steps"),
    Phase.REPAIRING: ("Mend the plan", "Mending the plan", "Mended the plan"),
    Phase.CHECKING: ("Check the plan", "Checking the plan", "Checked the plan"),
}
"""What each phase is called before, while and after it is worked on."""


def progress(phase: Phase, facts: Mapping[str, Any]) -> Block:
    """A plan block whose tasks are the agents' own. Mending shows only where there is something to mend."""
    repairs = _number(facts, "repairs")
    mending = phase is Phase.REPAIRING or repairs > 0
    phases = [each for each in _ORDER if mending or each is not Phase.REPAIRING]
    now = phases.index(phase) if phase in phases else -1
    tasks = [_task(each, position - now, _fact(each, facts)) for position, each in enumerate(phases)]
    return plan(_TITLES[phase], tasks)


def _task(phase: Phase, distance: int, fact: str) -> Block:
    """A task that lies `distance` phases ahead; behind us if negative."""
    before, during, after = _WORDS[phase]
    if distance > 0:
        return task_card(phase.value, before, "pending")
    status: Status = "in_progress" if distance == 0 else "complete"
    return task_card(phase.value, during if distance == 0 else after, status, fact)


def _fact(phase: Phase, facts: Mapping[str, Any]) -> str:
    selected, offered, faults = (_number(facts, name) for name in ("selected", "offered", "faults"))
    if phase is Phase.SELECTING and offered:
        return (
            f"{selected:,} of {count(offered, 'component')}" if selected else f"From {count(offered, 'component')}"
        )
    if phase is Phase.REPAIRING and faults:
        return f"{count(faults, 'thing')} did not fit together"
    return ""


def _number(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) and value > 0 else 0
