"""A dry run in the thread of its card: each request that would be sent, and why one could not be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.languages import N_, Sentence, _, ngettext
from bot.slack.ids import METADATA_DRY_RUN
from bot.slack.messages import Block, Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import LEVELS, Level
from bot.views.kit.mentions import ids_in, naming
from bot.views.kit.text import clip, date, join, mention, sentences
from bot.views.plan import steps as plan_steps
from bot.views.plan.conditions import skipped
from bot.views.plan.faults import Names, explain_fault
from bot.views.plan.sent import Known, lines
from bot.views.plan.steps import LOCK, PlanStepView
from bot.views.plan.values import field_words
from bot.views.run import requests
from bot.views.run.answers import answer_summary
from bot.views.run.errors import explain_error
from services.components.specs import ComponentSpec
from services.plans.model import Issue
from services.plans.references import Reference, parse
from services.queries.snapshots import PlanSnapshot, VersionSnapshot
from services.runs.dry_runs import DryRun, StepForecast, StepVerdict, mark

NOTHING = N_("Dry run: nothing was changed")

_PAGES = 10
"""The most messages that one dry run is worth: a longer one says less of each step, and then of fewer."""

_EACH = 40
_FRAME = 2_500
"""Of a message, in bytes as `size` counts: what the heading, the faults and the ends take."""

_FAULT = 200
_NAME = 80
_INTRODUCTIONS: Mapping[StepVerdict, tuple[Sentence, Sentence]] = {
    StepVerdict.WOULD_SEND: (N_("Would send to “{component}”."), N_("Would send to “{component}”:")),
    StepVerdict.WOULD_WAIT: (N_("Would wait."), N_("Would wait:")),
    StepVerdict.READ: (N_("Looked up for real (read-only)."), N_("Looked up for real (read-only):")),
    StepVerdict.NOT_READ: (N_("Would look up."), N_("Would look up:")),
    StepVerdict.WOULD_FAIL: (
        N_("Would send to “{component}”, if it could."),
        N_("Would send to “{component}”, if it could:"),
    ),
    StepVerdict.WOULD_SKIP: (
        N_("Would send to “{component}”, if it were needed."),
        N_("Would send to “{component}”, if it were needed:"),
    ),
}
"""What would be done with a step, alone and before the values."""

_HELD: Mapping[str, Sentence] = {
    "host": N_("It does not answer at the moment, so it was not asked. In a run this step waits until it does."),
    "rate": N_("It may be called only so often, so it was not asked now. In a run this step waits its turn."),
    "busy": N_("It is busy at the moment, so it was not asked. In a run this step waits its turn."),
}
"""Why a look-up was not made."""


@dataclass(frozen=True, slots=True)
class _Step:
    view: PlanStepView
    now: StepForecast
    spec: ComponentSpec | None


def dry_run(snapshot: PlanSnapshot, version: VersionSnapshot, found: DryRun) -> list[Message]:
    """The messages of a dry run of a version, in order, each marked as such and known by its metadata."""
    steps = _in_order(version, found)
    pages, left_out = _pages(snapshot.issue, steps)
    return [
        _message(snapshot, found, steps, [*page, *_faults(version, found)] if number == 1 else page, number, rest)
        for number, page in enumerate(pages, start=1)
        for rest in [left_out if number == len(pages) else 0]
    ]


def _in_order(version: VersionSnapshot, found: DryRun) -> list[_Step]:
    forecasts = {step.step_id: step for step in found.steps}
    return [
        _Step(view, forecasts[view.step.step_id], version.components.get(view.step.component_id))
        for view in plan_steps.in_order(version)
        if view.step.step_id in forecasts
    ]


def _message(
    snapshot: PlanSnapshot,
    found: DryRun,
    steps: Sequence[_Step],
    blocks: Sequence[Block],
    number: int,
    left_out: int,
) -> Message:
    nothing, totals = _(NOTHING), _totals(steps)
    said = _("Dry run: nothing was changed. Plan #{number}: {totals}", number=str(snapshot.number), totals=totals)
    rest = ngettext(
        "…and {count} more step. Dry run: nothing was changed.",
        "…and {count} more steps. Dry run: nothing was changed.",
        left_out,
    )
    more = [kit.context(kit.plain(rest))] if left_out else []
    labels = [
        nothing,
        _("asked for by {who}", who=mention(found.user)),
        date(found.at),
        _("version {number}", number=str(found.version)),
    ]
    drawn = [
        kit.header(f"#{snapshot.number} {nothing}"),
        *([kit.rich_text(kit.paragraph(kit.span(totals)))] if number == 1 else []),
        *blocks,
        *more,
        kit.context(kit.mrkdwn(" · ".join(labels))),
    ]
    return Message(
        text=kit.fallback(said),
        blocks=kit.seal(drawn, f"dry_run.{number}"),
        metadata={"event_type": METADATA_DRY_RUN, "event_payload": {"dry_run": str(found.id), "page": number}},
    )


def _totals(steps: Sequence[_Step]) -> str:
    fates = Counter(step.now.fate for step in steps)
    gates = sum(step.now.gated for step in steps)
    words = [
        (fates[StepVerdict.WOULD_SEND], N_("{count} would be sent")),
        (fates[StepVerdict.WOULD_WAIT], N_("{count} would wait")),
        (fates[StepVerdict.READ], N_("{count} looked up for real")),
        (fates[StepVerdict.NOT_READ], N_("{count} would be looked up")),
        (fates[StepVerdict.WOULD_FAIL], N_("{count} would fail")),
        (fates[StepVerdict.WOULD_SKIP], N_("{count} would be skipped")),
    ]
    said = join([_(what, count=number) for number, what in words if number])
    asks = _("{count} would need approval first.", count=gates)
    fails = _("What waits for a step that fails would not start.")
    return sentences(
        [
            ngettext("Of {count} step: {facts}.", "Of {count} steps: {facts}.", len(steps), facts=said),
            asks if gates else _("None would need approval first."),
            fails if fates[StepVerdict.WOULD_FAIL] else "",
        ]
    )


def _faults(version: VersionSnapshot, found: DryRun) -> list[Block]:
    """What is wrong with the plan as a whole, with its components as they are now."""
    if not found.faults:
        return []
    steps = plan_steps.in_order(version)
    names = Names(
        steps={
            step.step.step_id: _("step {number} ({title})", number=step.number, title=clip(step.title, 45))
            for step in steps
        },
        components={key: spec.name for key, spec in version.components.items()},
    )
    told = explain_fault(found.faults, 5, limit=_FAULT, names=names)
    return [kit.rich_text(kit.paragraph(kit.span(_("It would no longer be valid"), bold=True)), kit.bullets(told))]


def _pages(issue: Issue, steps: Sequence[_Step]) -> tuple[list[list[Block]], int]:
    """The steps in as many messages as they take, and how many are left out at the end."""
    numbered = {step.now.step_id: step.view.number for step in steps}
    answers = {step.now.step_id: step.now.output for step in steps if step.now.fate is StepVerdict.READ}
    known = Known(issue, numbered, answers)
    for level in LEVELS:
        pages = _packed([_fitted(step, numbered, known, level) for step in steps])
        if len(pages) <= _PAGES:
            return pages, 0
    shown = pages[:_PAGES]
    return shown, len(steps) - sum(map(len, shown))


def _packed(blocks: Sequence[Block]) -> list[list[Block]]:
    pages: list[list[Block]] = [[]]
    room = kit.MESSAGE_SIZE - _FRAME
    for block in blocks:
        size = kit.size([block])
        if pages[-1] and (size > room or len(pages[-1]) == _EACH):
            pages.append([])
            room = kit.MESSAGE_SIZE - _FRAME
        pages[-1].append(block)
        room -= size
    return pages


def _fitted(step: _Step, numbered: Mapping[str, int], known: Known, level: Level) -> Block:
    """A step at this level, or at the next one at which it fits a message."""
    for shorter in LEVELS[LEVELS.index(level) :]:
        block = kit.rich_text(*_drawn(step, numbered, known, shorter))
        if kit.size([block]) <= kit.MESSAGE_SIZE - _FRAME:
            break
    return block


def _drawn(step: _Step, numbered: Mapping[str, int], known: Known, level: Level) -> Iterator[Element]:
    now, view = step.now, step.view
    lock = f"{LOCK} " if now.gated else ""
    heading = kit.span(f"{view.number:,}. {lock}{clip(view.title, _NAME)}", bold=True)
    said = [kit.span(f"\n{line}") for line in _said(step, numbered, level)]
    request = _in_words(now, numbered)
    if request is None:
        yield kit.paragraph(heading, *said)
        return
    values = requests.values(view, step.spec, request, known, is_made=False)
    drawn = lines(values, level.fields, level.field)
    alone, before_values = _INTRODUCTIONS[now.fate]
    introduction = before_values if drawn else alone
    words = _(introduction, component=clip(view.component, _NAME))
    yield kit.paragraph(heading, *said, kit.span(f"\n{words}"))
    if drawn:
        yield kit.listed(drawn)
    if now.fate is StepVerdict.READ:
        answer = answer_summary(now.output, step.spec, limit=level.field) or _("nothing that fits a line")
        yield kit.paragraph(*naming(_("Answered: {answer}", answer=answer), ids_in(now.output)))


def _said(step: _Step, numbered: Mapping[str, int], level: Level) -> Iterator[str]:
    now = step.now
    if now.skip is not None:
        why = clip(skipped(now.skip, numbered, step.view.waits_for), 3 * level.field)
        yield sentences([_("Would be skipped."), why])
    elif step.view.condition:
        yield clip(step.view.condition, 2 * level.field)
    if now.error:
        why = clip(explain_error(now.error, step.view.component, numbered), 3 * level.field)
        yield sentences([_("Would fail."), why])
    if now.held:
        yield _(_HELD[now.held])
    if now.gated:
        yield _("Would need approval first.")
    if now.awaits:
        wanted = join([_awaited(reference, numbered) for reference in now.awaits])
        yield clip(_("Known only once it runs: {values}.", values=wanted), 2 * level.field)


def _in_words(now: StepForecast, numbered: Mapping[str, int]) -> dict[str, Any] | None:
    """The request, with words where values are not known yet."""
    if now.request is None:
        return None
    words = {mark(reference): _value(reference, numbered) for reference in now.awaits}
    in_url = {quote(marked, safe=""): said for marked, said in words.items()}
    return {
        name: _replaced(value, {**words, **in_url} if name == "url" else words)
        for name, value in now.request.items()
    }


def _replaced(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for marked, said in words.items():
            value = value.replace(marked, said)
        return value
    if isinstance(value, Mapping):
        return {_replaced(name, words): _replaced(inner, words) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, words) for inner in value]
    return value


def _awaited(reference: str, numbered: Mapping[str, int]) -> str:
    """`{{order.work_order_id}}` is "work order id (step 3)"."""
    parts = parse(reference)
    found = parts[0] if parts and isinstance(parts[0], Reference) else None
    if found is None or found.source not in numbered:
        return _value(reference, numbered).strip("()")
    return _("{what} (step {number})", what=field_words(found), number=numbered[found.source])


def _value(reference: str, numbered: Mapping[str, int]) -> str:
    """`{{order.work_order_id}}` is "(the work order id from step 3)"."""
    return f"({plan_steps.in_words(reference, numbered).strip('[]')})"
