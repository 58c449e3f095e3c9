"""The card: the one message that shows a plan or its run, in each state, always within what Slack takes.

A card that would be too long is drawn at the next, shorter level; at the last one steps are left out. Whatever
was left out is behind the button "Show all".
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bot.languages import _, ngettext, number, spoken
from bot.slack.ids import (
    ACTION_APPROVE,
    ACTION_DISCARD,
    ACTION_PLAN_CHANGES,
    ACTION_PLAN_MORE,
    ACTION_REQUEST_CHANGES,
    ACTION_TRY_AGAIN,
    CHOICE_DRY_RUN,
    CHOICE_EDIT_STEP,
    CHOICE_SHOW_ALL,
    CHOICE_SHOW_GRAPH,
    CHOICE_VERSIONS,
    METADATA_CARD,
    Choice,
    Ref,
)
from bot.slack.messages import Block, Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import LEVELS, Level, fit
from bot.views.kit.mentions import quoted
from bot.views.kit.text import clip, fits, join, sentences
from bot.views.plan import clarifying
from bot.views.plan import steps as plan_steps
from bot.views.plan.changes import MOST, changed, changing, news, not_changed
from bot.views.plan.drafting import progress
from bot.views.plan.failures import HINTABLE, sentence
from bot.views.plan.forecast import expected
from bot.views.plan.overview import (
    _failure,
    decided,
    decision,
    failure_block,
    is_all_shown,
    origin,
    plan_block,
    show_all,
    title,
    to_mind,
    understood,
    warnings,
)
from bot.views.plan.pictures import unseen
from bot.views.plan.policies import reading
from bot.views.plan.sent import Known
from bot.views.plan.steps import PlanStepView
from bot.views.plan.wishes import wish_words
from bot.views.run import overview
from bot.views.run import steps as run_steps
from bot.views.run.gates import may_decide
from services.queries.snapshots import PlanSnapshot, RunSnapshot, VersionSnapshot
from services.states import Phase, PlanState

_DEED, _DEEDS = 32, 8


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
    if snapshot.state is PlanState.DISCARDED:
        return kit.seal(_put_away(snapshot), f"plan.{snapshot.revision}")
    steps = plan_steps.in_order(snapshot.version) if snapshot.version else ()
    told = news(snapshot)

    def draw(level: Level, most: int) -> list[Block]:
        return [
            kit.header(f"#{snapshot.number} {_heading(snapshot)}"),
            origin(snapshot),
            quoted(snapshot.issue, level.quote),
            *unseen(snapshot.issue.attached),
            *clarifying.affected(snapshot),
            *clarifying.unknown(snapshot),
            *_body(snapshot, steps, level, most, told),
            *_end(snapshot, steps, shortened=_is_shortened(snapshot, steps, level), told=told),
        ]

    return fit(draw, len(steps), f"plan.{snapshot.revision}")


def _put_away(snapshot: PlanSnapshot) -> list[Block]:
    """A discarded plan in one line; the rest is behind the button."""
    name = kit.span(f"#{snapshot.number} {clip(title(snapshot), kit.HEADER)}", bold=True)
    if snapshot.is_put_away and (other := snapshot.look_alike):
        same = kit.rich_text(kit.paragraph(name, kit.span(" · "), *clarifying.put_away(snapshot, other)))
        how = _("How #{number} ends is told in the thread here.", number=str(other.number))
        told = kit.context(kit.plain(how))
        return [same, told, kit.actions(clarifying.undoing(snapshot), show_all(snapshot))]
    return [
        kit.rich_text(kit.paragraph(name, kit.span(" · "), *decided(snapshot))),
        kit.actions(show_all(snapshot)),
    ]


def _of_run(snapshot: PlanSnapshot, run: RunSnapshot, version: VersionSnapshot) -> list[Block]:
    steps = run_steps.in_order(version, run)
    drawing = overview.RunDrawing(snapshot, run, steps)
    opening = [kit.header(f"#{snapshot.number} {title(snapshot)}"), origin(snapshot)]
    affected = clarifying.affected(snapshot)

    def draw(level: Level, most: int) -> list[Block]:
        longest = min(level.quote, overview.MAX_QUOTE_CHARACTERS)
        shortened = level is not LEVELS[0] or len(steps) > most or not fits(snapshot.issue.text, longest)
        more = [show_all(snapshot)] if shortened else []
        return [
            *opening,
            quoted(snapshot.issue, longest),
            *affected,
            *drawing.body(level, most, approvers=snapshot.approvers, more=more),
        ]

    return fit(draw, len(steps), f"run.{snapshot.revision}")


def summary(snapshot: PlanSnapshot) -> str:
    """The plan in one line, as plain text."""
    number, version, name = str(snapshot.number), snapshot.version, title(snapshot)
    match snapshot.state:
        case PlanState.DRAFTING if snapshot.is_asking and snapshot.clarification:
            asked = clarifying.question(snapshot.clarification, snapshot.look_alike)
            return _(
                "#{number} waits for an answer. {question} {issue}",
                number=number,
                question=asked,
                issue=snapshot.issue.text,
            )
        case PlanState.DRAFTING if snapshot.change and version:
            return _("Changing plan #{number}: {wish}", number=number, wish=wish_words(snapshot.change.wish))
        case PlanState.DRAFTING:
            return _("Drafting plan #{number}: {issue}", number=number, issue=snapshot.issue.text)
        case PlanState.FAILED:
            return _("No plan yet for #{number}: {why}", number=number, why=sentence(_failure(snapshot)))
        case PlanState.DISCARDED if snapshot.is_put_away and snapshot.look_alike:
            other = str(snapshot.look_alike.number)
            return _("Plan #{number} is the same as #{other}: {title}", number=number, other=other, title=name)
        case PlanState.DISCARDED:
            return _("Plan #{number} was discarded: {title}", number=number, title=name)
        case PlanState.APPROVED if snapshot.run:
            return overview.summary(snapshot, snapshot.run, name)
        case PlanState.APPROVED:
            return _("Plan #{number} was approved: {title}", number=number, title=name)
    if version is None:
        return _("Plan #{number} is ready for review: {title}", number=number, title=name)
    return ngettext(
        "Plan #{number} is ready for review: {title} ({count} step)",
        "Plan #{number} is ready for review: {title} ({count} steps)",
        len(version.plan.steps),
        number=number,
        title=name,
    )


def _heading(snapshot: PlanSnapshot) -> str:
    if snapshot.is_asking:
        return _("Waiting for an answer")
    if snapshot.state is PlanState.DRAFTING:
        return _("Changing the plan…") if snapshot.change and snapshot.version else _("Drafting a plan…")
    if snapshot.state is PlanState.FAILED:
        return _("No plan yet")
    if snapshot.version is None:
        return _("Discarded")
    return title(snapshot)


def _body(
    snapshot: PlanSnapshot, steps: Sequence[PlanStepView], level: Level, most: int, told: Sequence[str] | None
) -> list[Block]:
    if snapshot.is_asking and snapshot.clarification:
        return clarifying.asking(snapshot, snapshot.clarification)
    if snapshot.state is PlanState.DRAFTING:
        wished = [changing(snapshot.change)] if snapshot.change else []
        return [*wished, progress(snapshot.phase or Phase.WAITING, snapshot.phase_facts)]
    if snapshot.state is PlanState.FAILED:
        return [failure_block(snapshot, level)]
    if snapshot.version is None:
        return []
    drawn = not_changed(snapshot.change)
    if told is not None:
        drawn.append(changed(snapshot.version, told, min(level.lines, MOST)))
    return [*drawn, *_version(snapshot, snapshot.version, steps, level, most)]


def _version(
    snapshot: PlanSnapshot, version: VersionSnapshot, steps: Sequence[PlanStepView], level: Level, most: int
) -> list[Block]:
    drawn = understood(snapshot, level.understood)
    if steps:
        drawn.append(plan_block(snapshot, version, steps, level, most))
    if len(steps) > most:
        left_out = ngettext("…and {count} more step", "…and {count} more steps", len(steps) - most)
        drawn.append(kit.context(kit.plain(left_out)))
    drawn += reading(version.citations, level.lines)
    if notes := warnings(version, steps, level.lines, to_mind(version)):
        drawn.append(kit.rich_text(kit.paragraph(kit.span(_("Please note"), bold=True)), kit.bullets(notes)))
    return [*drawn, *expected(snapshot)]


def _end(
    snapshot: PlanSnapshot, steps: Sequence[PlanStepView], *, shortened: bool, told: Sequence[str] | None
) -> list[Block]:
    """The buttons while something is to be decided; afterwards, who decided and when."""
    more = [show_all(snapshot)] if shortened else []
    ref = Ref(snapshot.id, snapshot.revision).encode()
    match snapshot.state:
        case PlanState.DRAFTING if snapshot.is_asking and snapshot.clarification:
            return [kit.actions(*clarifying.answers(snapshot, snapshot.clarification), _discard(snapshot))]
        case PlanState.DRAFTING:
            return []
        case PlanState.DRAFT:
            more += [kit.button(_("All changes"), ACTION_PLAN_CHANGES, ref)] if told and len(told) > MOST else []
            deciding = (*_approve(snapshot, steps), _request_changes(ref), *more, _discard(snapshot))
            buttons = kit.actions(*deciding, *_menu(snapshot, steps))
            if snapshot.approvers is None:
                return [buttons]
            return [kit.context(kit.mrkdwn(may_decide(snapshot.approvers))), buttons]
        case PlanState.FAILED:
            again = kit.button(_("Try again"), ACTION_TRY_AGAIN, ref, style="primary")
            hint = [_request_changes(ref)] if _failure(snapshot).code in HINTABLE else []
            return [kit.actions(again, *hint, _discard(snapshot))]
    return [kit.context(kit.mrkdwn(decision(snapshot))), *([kit.actions(*more)] if more else [])]


def _approve(snapshot: PlanSnapshot, steps: Sequence[PlanStepView]) -> list[Element]:
    """The button that starts the run, for a plan that has anything to run."""
    if not steps:
        return []
    ask = kit.confirm(
        _("Run plan #{number}?", number=str(snapshot.number)),
        follows(snapshot.version, steps),
        yes=_("Approve and run"),
        no=_("Not yet"),
        style="primary",
    )
    ref = Ref(snapshot.id, snapshot.revision).encode()
    return [kit.button(_("Approve and run"), ACTION_APPROVE, ref, style="primary", ask=ask)]


def follows(version: VersionSnapshot | None, steps: Sequence[PlanStepView]) -> str:
    """What an approval sets going, in words of the town: "It will create a work order and close a road. …"."""
    specs = version.components if version else {}
    acting = [step for step in steps if plan_steps.writes(specs.get(step.step.component_id))]
    if not acting:
        return _("It only looks things up; nothing is changed and nobody is told.")
    names = list(dict.fromkeys(_lower(clip(step.component, _DEED)) for step in acting))
    opening = _("This runs it for real.")
    if len(steps) > 1:
        opening = _("This runs all {count} steps for real.", count=len(steps))
    asking = _asking_first(steps)
    deeds = (_("It will {deeds}.", deeds=join(names, most=most)) for most in range(_DEEDS, 1, -1))
    drawn = (sentences([opening, each, asking]) for each in deeds)
    return next((text for text in drawn if fits(text, kit.CONFIRM)), sentences([opening, asking]))


def _asking_first(steps: Sequence[PlanStepView]) -> str:
    numbers = [number(step.number) for step in steps if step.locked]
    if not numbers:
        return _("Nothing asks again first.")
    if len(numbers) == 1:
        return _("Step {number} asks again first.", number=numbers[0])
    return _("Steps {numbers} ask again first.", numbers=join(numbers))


def _lower(name: str) -> str:
    """A name inside an English sentence: "Create a work order" begins small, "SMS to residents" does not."""
    return name if spoken().code != "en" or name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"


def _menu(snapshot: PlanSnapshot, steps: Sequence[PlanStepView]) -> list[Element]:
    """What else can be done with a plan that has steps, behind three dots."""
    ref = Ref(snapshot.id, snapshot.revision)
    options = [
        (_("Dry run"), CHOICE_DRY_RUN),
        (_("Show all"), CHOICE_SHOW_ALL),
        (_("Show graph"), CHOICE_SHOW_GRAPH),
        (_("Edit step"), CHOICE_EDIT_STEP),
    ]
    options += [(_("Versions"), CHOICE_VERSIONS)] if snapshot.version and snapshot.version.version > 1 else []
    choices = [(label, Choice(name, ref).encode()) for label, name in options]
    return [kit.overflow(ACTION_PLAN_MORE, *choices)] if steps else []


def _request_changes(ref: str) -> Element:
    return kit.button(_("Request changes"), ACTION_REQUEST_CHANGES, ref)


def _discard(snapshot: PlanSnapshot) -> Element:
    ask = kit.confirm(
        _("Discard plan #{number}?", number=str(snapshot.number)),
        _("Nothing has been sent to anyone. A discarded plan can't be brought back."),
        yes=_("Discard"),
        no=_("Keep it"),
    )
    return kit.button(
        _("Discard"), ACTION_DISCARD, Ref(snapshot.id, snapshot.revision).encode(), style="danger", ask=ask
    )


def _is_shortened(snapshot: PlanSnapshot, steps: Sequence[PlanStepView], level: Level) -> bool:
    """Whether the card leaves out anything that "Show all" has, and that says more than where the plan is from."""
    version = snapshot.version
    if version is None or level is not LEVELS[0]:
        return version is not None
    known = Known(snapshot.issue, plan_steps.numbers(steps))
    longest = [
        (snapshot.issue.text, level.quote),
        (title(snapshot), kit.HEADER - len(f"#{snapshot.number} ")),
        (version.plan.description, level.understood),
    ]
    return (
        len(steps) > kit.PLAN_TASKS
        or len(to_mind(version)) > level.lines
        or len(version.citations) > level.lines
        or not all(fits(text, limit) for text, limit in longest)
        or not all(
            is_all_shown(step, version.components.get(step.step.component_id), known, level) for step in steps
        )
    )


def decisions(snapshot: PlanSnapshot) -> list[Element]:
    """The buttons by which a draft is decided about, wherever it is shown."""
    steps = plan_steps.in_order(snapshot.version) if snapshot.version else ()
    return [*_approve(snapshot, steps), _discard(snapshot)]
