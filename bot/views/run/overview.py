"""A run on the card of its plan: how far it has come, step by step, and the buttons for the whole of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

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
from bot.views.kit.text import clip, count, date, join, lasted, mention, one_line
from bot.views.plan.sent import Known
from bot.views.run import consequences
from bot.views.run import steps as run_steps
from bot.views.run.builtins import is_asking
from bot.views.run.gates import asking, sections
from bot.views.run.leaving import known, leaving
from bot.views.run.steps import RunStepView
from services.queries.snapshots import PlanSnapshot, RunSnapshot, StepSnapshot
from services.states import RunState, StepState

MAX_QUOTE_CHARACTERS = 300
"""Of the report: by now the card is about what is being done."""

_NAME = 60
_GOING = (RunState.RUNNING, RunState.WAITING)

_URGENCY = {
    state: rank
    for rank, states in enumerate(
        (
            (StepState.WAITING, StepState.UNCERTAIN, StepState.FAILED),
            (StepState.RUNNING, StepState.READY),
            (StepState.PENDING,),
        )
    )
    for state in states
}
"""Which steps are shown where not all can be: those that people have to do with, then those under way."""


def line(run: RunSnapshot, steps: Sequence[RunStepView]) -> str:
    """How a run stands, in one line of plain text: "Running · 3 of 8 done"."""
    so_far = progress(run)
    match run.state:
        case RunState.COMPLETED:
            return _done(run)
        case RunState.CANCELLED:
            return f"Cancelled · {so_far}"
        case RunState.FAILED:
            return f"Stopped{_where(steps)} · {so_far}"
    rejected = sum(run_steps.is_rejected(step) for step in run.steps)
    failed = sum(step.state is StepState.FAILED for step in run.steps) - rejected
    counted = [f"{number:,} {word}" for number, word in ((failed, "failed"), (rejected, "rejected")) if number]
    going = _waiting(steps) if run.state is RunState.WAITING else "Running"
    return " · ".join([going, so_far, *counted])


def told(run: RunSnapshot, steps: Sequence[RunStepView], longest: int) -> list[Element]:
    """The same as rich text in whole sentences, with who stopped it and why."""
    stuck = [step for step in steps if step.now.state is StepState.FAILED]
    if run.state is not RunState.FAILED or not stuck:
        return [kit.span(f"{line(run, steps)}.")]
    first = stuck[0]
    why = one_line(run_steps.result(first, run_steps.numbers(steps), longest))
    if len(stuck) > 1 or not run_steps.is_rejected(first.now) or not first.now.decided_by:
        return [kit.span(f"{line(run, steps)}.{f' {why}' if why else ''}")]
    reason = clip(one_line(run_steps.reason(first.now)), longest)
    title = f" rejected “{clip(first.view.title, _NAME)}”{f': “{reason}”' if reason else ''} · {progress(run)}."
    return [
        kit.span(f"Stopped at step {first.view.number:,}: "),
        kit.person(first.now.decided_by),
        kit.span(title),
    ]


def progress(run: RunSnapshot) -> str:
    """E.g. "3 of 8 done"."""
    return f"{run_steps.over(run.steps):,} of {len(run.steps):,} done"


def summary(snapshot: PlanSnapshot, run: RunSnapshot, title: str) -> str:
    """The run in one line, as plain text, for notifications."""
    so_far = f" ({progress(run)})"
    words = {
        RunState.RUNNING: f"is running{so_far}",
        RunState.WAITING: f"{_awaits(run)}{so_far}",
        RunState.COMPLETED: "is done",
        RunState.FAILED: f"{'was rejected' if _is_rejected(run) else 'has failed'}{so_far}",
        RunState.CANCELLED: f"was cancelled{so_far}",
    }
    return f"Plan #{snapshot.number} {words[run.state]}: {title}"


def body(
    snapshot: PlanSnapshot,
    run: RunSnapshot,
    steps: Sequence[RunStepView],
    level: Level,
    most: int,
    *,
    approvers: Sequence[str] | None,
    more: Sequence[Element],
) -> list[Block]:
    """All of a run's card below the report. `more` are buttons that stand beside the run's own.

    `approvers` are those who may decide at a gate; None is anyone.
    """
    buttons = [*_details(snapshot, run), *more, *report(snapshot, run), *_ending(snapshot, run, steps)]
    asked = asking(run, steps, level)
    return [
        *outline(snapshot, run, steps, level, most, asked=asked),
        *sections(asked, steps, level, approvers, known(snapshot.issue, steps)),
        kit.context(kit.mrkdwn(standing(run))),
        *([kit.actions(*buttons)] if buttons else []),
    ]


def outline(
    snapshot: PlanSnapshot,
    run: RunSnapshot,
    steps: Sequence[RunStepView],
    level: Level,
    most: int,
    *,
    asked: Sequence[RunStepView] = (),
) -> list[Block]:
    """The steps as the tasks of a plan block, and what is not among them in numbers.

    Of the steps in `asked` the card says more below, and so less here.
    """
    shown = _pick(steps, most)
    numbered = run_steps.numbers(steps)
    below = {step.view.number for step in asked}
    told = known(snapshot.issue, steps)
    tasks = [_task(step, numbered, level, told, is_bare=step.view.number in below) for step in shown]
    blocks = [kit.plan(clip(line(run, steps), kit.HEADER), tasks)]
    if len(shown) < len(steps):
        blocks.append(kit.context(kit.plain(_left_out(steps, shown))))
    return blocks


def standing(run: RunSnapshot) -> str:
    """Who started the run and who cancelled it, as mrkdwn."""
    again = f" · run {run.number}" if run.number > 1 else ""
    started = f"Started by {mention(run.started_by)} · {date(run.started_at)}{again}"
    if not run.ended_by:
        return started
    when = f" · {date(run.ended_at)}" if run.ended_at else ""
    return f"{started}\nCancelled by {mention(run.ended_by)}{when}"


def details_button(snapshot: PlanSnapshot, run: RunSnapshot) -> Element:
    """The button that opens the run with every request and every answer."""
    return kit.button("Details", ACTION_RUN_DETAILS, Ref(run.id, snapshot.revision).encode())


def report(snapshot: PlanSnapshot, run: RunSnapshot) -> list[Element]:
    """The button that has a run which is over as a file, to be kept or sent on."""
    if run.state not in (RunState.COMPLETED, RunState.CANCELLED):
        return []
    return [kit.button("Report", ACTION_RUN_REPORT, Ref(run.id, snapshot.revision).encode())]


def _is_rejected(run: RunSnapshot) -> bool:
    """Whether a run stands still only because people have said no."""
    stuck = [step for step in run.steps if step.state is StepState.FAILED]
    return bool(stuck) and all(map(run_steps.is_rejected, stuck))


def _done(run: RunSnapshot) -> str:
    took = f" in {lasted((run.ended_at - run.started_at).total_seconds())}" if run.ended_at else ""
    skipped = sum(step.state is StepState.SKIPPED for step in run.steps)
    return f"Done{took}, {count(len(run.steps), 'step')}" + (f", {skipped:,} skipped" if skipped else "")


def _where(steps: Sequence[RunStepView]) -> str:
    failed = [step for step in steps if step.now.state is StepState.FAILED]
    if len(failed) == 1:
        was = "was rejected" if run_steps.is_rejected(failed[0].now) else "failed"
        return f" at step {failed[0].view.number:,}: “{clip(failed[0].view.title, _NAME)}” {was}"
    return f" at steps {join([f'{step.view.number:,}' for step in failed])}" if failed else ""


def _waiting(steps: Sequence[RunStepView]) -> str:
    """Whom a run waits for that nobody but people can help on: "Waiting for approval of step 5"."""
    at_gate = [step for step in steps if step.now.state is StepState.WAITING]
    if len(at_gate) != 1 or any(step.now.state is StepState.UNCERTAIN for step in steps):
        return "Waiting for a person"
    what = "an answer to" if is_asking(at_gate[0].now) else "approval of"
    return f"Waiting for {what} step {at_gate[0].view.number:,}"


def _awaits(run: RunSnapshot) -> str:
    """The same of a run without its plan: "needs approval"."""
    if any(step.state is StepState.UNCERTAIN for step in run.steps):
        return "needs a check: a step may have been done, or not"
    return "needs an answer" if all(map(is_asking, _at_gate(run))) else "needs approval"


def _at_gate(run: RunSnapshot) -> list[StepSnapshot]:
    return [step for step in run.steps if step.state is StepState.WAITING]


def _pick(steps: Sequence[RunStepView], most: int) -> list[RunStepView]:
    """At most so many steps, in order: those that matter most now, then the first ones."""
    if len(steps) <= most:
        return list(steps)
    urgent = sorted(steps, key=lambda step: _URGENCY.get(step.now.state, len(StepState)))
    return sorted(urgent[:most], key=lambda step: step.view.number)


def _left_out(steps: Sequence[RunStepView], shown: Sequence[RunStepView]) -> str:
    states = Counter(step.now.state for step in steps) - Counter(step.now.state for step in shown)
    facts = join(
        [f"{run_steps.STATES[state].lower()}: {number:,}" for state, number in states.most_common()], most=9
    )
    return f"…and {count(len(steps) - len(shown), 'more step')} ({facts})"


def _task(step: RunStepView, numbered: dict[str, int], level: Level, known: Known, *, is_bare: bool) -> Block:
    told = run_steps.in_short(step.now) if is_bare else run_steps.told(step, numbered, level.details)
    return kit.task_card(
        f"step-{step.view.number}",
        run_steps.headline(step, after=True),
        run_steps.STATUS[step.now.state],
        leaving(step, known, level),
        output=told if level.details else (),
    )


def _details(snapshot: PlanSnapshot, run: RunSnapshot) -> list[Element]:
    has_any = any(step.output is not None or step.request or step.error or step.warnings for step in run.steps)
    return [details_button(snapshot, run)] if has_any else []


def _ending(snapshot: PlanSnapshot, run: RunSnapshot, steps: Sequence[RunStepView]) -> list[Element]:
    """The button that ends a run which is not over, or begins another after one that is."""
    ref = Ref(run.id, snapshot.revision).encode()
    if run.state in _GOING:
        ask = kit.confirm(
            f"Cancel the run of plan #{snapshot.number}?",
            consequences.stopping(run, steps),
            yes="Cancel run",
            no="Let it run",
        )
        return [kit.button("Cancel run", ACTION_RUN_CANCEL, ref, style="danger", ask=ask)]
    if run.state is RunState.FAILED:
        ask = kit.confirm(
            f"Stop the run of plan #{snapshot.number}?",
            consequences.stopping(run, steps),
            yes="Stop run",
            no="Not yet",
        )
        return [kit.button("Stop run", ACTION_RUN_STOP, ref, style="danger", ask=ask)]
    return again(snapshot, run)


def _all(run: RunSnapshot) -> str:
    return f"all {count(len(run.steps), 'step')}" if len(run.steps) > 1 else "its step"


def again(snapshot: PlanSnapshot, run: RunSnapshot) -> list[Element]:
    """The button that carries the same version out once more; none while the run, or a call, is under way."""
    is_over = run.state in (RunState.COMPLETED, RunState.CANCELLED)
    if not is_over or any(step.state is StepState.RUNNING for step in run.steps):
        return []
    gates = sum(step.gated for step in run.steps)
    asks = f" {count(gates, 'step')} {'asks' if gates == 1 else 'ask'} for approval again first." if gates else ""
    ask = kit.confirm(
        f"Run plan #{snapshot.number} again?",
        f"This runs {_all(run)} for real once more; what was sent before is sent again.{asks}",
        yes="Run again",
        no="Not now",
        style="primary",
    )
    return [kit.button("Run again", ACTION_RUN_AGAIN, Ref(run.id, snapshot.revision).encode(), ask=ask)]
