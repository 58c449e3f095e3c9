"""The agents at work: the tasks of a card whose plan is being drafted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.languages import N_, _, ngettext
from bot.slack.messages import Block
from bot.views.kit.blocks import Status, plan, span, task_card
from services.states import Phase

_TITLES = {
    Phase.WAITING: N_("Waiting for a turn"),
    Phase.SELECTING: N_("Choosing components"),
    Phase.PLANNING: N_("Arranging the steps"),
    Phase.REPAIRING: N_("Fixing the plan"),
    Phase.SAMPLING: N_("Trying other plans"),
    Phase.CHECKING: N_("Checking the plan"),
}
_WORDS = {
    Phase.SELECTING: (N_("Choose components"), N_("Choosing components"), N_("Chose components")),
    Phase.PLANNING: (N_("Arrange the steps"), N_("Arranging the steps"), N_("Arranged the steps")),
    Phase.REPAIRING: (N_("Fix the plan"), N_("Fixing the plan"), N_("Fixed the plan")),
    Phase.SAMPLING: (N_("Try other plans"), N_("Trying other plans"), N_("Tried other plans")),
    Phase.CHECKING: (N_("Check the plan"), N_("Checking the plan"), N_("Checked the plan")),
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
    return plan(_(_TITLES[phase]), tasks)


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
        return task_card(task_id, _(before), "pending")
    status: Status = "in_progress" if distance == 0 else "complete"
    title = _(during) if distance == 0 else _(after)
    return task_card(task_id, title, status, [span(fact)] if fact else ())


def _fact(phase: Phase, facts: Mapping[str, Any], *, is_past: bool) -> str:
    selected, offered, faults, samples = (
        _number(facts, name) for name in ("selected", "offered", "faults", "samples")
    )
    if phase is Phase.SELECTING and offered:
        if not selected:
            return ngettext("From {count} component", "From {count} components", offered)
        return ngettext(
            "{selected} of {count} component", "{selected} of {count} components", offered, selected=selected
        )
    if phase is Phase.SAMPLING and is_past:
        return ngettext("{count} other plan", "{count} other plans", samples)
    # The number is of the latest plan: what was mended before other plans were tried had one of its own.
    if phase is Phase.SAMPLING and faults:
        return ngettext(
            "{count} thing still did not fit together", "{count} things still did not fit together", faults
        )
    if phase is Phase.REPAIRING and faults and not (is_past and samples):
        return ngettext("{count} thing did not fit together", "{count} things did not fit together", faults)
    return ""


def _number(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) and value > 0 else 0
