"""The card: the one message that shows a plan or its run, in each state, always within what Slack takes.

A card that would be too long is drawn at the next, shorter level; at the last one steps are left out. Whatever
was left out is behind the button "Show all".
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bot.ids import (
    ACTION_APPROVE,
    ACTION_DISCARD,
    ACTION_PLAN_MORE,
    ACTION_SHOW_ALL,
    ACTION_TRY_AGAIN,
    CHOICE_DRY_RUN,
    CHOICE_SHOW_ALL,
    METADATA_CARD,
    Choice,
    Ref,
)
from bot.views import blocks as kit
from bot.views import run_steps, runs
from bot.views import steps as read
from bot.views.blocks import Block, Element, Message
from bot.views.drafting import progress
from bot.views.failures import HINTS, SENTENCES
from bot.views.faults import Names, explain
from bot.views.gates import may_decide
from bot.views.levels import LEVELS, Level, fit
from bot.views.mentions import quoted
from bot.views.run_steps import writes
from bot.views.steps import StepView
from bot.views.text import clean, clip, count, date, fits, join, mention, one_line, sentences
from services.ai.usage import STAND_IN_MODEL
from services.queries.snapshots import PlanSnapshot, RunSnapshot, VersionSnapshot
from services.states import FailureCode, Phase, PlanState
from services.workflows.drafts import Failure

WARNING = 300
_DEED, _DEEDS = 32, 8
NAME = 45
"""The longest that a step is called by when another step names it."""


def card(snapshot: PlanSnapshot, *, card_id: UUID) -> Message:
    """The card of a plan or its run. Its metadata carries `card_id`, by which it is found again in its channel."""
    return Message(
        text=kit.fallback(summary(snapshot)),
        blocks=_of_run(snapshot, snapshot.run, snapshot.version)
        if snapshot.run and snapshot.version
        else _of_plan(snapshot),
        metadata={"event_type": METADATA_CARD, "event_payload": {"card": str(card_id)}},
    )


def _of_plan(snapshot: PlanSnapshot) -> list[Block]:
    steps = read.in_order(snapshot.version) if snapshot.version else ()

    def draw(level: Level, most: int) -> list[Block]:
        return [
            kit.header(f"#{snapshot.number} {_heading(snapshot)}"),
            origin(snapshot),
            quoted(snapshot.issue, level.quote),
            *_body(snapshot, steps, level, most),
            *_end(snapshot, steps, shortened=_is_shortened(snapshot, steps, level)),
        ]

    return fit(draw, len(steps), f"plan.{snapshot.revision}")


def _of_run(snapshot: PlanSnapshot, run: RunSnapshot, version: VersionSnapshot) -> list[Block]:
    steps = run_steps.in_order(version, run)

    def draw(level: Level, most: int) -> list[Block]:
        longest = min(level.quote, runs.QUOTE)
        shortened = level is not LEVELS[0] or len(steps) > most or not fits(snapshot.issue.text, longest)
        more = [show_all(snapshot)] if shortened else []
        return [
            kit.header(f"#{snapshot.number} {title(snapshot)}"),
            origin(snapshot),
            quoted(snapshot.issue, longest),
            *runs.body(snapshot, run, steps, level, most, approvers=snapshot.approvers, more=more),
        ]

    return fit(draw, len(steps), f"run.{snapshot.revision}")


def summary(snapshot: PlanSnapshot) -> str:
    """The plan in one line, as plain text."""
    number, version = snapshot.number, snapshot.version
    match snapshot.state:
        case PlanState.DRAFTING:
            return f"Drafting plan #{number}: {snapshot.issue.text}"
        case PlanState.FAILED:
            return f"No plan yet for #{number}: {SENTENCES[_failure(snapshot).code]}"
        case PlanState.DISCARDED:
            return f"Plan #{number} was discarded: {title(snapshot)}"
        case PlanState.APPROVED if snapshot.run:
            return runs.summary(snapshot, snapshot.run, title(snapshot))
        case PlanState.APPROVED:
            return f"Plan #{number} was approved: {title(snapshot)}"
    steps = f" ({count(len(version.plan.steps), 'step')})" if version else ""
    return f"Plan #{number} is ready for review: {title(snapshot)}{steps}"


def title(snapshot: PlanSnapshot) -> str:
    """What the plan is called; before there is a plan, what was reported."""
    name = one_line(snapshot.version.plan.workflow_name) if snapshot.version else ""
    return name or one_line(snapshot.issue.text)


def origin(snapshot: PlanSnapshot) -> Block:
    """Who reported it and when, and the place and urgency where they were given."""
    issue = snapshot.issue
    given = [("Place", issue.place), ("Urgency", issue.urgency)]
    return kit.context(
        kit.mrkdwn(f"Reported by {mention(issue.reporter)} · {date(snapshot.created_at)}"),
        *(kit.plain(f"{label}: {one_line(value)}", 200) for label, value in given if value and clean(value)),
    )


def understood(version: VersionSnapshot, longest: int) -> list[Block]:
    """What the issue was understood as; nothing where the plan does not say."""
    text = clip(version.plan.description, longest)
    runs = [kit.run("Understood as: ", bold=True), kit.run(text)]
    return [kit.rich_text(kit.paragraph(*runs))] if text else []


def plan_block(steps: Sequence[StepView], level: Level, most: int) -> Block:
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
    gates = f" · {read.LOCK} {locked:,} {'needs' if locked == 1 else 'need'} a person to agree" if locked else ""
    return kit.plan(read.shape(steps) + gates, tasks)


def made_by(version: VersionSnapshot) -> str:
    """Which model planned, at what cost, in how long."""
    stand_in = version.model == STAND_IN_MODEL
    planner = "a rule-based stand-in, not by Gemini" if stand_in else clip(one_line(version.model), NAME)
    took = f"{version.seconds:,.1f} s" if version.seconds >= 0.1 else "under 0.1 s"
    return f"Planned by {planner} · {count(version.tokens, 'token')} · {took} · version {version.version}"


def warnings(version: VersionSnapshot, steps: Sequence[StepView], most: int) -> list[str]:
    """The plan's warnings as sentences, the last of which says how many more there are."""
    names = Names(
        steps={step.step.step_id: f"step {step.number:,} ({clip(step.title, NAME)})" for step in steps},
        components={key: spec.name for key, spec in version.components.items()},
    )
    return explain(version.warnings, most, limit=WARNING, names=names)


def show_all(snapshot: PlanSnapshot) -> Element:
    """The button that opens the whole plan."""
    return kit.button("Show all", ACTION_SHOW_ALL, Ref(snapshot.id, snapshot.revision).encode())


def task_title(step: StepView, *, after: bool) -> str:
    """A step in one line; with `after`, what it waits for too."""
    lock = f"{read.LOCK} " if step.locked else ""
    waits = f" · after {join([f'{number:,}' for number in step.waits_for])}" if after and step.waits_for else ""
    return f"{step.number:,}. {lock}{step.title}{waits}"


def failure_block(snapshot: PlanSnapshot, level: Level) -> Block:
    """Why there is no plan: one sentence, what to do about it, and the faults where they are the reason."""
    failure = _failure(snapshot)
    elements = [
        kit.paragraph(kit.run(SENTENCES[failure.code], bold=True)),
        kit.paragraph(*kit.typed(HINTS[failure.code])),
    ]
    if faults := explain(failure.faults, level.lines, limit=WARNING, names=Names()):
        elements.append(kit.bullets(faults))
    return kit.rich_text(*elements)


def _heading(snapshot: PlanSnapshot) -> str:
    if snapshot.state is PlanState.DRAFTING:
        return "Drafting a plan…"
    if snapshot.state is PlanState.FAILED:
        return "No plan yet"
    if snapshot.version is None:
        return "Discarded"
    return title(snapshot)


def _failure(snapshot: PlanSnapshot) -> Failure:
    return snapshot.failure or Failure(FailureCode.INTERNAL)


def _body(snapshot: PlanSnapshot, steps: Sequence[StepView], level: Level, most: int) -> list[Block]:
    if snapshot.state is PlanState.DRAFTING:
        return [progress(snapshot.phase or Phase.WAITING, snapshot.phase_facts)]
    if snapshot.state is PlanState.FAILED:
        return [failure_block(snapshot, level)]
    return _version(snapshot.version, steps, level, most) if snapshot.version else []


def _version(version: VersionSnapshot, steps: Sequence[StepView], level: Level, most: int) -> list[Block]:
    drawn = understood(version, level.understood)
    if steps:
        drawn.append(plan_block(steps, level, most))
    if len(steps) > most:
        drawn.append(kit.context(kit.plain(f"…and {count(len(steps) - most, 'more step')}")))
    if notes := warnings(version, steps, level.lines):
        drawn.append(kit.rich_text(kit.paragraph(kit.run("Please note", bold=True)), kit.bullets(notes)))
    drawn.append(kit.context(kit.plain(made_by(version), 200)))
    return drawn


def _end(snapshot: PlanSnapshot, steps: Sequence[StepView], *, shortened: bool) -> list[Block]:
    """The buttons while something is to be decided; afterwards, who decided and when."""
    more = [show_all(snapshot)] if shortened else []
    ref = Ref(snapshot.id, snapshot.revision).encode()
    match snapshot.state:
        case PlanState.DRAFTING:
            return []
        case PlanState.DRAFT:
            buttons = kit.actions(*_approve(snapshot, steps), *more, _discard(snapshot), *_menu(snapshot, steps))
            if snapshot.approvers is None:
                return [buttons]
            return [kit.context(kit.mrkdwn(may_decide(snapshot.approvers))), buttons]
        case PlanState.FAILED:
            again = kit.button("Try again", ACTION_TRY_AGAIN, ref, style="primary")
            return [kit.actions(again, _discard(snapshot))]
    return [kit.context(kit.mrkdwn(decision(snapshot))), *([kit.actions(*more)] if more else [])]


def decision(snapshot: PlanSnapshot) -> str:
    """Who decided and when, as mrkdwn: "Discarded by @x · today 10:42"."""
    verb = "Approved" if snapshot.state is PlanState.APPROVED else "Discarded"
    who = f" by {mention(snapshot.decided_by)}" if snapshot.decided_by else ""
    when = f" · {date(snapshot.decided_at)}" if snapshot.decided_at else ""
    return f"{verb}{who}{when}"


def _approve(snapshot: PlanSnapshot, steps: Sequence[StepView]) -> list[Element]:
    """The button that starts the run, for a plan that has anything to run."""
    if not steps:
        return []
    ask = kit.confirm(
        f"Run plan #{snapshot.number}?",
        follows(snapshot.version, steps),
        yes="Approve and run",
        no="Not yet",
        style="primary",
    )
    ref = Ref(snapshot.id, snapshot.revision).encode()
    return [kit.button("Approve and run", ACTION_APPROVE, ref, style="primary", ask=ask)]


def follows(version: VersionSnapshot | None, steps: Sequence[StepView]) -> str:
    """What an approval sets going, in words of the town: "It will create a work order and close a road. …"."""
    specs = version.components if version else {}
    acting = [step for step in steps if writes(specs.get(step.step.component_id))]
    if not acting:
        return "It only looks things up; nothing is changed and nobody is told."
    names = list(dict.fromkeys(_lower(clip(step.component, _DEED)) for step in acting))
    gates = sum(step.locked for step in steps)
    again = (
        f" {count(gates, 'step')} {'asks' if gates == 1 else 'ask'} again first."
        if gates
        else " Nothing asks again first."
    )
    return f"It will {join(names, most=_DEEDS)}.{again}"


def _lower(name: str) -> str:
    """A name inside a sentence: "Create a work order" begins small, "SMS to residents" does not."""
    return name if name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"


def _menu(snapshot: PlanSnapshot, steps: Sequence[StepView]) -> list[Element]:
    """What else can be done with a plan that has steps, behind three dots."""
    ref = Ref(snapshot.id, snapshot.revision)
    options = (("Dry run", CHOICE_DRY_RUN), ("Show all", CHOICE_SHOW_ALL))
    choices = [(label, Choice(name, ref).encode()) for label, name in options]
    return [kit.overflow(ACTION_PLAN_MORE, *choices)] if steps else []


def _discard(snapshot: PlanSnapshot) -> Element:
    ask = kit.confirm(
        f"Discard plan #{snapshot.number}?",
        "Nothing has been sent to anyone. A discarded plan can't be brought back.",
        yes="Discard",
        no="Keep it",
    )
    return kit.button(
        "Discard", ACTION_DISCARD, Ref(snapshot.id, snapshot.revision).encode(), style="danger", ask=ask
    )


def _details(step: StepView, level: Level, titles: dict[int, str]) -> str:
    uses = f"Uses {clip(step.component, NAME)}." if step.component != step.title else ""
    waits = read.waiting(step, titles if level.named else None)
    more = clip(step.more, level.more) if level.more else ""
    rest = sentences([uses, waits, read.taking(step) if level.named else ""])
    return "\n".join(part for part in (more, rest, read.agreement(step)) if part)


def _titles(steps: Sequence[StepView]) -> dict[int, str]:
    return {step.number: clip(step.title, NAME) for step in steps}


def _is_shortened(snapshot: PlanSnapshot, steps: Sequence[StepView], level: Level) -> bool:
    """Whether the card leaves out anything that "Show all" has."""
    version = snapshot.version
    if version is None or level is not LEVELS[0]:
        return version is not None
    titles = _titles(steps)
    longest = [
        (snapshot.issue.text, level.quote),
        (title(snapshot), kit.HEADER - len(f"#{snapshot.number} ")),
        (version.plan.description, level.understood),
        *((step.more, level.more) for step in steps),
        *((_details(step, level, titles), level.details) for step in steps),
    ]
    return (
        len(steps) > kit.PLAN_TASKS
        or len(version.warnings) > level.lines
        or not all(fits(text, limit) for text, limit in longest)
    )
