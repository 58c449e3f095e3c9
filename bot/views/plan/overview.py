"""The parts of a plan's card: title, origin, the plan block, warnings, and why there is no plan."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.ids import ACTION_SHOW_ALL, Ref
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import Level
from bot.views.kit.text import clean, clip, count, date, join, mention, one_line, sentences
from bot.views.plan import steps as plan_steps
from bot.views.plan.failures import HINTS, sentence
from bot.views.plan.faults import Names, explain_fault
from bot.views.plan.policies import following
from bot.views.plan.steps import PlanStepView
from services.ai.usage import STAND_IN_MODEL
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


MAX_WARNING_CHARACTERS = 300

MAX_NAME_CHARACTERS = 45
"""The longest that a step is called by when another step names it."""


def title(snapshot: PlanSnapshot) -> str:
    """What the plan is called; before there is a plan, what was reported."""
    name = one_line(snapshot.version.plan.workflow_name) if snapshot.version else ""
    return name or one_line(snapshot.issue.text)


def origin(snapshot: PlanSnapshot) -> Block:
    """Who reported it and when, and the place and urgency where they were given."""
    issue = snapshot.issue
    given = [("Place", issue.place), ("Urgency", issue.urgency)]
    return kit.context(
        kit.mrkdwn(f"Reported by {_people(snapshot)} · {date(snapshot.created_at)}"),
        *(kit.plain(f"{label}: {one_line(value)}", 200) for label, value in given if value and clean(value)),
    )


def _people(snapshot: PlanSnapshot) -> str:
    """The reporter, and whoever had it planned where that is somebody else."""
    reporter, requester = mention(snapshot.issue.reporter), snapshot.requester
    return f"{reporter} · Asked for by {mention(requester)}" if requester else reporter


def understood(version: VersionSnapshot, longest: int) -> list[Block]:
    """What the issue was understood as; nothing where the plan does not say."""
    text = clip(version.plan.description, longest)
    runs = [kit.span("Understood as: ", bold=True), kit.span(text)]
    return [kit.rich_text(kit.paragraph(*runs))] if text else []


def plan_block(steps: Sequence[PlanStepView], level: Level, most: int) -> Block:
    """The steps as the tasks of a plan block."""
    titles = _titles(steps)
    tasks = [
        kit.task_card(
            f"step-{step.number}",
            task_title(step, after=not level.details),
            "pending",
            clip(_details(step, level, titles), level.details) if level.details else "",
        )
        for step in steps[:most]
    ]
    locked = sum(step.locked for step in steps)
    gates = (
        f" · {plan_steps.LOCK} {locked:,} {'needs' if locked == 1 else 'need'} a person to agree" if locked else ""
    )
    return kit.plan(plan_steps.shape(steps) + gates, tasks)


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


def warnings(version: VersionSnapshot, steps: Sequence[PlanStepView], most: int) -> list[str]:
    """The plan's warnings as sentences, the last of which says how many more there are."""
    names = Names(
        steps={
            step.step.step_id: f"step {step.number:,} ({clip(step.title, MAX_NAME_CHARACTERS)})" for step in steps
        },
        components={key: spec.name for key, spec in version.components.items()},
    )
    return explain_fault(version.warnings, most, limit=MAX_WARNING_CHARACTERS, names=names)


def show_all(snapshot: PlanSnapshot) -> Element:
    """The button that opens the whole plan."""
    return kit.button("Show all", ACTION_SHOW_ALL, Ref(snapshot.id, snapshot.revision).encode())


def task_title(step: PlanStepView, *, after: bool) -> str:
    """A step in one line; with `after`, what it waits for too."""
    lock = f"{plan_steps.LOCK} " if step.locked else ""
    waits = f" · after {join([f'{number:,}' for number in step.waits_for])}" if after and step.waits_for else ""
    return f"{step.number:,}. {lock}{step.title}{waits}"


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


def _details(step: PlanStepView, level: Level, titles: dict[int, str]) -> str:
    uses = f"Uses {clip(step.component, MAX_NAME_CHARACTERS)}." if step.component != step.title else ""
    waits = plan_steps.waiting(step, titles if level.named else None)
    more = clip(step.more, level.more) if level.more else ""
    rest = sentences([uses, waits, plan_steps.taking(step) if level.named else ""])
    parts = (more, rest, plan_steps.agreement(step), following(step.follows))
    return "\n".join(part for part in parts if part)


def _titles(steps: Sequence[PlanStepView]) -> dict[int, str]:
    return {step.number: clip(step.title, MAX_NAME_CHARACTERS) for step in steps}
