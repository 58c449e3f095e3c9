"""The graph of a plan or of a run: its steps as boxes, and what comes after what as arrows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.languages import N_, _
from bot.views.kit.text import clip, join
from bot.views.pictures.words import local, title_of
from bot.views.plan import steps as plan_steps
from bot.views.plan.overview import STATES, title
from bot.views.plan.steps import PlanStepView
from bot.views.run import builtins, overview
from bot.views.run import steps as run_steps
from bot.views.run.steps import RunStepView
from services.pictures.model import Arrow, Box, Graph, Look, Sign
from services.plans.model import references
from services.queries.snapshots import PlanSnapshot
from services.states import StepState

MAX_ALT_CHARACTERS = 900
"""Of what stands for a picture where it can't be seen (Slack: 1,000)."""

LOOKS: Mapping[StepState, Look] = {
    StepState.PENDING: Look.PENDING,
    StepState.READY: Look.PENDING,
    StepState.RUNNING: Look.RUNNING,
    StepState.WAITING: Look.WAITING,
    StepState.DONE: Look.DONE,
    StepState.SKIPPED: Look.SKIPPED,
    StepState.FAILED: Look.FAILED,
    StepState.UNCERTAIN: Look.UNCERTAIN,
    StepState.CANCELLED: Look.CANCELLED,
}
"""How a step of a run is drawn."""

_MARKS: Mapping[Look, str] = {
    Look.DONE: N_("done"),
    Look.RUNNING: N_("under way"),
    Look.WAITING: N_("waits for a person"),
    Look.FAILED: N_("failed or rejected"),
    Look.UNCERTAIN: N_("not known whether it was done"),
    Look.SKIPPED: N_("skipped"),
    Look.PENDING: N_("not started"),
    Look.CANCELLED: N_("not done"),
}
_GATE = N_("A person must agree first")
_TOLD = (StepState.SKIPPED, StepState.FAILED, StepState.UNCERTAIN)
_LEFT_OUT = (Look.SKIPPED, Look.CANCELLED)
_NOTE = 140


def graph(snapshot: PlanSnapshot, now: datetime, zone: ZoneInfo) -> Graph | None:
    """The run if there is one, else the plan; None where there are no steps."""
    version, run = snapshot.version, snapshot.run
    if version is None or not version.plan.steps:
        return None
    as_of = _("as of {time} ({zone})", time=local(now, zone), zone=zone.key)
    if run is None:
        views = plan_steps.in_order(version)
        standing = f"{_(STATES[snapshot.state])} · {plan_steps.shape(views)} · {as_of}"
        return _graph(snapshot, standing, views, [_planned(view) for view in views])
    steps = run_steps.in_order(version, run)
    numbered = run_steps.numbers(steps)
    standing = " · ".join([_("Run {number}", number=str(run.number)), overview.line(run, steps), as_of])
    return _graph(snapshot, standing, [s.view for s in steps], [_under_way(step, numbered) for step in steps])


def _graph(snapshot: PlanSnapshot, standing: str, views: Sequence[PlanStepView], boxes: Sequence[Box]) -> Graph:
    looks = {box.number: box.look for box in boxes}
    arrows = tuple(_arrows(views, looks))
    name = title_of(snapshot.number, title(snapshot))
    return Graph(
        title=name,
        standing=standing,
        boxes=tuple(boxes),
        arrows=arrows,
        legend=tuple(_legend(boxes, arrows)),
        several=_("{count} steps"),
        alt=described(_("Graph of plan {name}. {standing}.", name=name, standing=standing), boxes, views),
    )


def _planned(view: PlanStepView) -> Box:
    return Box(
        number=view.number,
        label=f"{view.number}.",
        title=view.title,
        note=_condition(view),
        gated=view.locked,
        gate=_(_GATE) if view.locked else "",
    )


def _under_way(step: RunStepView, numbered: Mapping[str, int]) -> Box:
    view, now = step.view, step.now
    told = run_steps.result(step, numbered, _NOTE) if now.state in _TOLD else ""
    is_open = now.gated and now.decided_by is None and now.state in (StepState.PENDING, StepState.WAITING)
    state = builtins.standing(now) or run_steps.standing(now)
    return Box(
        number=view.number,
        label=f"{view.number}.",
        title=view.title,
        look=LOOKS[now.state],
        state=state,
        note=told or _condition(view),
        gated=now.gated,
        gate=_(_GATE) if is_open and now.state is StepState.PENDING else "",
    )


def _condition(view: PlanStepView) -> str:
    """When it is carried out at all, if not always."""
    any_of = _("If any of the steps before it was carried out.") if view.step.needs == "any" else ""
    return clip(" ".join(filter(None, (view.condition, any_of))), _NOTE)


def _arrows(views: Sequence[PlanStepView], looks: Mapping[int, Look]) -> Iterator[Arrow]:
    numbers = {view.step.step_id: view.number for view in reversed(views)}
    for view in views:
        sources = {numbers.get(reference.source) for reference in references(view.step)}
        for earlier in view.waits_for:
            if earlier in looks:
                faded = looks[earlier] in _LEFT_OUT or looks[view.number] in _LEFT_OUT
                yield Arrow(earlier, view.number, carries=earlier in sources, faded=faded)


def _legend(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> Iterator[Sign]:
    """Only what there is to be seen."""
    shown = {box.look for box in boxes}
    yield from (Sign(look, _(words)) for look, words in _MARKS.items() if look in shown)
    if any(box.gated for box in boxes):
        yield Sign("gate", _("a person must agree first"))
    if any(arrow.carries for arrow in arrows):
        yield Sign("value", _("uses what the step before found"))
    if not all(arrow.carries for arrow in arrows):
        yield Sign("order", _("only comes after it"))


def described(head: str, boxes: Sequence[Box], views: Sequence[PlanStepView]) -> str:
    """The graph in words: how many steps stand how, then each step, as far as there is room."""
    states = Counter(box.state for box in boxes if box.state)
    counted = join([f"{state}: {number}" for state, number in states.most_common()], most=len(states) or 1)
    told = [_told(box, view) for box, view in zip(boxes, views, strict=True)]
    lines = [head, *([f"{counted}."] if counted else []), *told]
    return clip(" ".join(lines), MAX_ALT_CHARACTERS)


def _told(box: Box, view: PlanStepView) -> str:
    title = box.title
    if view.waits_for:
        title = _("{title} after {numbers}", title=title, numbers=join([str(each) for each in view.waits_for]))
    state = f": {box.state}" if box.state else ""
    asks = _("a person must agree first")
    return f"{box.label} {title}{state}{f' ({asks})' if box.gate else ''}."
