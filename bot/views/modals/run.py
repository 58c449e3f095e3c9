"""The whole run, in the modal behind "Details": of each step what fits, and a menu that shows one in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.languages import _, ngettext
from bot.slack.ids import ACTION_GRAPH_RUN, ACTION_STEP_DETAILS, VIEW_RUN_DETAILS, Ref
from bot.slack.messages import Block, Element, View
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import fit_view
from bot.views.kit.json_text import json_text
from bot.views.kit.mentions import naming
from bot.views.kit.text import ELLIPSIS, clip, kilobytes, lasted, one_line, weight
from bot.views.kit.values import as_text
from bot.views.modals.plan import details_modal, report, step_blocks
from bot.views.plan.origins import Answers
from bot.views.plan.policies import following, reading
from bot.views.plan.sent import Known, text
from bot.views.run import builtins, leaving, overview, requests
from bot.views.run import steps as run_steps
from bot.views.run.errors import caution, explain_error
from bot.views.run.history import MAX_DETAIL_CHARACTERS, MAX_LINE_CHARACTERS, sections
from bot.views.run.origins import Origins
from bot.views.run.steps import RunStepView
from services.queries.snapshots import History, PlanSnapshot, RunSnapshot, VersionSnapshot
from services.states import StepState

_FIELDS = 40
_FIELD = 300
_WARNINGS = 5
_ADDRESS = 300
_RECORD = 200
_HISTORY_BLOCKS = 9
_OPTIONS, _GROUP = 300, 100
"""Steps in the menu, and in each of its groups (Slack: 100 in a group); a plan has 200 where nobody set more."""

_LEAST = 80
"""An answer that would be cut shorter than this is left out."""


def run_details_modal(snapshot: PlanSnapshot, history: History | None = None) -> View:
    """The run with all that is kept of each step, then its history. A plan without a run shows the plan."""
    run, version = snapshot.run, snapshot.version
    if run is None or version is None:
        return details_modal(snapshot)
    return {
        "type": "modal",
        "callback_id": VIEW_RUN_DETAILS,
        "title": kit.plain(_("Run of plan #{number}", number=str(snapshot.number))),
        "close": kit.plain(_("Close")),
        "blocks": fit_view(lambda longest: _blocks(snapshot, run, version, history, longest)),
    }


def _blocks(
    snapshot: PlanSnapshot, run: RunSnapshot, version: VersionSnapshot, history: History | None, longest: int
) -> list[Block]:
    steps = run_steps.in_order(version, run)
    numbered = run_steps.numbers(steps)
    answers = Answers.of(step.view for step in steps)
    known = leaving.known(snapshot.issue, steps)
    return [
        *report(snapshot, longest),
        kit.header(overview.line(run, steps)),
        kit.context(kit.mrkdwn(overview.standing(run))),
        kit.actions(*_menu(steps, longest), _graph(snapshot, run)),
        *reading(version.citations),
        *step_blocks(steps, longest, lambda step, room: _step(step, numbered, answers, known, room)),
        *_history(snapshot.number, history, version, longest),
    ]


def _graph(snapshot: PlanSnapshot, run: RunSnapshot) -> Element:
    return kit.button(_("Show graph"), ACTION_GRAPH_RUN, Ref(run.id, snapshot.revision).encode())


def _menu(steps: Sequence[RunStepView], longest: int) -> list[Element]:
    """A menu of the steps that have sent or answered anything, each of which it shows in full."""
    telling = [step for step in steps if step.now.request or step.now.output is not None or step.now.is_long]
    longest_title = min(kit.BUTTON, longest // 20)
    groups = []
    for start in range(0, min(len(telling), _OPTIONS), _GROUP):
        group = telling[start : start + _GROUP]
        options = [
            (clip(run_steps.headline(step), longest_title), Ref(step.now.id, step.now.revision).encode())
            for step in group
        ]
        name = _("Steps {first} to {last}", first=group[0].view.number, last=group[-1].view.number)
        groups.append((name, options))
    if not groups:
        return []
    label = _("Show a step in full")
    if len(telling) > _OPTIONS:
        label = _("Show a step in full (the first {count} of {all})", count=_OPTIONS, all=len(telling))
    return [kit.menu(label, ACTION_STEP_DETAILS, groups)]


def _history(plan: int, history: History | None, version: VersionSnapshot, longest: int) -> list[Block]:
    """At most 28 blocks: with those of the steps no more than a view may have."""
    if history is None:
        return []
    lines = _HISTORY_BLOCKS * max(1, longest // MAX_LINE_CHARACTERS)
    return sections(history, version, plan=plan, lines=lines, detail=MAX_DETAIL_CHARACTERS, longest=longest)


def _step(
    step: RunStepView, numbered: Mapping[str, int], answers: Answers, known: Known, room: int
) -> list[Element]:
    """A step's heading and facts, then its answer in what room is left; and where all of it is, if it is cut."""
    heading = clip(run_steps.headline(step), room)
    awaits_answer = step.now.output is None
    most = max(1, (room - weight(heading)) * (4 if awaits_answer else 3) // 5)
    request, ids = _request(step, answers, known, most if awaits_answer else _FIELD)
    said = "\n".join([*facts(step, numbered), *request])
    told = clip(said, most)
    is_cut = step.now.is_long or ELLIPSIS in told
    decided = run_steps.decision(step.now, limit=max(1, room // 6))
    words = [*naming(f"\n{told}", ids), *([kit.span("\n"), *decided] if decided else [])]
    parts = [kit.paragraph(kit.span(heading, bold=True), *words)]
    left = room - weight(heading) - weight(told) - (room // 6 + 60 if decided else 0)
    if step.now.output is not None and left > _LEAST:
        answer = json_text(step.now.output, left)
        is_cut = is_cut or not answer.is_whole
        parts += [kit.paragraph(kit.span(_answered(step))), kit.preformatted(answer.text or kit.EMPTY)]
    elif step.now.is_long:
        said = _("The answer has {size}.", size=kilobytes(step.now.output_size))
        parts.append(kit.paragraph(kit.span(said)))
    if is_cut and left > _LEAST:
        said = _("Cut short here: “Show a step in full” above has more.")
        parts.append(kit.paragraph(kit.span(said)))
    return [*parts, kit.paragraph(kit.span("\n"))]


def _answered(step: RunStepView) -> str:
    if step.now.is_long:
        return _("From an answer of {size}:", size=kilobytes(step.now.output_size))
    return _("Answer:")


def _request(step: RunStepView, answers: Answers, known: Known, field: int) -> tuple[list[str], frozenset[str]]:
    """What is sent, a line each, and the Slack ids in it; a value is at most `field` long."""
    request = step.now.request
    if not request:
        return [], frozenset()
    values = requests.values(step.view, step.spec, request, known, Origins(step.view.step, answers))
    shown = values[:_FIELDS]
    left_out = len(values) - _FIELDS
    more = [ngettext("• …and {count} more value", "• …and {count} more values", left_out)] if left_out > 0 else []
    lines = [
        f"{sends(step)}: {requests.address(request, _ADDRESS)}",
        *(f"• {text(each, field)}" for each in shown),
    ]
    return [*lines, *more], frozenset().union(*(each.ids for each in shown))


def sends(step: RunStepView) -> str:
    """Whether a request is to come, has been made, or never was: "Would send", "Sent" or "Not sent"."""
    if step.now.state in (StepState.WAITING, StepState.READY) and not builtins.standing(step.now):
        return _("Would send")
    return _("Not sent") if step.now.started_at is None else _("Sent")


def facts(step: RunStepView, numbered: Mapping[str, int]) -> Iterator[str]:
    """How a step stands, what went wrong and what is odd, a line each."""
    now = step.now
    yield _tried(step, builtins.standing(now) or run_steps.standing(now))
    if step.view.follows:
        yield following(step.view.follows)
    if now.error:
        yield explain_error(now.error, step.view.component, numbered)
        yield _code(now.error)
    yield from (caution(warning) for warning in now.warnings[:_WARNINGS])


def _tried(step: RunStepView, standing: str) -> str:
    """How it stands, how long the last attempt took if it came to an end by itself, and how many there were."""
    now = step.now
    if now.started_at is None:
        return standing
    itself = now.state in (StepState.DONE, StepState.FAILED) and now.ended_at and not run_steps.reason(now)
    if itself and now.ended_at:
        took = lasted((now.ended_at - now.started_at).total_seconds())
        standing = _("{standing} in {time}", standing=standing, time=took)
    to_come = now.state in (StepState.READY, StepState.WAITING) and not builtins.standing(now)
    attempts = now.attempt - to_come
    return " · ".join([standing, ngettext("{count} attempt", "{count} attempts", attempts)])


def _code(error: Mapping[str, Any]) -> str:
    """An error as it is on record, for whoever runs Mudda."""
    record = ", ".join(f"{name}: {as_text(value)}" for name, value in error.items())
    return clip(one_line(_("On record: {facts}", facts=record)), _RECORD)
