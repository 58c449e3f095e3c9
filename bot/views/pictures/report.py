"""The report of a run: what was reported, who decided what, what was sent and what came back.

It is posted where all of a channel can read it. So what may open a door is masked, as on the card; the secrets
with which components are called were never in what is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.languages import _, ngettext, spoken
from bot.views.kit.json_text import json_text
from bot.views.kit.text import clean, clip, in_quotes, kilobytes, one_line, sentences
from bot.views.modals.run import facts, sends
from bot.views.pictures.graph import LOOKS, graph
from bot.views.pictures.words import Names, flat, local, named, who
from bot.views.plan import policies
from bot.views.plan.origins import Answers
from bot.views.plan.overview import made_by, title, warnings
from bot.views.plan.sent import Known, text
from bot.views.plan.urgency import urgency_words
from bot.views.run import builtins, leaving, overview, requests
from bot.views.run import steps as run_steps
from bot.views.run.answers import is_untold
from bot.views.run.history import decision_words
from bot.views.run.origins import Origins
from bot.views.run.steps import RunStepView
from services.components.builtins import ASK_PERSON
from services.connectors.redaction import REPLACEMENT
from services.pictures.model import Entry, Report, Section
from services.queries.snapshots import DecisionLine, History, PlanSnapshot, RunSnapshot, VersionSnapshot
from services.steps.waits import people_asked

_ISSUE = 8_000
_REASON = 400
_ALL_STEPS = 240_000
"""Of all that steps sent and answered, in characters: about 100 pages."""

_STEP, _LEAST_STEP = 6_000, 400
_FIELDS, _FIELD = 60, 800
_WARNINGS = 20
_DEEPEST = 30


def people(snapshot: PlanSnapshot, history: History) -> tuple[str, ...]:
    """The ids of the people whom the report names, each once."""
    run = snapshot.run
    steps = run.steps if run else ()
    found = [
        snapshot.issue.reporter,
        snapshot.decided_by,
        *((run.started_by, run.ended_by) if run else ()),
        *(line.user for line in history.decisions),
        *(
            user
            for step in steps
            for user in (step.decided_by, *step.agreed, (step.wait or {}).get("answered_by"))
        ),
        *(asked["person"] for step in steps for asked in people_asked(step.wait)),
    ]
    return tuple(dict.fromkeys(user for user in found if user))


def report(
    snapshot: PlanSnapshot,
    history: History,
    *,
    names: Names,
    town: str,
    asked_by: str,
    now: datetime,
    zone: ZoneInfo,
) -> Report | None:
    """The report of the run in the snapshot; None where there is no run. `names` may lack some of `people`."""
    run, version = snapshot.run, snapshot.version
    if run is None or version is None:
        return None
    steps = run_steps.in_order(version, run)
    numbers = {"number": str(snapshot.number), "run": str(run.number)}
    of = _("plan #{number}, run {run}", **numbers)
    made = _("made {time} ({zone}) for {who}", time=local(now, zone), zone=zone.key, who=who(asked_by, names))
    whole = _Whole(
        run_steps.numbers(steps),
        Answers.of(step.view for step in steps),
        leaving.known(snapshot.issue, steps),
        room=max(_LEAST_STEP, min(_STEP, _ALL_STEPS // (len(steps) or 1))),
    )
    decided = list(_decisions(snapshot, run, history, version, steps, names, zone))
    left_out = history.all_decisions - len(history.decisions)
    return Report(
        title=_("Report on plan #{number}, run {run}", **numbers),
        standing=f"{one_line(title(snapshot))} · {overview.line(run, steps)}",
        footer=f"{one_line(town)} · {of} · {made}",
        page=_("Page {page} of {pages}"),
        sections=(
            _reported(snapshot, steps, names, zone),
            _planned(version, steps),
            Section(
                _("Who decided what"),
                events=tuple(decided),
                lines=(_earlier(left_out),) if left_out > 0 else (),
            ),
            Section(_("The plan as a picture"), has_graph=True),
            Section(
                _("What was done"),
                lines=(
                    _(
                        "Times are those of {zone}. “mudda export {number}.{run}” has all of it.",
                        zone=zone.key,
                        **numbers,
                    ),
                ),
                steps=tuple(_entry(step, whole, names, zone) for step in steps),
            ),
        ),
        graph=graph(snapshot, now, zone),
        too_large=_("The plan has too many steps for one picture that can be read; they are listed below."),
        language=spoken().code,
    )


def _earlier(decisions: int) -> str:
    return ngettext(
        "{count} earlier decision is not shown.", "{count} earlier decisions are not shown.", decisions
    )


def _reported(snapshot: PlanSnapshot, steps: Sequence[RunStepView], names: Names, zone: ZoneInfo) -> Section:
    issue = snapshot.issue
    channel = names.get(snapshot.channel_id)
    given = [
        (_("Reported by"), who(issue.reporter, names)),
        (_("When"), f"{local(snapshot.created_at, zone)} ({zone.key})"),
        (_("Channel"), f"#{channel}" if channel else _("a private conversation")),
        (_("Place"), one_line(issue.place or "")),
        (_("Urgency"), one_line(urgency_words(issue.urgency))),
        (_("Pictures"), ", ".join(_pictures(steps))),
    ]
    return Section(
        _("What was reported"),
        quote=clip(issue.text, _ISSUE),
        facts=tuple((label, value) for label, value in given if value),
    )


def _pictures(steps: Sequence[RunStepView]) -> Iterator[str]:
    """The names of the photos that people have sent, with the step that asked for them."""
    for step in steps:
        output = step.now.output
        if step.view.step.component_id == ASK_PERSON and isinstance(output, Mapping):
            for file in output.get("files") or ():
                name = clip(one_line(str(file.get("name"))), 80)
                yield _("{name} (step {number})", name=name, number=step.view.number)


def _planned(version: VersionSnapshot, steps: Sequence[RunStepView]) -> Section:
    notes = warnings(version, [step.view for step in steps], _WARNINGS)
    cited = [policies.name(citation) for citation in version.citations]
    return Section(
        _("The plan"),
        lines=tuple(filter(None, (clean(version.plan.description), made_by(version) + "."))),
        facts=tuple(
            (label, "\n".join(lines))
            for label, lines in ((_("Policies"), cited), (_("Please note"), notes))
            if lines
        ),
    )


def _decisions(
    snapshot: PlanSnapshot,
    run: RunSnapshot,
    history: History,
    version: VersionSnapshot,
    steps: Sequence[RunStepView],
    names: Names,
    zone: ZoneInfo,
) -> Iterator[tuple[str, str, str]]:
    titles = {step.view.step.step_id: f"{step.view.number}. {step.view.title}" for step in steps}
    if snapshot.decided_at:
        what = _("Approved the plan (version {version})", version=str(version.version))
        yield local(snapshot.decided_at, zone), who(snapshot.decided_by, names), what
    started = _("Started run {number}", number=str(run.number))
    yield local(run.started_at, zone), who(run.started_by, names), started
    for line in history.decisions:
        yield local(line.at, zone), who(line.user, names), _decided(line, titles, names)
    if run.ended_at:
        by = who(run.ended_by, names) if run.ended_by else ""
        yield local(run.ended_at, zone), by, _("Ended: {how}", how=overview.line(run, steps))


def _decided(line: DecisionLine, titles: Mapping[str, str], names: Names) -> str:
    step = titles.get(line.step_id or "") or _("a step")
    about = f": {step}" if line.step_id else ""
    reason = f": {in_quotes(clip(named(one_line(line.reason), names), _REASON))}" if line.reason else ""
    return f"{decision_words(line.kind)}{about}{reason}"


@dataclass(frozen=True, slots=True)
class _Whole:
    """What is told of each step by what all of them are: made once, for a run may have thousands.

    `room` is for what a step sent and answered, in characters.
    """

    numbers: Mapping[str, int]
    answers: Answers
    known: Known
    room: int


def _entry(step: RunStepView, whole: _Whole, names: Names, zone: ZoneInfo) -> Entry:
    now, view, room = step.now, step.view, whole.room
    request = dict(now.request) if now.request else None
    origins = Origins(view.step, whole.answers)
    shown = json_text(masked(now.output), room) if now.output is not None else None
    answered = "" if shown is None else _("Answer")
    if shown is not None and (now.is_long or not shown.is_whole):
        answered = _("Answer (cut: {size})", size=kilobytes(now.output_size))
    return Entry(
        label=f"{view.number}.",
        title=view.title,
        look=LOOKS[now.state],
        state=builtins.standing(now) or run_steps.standing(now),
        lines=tuple(clip(named(line, names), room) for line in _told(step, whole.numbers, names, zone)),
        sent=f"{sends(step)}: {requests.address(request, 300)}" if request else "",
        fields=tuple(
            named(line, names)
            for line in (_sent(step, _masked_request(request), whole.known, origins, room) if request else ())
        ),
        answered=answered,
        answer=named(shown.text, names) if shown else "",
    )


def _told(step: RunStepView, numbered: Mapping[str, int], names: Names, zone: ZoneInfo) -> Iterator[str]:
    """What it uses and when, how it stands, what is odd about it, who decided."""
    now = step.now
    began = _("Began {time}.", time=local(now.started_at, zone)) if now.started_at else ""
    yield sentences([_("Uses {component}.", component=step.view.component), began, step.view.condition])
    yield from facts(step, numbered)
    if told := builtins.told(now, step.view.step, _REASON):
        yield flat(told, names, zone)
    elif now.skip is not None:
        yield run_steps.result(step, numbered, _REASON)
    if decided := run_steps.decision(now, limit=_REASON):
        yield flat(decided, names, zone)


def masked(value: Any, depth: int = _DEEPEST) -> Any:
    """A JSON value without what is kept under a name that says it may open a door, and not too deep."""
    if isinstance(value, Mapping):
        if not depth:
            return "{…}"
        return {
            name: REPLACEMENT if is_untold(str(name)) and member else masked(member, depth - 1)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [masked(item, depth - 1) for item in value] if depth else "[…]"
    return value


def _sent(
    step: RunStepView, request: Mapping[str, Any], known: Known, origins: Origins, room: int
) -> Iterator[str]:
    values = requests.values(step.view, step.spec, request, known, origins)
    for value in values[:_FIELDS]:
        yield text(value, min(_FIELD, room // 4))
    if len(values) > _FIELDS:
        yield ngettext("…and {count} more value", "…and {count} more values", len(values) - _FIELDS)


def _masked_request(request: Mapping[str, Any]) -> dict[str, Any]:
    query = [
        [name, REPLACEMENT if is_untold(str(name)) and value else value]
        for name, value in request.get("query") or ()
    ]
    return {
        **request,
        "query": query,
        "headers": masked(request.get("headers") or {}),
        "body": masked(request.get("body")),
    }
