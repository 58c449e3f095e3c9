"""A whole plan: in the modal behind "Show all", and privately for whoever asks by its number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from bot.ids import VIEW_PLAN_DETAILS
from bot.views import blocks as kit
from bot.views import steps as read
from bot.views.blocks import Block, Element, Message, View
from bot.views.levels import Level, fit
from bot.views.lists import STATES
from bot.views.plans import (
    WARNING,
    decision,
    failure_block,
    made_by,
    origin,
    show_all,
    summary,
    task_title,
    title,
    understood,
    warnings,
)
from bot.views.steps import StepView
from bot.views.text import ELLIPSIS, channel, clean, clip, count, fits, one_line, sentences, weight
from services.snapshots import PlanSnapshot, VersionSnapshot
from services.states import PlanState

VIEW_SIZE = 240_000
"""Of a modal's blocks; Slack refuses a view of 250 KB."""

_LONGEST = (2_900, 1_200, 500)
"""How long a block may be (Slack: 3,000); the next one if the view is too long."""

_ISSUE_BLOCKS = 4
_WARNING_BLOCKS = 5
_STEP_BLOCKS = 60
_LEAST = 120
"""Cut shorter than this a step says nothing any more: rather leave steps out."""

_INPUT = 300
_INPUTS = 12


def details_modal(snapshot: PlanSnapshot) -> View:
    """The plan with every step and all that each will send. A plan with no version shows what was reported."""
    steps = read.in_order(snapshot.version) if snapshot.version else ()
    for longest in _LONGEST:
        blocks = _modal_blocks(snapshot, steps, longest)
        # With escapes for all that is not ASCII, as the SDK may send it.
        if len(json.dumps(blocks)) <= VIEW_SIZE:
            break
    return {
        "type": "modal",
        "callback_id": VIEW_PLAN_DETAILS,
        "title": kit.plain(f"Plan #{snapshot.number}"),
        "close": kit.plain("Close"),
        "blocks": blocks,
    }


def workflow_details(snapshot: PlanSnapshot) -> Message:
    """A plan for one person's eyes: where it stands, what was reported, its steps in a line each."""
    steps = read.in_order(snapshot.version) if snapshot.version else ()

    def draw(level: Level, most: int) -> list[Block]:
        return [
            kit.header(f"#{snapshot.number} {title(snapshot)}"),
            kit.context(kit.mrkdwn(f"{_standing(snapshot)} · in {channel(snapshot.channel_id)}")),
            origin(snapshot),
            kit.rich_text(kit.quote(clip(snapshot.issue.text, level.quote))),
            *_outline(snapshot, steps, level, most),
        ]

    return Message(text=kit.fallback(summary(snapshot)), blocks=fit(draw, len(steps), f"plan.{snapshot.revision}"))


def _standing(snapshot: PlanSnapshot) -> str:
    decided = snapshot.state in (PlanState.APPROVED, PlanState.DISCARDED)
    return decision(snapshot) if decided else STATES[snapshot.state]


def _outline(snapshot: PlanSnapshot, steps: Sequence[StepView], level: Level, most: int) -> list[Block]:
    if snapshot.state is PlanState.FAILED:
        return [failure_block(snapshot, level)]
    version = snapshot.version
    if version is None:
        return []
    lines = [task_title(step, after=True) for step in steps[:most]]
    left_out = [f"…and {count(len(steps) - most, 'more step')}"] if len(steps) > most else []
    return [
        kit.rich_text(
            kit.paragraph(kit.run(read.shape(steps), bold=True)),
            *(kit.paragraph(kit.run(line)) for line in [*lines, *left_out]),
        ),
        kit.context(kit.plain(made_by(version), 200)),
        kit.actions(show_all(snapshot)),
    ]


def _modal_blocks(snapshot: PlanSnapshot, steps: Sequence[StepView], longest: int) -> list[Block]:
    version = snapshot.version
    report = [
        kit.header(title(snapshot)),
        origin(snapshot),
        *(kit.rich_text(kit.quote(part)) for part in _parts(snapshot.issue.text, longest)),
    ]
    if version is None:
        return report
    return [
        *report,
        *understood(version, longest),
        kit.header(read.shape(steps)),
        *_step_blocks(steps, longest),
        *_warning_blocks(version, steps, longest),
        kit.context(kit.plain(made_by(version), 200)),
    ]


def _step_blocks(steps: Sequence[StepView], longest: int) -> list[Block]:
    """One block a step; where there are too many steps for that, several to a block and each cut shorter."""
    titles = {step.number: step.title for step in steps}
    numbers = {step.step.step_id: step.number for step in reversed(steps)}
    each = min(-(-len(steps) // _STEP_BLOCKS), longest // _LEAST) or 1
    shown = steps[: each * _STEP_BLOCKS]
    blocks = [
        kit.rich_text(*(_step(step, longest // each, titles, numbers) for step in shown[start : start + each]))
        for start in range(0, len(shown), each)
    ]
    if len(shown) < len(steps):
        blocks.append(kit.context(kit.plain(f"{count(len(steps) - len(shown), 'more step')} did not fit here")))
    return blocks


def _step(step: StepView, longest: int, titles: Mapping[int, str], numbers: Mapping[str, int]) -> Element:
    heading = task_title(step, after=False)
    facts = sentences([f"Uses {step.component}.", read.waiting(step, titles), read.taking(step)])
    parts = [step.more, facts, *_sends(step, numbers), read.agreement(step)]
    details = clip("\n".join(part for part in parts if part), max(longest - weight(heading), 1))
    return kit.paragraph(kit.run(heading, bold=True), kit.run(f"\n{details}\n"))


def _sends(step: StepView, numbers: Mapping[str, int]) -> Iterator[str]:
    """What the component is given, a line each."""
    inputs = step.step.inputs
    for given in inputs[:_INPUTS]:
        name, value = one_line(given.name), one_line(read.in_words(given.value, numbers))
        yield f"• {clip(name, 80)}: {clip(value, _INPUT)}"
    if len(inputs) > _INPUTS:
        yield f"• and {count(len(inputs) - _INPUTS, 'more value')}"


def _warning_blocks(version: VersionSnapshot, steps: Sequence[StepView], longest: int) -> list[Block]:
    each = longest // WARNING
    notes = warnings(version, steps, each * _WARNING_BLOCKS - 1)
    groups = [notes[start : start + each] for start in range(0, len(notes), each)]
    return [kit.header("Please note"), *(kit.rich_text(kit.bullets(group)) for group in groups)] if notes else []


def _parts(text: str, longest: int) -> list[str]:
    """The text in parts that each fit a block, the last of which says if there is more."""
    rest = clean(text)
    parts: list[str] = []
    while not fits(rest, longest) and len(parts) < _ISSUE_BLOCKS - 1:
        part = clip(rest, longest).removesuffix(ELLIPSIS)
        parts.append(part)
        rest = rest[len(part) :].lstrip()
    return [*parts, clip(rest, longest)]
