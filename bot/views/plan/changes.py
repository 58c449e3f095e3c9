"""What is different about a plan: who wanted it, in which words, and what they got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.languages import _, ngettext
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, in_quotes, join, one_line, spaced
from bot.views.plan.conditions import only_if
from bot.views.plan.failures import sentence
from bot.views.plan.steps import PlanStepView, called, in_order, in_words
from bot.views.plan.wishes import wish_words
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
    left_out = len(told) - len(shown)
    more = [ngettext("…and {count} more change", "…and {count} more changes", left_out)] if left_out else []
    return kit.rich_text(kit.paragraph(*headline(version)), *_bullets([*shown, *more]))


def not_changed(change: ChangeSnapshot | None) -> list[Block]:
    """What somebody wanted to be different, and why nothing came of it."""
    if change is None or change.outcome is None:
        return []
    said = _("The plan stays as it is: it has that already, or none of the components can do it.")
    if change.failure is not None:
        said = _("The plan was not changed. {why}", why=sentence(change.failure))
    return [kit.rich_text(kit.paragraph(kit.span(said, bold=True)), _wished(change))]


def changing(change: ChangeSnapshot) -> Block:
    """What is being worked on."""
    return kit.rich_text(kit.paragraph(kit.span(_("Changing the plan:"), bold=True)), _wished(change))


def headline(version: VersionSnapshot) -> list[Element]:
    """Who made a version what it is, and what they wished: "Changed by @A: “notify the school too”"."""
    who = kit.person(version.made_by or "")
    match version.kind:
        case VersionKind.REFINED:
            wish = clip(one_line(wish_words(version.wish or "")), _WISH)
            return kit.runs(_("*Changed by* {who}: “{wish}”"), who=who, wish=wish)
        case VersionKind.EDITED:
            return kit.runs(_("*Edited by* {who}"), who=who)
        case VersionKind.RESTORED:
            earlier = str(version.based_on or "?")
            return kit.runs(_("*Version {version} brought back by* {who}"), version=earlier, who=who)
    return kit.runs(_("*Drafted anew*"))


def different(old: VersionSnapshot, new: VersionSnapshot) -> list[str]:
    """All that is different between two versions, a sentence each."""
    steps, before = _by_id(new), _by_id(old)
    told = _Told(steps, before, {**_names(old), **_names(new)})
    found = sorted(differences(old.plan, new.plan), key=told.place)
    return [clip(told.line(each), _LINE) for each in found]


def _bullets(lines: Sequence[str]) -> list[Element]:
    return [kit.bullets(lines)] if lines else [kit.paragraph(kit.span(_("Nothing that people see is different.")))]


def _wished(change: ChangeSnapshot) -> Element:
    return kit.quotation(kit.person(change.by), kit.span(f": {clip(one_line(wish_words(change.wish)), _WISH)}"))


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
            return _("Called “{name}” now", name=clip(one_line(change.new), _VALUE))
        step_id = change.step.step_id
        match change.kind:
            case ChangeKind.ADDED:
                title = self._title(step_id, self._steps)
                return _("Added: {title} (step {number})", title=title, number=self._numbers[step_id])
            case ChangeKind.REMOVED:
                return _("Removed: {title}", title=self._title(step_id, self._before))
            case ChangeKind.REORDERED:
                return self._order(self._step(step_id), change)
            case ChangeKind.INPUT:
                return f"{self._step(step_id)}, {self._field(change.field)}: {self._values(change)}"
        return self._deed(self._step(step_id), change)

    def _deed(self, step: str, change: Difference) -> str:
        match change.kind:
            case ChangeKind.GATED:
                return _("{step} asks a person first now", step=step)
            case ChangeKind.UNGATED:
                return _("{step} does not ask a person first any more", step=step)
            case ChangeKind.REPLACED:
                new, old = self._component(change.new), self._component(change.old)
                return _("{step} uses {new} instead of {old}", step=step, new=new, old=old)
            case ChangeKind.CONDITION:
                when = only_if(change.step.when if change.step else None, self._numbers)
                if not when:
                    return _("{step} has no condition any more", step=step)
                return _("{step} has a condition: {condition}", step=step, condition=when.rstrip(".।"))
        return _("{step} was “{old}”", step=step, old=clip(one_line(change.old), _VALUE))

    def _order(self, step: str, change: Difference) -> str:
        after = join([self._step(each, small=True) for each in change.after])
        others = join([self._step(each, small=True) for each in change.not_after])
        if after and others:
            return _(
                "{step} comes after {steps} now and does not wait for {others} any more",
                step=step,
                steps=after,
                others=others,
            )
        if after:
            return _("{step} comes after {steps} now", step=step, steps=after)
        return _("{step} does not wait for {others} any more", step=step, others=others)

    def _values(self, change: Difference) -> str:
        if not change.new:
            return _("left out (was {old})", old=self._quoted(change.old, {}))
        old = {step_id: view.number for step_id, view in self._before.items()}
        new = self._quoted(change.new, self._numbers)
        return f"{self._quoted(change.old, old)} → {new}" if change.old else new

    def _quoted(self, text: str, numbers: Mapping[str, int]) -> str:
        return in_quotes(clip(one_line(in_words(text, numbers)), _VALUE))

    def _field(self, field: str) -> str:
        return clip(one_line(spaced(field.rpartition(".")[2])), _NAME)

    def _component(self, key: str) -> str:
        return in_quotes(self._components.get(key) or clip(one_line(key), _NAME))

    def _step(self, step_id: str, *, small: bool = False) -> str:
        if step_id not in self._numbers:
            return self._title(step_id, self._before)
        number, title = self._numbers[step_id], self._title(step_id, self._steps)
        return called(number, title) if small else _("Step {number} ({title})", number=number, title=title)

    def _title(self, step_id: str, steps: Mapping[str, PlanStepView]) -> str:
        return clip(steps[step_id].title, _NAME) if step_id in steps else _("a step")
