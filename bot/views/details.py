"""A whole plan: in the modal behind "Show all", and privately for whoever asks by its number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from bot.ids import ACTION_CARD_SHOW, VIEW_PLAN_DETAILS, Ref
from bot.views import blocks as kit
from bot.views import run_steps, runs
from bot.views import steps as read
from bot.views.blocks import Block, Element, Message, View
from bot.views.history import DETAIL, sections
from bot.views.levels import Draw, Level, fit, fit_view
from bot.views.lists import STATES
from bot.views.mentions import quoted
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
from bot.views.run_steps import RunStep
from bot.views.steps import StepView
from bot.views.text import ELLIPSIS, channel, clean, clip, count, fits, one_line, sentences, weight
from services.queries.snapshots import History, PlanSnapshot, RunSnapshot, VersionSnapshot
from services.states import PlanState

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
    steps = read.in_order(snapshot.version) if snapshot.version else ()
    return {
        "type": "modal",
        "callback_id": VIEW_PLAN_DETAILS,
        "title": kit.plain(f"Plan #{snapshot.number}"),
        "close": kit.plain("Close"),
        "blocks": fit_view(lambda longest: _modal_blocks(snapshot, steps, longest)),
    }


def workflow_details(snapshot: PlanSnapshot, history: History | None = None) -> Message:
    """A plan for one person's eyes: where it stands, what was reported, its steps in a line each, or its run.

    With its history, the runs there were and what happened in the one that is shown. All that can be decided from
    here is to run it again, once the last run is over: this message is not redrawn when the plan or a run goes on.
    """
    outline, steps = _outline(snapshot, is_last=_is_last(snapshot, history))

    which = _which(snapshot, history)

    def draw(level: Level, most: int) -> list[Block]:
        return [
            kit.header(f"#{snapshot.number} {title(snapshot)}"),
            kit.context(kit.mrkdwn(f"{_standing(snapshot)} · in {channel(snapshot.channel_id)}{which}")),
            origin(snapshot),
            quoted(snapshot.issue, level.quote),
            *outline(level, most),
            kit.actions(kit.button("Show card", ACTION_CARD_SHOW, Ref(snapshot.id, snapshot.revision).encode())),
            *_history(snapshot, history, level),
        ]

    return Message(text=kit.fallback(summary(snapshot)), blocks=fit(draw, steps, f"plan.{snapshot.revision}"))


def _standing(snapshot: PlanSnapshot) -> str:
    decided = snapshot.state in (PlanState.APPROVED, PlanState.DISCARDED)
    return decision(snapshot) if decided else STATES[snapshot.state]


def _is_last(snapshot: PlanSnapshot, history: History | None) -> bool:
    """Whether the run that is shown is the plan's last."""
    if snapshot.run is None or history is None or not history.runs:
        return True
    return history.runs[0].id == snapshot.run.id


def _which(snapshot: PlanSnapshot, history: History | None) -> str:
    """Which of the plan's runs is shown, where there is more than one."""
    if snapshot.run is None or history is None or history.all_runs < 2:
        return ""
    return f" · run {snapshot.run.number:,} of {history.all_runs:,}"


def _outline(snapshot: PlanSnapshot, *, is_last: bool) -> tuple[Draw, int]:
    """What draws the lower half of the message, and how many steps it has."""
    version, run = snapshot.version, snapshot.run
    if snapshot.state is PlanState.FAILED:
        return (lambda level, most: [failure_block(snapshot, level)]), 0
    if version is None:
        return (lambda level, most: []), 0
    if run is not None:
        under_way = run_steps.in_order(version, run)
        again = runs.again(snapshot, run) if is_last else []
        return (lambda level, most: _run_outline(snapshot, run, under_way, level, most, again)), len(under_way)
    steps = read.in_order(version)
    return (lambda level, most: _plan_outline(snapshot, version, steps, most)), len(steps)


def _run_outline(
    snapshot: PlanSnapshot,
    run: RunSnapshot,
    steps: Sequence[RunStep],
    level: Level,
    most: int,
    again: Sequence[Element],
) -> list[Block]:
    return [
        *runs.outline(run, steps, level, most),
        kit.context(kit.mrkdwn(runs.standing(run))),
        kit.actions(runs.details_button(snapshot, run), show_all(snapshot), *again),
    ]


def _history(snapshot: PlanSnapshot, history: History | None, level: Level) -> list[Block]:
    if history is None or snapshot.version is None:
        return []
    return sections(
        history,
        snapshot.version,
        plan=snapshot.number,
        lines=level.lines,
        detail=min(level.field, DETAIL),
        longest=kit.SECTION,
    )


def _plan_outline(
    snapshot: PlanSnapshot, version: VersionSnapshot, steps: Sequence[StepView], most: int
) -> list[Block]:
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
    if version is None:
        return report(snapshot, longest)
    return [
        *report(snapshot, longest),
        *understood(version, longest),
        kit.header(read.shape(steps)),
        *_all_steps(steps, longest),
        *_warning_blocks(version, steps, longest),
        kit.context(kit.plain(made_by(version), 200)),
    ]


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
        blocks.append(kit.context(kit.plain(f"{count(len(steps) - len(shown), 'more step')} did not fit here")))
    return blocks


def _all_steps(steps: Sequence[StepView], longest: int) -> list[Block]:
    titles = {step.number: step.title for step in steps}
    numbers = {step.step.step_id: step.number for step in reversed(steps)}
    return step_blocks(steps, longest, lambda step, room: [_step(step, room, titles, numbers)])


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
