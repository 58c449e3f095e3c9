"""The history of a plan's runs: which there were, and each attempt and decision of the one that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from bot.slack.ids import COMMAND_WORKFLOWS
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, lasted, one_line
from bot.views.plan import steps as plan_steps
from bot.views.run.errors import explain_error
from services.queries.snapshots import AttemptLine, DecisionLine, History, RunLine, VersionSnapshot
from services.states import RunState

T = TypeVar("T")

_STATES: Mapping[RunState, str] = {
    RunState.RUNNING: "Running",
    RunState.WAITING: "Waiting for a person",
    RunState.COMPLETED: "Done",
    RunState.FAILED: "Failed",
    RunState.CANCELLED: "Cancelled",
}
_OUTCOMES = {
    "done": "done",
    "retry": "to be tried again",
    "failed": "failed",
    "uncertain": "may have been done, or not",
    "interrupted": "Mudda was interrupted",
}
_DECISIONS = {
    "approve": "Approved",
    "reject": "Rejected",
    "retry": "Retried",
    "skip": "Skipped",
    "mark_done": "Marked done",
    "edit_outputs": "Filled in the answer",
    "answer": "Answered",
    "time_out": "Time ran out",
    "cancel": "Ended the run",
    "again": "Started it again",
}
_TIMED_OUT = {"fail": "step failed", "skip": "step skipped"}
_TITLE = 60
MAX_DETAIL_CHARACTERS = 200
"""An error or a reason in a history, at its longest."""

MAX_LINE_CHARACTERS = 400
"""A line with such a detail in it."""


def sections(
    history: History, version: VersionSnapshot, *, plan: int, lines: int, detail: int, longest: int
) -> list[Block]:
    """Runs, attempts and decisions, at most `lines` of each, in blocks of at most `longest`.

    `plan` is the plan's number, `detail` how long an error or a reason may be.
    """
    names = {
        step.step.step_id: f"{step.number:,}. {clip(step.title, min(detail, _TITLE))}"
        for step in plan_steps.in_order(version)
    }
    components = {step.step.step_id: step.component for step in plan_steps.in_order(version)}
    numbers = {step.step.step_id: step.number for step in plan_steps.in_order(version)}

    def attempt(line: AttemptLine) -> Iterator[Element]:
        yield kit.span(f"{names.get(line.step_id, '?')}: {_attempt(line)}")
        if line.error:
            why = explain_error(line.error, components.get(line.step_id, "?"), numbers)
            yield kit.span(f". {clip(why, detail)}")

    def decision(line: DecisionLine) -> Iterator[Element]:
        about = f": {names.get(line.step_id, '?')}" if line.step_id else ""
        yield kit.span(f"{decision_words(line.kind)}{about} · ")
        if line.kind != "time_out":
            yield from kit.acting([(line.user, line.on_behalf_of)])
            yield kit.span(" · ")
        yield kit.moment(line.at)
        if line.kind == "time_out":
            yield kit.span(f" ({_TIMED_OUT.get(line.reason or '', 'nobody decided')})")
        elif line.reason:
            yield kit.span(f": “{clip(one_line(line.reason), detail)}”")

    each = max(1, longest // MAX_LINE_CHARACTERS)
    return [
        *_section("Runs", history.runs[:lines], history.all_runs, _run, each),
        *_others(history, plan),
        *_section("Attempts", history.attempts[-lines:], history.all_attempts, attempt, each),
        *_section("Decisions", history.decisions[-lines:], history.all_decisions, decision, each),
    ]


def decision_words(kind: str) -> str:
    """What somebody did, in a word or two."""
    return _DECISIONS.get(kind, clip(one_line(kind), _TITLE))


def _others(history: History, plan: int) -> Iterator[Block]:
    """How to open a run other than the one that is shown."""
    if history.all_runs > 1:
        yield kit.context(kit.mrkdwn(f"`{COMMAND_WORKFLOWS} #{plan}.1` shows run 1 of this plan, and so on."))


def _section(
    heading: str, shown: Sequence[T], total: int, draw: Callable[[T], Iterator[Element]], each: int
) -> Iterator[Block]:
    """A heading and a line for each item, so many to a block; nothing where there is none."""
    if not shown:
        return
    left_out = total - len(shown)
    more = f" (the last {len(shown):,} of {total:,})" if left_out else ""
    first: list[Element] = [kit.paragraph(kit.span(f"{heading}{more}", bold=True))]
    drawn = iter(shown)
    while lines := [kit.paragraph(*draw(item)) for item in islice(drawn, each)]:
        yield kit.rich_text(*first, *lines)
        first = []


def _run(line: RunLine) -> Iterator[Element]:
    yield kit.span(f"Run {line.number:,} · {_STATES[line.state]} · started by ")
    yield kit.person(line.started_by)
    yield kit.span(" · ")
    yield kit.moment(line.started_at)
    if line.ended_at:
        yield kit.span(f" · took {lasted((line.ended_at - line.started_at).total_seconds())}")
    if line.ended_by:
        yield kit.span(" · ended by ")
        yield kit.person(line.ended_by)


def _attempt(line: AttemptLine) -> str:
    status = f" ({line.status})" if line.status else ""
    took = lasted((line.ended_at - line.started_at).total_seconds())
    outcome = _OUTCOMES.get(line.outcome, clip(one_line(line.outcome), _TITLE))
    return f"attempt {line.number:,}{status}: {outcome}, took {took}"
