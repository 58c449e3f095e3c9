"""The history of a plan's runs: which there were, and each attempt and decision of the one that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from bot.languages import N_, Sentence, _
from bot.slack.ids import COMMAND_WORKFLOWS
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, lasted, one_line
from bot.views.plan import steps as plan_steps
from bot.views.run.errors import explain_error
from services.queries.snapshots import AttemptLine, DecisionLine, History, RunLine, VersionSnapshot
from services.states import RunState

T = TypeVar("T")

_STATES: Mapping[RunState, Sentence] = {
    RunState.RUNNING: N_("Running"),
    RunState.WAITING: N_("Waiting for a person"),
    RunState.COMPLETED: N_("Done"),
    RunState.FAILED: N_("Failed"),
    RunState.CANCELLED: N_("Cancelled"),
}
_OUTCOMES: Mapping[str, Sentence] = {
    "done": N_("done"),
    "retry": N_("to be tried again"),
    "failed": N_("failed"),
    "uncertain": N_("may have been done, or not"),
    "interrupted": N_("Mudda was interrupted"),
}
_DECISIONS: Mapping[str, Sentence] = {
    "approve": N_("Approved"),
    "reject": N_("Rejected"),
    "retry": N_("Retried"),
    "skip": N_("Skipped"),
    "mark_done": N_("Marked done"),
    "edit_outputs": N_("Filled in the answer"),
    "answer": N_("Answered"),
    "time_out": N_("Time ran out"),
    "cancel": N_("Ended the run"),
    "again": N_("Started it again"),
}
_TIMED_OUT: Mapping[str, Sentence] = {"fail": N_("step failed"), "skip": N_("step skipped")}
_NOBODY = N_("nobody decided")
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
            why = _(_TIMED_OUT.get(line.reason or "", _NOBODY))
            yield kit.span(f" ({why})")
        elif line.reason:
            quoted = _("“{text}”", text=clip(one_line(line.reason), detail))
            yield kit.span(f": {quoted}")

    each = max(1, longest // MAX_LINE_CHARACTERS)
    return [
        *_section(_("Runs"), history.runs[:lines], history.all_runs, _run, each),
        *_others(history, plan),
        *_section(_("Attempts"), history.attempts[-lines:], history.all_attempts, attempt, each),
        *_section(_("Decisions"), history.decisions[-lines:], history.all_decisions, decision, each),
    ]


def decision_words(kind: str) -> str:
    """What somebody did, in a word or two."""
    return _(_DECISIONS[kind]) if kind in _DECISIONS else clip(one_line(kind), _TITLE)


def _others(history: History, plan: int) -> Iterator[Block]:
    """How to open a run other than the one that is shown."""
    if history.all_runs > 1:
        way = _(
            "`{command} #{plan}.1` shows run 1 of this plan, and so on.", command=COMMAND_WORKFLOWS, plan=str(plan)
        )
        yield kit.context(kit.mrkdwn(way))


def _section(
    heading: str, shown: Sequence[T], total: int, draw: Callable[[T], Iterator[Element]], each: int
) -> Iterator[Block]:
    """A heading and a line for each item, so many to a block; nothing where there is none."""
    if not shown:
        return
    if len(shown) < total:
        heading = _("{heading} (the last {count} of {total})", heading=heading, count=len(shown), total=total)
    first: list[Element] = [kit.paragraph(kit.span(heading, bold=True))]
    drawn = iter(shown)
    while lines := [kit.paragraph(*draw(item)) for item in islice(drawn, each)]:
        yield kit.rich_text(*first, *lines)
        first = []


def _run(line: RunLine) -> Iterator[Element]:
    yield from kit.runs(
        _("Run {number} · {state} · started by {who} · {when}"),
        number=line.number,
        state=_(_STATES[line.state]),
        who=kit.person(line.started_by),
        when=kit.moment(line.started_at),
    )
    if line.ended_at:
        took = lasted((line.ended_at - line.started_at).total_seconds())
        yield kit.span(_(" · took {time}", time=took))
    if line.ended_by:
        yield from kit.runs(_(" · ended by {who}"), who=kit.person(line.ended_by))


def _attempt(line: AttemptLine) -> str:
    facts = {
        "number": line.number,
        "outcome": _(_OUTCOMES[line.outcome])
        if line.outcome in _OUTCOMES
        else clip(one_line(line.outcome), _TITLE),
        "time": lasted((line.ended_at - line.started_at).total_seconds()),
    }
    if not line.status:
        return _("attempt {number}: {outcome}, took {time}", **facts)
    return _("attempt {number} ({status}): {outcome}, took {time}", status=str(line.status), **facts)
