"""A whole plan: in the modal behind "Show all", and privately for whoever asks by its number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from bot.languages import _, ngettext, number
from bot.slack.ids import ACTION_GRAPH_PLAN, VIEW_PLAN_DETAILS, Ref
from bot.slack.messages import Block, Element, View
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import fit_view
from bot.views.kit.mentions import ids_in, naming
from bot.views.kit.text import ELLIPSIS, clean, clip, fits, one_line, sentences, weight
from bot.views.kit.values import label
from bot.views.plan import steps as plan_steps
from bot.views.plan.forecast import expected
from bot.views.plan.origins import Answers
from bot.views.plan.overview import (
    MAX_WARNING_CHARACTERS,
    made_by,
    origin,
    title,
    understood,
    warnings,
)
from bot.views.plan.policies import following, reading
from bot.views.plan.steps import PlanStepView
from services.queries.snapshots import PlanSnapshot, VersionSnapshot

T = TypeVar("T")

_ISSUE_BLOCKS = 4
_WARNING_BLOCKS = 5
_STEP_BLOCKS = 60
_LEAST = 120
"""Cut shorter than this a step says nothing any more: rather leave steps out."""

_INPUT = 300
_INPUTS = 12


def details_modal(snapshot: PlanSnapshot) -> View:
    """The plan with every step and all that each will send. A plan with no version shows what was reported."""
    steps = plan_steps.in_order(snapshot.version) if snapshot.version else ()
    return {
        "type": "modal",
        "callback_id": VIEW_PLAN_DETAILS,
        "title": kit.plain(_("Plan #{number}", number=str(snapshot.number))),
        "close": kit.plain(_("Close")),
        "blocks": fit_view(lambda longest: _modal_blocks(snapshot, steps, longest)),
    }


def _modal_blocks(snapshot: PlanSnapshot, steps: Sequence[PlanStepView], longest: int) -> list[Block]:
    version = snapshot.version
    if version is None:
        return report(snapshot, longest)
    return [
        *report(snapshot, longest),
        *understood(snapshot, longest),
        kit.header(plan_steps.shape(steps)),
        *_graph(snapshot, steps),
        *_all_steps(steps, longest),
        *reading(version.citations),
        *_warning_blocks(version, steps, longest),
        *expected(snapshot, with_tokens=True),
        kit.context(kit.plain(made_by(version), 200)),
    ]


def _graph(snapshot: PlanSnapshot, steps: Sequence[PlanStepView]) -> list[Block]:
    """The button for a picture of a plan that has steps."""
    ref = Ref(snapshot.id, snapshot.revision).encode()
    return [kit.actions(kit.button(_("Show graph"), ACTION_GRAPH_PLAN, ref))] if steps else []


def report(snapshot: PlanSnapshot, longest: int) -> list[Block]:
    """The plan's title, who reported it, and all that was reported, in as many blocks as that takes."""
    return [
        kit.header(title(snapshot)),
        origin(snapshot),
        *(kit.rich_text(kit.quote(part)) for part in _parts(snapshot.issue.text, longest)),
    ]


def step_blocks(steps: Sequence[T], longest: int, draw: Callable[[T, int], list[Element]]) -> list[Block]:
    """One block a step; where there are too many steps for that, several to a block and each cut shorter.

    `draw` answers rich text of a step that weighs no more than it is told.
    """
    each = min(-(-len(steps) // _STEP_BLOCKS), longest // _LEAST) or 1
    shown = steps[: each * _STEP_BLOCKS]
    blocks = [
        kit.rich_text(*(part for step in shown[start : start + each] for part in draw(step, longest // each)))
        for start in range(0, len(shown), each)
    ]
    if len(shown) < len(steps):
        left_out = len(steps) - len(shown)
        said = ngettext("{count} more step did not fit here", "{count} more steps did not fit here", left_out)
        blocks.append(kit.context(kit.plain(said)))
    return blocks


def _all_steps(steps: Sequence[PlanStepView], longest: int) -> list[Block]:
    titles = {step.number: step.title for step in steps}
    numbers = plan_steps.numbers(steps)
    answers = Answers.of(steps)
    return step_blocks(steps, longest, lambda step, room: [_step(step, room, titles, numbers, answers)])


def _step(
    step: PlanStepView, longest: int, titles: Mapping[int, str], numbers: Mapping[str, int], answers: Answers
) -> Element:
    heading = f"{number(step.number)}. {f'{plan_steps.LOCK} ' if step.locked else ''}{step.title}"
    uses = _("Uses “{component}”.", component=step.component)
    facts = sentences([uses, plan_steps.waiting(step, titles), plan_steps.taking(step)])
    parts = [
        step.more,
        facts,
        *_sends(step, numbers, answers),
        plan_steps.agreement(step),
        following(step.follows),
    ]
    details = clip("\n".join(part for part in parts if part), max(longest - weight(heading), 1))
    ids = ids_in([given.value for given in step.step.inputs[:_INPUTS]])
    return kit.paragraph(kit.span(heading, bold=True), *naming(f"\n{details}\n", ids))


def _sends(step: PlanStepView, numbers: Mapping[str, int], answers: Answers) -> Iterator[str]:
    """What the component is given, a line each, and whose answer it is."""
    inputs = step.step.inputs
    for given in inputs[:_INPUTS]:
        name, value = label(given.name), one_line(plan_steps.in_words(given.value, numbers))
        words = answers.came_from(given.value, is_report_told=False)
        yield f"• {clip(name, 80)}: {clip(value, _INPUT)}{f' ({words})' if words else ''}"
    if len(inputs) > _INPUTS:
        yield ngettext("• and {count} more value", "• and {count} more values", len(inputs) - _INPUTS)


def _warning_blocks(version: VersionSnapshot, steps: Sequence[PlanStepView], longest: int) -> list[Block]:
    each = longest // MAX_WARNING_CHARACTERS
    notes = warnings(version, steps, each * _WARNING_BLOCKS - 1)
    groups = [notes[start : start + each] for start in range(0, len(notes), each)]
    return (
        [kit.header(_("Please note")), *(kit.rich_text(kit.bullets(group)) for group in groups)] if notes else []
    )


def _parts(text: str, longest: int) -> list[str]:
    """The text in parts that each fit a block, the last of which says if there is more."""
    rest = clean(text)
    parts: list[str] = []
    while not fits(rest, longest) and len(parts) < _ISSUE_BLOCKS - 1:
        part = clip(rest, longest).removesuffix(ELLIPSIS)
        parts.append(part)
        rest = rest[len(part) :].lstrip()
    return [*parts, clip(rest, longest)]
