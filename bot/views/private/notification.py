"""The direct message in which a person is asked what a card asks; locked once that is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from bot.languages import N_, Sentence, _, ngettext
from bot.slack.ids import ACTION_APPROVE, ACTION_DISCARD, METADATA_NOTIFICATION, METADATA_PERSON_REMINDER, Ref
from bot.slack.messages import Block, Element, Message
from bot.views.card import follows
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import Level, fit
from bot.views.kit.mentions import quoted
from bot.views.kit.text import clip, mention, one_line
from bot.views.plan import steps as plan_steps
from bot.views.plan.overview import plan_block, title, understood
from bot.views.run import gates, leaving
from bot.views.run import steps as run_steps
from bot.views.run.steps import RunStepView
from services.notifications.copies import Copy
from services.notifications.subjects import NotificationKind, Verdict
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState, StepState

_TITLE = 120
_QUOTE = 300
_FAILED_STEPS = 3

_VERBS: Mapping[str, Sentence] = {
    "approve": N_("Approved by {who}"),
    "reject": N_("Rejected by {who}"),
    "skip": N_("Skipped by {who}"),
    "mark_done": N_("Marked done by {who}"),
    "retry": N_("Tried again by {who}"),
    "cancel": N_("The run was ended by {who}"),
    PlanState.APPROVED: N_("Approved by {who}"),
    PlanState.DISCARDED: N_("Discarded by {who}"),
}
_PLAINLY: Mapping[str, Sentence] = {
    "approve": N_("approved"),
    "reject": N_("rejected"),
    "skip": N_("skipped"),
    "mark_done": N_("marked done"),
    "retry": N_("tried again"),
    "cancel": N_("the run was ended"),
    PlanState.APPROVED: N_("approved"),
    PlanState.DISCARDED: N_("discarded"),
}
"""The same behind the name of what it was, where nobody is named."""

_ENDINGS: Mapping[str, Sentence] = {
    "time_out": N_("Nobody decided in time."),
    PlanState.DRAFTING: N_("A new draft is being made. You will hear of it."),
    PlanState.DRAFT: N_("There is a newer draft, which this is not about any more."),
    PlanState.FAILED: N_("The plan could not go on. Its card says why."),
}
_OVER = N_("This does not wait for you any more.")

_HEADLINES: Mapping[NotificationKind, Sentence] = {
    NotificationKind.PLAN: N_("A plan waits for your approval"),
    NotificationKind.GATE: N_("A step waits for your approval"),
    NotificationKind.UNCERTAIN: N_("Please look: nobody can tell whether this was done"),
    NotificationKind.FAILED: N_("A run has stopped, and waits for you"),
}


def notification_message(snapshot: PlanSnapshot, copy: Copy, link: str | None) -> Message:
    """The message, as things stand; `link` leads to the card. Its metadata carries the notification's id."""
    name = _name(snapshot, copy)
    if copy.verdict is not None:
        said = f"{name}: {_plainly(copy.verdict)}"
        blocks = kit.seal([_about(snapshot, copy, link), _ended(name, copy.verdict)], "notification")
    else:
        said = f"{_headline(copy)}: {name}"
        blocks = fit(lambda level, most: _open(snapshot, copy, link, level, most), 1, f"notification.{copy.turn}")
    payload = {"notification": str(copy.id)}
    return Message(
        text=kit.fallback(said),
        blocks=blocks,
        metadata={"event_type": METADATA_NOTIFICATION, "event_payload": payload},
    )


def person_reminder(
    snapshot: PlanSnapshot, copy: Copy, link: str | None, *, number: int, by: str | None = None
) -> Message:
    """The reminder of that number; the buttons stay with the message that it is about."""
    who = [*kit.runs(_("{who} reminds you."), who=kit.person(by)), kit.span(" ")] if by else []
    name, waits = _name(snapshot, copy), _("Still waiting for you")
    where = _("Its buttons are further up here.")
    blocks: list[Block] = [
        kit.rich_text(kit.paragraph(*who, kit.span(f"{waits}: ", bold=True), kit.span(name))),
        kit.context(kit.mrkdwn(f"{where} {_open_card(link)}" if link else where)),
    ]
    payload = {"notification": str(copy.id), "number": number}
    return Message(
        text=kit.fallback(f"{waits}: {name}"),
        blocks=kit.seal(blocks, "person_reminder"),
        metadata={"event_type": METADATA_PERSON_REMINDER, "event_payload": payload},
    )


def _headline(copy: Copy) -> str:
    return _(_HEADLINES[copy.kind])


def _open_card(link: str) -> str:
    return _("<{link}|Open the card>", link=link)


def _name(snapshot: PlanSnapshot, copy: Copy) -> str:
    """What it is about, in a line: "step 3 of plan #12, Close a road"."""
    step, number = _step(snapshot, copy.step), str(snapshot.number)
    if step is None:
        return _("plan #{number}, {title}", number=number, title=clip(title(snapshot), _TITLE))
    name = clip(one_line(step.view.title), _TITLE)
    return _("step {step} of plan #{number}, {title}", step=step.view.number, number=number, title=name)


def _steps(snapshot: PlanSnapshot) -> Sequence[RunStepView]:
    return run_steps.in_order(snapshot.version, snapshot.run) if snapshot.version and snapshot.run else ()


def _step(snapshot: PlanSnapshot, step_id: UUID | None) -> RunStepView | None:
    return next((step for step in _steps(snapshot) if step.now.id == step_id), None)


def _about(snapshot: PlanSnapshot, copy: Copy, link: str | None) -> Block:
    number, reporter = str(snapshot.number), mention(snapshot.issue.reporter)
    words = [_("Plan #{number}, reported by {who}", number=number, who=reporter)]
    if copy.on_behalf_of:
        words.append(_("You stand in for {who}", who=mention(copy.on_behalf_of)))
    if link:
        words.append(_open_card(link))
    return kit.context(kit.mrkdwn(" · ".join(words)))


def _ended(name: str, verdict: Verdict) -> Block:
    said: list[Element] = [kit.span(f"{name[:1].upper()}{name[1:]}. ", bold=True)]
    verb = _VERBS.get(verdict.kind)
    if verb is None or verdict.user is None:
        return kit.rich_text(kit.paragraph(*said, kit.span(_(_ENDINGS.get(verdict.kind, _OVER)))))
    people = verdict.agreed or ((verdict.user, verdict.on_behalf_of),)
    when = [kit.span(" · "), kit.moment(verdict.at)] if verdict.at else []
    return kit.rich_text(kit.paragraph(*said, *kit.runs(_(verb), who=kit.acting(people)), *when))


def _plainly(verdict: Verdict) -> str:
    return _(_PLAINLY.get(verdict.kind) or _ENDINGS.get(verdict.kind, _OVER))


def _open(snapshot: PlanSnapshot, copy: Copy, link: str | None, level: Level, most: int) -> list[Block]:
    opening = [
        kit.rich_text(kit.paragraph(kit.span(_headline(copy), bold=True))),
        _about(snapshot, copy, link),
        quoted(snapshot.issue, min(level.quote, _QUOTE)),
    ]
    if copy.kind is NotificationKind.PLAN:
        return [*opening, *_plan(snapshot, level, most)]
    steps = _steps(snapshot)
    if copy.kind is NotificationKind.FAILED:
        failed = [step for step in steps if step.now.state is StepState.FAILED]
        left_out = len(failed) - _FAILED_STEPS
        said = ngettext("…and {count} more step on the card", "…and {count} more steps on the card", left_out)
        more = [kit.context(kit.plain(said))] if left_out > 0 else []
        asked = failed[:_FAILED_STEPS]
    else:
        more, asked = [], [step for step in steps if step.now.id == copy.step]
    known = leaving.known(snapshot.issue, steps)
    sections = [block for step in asked for block in gates.section(step, steps, level, snapshot.approvers, known)]
    return [*opening, *sections, *more]


def _plan(snapshot: PlanSnapshot, level: Level, most: int) -> list[Block]:
    """The draft, with the buttons of its card."""
    version = snapshot.version
    if version is None:
        return []
    steps = plan_steps.in_order(version)
    ref = Ref(snapshot.id, snapshot.revision).encode()
    approve = kit.confirm(
        _("Run plan #{number}?", number=str(snapshot.number)),
        follows(version, steps),
        yes=_("Approve and run"),
        no=_("Not yet"),
        style="primary",
    )
    discard = kit.confirm(
        _("Discard plan #{number}?", number=str(snapshot.number)),
        _("Nothing has been sent to anyone. A discarded plan can't be brought back."),
        yes=_("Discard"),
        no=_("Keep it"),
    )
    shown = min(most, len(steps))
    left_out = ngettext("…and {count} more step", "…and {count} more steps", len(steps) - shown)
    more = [kit.context(kit.plain(left_out))] if shown < len(steps) else []
    return [
        *understood(snapshot, level.understood),
        *([plan_block(snapshot, version, steps, level, most)] if steps else []),
        *more,
        kit.actions(
            *(
                [kit.button(_("Approve and run"), ACTION_APPROVE, ref, style="primary", ask=approve)]
                if steps
                else []
            ),
            kit.button(_("Discard"), ACTION_DISCARD, ref, style="danger", ask=discard),
        ),
    ]
