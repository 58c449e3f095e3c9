"""The parts of a plan's card: title, origin, the plan block, warnings, and why there is no plan."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.languages import N_, _, decimal, ngettext
from bot.slack.ids import ACTION_SHOW_ALL, Ref
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import Level
from bot.views.kit.text import clean, clip, date, fits, mention, one_line
from bot.views.plan import steps as plan_steps
from bot.views.plan.failures import HINTS, sentence
from bot.views.plan.faults import Names, explain_fault
from bot.views.plan.policies import following
from bot.views.plan.sameness import says_something_new
from bot.views.plan.sent import Known, Value, folded, is_cut, lines, ordered, planned
from bot.views.plan.steps import PlanStepView
from bot.views.plan.urgency import urgency_words
from services.ai.usage import STAND_IN_MODEL
from services.components.specs import ComponentSpec
from services.plans.validation import Fault, FaultCode
from services.queries.snapshots import PlanSnapshot, VersionSnapshot
from services.states import FailureCode, PlanState
from services.workflows.drafts import Failure

STATES: Mapping[PlanState, str] = {
    PlanState.DRAFTING: N_("Being drafted"),
    PlanState.DRAFT: N_("To be reviewed"),
    PlanState.APPROVED: N_("Approved"),
    PlanState.DISCARDED: N_("Discarded"),
    PlanState.FAILED: N_("No plan could be drafted"),
}
"""A plan's state in words; said with `_`."""

_DECIDED_BY = {
    PlanState.APPROVED: N_("Approved by {who}"),
    PlanState.DISCARDED: N_("Discarded by {who}"),
}

_FOR_DETAILS = (FaultCode.UNUSED_SELECTION, FaultCode.UNUSED_OUTPUT)
"""Nobody has to do anything about these."""

MAX_WARNING_CHARACTERS = 300

_SHORT = 0.1
"""In seconds: planning that took less is not told more exactly."""

_ADDRESS = re.compile(r"https?://[^\s<>|]{1,500}")
"""Slack's address of a message, which no end of a link can stand in."""

MAX_NAME_CHARACTERS = 45
"""The longest that a step is called by when another step names it."""


def title(snapshot: PlanSnapshot) -> str:
    """What the plan is called; before there is a plan, what was reported."""
    name = one_line(snapshot.version.plan.workflow_name) if snapshot.version else ""
    return name or one_line(snapshot.issue.text)


def origin(snapshot: PlanSnapshot) -> Block:
    """Who reported it and when, and the place and urgency where they were given."""
    issue = snapshot.issue
    given = [
        (_("Place"), issue.place),
        (_("Found as"), issue.place_found),
        (_("Urgency"), urgency_words(issue.urgency)),
    ]
    said = [*_people(snapshot), date(snapshot.created_at), *_message(issue.permalink)]
    return kit.context(
        kit.mrkdwn(" · ".join(said)),
        *(kit.plain(f"{label}: {one_line(value)}", 200) for label, value in given if value and clean(value)),
    )


def _message(permalink: str | None) -> list[str]:
    """A link to the message that was planned."""
    label = _("The message")
    return [f"<{permalink}|{label}>"] if permalink and _ADDRESS.fullmatch(permalink) else []


def _people(snapshot: PlanSnapshot) -> list[str]:
    """The reporter, and whoever had it planned where that is somebody else."""
    reported = _("Reported by {who}", who=mention(snapshot.issue.reporter))
    requester = snapshot.requester
    return [reported, _("Asked for by {who}", who=mention(requester))] if requester else [reported]


def understood(snapshot: PlanSnapshot, longest: int) -> list[Block]:
    """What the issue was understood as; nothing where that says no more than the title and the report do."""
    text = clip(snapshot.version.plan.description, longest) if snapshot.version else ""
    if not text or not says_something_new(text, title(snapshot), snapshot.issue.text):
        return []
    return [kit.rich_text(kit.paragraph(*kit.runs(_("*Understood as: *{text}"), text=text)))]


def plan_block(
    snapshot: PlanSnapshot, version: VersionSnapshot, steps: Sequence[PlanStepView], level: Level, most: int
) -> Block:
    """The steps as the tasks of a plan block, each with what leaves the house."""
    known = Known(snapshot.issue, plan_steps.numbers(steps))
    tasks = [
        kit.task_card(
            f"step-{step.number}",
            plan_steps.headline(step),
            "pending",
            details(step, version.components.get(step.step.component_id), known, level),
        )
        for step in steps[:most]
    ]
    locked = sum(step.locked for step in steps)
    shape = plan_steps.shape(steps)
    gates = ngettext("{lock} {count} needs approval", "{lock} {count} need approval", locked, lock=plan_steps.LOCK)
    return kit.plan(f"{shape} · {gates}" if locked else shape, tasks)


def details(step: PlanStepView, spec: ComponentSpec | None, known: Known, level: Level) -> list[Element]:
    """What stands below a step's title: if it is carried out at all, what it follows, what leaves the house."""
    if not level.details:
        return []
    head = clip(_head(step, spec, level), level.details)
    values = planned(step, known) if plan_steps.writes(spec) else []
    return kit.stacked([*([[kit.span(head)]] if head else []), *_leaving(step, values, spec, level)])


def _leaving(
    step: PlanStepView, values: Sequence[Value], spec: ComponentSpec | None, level: Level
) -> list[list[Element]]:
    """A line for each value; in full where people are asked before it is sent."""
    longest = level.full if step.locked else level.value
    most = level.fields if step.locked else level.sent
    drawn = lines(folded(ordered(values, spec)), most, longest)
    return [[kit.span("• "), *each] for each in drawn] if most else []


def is_all_shown(step: PlanStepView, spec: ComponentSpec | None, known: Known, level: Level) -> bool:
    """Whether `details` leaves nothing out at this level."""
    values = planned(step, known) if plan_steps.writes(spec) else []
    most = level.fields if step.locked else level.sent
    return (
        fits(step.more, level.more)
        and fits(_head(step, spec, level), level.details)
        and len(values) <= most
        and not is_cut(_leaving(step, values, spec, level))
    )


def made_by(version: VersionSnapshot) -> str:
    """Which model planned, at what cost, in how long; of what a person made by hand, only which version it is."""
    number = _("version {version}", version=str(version.version))
    if not version.model:
        return " · ".join([_("Changed by hand"), number])
    planned = _("Planned by {model}", model=clip(one_line(version.model), MAX_NAME_CHARACTERS))
    if version.model == STAND_IN_MODEL:
        planned = _("Planned by a rule-based stand-in, not by Gemini")
    tokens = ngettext("{count} token", "{count} tokens", version.tokens)
    took = _("{seconds} s", seconds=decimal(version.seconds))
    if version.seconds < _SHORT:
        took = _("under {seconds} s", seconds=decimal(_SHORT))
    return " · ".join([planned, tokens, took, number])


def to_mind(version: VersionSnapshot) -> tuple[Fault, ...]:
    """The warnings that whoever decides should read; the others ask for nothing, and stand in the details."""
    return tuple(fault for fault in version.warnings if fault.code not in _FOR_DETAILS)


def warnings(
    version: VersionSnapshot, steps: Sequence[PlanStepView], most: int, faults: Sequence[Fault] | None = None
) -> list[str]:
    """The plan's warnings, or those in `faults`, as sentences, the last of which says how many more there are."""
    names = Names(
        steps={
            step.step.step_id: plan_steps.called(step.number, clip(step.title, MAX_NAME_CHARACTERS))
            for step in steps
        },
        components={key: spec.name for key, spec in version.components.items()},
    )
    return explain_fault(
        version.warnings if faults is None else faults, most, limit=MAX_WARNING_CHARACTERS, names=names
    )


def show_all(snapshot: PlanSnapshot) -> Element:
    """The button that opens the whole plan."""
    return kit.button(_("Show all"), ACTION_SHOW_ALL, Ref(snapshot.id, snapshot.revision).encode())


def failure_block(snapshot: PlanSnapshot, level: Level) -> Block:
    """Why there is no plan: one sentence, what to do about it, and the faults where they are the reason."""
    failure = _failure(snapshot)
    elements = [
        kit.paragraph(kit.span(sentence(failure), bold=True)),
        kit.paragraph(*kit.typed(_(HINTS[failure.code]))),
    ]
    if faults := explain_fault(failure.faults, level.lines, limit=MAX_WARNING_CHARACTERS, names=Names()):
        elements.append(kit.bullets(faults))
    return kit.rich_text(*elements)


def _failure(snapshot: PlanSnapshot) -> Failure:
    return snapshot.failure or Failure(FailureCode.INTERNAL)


def decision(snapshot: PlanSnapshot) -> str:
    """Who decided and when, as mrkdwn: "Discarded by @x · today 10:42"."""
    said = _(STATES[_decided(snapshot)])
    if snapshot.decided_by:
        who = mention(snapshot.decided_by)
        if snapshot.decided_for:
            who = _("{who} for {absent}", who=who, absent=mention(snapshot.decided_for))
        said = _(_DECIDED_BY[_decided(snapshot)], who=who)
    return f"{said} · {date(snapshot.decided_at)}" if snapshot.decided_at else said


def _decided(snapshot: PlanSnapshot) -> PlanState:
    return PlanState.APPROVED if snapshot.state is PlanState.APPROVED else PlanState.DISCARDED


def decided(snapshot: PlanSnapshot) -> list[Element]:
    """What `decision` says, as rich text."""
    said = [kit.span(_(STATES[_decided(snapshot)]))]
    if snapshot.decided_by:
        said = kit.runs(_(_DECIDED_BY[_decided(snapshot)]), who=kit.person(snapshot.decided_by))
    when = [kit.span(" · "), kit.moment(snapshot.decided_at)] if snapshot.decided_at else []
    return [*said, *when]


def _head(step: PlanStepView, spec: ComponentSpec | None, level: Level) -> str:
    name = clip(step.component, MAX_NAME_CHARACTERS)
    # What leaves the house stands below it, a line each.
    sends = level.sent and plan_steps.writes(spec) and step.step.inputs
    is_named = step.component == step.title
    if sends:
        uses = _("Sends:") if is_named else _("Sends to “{component}”:", component=name)
    else:
        uses = "" if is_named else _("Uses “{component}”.", component=name)
    more = clip(step.more, level.more) if level.more else ""
    parts = (more, plan_steps.provided(step), following(step.follows), uses)
    return "\n".join(part for part in parts if part)
