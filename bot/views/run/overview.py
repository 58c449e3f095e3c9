"""A run on the card of its plan: how far it has come, step by step, and the buttons for the whole of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import assert_never

from bot.languages import N_, Sentence, _, ngettext, number
from bot.slack.ids import (
    ACTION_RUN_AGAIN,
    ACTION_RUN_CANCEL,
    ACTION_RUN_DETAILS,
    ACTION_RUN_REPORT,
    ACTION_RUN_STOP,
    Ref,
)
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import Level
from bot.views.kit.text import clip, date, join, lasted, mention, one_line, sentences
from bot.views.run import consequences
from bot.views.run import steps as run_steps
from bot.views.run.builtins import is_asking
from bot.views.run.gates import ASKING, asking, sections
from bot.views.run.leaving import known, leaving
from bot.views.run.steps import RunStepView
from services.queries.glances import URGENCY
from services.queries.snapshots import PlanSnapshot, RunSnapshot, StepSnapshot
from services.states import RunState, StepState

MAX_QUOTE_CHARACTERS = 300
"""Of the report: by now the card is about what is being done."""

_NAME = 60
_GOING = (RunState.RUNNING, RunState.WAITING)

_COUNTED = {
    StepState.PENDING: N_("not started: {count}"),
    StepState.READY: N_("about to start: {count}"),
    StepState.RUNNING: N_("under way: {count}"),
    StepState.WAITING: N_("waiting for approval: {count}"),
    StepState.DONE: N_("done: {count}"),
    StepState.SKIPPED: N_("skipped: {count}"),
    StepState.FAILED: N_("failed: {count}"),
    StepState.UNCERTAIN: N_("may have been done, or not: {count}"),
    StepState.CANCELLED: N_("not done: {count}"),
}


def line(run: RunSnapshot, steps: Sequence[RunStepView]) -> str:
    """How a run stands, in one line of plain text: "Running · 3 of 8 done"."""
    so_far = progress(run)
    match run.state:
        case RunState.COMPLETED:
            return _done(run)
        case RunState.CANCELLED:
            cancelled = _("Cancelled")
            return f"{cancelled} · {so_far}"
        case RunState.FAILED:
            return f"{_stopped(steps)} · {so_far}"
    rejected = sum(run_steps.is_rejected(step) for step in run.steps)
    failed = sum(step.state is StepState.FAILED for step in run.steps) - rejected
    labels = [
        _waiting(steps) if run.state is RunState.WAITING else _("Running"),
        so_far,
        _("{count} failed", count=failed) if failed else "",
        _("{count} rejected", count=rejected) if rejected else "",
    ]
    return " · ".join(filter(None, labels))


def told(run: RunSnapshot, steps: Sequence[RunStepView], longest: int) -> list[Element]:
    """The same as rich text in whole sentences, with who stopped it and why."""
    stuck = [step for step in steps if step.now.state is StepState.FAILED]
    if run.state is not RunState.FAILED or not stuck:
        return [kit.span(_("{sentence}.", sentence=line(run, steps)))]
    first = stuck[0]
    why = one_line(run_steps.result(first, run_steps.numbers(steps), longest))
    if len(stuck) > 1 or not run_steps.is_rejected(first.now) or not first.now.decided_by:
        return [kit.span(sentences([_("{sentence}.", sentence=line(run, steps)), why]))]
    reason = clip(one_line(run_steps.reason(first.now)), longest)
    words = (
        N_("Stopped at step {number}: {who} rejected “{title}”: “{reason}” · {progress}.")
        if reason
        else N_("Stopped at step {number}: {who} rejected “{title}” · {progress}.")
    )
    return kit.runs(
        _(words),
        number=first.view.number,
        who=kit.person(first.now.decided_by),
        title=clip(first.view.title, _NAME),
        reason=reason,
        progress=progress(run),
    )


def progress(run: RunSnapshot) -> str:
    """E.g. "3 of 8 done"."""
    return _("{done} of {total} done", done=run_steps.over(run.steps), total=len(run.steps))


def summary(snapshot: PlanSnapshot, run: RunSnapshot, title: str) -> str:
    """The run in one line, as plain text, for notifications."""
    return _(_summary(run), number=str(snapshot.number), progress=progress(run), title=title)


def _summary(run: RunSnapshot) -> Sentence:
    match run.state:
        case RunState.RUNNING:
            return N_("Plan #{number} is running ({progress}): {title}")
        case RunState.WAITING:
            return _awaits(run)
        case RunState.COMPLETED:
            return N_("Plan #{number} is done: {title}")
        case RunState.FAILED if _is_rejected(run):
            return N_("Plan #{number} was rejected ({progress}): {title}")
        case RunState.FAILED:
            return N_("Plan #{number} has failed ({progress}): {title}")
        case RunState.CANCELLED:
            return N_("Plan #{number} was cancelled ({progress}): {title}")
        case _:
            assert_never(run.state)


class RunDrawing:
    """A run, drawn at one level after another until it fits: what is the same at all of them is made once."""

    def __init__(self, snapshot: PlanSnapshot, run: RunSnapshot, steps: Sequence[RunStepView]) -> None:
        self._snapshot, self._run, self._steps = snapshot, run, steps
        self._known = known(snapshot.issue, steps)
        self._numbered = run_steps.numbers(steps)
        self._line = clip(line(run, steps), kit.HEADER)
        self._awaited = [step for step in steps if step.now.state in ASKING]
        self._level: Level | None = None
        self._tasks: dict[tuple[int, bool], Block] = {}

    def body(
        self, level: Level, most: int, *, approvers: Sequence[str] | None, more: Sequence[Element]
    ) -> list[Block]:
        """All of a run's card below the report. `more` are buttons that stand beside the run's own.

        `approvers` are those who may decide at a gate; None is anyone.
        """
        details, ending = self._buttons
        buttons = [*details, *more, *ending]
        asked = asking(self._run, self._awaited, level)
        return [
            *self.outline(level, most, asked=asked),
            *sections(asked, self._steps, level, approvers, self._known),
            kit.context(kit.mrkdwn(self._standing)),
            *([kit.actions(*buttons)] if buttons else []),
        ]

    def outline(self, level: Level, most: int, *, asked: Sequence[RunStepView] = ()) -> list[Block]:
        """The steps as the tasks of a plan block, and what is not among them in numbers.

        Of the steps in `asked` the card says more below, and so less here.
        """
        shown = self._pick(most)
        below = {step.view.number for step in asked}
        tasks = [self._task(step, level, is_bare=step.view.number in below) for step in shown]
        blocks = [kit.plan(self._line, tasks)]
        if len(shown) < len(self._steps):
            blocks.append(kit.context(kit.plain(self._left_out(shown))))
        return blocks

    def _pick(self, most: int) -> Sequence[RunStepView]:
        """At most so many steps, in order: those that matter most now, then the first ones."""
        if len(self._steps) <= most:
            return self._steps
        return sorted(self._urgent[:most], key=lambda step: step.view.number)

    def _left_out(self, shown: Sequence[RunStepView]) -> str:
        states = self._states - Counter(step.now.state for step in shown)
        facts = join([_(_COUNTED[state], count=found) for state, found in states.most_common()], most=9)
        left_out = len(self._steps) - len(shown)
        return ngettext(
            "…and {count} more step ({facts})", "…and {count} more steps ({facts})", left_out, facts=facts
        )

    def _task(self, step: RunStepView, level: Level, *, is_bare: bool) -> Block:
        if level is not self._level:
            self._level, self._tasks = level, {}
        key = step.view.number, is_bare
        if key not in self._tasks:
            told = run_steps.in_short(step.now) if is_bare else run_steps.told(step, self._numbered, level.details)
            self._tasks[key] = kit.task_card(
                f"step-{step.view.number}",
                run_steps.headline(step, after=True),
                run_steps.STATUS[step.now.state],
                leaving(step, self._known, level),
                output=told if level.details else (),
            )
        return self._tasks[key]

    @cached_property
    def _buttons(self) -> tuple[list[Element], list[Element]]:
        details = _details(self._snapshot, self._run)
        ending = _ending(self._snapshot, self._run, self._steps)
        return details, [*report(self._snapshot, self._run), *ending]

    @cached_property
    def _standing(self) -> str:
        return standing(self._run)

    @cached_property
    def _urgent(self) -> Sequence[RunStepView]:
        return sorted(self._steps, key=lambda step: URGENCY[step.now.state])

    @cached_property
    def _states(self) -> Counter[StepState]:
        return Counter(step.now.state for step in self._steps)


def standing(run: RunSnapshot) -> str:
    """Who started the run and who cancelled it, as mrkdwn."""
    labels = [_("Started by {who}", who=mention(run.started_by)), date(run.started_at)]
    if run.number > 1:
        labels.append(_("run {number}", number=str(run.number)))
    started = " · ".join(labels)
    if not run.ended_by:
        return started
    when = f" · {date(run.ended_at)}" if run.ended_at else ""
    cancelled = _("Cancelled by {who}", who=mention(run.ended_by))
    return f"{started}\n{cancelled}{when}"


def details_button(snapshot: PlanSnapshot, run: RunSnapshot) -> Element:
    """The button that opens the run with every request and every answer."""
    return kit.button(_("Details"), ACTION_RUN_DETAILS, Ref(run.id, snapshot.revision).encode())


def report(snapshot: PlanSnapshot, run: RunSnapshot) -> list[Element]:
    """The button that has a run which is over as a file, to be kept or sent on."""
    if run.state not in (RunState.COMPLETED, RunState.CANCELLED):
        return []
    return [kit.button(_("Report"), ACTION_RUN_REPORT, Ref(run.id, snapshot.revision).encode())]


def _is_rejected(run: RunSnapshot) -> bool:
    """Whether a run stands still only because people have said no."""
    stuck = [step for step in run.steps if step.state is StepState.FAILED]
    return bool(stuck) and all(map(run_steps.is_rejected, stuck))


def _done(run: RunSnapshot) -> str:
    skipped = sum(step.state is StepState.SKIPPED for step in run.steps)
    labels = [
        _("Done in {time}", time=lasted((run.ended_at - run.started_at).total_seconds()))
        if run.ended_at
        else _("Done"),
        ngettext("{count} step", "{count} steps", len(run.steps)),
        _("{count} skipped", count=skipped) if skipped else "",
    ]
    return ", ".join(filter(None, labels))


def _stopped(steps: Sequence[RunStepView]) -> str:
    """Where a run has stopped: "Stopped at step 3: “Send a crew” failed"."""
    failed = [step for step in steps if step.now.state is StepState.FAILED]
    if not failed:
        return _("Stopped")
    if len(failed) > 1:
        return _("Stopped at steps {numbers}", numbers=join([number(step.view.number) for step in failed]))
    words = (
        N_("Stopped at step {number}: “{title}” was rejected")
        if run_steps.is_rejected(failed[0].now)
        else N_("Stopped at step {number}: “{title}” failed")
    )
    return _(words, number=failed[0].view.number, title=clip(failed[0].view.title, _NAME))


def _waiting(steps: Sequence[RunStepView]) -> str:
    """Whom a run waits for that nobody but people can help on: "Waiting for approval of step 5"."""
    at_gate = [step for step in steps if step.now.state is StepState.WAITING]
    if len(at_gate) != 1 or any(step.now.state is StepState.UNCERTAIN for step in steps):
        return _("Waiting for a person")
    words = (
        N_("Waiting for an answer to step {number}")
        if is_asking(at_gate[0].now)
        else N_("Waiting for approval of step {number}")
    )
    return _(words, number=at_gate[0].view.number)


def _awaits(run: RunSnapshot) -> Sentence:
    """The same of a run without its plan."""
    if any(step.state is StepState.UNCERTAIN for step in run.steps):
        return N_("Plan #{number} needs a check: a step may have been done, or not ({progress}): {title}")
    if all(map(is_asking, _at_gate(run))):
        return N_("Plan #{number} needs an answer ({progress}): {title}")
    return N_("Plan #{number} needs approval ({progress}): {title}")


def _at_gate(run: RunSnapshot) -> list[StepSnapshot]:
    return [step for step in run.steps if step.state is StepState.WAITING]


def _details(snapshot: PlanSnapshot, run: RunSnapshot) -> list[Element]:
    has_any = any(step.output is not None or step.request or step.error or step.warnings for step in run.steps)
    return [details_button(snapshot, run)] if has_any else []


def _ending(snapshot: PlanSnapshot, run: RunSnapshot, steps: Sequence[RunStepView]) -> list[Element]:
    """The button that ends a run which is not over, or begins another after one that is."""
    ref = Ref(run.id, snapshot.revision).encode()
    if run.state in _GOING:
        ask = kit.confirm(
            _("Cancel the run of plan #{number}?", number=str(snapshot.number)),
            consequences.stopping(run, steps),
            yes=_("Cancel run"),
            no=_("Let it run"),
        )
        return [kit.button(_("Cancel run"), ACTION_RUN_CANCEL, ref, style="danger", ask=ask)]
    if run.state is RunState.FAILED:
        ask = kit.confirm(
            _("Stop the run of plan #{number}?", number=str(snapshot.number)),
            consequences.stopping(run, steps),
            yes=_("Stop run"),
            no=_("Not yet"),
        )
        return [kit.button(_("Stop run"), ACTION_RUN_STOP, ref, style="danger", ask=ask)]
    return again(snapshot, run)


def again(snapshot: PlanSnapshot, run: RunSnapshot) -> list[Element]:
    """The button that carries the same version out once more; none while the run, or a call, is under way."""
    is_over = run.state in (RunState.COMPLETED, RunState.CANCELLED)
    if not is_over or any(step.state is StepState.RUNNING for step in run.steps):
        return []
    gates = sum(step.gated for step in run.steps)
    again = ngettext(
        "This runs its step for real once more; what was sent before is sent again.",
        "This runs all {count} steps for real once more; what was sent before is sent again.",
        len(run.steps),
    )
    asks = ngettext(
        "{count} step asks for approval again first.", "{count} steps ask for approval again first.", gates
    )
    ask = kit.confirm(
        _("Run plan #{number} again?", number=str(snapshot.number)),
        sentences([again, asks if gates else ""]),
        yes=_("Run again"),
        no=_("Not now"),
        style="primary",
    )
    return [kit.button(_("Run again"), ACTION_RUN_AGAIN, Ref(run.id, snapshot.revision).encode(), ask=ask)]
