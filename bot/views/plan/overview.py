"""The parts of a plan's card: title, origin, the plan block, warnings, and why there is no plan."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.slack.ids import ACTION_SHOW_ALL, Ref
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import Level
from bot.views.kit.text import clean, clip, count, date, fits, mention, one_line
from bot.views.plan import steps as plan_steps
from bot.views.plan.failures import HINTS, sentence
from bot.views.plan.faults import Names, explain_fault
from bot.views.plan.policies import following
from bot.views.plan.sameness import says_something_new
from bot.views.plan.sent import Known, Value, folded, is_cut, lines, ordered, planned
from bot.views.plan.steps import PlanStepView
from services.ai.usage import STAND_IN_MODEL
from services.components.specs import ComponentSpec
from services.plans.validation import Fault, FaultCode
from services.queries.snapshots import PlanSnapshot, VersionSnapshot
from services.states import FailureCode, PlanState
from services.workflows.drafts import Failure

STATES = {
    PlanState.DRAFTING: "Being drafted",
    PlanState.DRAFT: "To be reviewed",
    PlanState.APPROVED: "Approved",
    PlanState.DISCARDED: "Discarded",
    PlanState.FAILED: "No plan could be drafted",
}
"""A plan's state in words."""


_FOR_DETAILS = (FaultCode.UNUSED_SELECTION, FaultCode.UNUSED_OUTPUT)
"""Nobody has to do anything about these."""

MAX_WARNING_CHARACTERS = 300

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
    given = [("Place", issue.place), ("Found as", issue.place_found), ("Urgency", issue.urgency)]
    return kit.context(
        kit.mrkdwn(f"Reported by {_people(snapshot)} · {date(snapshot.created_at)}{_message(issue.permalink)}"),
        *(kit.plain(f"{label}: {one_line(value)}", 200) for label, value in given if value and clean(value)),
    )


def _message(permalink: str | None) -> str:
    """A link to the message that was planned."""
    return f" · <{permalink}|The message>" if permalink and _ADDRESS.fullmatch(permalink) else ""


def _people(snapshot: PlanSnapshot) -> str:
    """The reporter, and whoever had it planned where that is somebody else."""
    reporter, requester = mention(snapshot.issue.reporter), snapshot.requester
    return f"{reporter} · Asked for by {mention(requester)}" if requester else reporter


def understood(snapshot: PlanSnapshot, longest: int) -> list[Block]:
    """What the issue was understood as; nothing where that says no more than the title and the report do."""
    text = clip(snapshot.version.plan.description, longest) if snapshot.version else ""
    if not text or not says_something_new(text, title(snapshot), snapshot.issue.text):
        return []
    runs = [kit.span("Understood as: ", bold=True), kit.span(text)]
    return [kit.rich_text(kit.paragraph(*runs))]


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
    gates = f" · {plan_steps.LOCK} {locked:,} {'needs' if locked == 1 else 'need'} approval" if locked else ""
    return kit.plan(plan_steps.shape(steps) + gates, tasks)


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
    if not version.model:
        return f"Changed by hand · version {version.version}"
    stand_in = version.model == STAND_IN_MODEL
    planner = (
        "a rule-based stand-in, not by Gemini" if stand_in else clip(one_line(version.model), MAX_NAME_CHARACTERS)
    )
    took = f"{version.seconds:,.1f} s" if version.seconds >= 0.1 else "under 0.1 s"
    return f"Planned by {planner} · {count(version.tokens, 'token')} · {took} · version {version.version}"


def to_mind(version: VersionSnapshot) -> tuple[Fault, ...]:
    """The warnings that whoever decides should read; the others ask for nothing, and stand in the details."""
    return tuple(fault for fault in version.warnings if fault.code not in _FOR_DETAILS)


def warnings(
    version: VersionSnapshot, steps: Sequence[PlanStepView], most: int, faults: Sequence[Fault] | None = None
) -> list[str]:
    """The plan's warnings, or those in `faults`, as sentences, the last of which says how many more there are."""
    names = Names(
        steps={
            step.step.step_id: f"step {step.number:,} ({clip(step.title, MAX_NAME_CHARACTERS)})" for step in steps
        },
        components={key: spec.name for key, spec in version.components.items()},
    )
    return explain_fault(
        version.warnings if faults is None else faults, most, limit=MAX_WARNING_CHARACTERS, names=names
    )


def show_all(snapshot: PlanSnapshot) -> Element:
    """The button that opens the whole plan."""
    return kit.button("Show all", ACTION_SHOW_ALL, Ref(snapshot.id, snapshot.revision).encode())


def failure_block(snapshot: PlanSnapshot, level: Level) -> Block:
    """Why there is no plan: one sentence, what to do about it, and the faults where they are the reason."""
    failure = _failure(snapshot)
    elements = [
        kit.paragraph(kit.span(sentence(failure), bold=True)),
        kit.paragraph(*kit.typed(HINTS[failure.code])),
    ]
    if faults := explain_fault(failure.faults, level.lines, limit=MAX_WARNING_CHARACTERS, names=Names()):
        elements.append(kit.bullets(faults))
    return kit.rich_text(*elements)


def _failure(snapshot: PlanSnapshot) -> Failure:
    return snapshot.failure or Failure(FailureCode.INTERNAL)


def decision(snapshot: PlanSnapshot) -> str:
    """Who decided and when, as mrkdwn: "Discarded by @x · today 10:42"."""
    verb = "Approved" if snapshot.state is PlanState.APPROVED else "Discarded"
    absent = f" for {mention(snapshot.decided_for)}" if snapshot.decided_for else ""
    who = f" by {mention(snapshot.decided_by)}{absent}" if snapshot.decided_by else ""
    when = f" · {date(snapshot.decided_at)}" if snapshot.decided_at else ""
    return f"{verb}{who}{when}"


def decided(snapshot: PlanSnapshot) -> list[Element]:
    """What `decision` says, as rich text."""
    verb = "Approved" if snapshot.state is PlanState.APPROVED else "Discarded"
    who = [kit.span(f"{verb} by "), kit.person(snapshot.decided_by)] if snapshot.decided_by else [kit.span(verb)]
    when = [kit.span(" · "), kit.moment(snapshot.decided_at)] if snapshot.decided_at else []
    return [*who, *when]


def _head(step: PlanStepView, spec: ComponentSpec | None, level: Level) -> str:
    name = clip(step.component, MAX_NAME_CHARACTERS)
    # What leaves the house stands below it, a line each.
    sends = level.sent and plan_steps.writes(spec) and step.step.inputs
    to = "" if step.component == step.title else f" to “{name}”"
    uses = f"Sends{to}:" if sends else f"Uses “{name}”." if to else ""
    more = clip(step.more, level.more) if level.more else ""
    parts = (more, plan_steps.provided(step), following(step.follows), uses)
    return "\n".join(part for part in parts if part)
