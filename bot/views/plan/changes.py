"""What is different about a plan: who wanted it, in which words, and what they got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, count, join, one_line, spaced
from bot.views.plan.conditions import only_if
from bot.views.plan.failures import sentence
from bot.views.plan.steps import PlanStepView, in_order, in_words
from services.plans.differences import ChangeKind, Difference, differences
from services.queries.snapshots import ChangeSnapshot, PlanSnapshot, VersionSnapshot
from services.workflows.versions import VersionKind

MOST = 5
"""So many differences are on a card at the most; more are behind a button."""

_NAME = 45
_VALUE = 60
_WISH = 200
_LINE = 300


def news(snapshot: PlanSnapshot) -> list[str] | None:
    """All that is different about a draft since its last version, a sentence each; None of a first one."""
    version, former = snapshot.version, snapshot.former
    return None if version is None or former is None else different(former, version)


def changed(version: VersionSnapshot, told: Sequence[str], lines: int) -> Block:
    """Who made a version what it is, and what is different, in at most so many lines."""
    shown = told[:lines]
    more = [f"…and {count(len(told) - len(shown), 'more change')}"] if len(told) > len(shown) else []
    return kit.rich_text(kit.paragraph(*headline(version)), *_bullets([*shown, *more]))


def not_changed(change: ChangeSnapshot | None) -> list[Block]:
    """What somebody wanted to be different, and why nothing came of it."""
    if change is None or change.outcome is None:
        return []
    said = "The plan stays as it is: it has that already, or none of the components can do it."
    if change.failure is not None:
        said = f"The plan was not changed. {sentence(change.failure)}"
    return [kit.rich_text(kit.paragraph(kit.span(said, bold=True)), _wished(change))]


def changing(change: ChangeSnapshot) -> Block:
    """What is being worked on."""
    return kit.rich_text(kit.paragraph(kit.span("Changing the plan:", bold=True)), _wished(change))


def headline(version: VersionSnapshot) -> list[Element]:
    """Who made a version what it is, and what they wished: "Changed by @A: “notify the school too”"."""
    who = kit.person(version.made_by or "")
    match version.kind:
        case VersionKind.REFINED:
            said = f": “{clip(one_line(version.wish or ''), _WISH)}”"
            return [kit.span("Changed by ", bold=True), who, kit.span(said)]
        case VersionKind.EDITED:
            return [kit.span("Edited by ", bold=True), who]
        case VersionKind.RESTORED:
            return [kit.span(f"Version {version.based_on or '?'} brought back by ", bold=True), who]
    return [kit.span("Drafted anew", bold=True)]


def different(old: VersionSnapshot, new: VersionSnapshot) -> list[str]:
    """All that is different between two versions, a sentence each."""
    steps, before = _by_id(new), _by_id(old)
    told = _Told(steps, before, {**_names(old), **_names(new)})
    found = sorted(differences(old.plan, new.plan), key=told.place)
    return [clip(told.line(each), _LINE) for each in found]


def _bullets(lines: Sequence[str]) -> list[Element]:
    return [kit.bullets(lines)] if lines else [kit.paragraph(kit.span("Nothing that people see is different."))]


def _wished(change: ChangeSnapshot) -> Element:
    return kit.quotation(kit.person(change.by), kit.span(f": {clip(one_line(change.wish), _WISH)}"))


def _by_id(version: VersionSnapshot) -> dict[str, PlanStepView]:
    return {step.step.step_id: step for step in reversed(in_order(version))}


def _names(version: VersionSnapshot) -> dict[str, str]:
    return {key: clip(one_line(spec.name), _NAME) for key, spec in version.components.items()}


class _Told:
    """Says differences by the numbers and titles that steps have now, or, once they are gone, had."""

    def __init__(
        self, steps: Mapping[str, PlanStepView], before: Mapping[str, PlanStepView], components: Mapping[str, str]
    ) -> None:
        self._steps = steps
        self._before = before
        self._components = components
        self._numbers = {step_id: view.number for step_id, view in steps.items()}

    def place(self, change: Difference) -> tuple[int, int]:
        """Where it stands among the others: by its kind, then as the steps are numbered."""
        number = self._numbers.get(change.step.step_id, 0) if change.step else 0
        return list(ChangeKind).index(change.kind), number

    def line(self, change: Difference) -> str:
        """One difference as a line: "Added: Notify the school", "Step 3 (Close a road) asks a person first"."""
        if change.step is None:
            return f"Called “{clip(one_line(change.new), _VALUE)}” now"
        step_id = change.step.step_id
        match change.kind:
            case ChangeKind.ADDED:
                return f"Added: {self._title(step_id, self._steps)} (step {self._numbers[step_id]:,})"
            case ChangeKind.REMOVED:
                return f"Removed: {self._title(step_id, self._before)}"
            case ChangeKind.REORDERED:
                return f"{self._step(step_id)} {self._order(change)}"
            case ChangeKind.INPUT:
                return f"{self._step(step_id)}, {self._field(change.field)}: {self._values(change)}"
        return f"{self._step(step_id)} {self._deed(change)}"

    def _deed(self, change: Difference) -> str:
        match change.kind:
            case ChangeKind.GATED:
                return "asks a person first now"
            case ChangeKind.UNGATED:
                return "does not ask a person first any more"
            case ChangeKind.REPLACED:
                return f"uses {self._component(change.new)} instead of {self._component(change.old)}"
            case ChangeKind.CONDITION:
                when = only_if(change.step.when if change.step else None, self._numbers)
                return f"has a condition: {when.rstrip('.')}" if when else "has no condition any more"
        return f"was “{clip(one_line(change.old), _VALUE)}”"

    def _order(self, change: Difference) -> str:
        after = [self._step(each, small=True) for each in change.after]
        not_after = [self._step(each, small=True) for each in change.not_after]
        parts = [f"comes after {join(after)} now"] if after else []
        return join([*parts, *([f"does not wait for {join(not_after)} any more"] if not_after else [])])

    def _values(self, change: Difference) -> str:
        if not change.new:
            return f"left out (was {self._quoted(change.old, {})})"
        old = {step_id: view.number for step_id, view in self._before.items()}
        new = self._quoted(change.new, self._numbers)
        return f"{self._quoted(change.old, old)} → {new}" if change.old else new

    def _quoted(self, text: str, numbers: Mapping[str, int]) -> str:
        return f"“{clip(one_line(in_words(text, numbers)), _VALUE)}”"

    def _field(self, field: str) -> str:
        return clip(one_line(spaced(field.rpartition(".")[2])), _NAME)

    def _component(self, key: str) -> str:
        return f"“{self._components.get(key) or clip(one_line(key), _NAME)}”"

    def _step(self, step_id: str, *, small: bool = False) -> str:
        if step_id not in self._numbers:
            return self._title(step_id, self._before)
        return f"{'step' if small else 'Step'} {self._numbers[step_id]:,} ({self._title(step_id, self._steps)})"

    def _title(self, step_id: str, steps: Mapping[str, PlanStepView]) -> str:
        return clip(steps[step_id].title, _NAME) if step_id in steps else "a step"
