"""What a run asks of people, below its steps: agreement at a gate, and what to do about a step that went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.languages import N_, _, ngettext
from bot.slack.ids import (
    ACTION_GATE_MORE,
    ACTION_STEP_APPROVE,
    ACTION_STEP_DETAILS,
    ACTION_STEP_EDIT_OUTPUTS,
    ACTION_STEP_MARK_DONE,
    ACTION_STEP_REJECT,
    ACTION_STEP_RETRY,
    ACTION_STEP_SKIP,
    CHOICE_ASK,
    CHOICE_HAND_OVER,
    CHOICE_REMIND,
    COMMAND_MUDDA,
    Choice,
    Ref,
)
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import Level
from bot.views.kit.text import clip, date, join, mention, one_line, sentences
from bot.views.plan.origins import Answers
from bot.views.plan.sent import Known, is_cut, lines
from bot.views.plan.steps import LOCK, writes
from bot.views.run import builtins, consequences, requests
from bot.views.run import steps as run_steps
from bot.views.run.origins import Origins
from bot.views.run.steps import RunStepView
from services.approvals import LimitOutcome
from services.connectors.errors import UnresolvedReference
from services.plans.references import Reference, parse
from services.queries.snapshots import RunSnapshot
from services.states import OVER, RunState, StepState

_NAME = 60
_REQUESTS = 2
MAX_GATES_SHOWN = 3
"""Of steps that ask the same thing, so many are shown at once; the others come up as those are decided."""

ASKING = (StepState.WAITING, StepState.UNCERTAIN, StepState.FAILED)
_UNDECIDED = {
    LimitOutcome.FAIL: N_("With no decision by {date}, the step fails."),
    LimitOutcome.SKIP: N_("With no decision by {date}, the step is skipped."),
}


def may_decide(approvers: Sequence[str] | None) -> str:
    """Who may decide, as mrkdwn. `approvers` leaves the reporter out; None is anyone."""
    if approvers is None:
        return _("Anyone in this channel can decide.")
    if not approvers:
        return _(
            "Nobody can decide: the only approver reported it. Add another with `{command} approvers`.",
            command=COMMAND_MUDDA,
        )
    who = join([mention(user) for user in approvers], last="or")
    return ngettext("{who} can decide.", "{who} can decide.", len(approvers), who=who)


def named(step: RunStepView, approvers: Sequence[str] | None) -> Sequence[str] | None:
    """Who may agree to a step: of those who may decide at all, those whom policies name, if they name any."""
    people = step.view.people
    if people is None or approvers is None:
        return approvers if people is None else people
    return [user for user in approvers if user in people]


def too_few(quorum: int, approvers: Sequence[str] | None) -> str:
    """What to do, as mrkdwn, where fewer may decide than must agree, so that a step waits for ever; else empty."""
    if not approvers or quorum <= len(approvers):
        return ""
    who = join([mention(user) for user in approvers])
    return ngettext(
        "{count} must approve, but only {who} can: add an approver with `{command} approvers`.",
        "{count} must approve, but only {who} can: add an approver with `{command} approvers`.",
        quorum,
        who=who,
        command=COMMAND_MUDDA,
    )


def asking(run: RunSnapshot, steps: Sequence[RunStepView], level: Level) -> list[RunStepView]:
    """The steps that people are asked about; the kinds take turns, so that none crowds out another."""
    if run.state in (RunState.COMPLETED, RunState.CANCELLED):
        return []
    kinds = [[step for step in steps if step.now.state is state] for state in ASKING]
    turns = [kind[turn] for turn in range(MAX_GATES_SHOWN) for kind in kinds if len(kind) > turn]
    return sorted(turns[: level.asks], key=lambda step: ASKING.index(step.now.state))


def sections(
    asked: Sequence[RunStepView],
    steps: Sequence[RunStepView],
    level: Level,
    approvers: Sequence[str] | None,
    known: Known,
) -> list[Block]:
    """A section for each step of `asked`, and how many more steps there are that await people."""
    if not asked:
        return []
    blocks: list[Block] = []
    for state in ASKING:
        shown = [step for step in asked if step.now.state is state]
        for step in shown:
            blocks += section(step, steps, level, approvers, known)
        if left_out := sum(step.now.state is state for step in steps) - len(shown):
            blocks.append(kit.context(kit.plain(_left_out(state, left_out))))
    return blocks


def _left_out(state: StepState, number: int) -> str:
    """How many more steps ask for the same."""
    match state:
        case StepState.WAITING:
            return ngettext(
                "…and {count} more step waits for approval", "…and {count} more steps wait for approval", number
            )
        case StepState.UNCERTAIN:
            return ngettext(
                "…and {count} more step waits for word whether it was done",
                "…and {count} more steps wait for word whether it was done",
                number,
            )
        case _:
            return ngettext(
                "…and {count} more step waits to be retried or skipped",
                "…and {count} more steps wait to be retried or skipped",
                number,
            )


def section(
    step: RunStepView,
    steps: Sequence[RunStepView],
    level: Level,
    approvers: Sequence[str] | None,
    known: Known,
) -> list[Block]:
    """What people are asked about one step of a run, with the buttons."""
    if builtins.is_asking(step.now):
        return _question(step, level)
    if step.now.state is StepState.WAITING:
        return _gate(step, level, approvers, Answers.of(each.view for each in steps), known)
    return _trouble(step, steps, run_steps.numbers(steps), level)


def _gate(
    step: RunStepView, level: Level, approvers: Sequence[str] | None, answers: Answers, known: Known
) -> list[Block]:
    """What will be sent, who may decide, and the two buttons; a third one where not all of it fits."""
    ref = _ref(step)
    may_agree = named(step, approvers)
    call, is_cut = _call(step, level, answers, known)
    more = [kit.button(_("Show in full"), ACTION_STEP_DETAILS, ref)] if is_cut else []
    return [
        kit.rich_text(_heading(f"{LOCK} ", step, level), *call),
        kit.context(*(kit.mrkdwn(words) for words in (_may_agree(step, may_agree), *_standing(step, may_agree)))),
        *_requests(step, level),
        kit.actions(
            kit.button(_("Approve step"), ACTION_STEP_APPROVE, ref, style="primary"),
            kit.button(_("Reject step"), ACTION_STEP_REJECT, ref, style="danger"),
            *more,
            _more(step),
        ),
    ]


def _more(step: RunStepView) -> Element:
    """What can be done at a gate without deciding, behind three dots."""
    ref = Ref(step.now.id, step.now.revision)
    options = (
        (_("Ask for more information"), CHOICE_ASK),
        (_("Hand over to someone else"), CHOICE_HAND_OVER),
        (_("Remind"), CHOICE_REMIND),
    )
    return kit.overflow(ACTION_GATE_MORE, *((label, Choice(name, ref).encode()) for label, name in options))


def _requests(step: RunStepView, level: Level) -> list[Block]:
    """What people have asked others before they decide, the last ones."""
    shown = step.now.requests[-_REQUESTS:]
    lines = [
        kit.runs(
            _("{who} asked {person}: {words}"),
            who=kit.person(each["by"]),
            person=kit.person(each["person"]),
            words=clip(one_line(each["text"]), level.field),
        )
        for each in shown
    ]
    return [kit.rich_text(kit.paragraph(*kit.stacked(lines)))] if lines else []


def _may_agree(step: RunStepView, people: Sequence[str] | None) -> str:
    """Who may agree, as mrkdwn; to reject it is for all who may decide."""
    if step.view.people is None:
        return may_decide(people)
    if not people:
        return _("A policy names who must approve this, and none of them is an approver.")
    who = join([mention(user) for user in people], last="or")
    return ngettext(
        "By a policy, only {who} can approve this.",
        "By a policy, only {who} can approve this.",
        len(people),
        who=who,
    )


def _question(step: RunStepView, level: Level) -> list[Block]:
    """Who is asked what, and a way to go on without the answer."""
    request = step.now.request or {}
    body = request.get("body")
    question = str(body.get("question") or "") if isinstance(body, Mapping) else ""
    waits = builtins.told(step.now, step.view.step, level.field) or []
    return [
        kit.rich_text(
            _heading("", step, level),
            kit.paragraph(*kit.stacked([waits, *run_steps.warned(step.now, 2 * level.field)])),
            *([kit.quote(clip(one_line(question), level.field))] if question else []),
        ),
        kit.actions(kit.button(_("Skip step"), ACTION_STEP_SKIP, _ref(step))),
    ]


def _standing(step: RunStepView, approvers: Sequence[str] | None) -> list[str]:
    """How many must agree and who has, and what becomes of the step if nobody decides, as mrkdwn."""
    now = step.now
    words = []
    if now.assigned_to and now.assigned_by:
        words.append(
            _("Handed to {person} by {who}.", person=mention(now.assigned_to), who=mention(now.assigned_by))
        )
    if now.quorum > 1:
        words.append(too_few(now.quorum, approvers) or _("{count} must approve.", count=now.quorum))
    if now.agreed:
        people = join([_agreed(user, now.deputies.get(user)) for user in now.agreed])
        words.append(
            _(
                "Approved so far by {people} ({count} of {quorum})",
                people=people,
                count=len(now.agreed),
                quorum=now.quorum,
            )
        )
    if now.limit_at is not None and now.limit_outcome in _UNDECIDED:
        words.append(_(_UNDECIDED[now.limit_outcome], date=date(now.limit_at)))
    elif now.limit_at is not None:
        words.append(_("A decision is due by {date}.", date=date(now.limit_at)))
    return words


def _agreed(user: str, deputy: str | None) -> str:
    if deputy is None:
        return mention(user)
    return _("{deputy} for {absent}", deputy=mention(deputy), absent=mention(user))


def _call(step: RunStepView, level: Level, answers: Answers, known: Known) -> tuple[list[Element], bool]:
    """What will be sent, and whether any of it is cut."""
    request = step.now.request
    if not request:
        return [kit.paragraph(kit.span(_("It needs approval before it goes on.")))], False
    values = requests.values(step.view, step.spec, request, known, Origins(step.view.step, answers))
    drawn = lines(values, level.fields, level.full)
    words = (
        N_("Approve to send this to “{component}”:")
        if drawn
        else N_("Approve to call “{component}”, which is sent no values.")
    )
    told = _(words, component=clip(step.view.component, level.field))
    cut = len(values) > level.fields or is_cut(drawn)
    if cut:
        drawn.append([kit.span(_("Cut short here: “Show in full” has all of it."))])
    return [kit.paragraph(kit.span(told)), *([kit.listed(drawn)] if drawn else [])], cut


def _trouble(
    step: RunStepView, steps: Sequence[RunStepView], numbered: Mapping[str, int], level: Level
) -> list[Block]:
    """What went wrong, and what can be done about it."""
    ref = _ref(step)
    uncertain = step.now.state is StepState.UNCERTAIN
    retry = kit.button(_("Retry"), ACTION_STEP_RETRY, ref, ask=_ask_retry(step, steps))
    skip = kit.button(_("Skip step"), ACTION_STEP_SKIP, ref)
    marks = [kit.button(_("Mark done"), ACTION_STEP_MARK_DONE, ref)] if uncertain else []
    said = run_steps.result(step, numbered, 3 * level.field)
    lines = [[kit.span(said)]] if said else []
    if decided := run_steps.decision(step.now, limit=level.field):
        lines.append(decided)
    if uncertain:
        lines.append([kit.span(_uncertain(step, level, bool(said)))])
    return [
        kit.rich_text(_heading("", step, level), *([kit.paragraph(*kit.stacked(lines))] if lines else [])),
        kit.actions(retry, *marks, *_edit(step, steps), skip),
    ]


def _ask_retry(step: RunStepView, steps: Sequence[RunStepView]) -> Element | None:
    """The question before a step that changes something is sent again; none for one that only looks it up."""
    if not writes(step.spec):
        return None
    return kit.confirm(
        _("Send step {number} again?", number=step.view.number),
        consequences.retrying(step, steps),
        yes=_("Retry"),
        no=_("Not yet"),
    )


def _edit(step: RunStepView, steps: Sequence[RunStepView]) -> list[Element]:
    """Where a step lacks what an earlier one should have answered: a button to say what that is."""
    error = step.now.error or {}
    parts = parse(str(error.get("reference"))) if error.get("code") == UnresolvedReference.code else ()
    sources = {part.source for part in parts if isinstance(part, Reference)}
    lacking = [other for other in steps if other.now.step_id in sources and other.now.state in OVER]
    return [kit.button(_("Fill in answer"), ACTION_STEP_EDIT_OUTPUTS, _ref(other)) for other in lacking[:1]]


def _uncertain(step: RunStepView, level: Level, is_explained: bool) -> str:
    name = clip(step.view.component, level.field)
    unknown = _("Mudda can't tell whether the call to “{component}” arrived.", component=name)
    ways = _(
        "Check there first. Retry sends it again, even if it arrived. Mark done records that it was done. "
        "Skip step goes on without it."
    )
    return sentences(["" if is_explained else unknown, ways])


def _heading(mark: str, step: RunStepView, level: Level) -> Element:
    title = clip(step.view.title, level.field)
    words = _("Step {number}: {title}", number=step.view.number, title=title)
    return kit.paragraph(kit.span(f"{mark}{words}", bold=True))


def _ref(step: RunStepView) -> str:
    return Ref(step.now.id, step.now.revision).encode()
