"""What is asked before an issue is planned, as the card shows it: the question, its buttons, what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.languages import N_, _, ngettext
from bot.slack.ids import (
    ACTION_CLARIFY_ANSWER,
    ACTION_CLARIFY_ANYWAY,
    ACTION_CLARIFY_CHOICE,
    ACTION_CLARIFY_SAME,
    ACTION_CLARIFY_UNDO,
    Numbered,
    Ref,
)
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, date, escape, join, mention, one_line, sentences
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState
from services.workflows.clarifications import Clarification, Lack, LookAlike, Settled

_TITLE = 200

_QUESTIONS: Mapping[Lack, str] = {
    Lack.PLACE: N_("Where is it?"),
    Lack.TIME: N_("When did it happen, or when should it be done?"),
    Lack.WHAT: N_("What exactly is wrong?"),
    Lack.CREW: N_("Which crew should do it?"),
}
_UNKNOWN: Mapping[Lack, str] = {
    Lack.PLACE: N_("where it is"),
    Lack.TIME: N_("when"),
    Lack.WHAT: N_("what exactly is wrong"),
    Lack.CREW: N_("which crew"),
}


def question(asked: Clarification, look_alike: LookAlike | None = None) -> str:
    """What is asked, in words of ours."""
    if asked.look_alike is not None:
        if look_alike is None:
            return _("Is this the same as another plan?")
        return _("Is this the same as #{number}?", number=str(look_alike.number))
    which = [_("Which place do you mean?")] if asked.choices else []
    return " ".join([*which, *(_(_QUESTIONS[each]) for each in asked.lacks)])


def asking(snapshot: PlanSnapshot, asked: Clarification) -> list[Block]:
    """The question and who is asked, and by when it is planned without an answer."""
    people = join([mention(user) for user in snapshot.asked_people], last="or")
    until = _(
        "{people} can answer here or in the thread. Without an answer I plan it anyway · {due}",
        people=people,
        due=date(asked.due),
    )
    look_alike = snapshot.look_alike
    other = [_described(look_alike)] if look_alike is not None and look_alike.title else []
    asked_for = question(asked, snapshot.look_alike)
    return [kit.section(f"*{asked_for}*"), *other, kit.context(kit.mrkdwn(until))]


def answers(snapshot: PlanSnapshot, asked: Clarification) -> list[Element]:
    """The buttons: a place each, words, or to plan it without an answer."""
    ref = Ref(snapshot.id, snapshot.revision)
    if asked.look_alike is not None:
        return [
            kit.button(_("Same issue"), ACTION_CLARIFY_SAME, ref.encode(), style="primary"),
            kit.button(_("New plan"), ACTION_CLARIFY_ANYWAY, ref.encode()),
        ]
    choices = [
        kit.button(one_line(place), f"{ACTION_CLARIFY_CHOICE}{number}", Numbered(ref, number).encode())
        for number, place in enumerate(asked.choices)
    ]
    label = _("Another place") if asked.choices else _("Answer")
    style = None if asked.choices else "primary"
    words = kit.button(label, ACTION_CLARIFY_ANSWER, ref.encode(), style=style)  # type: ignore[arg-type]
    return [*choices, words, kit.button(_("Plan anyway"), ACTION_CLARIFY_ANYWAY, ref.encode())]


def _described(other: LookAlike) -> Block:
    """The open plan: its title, who reported it and when."""
    title = clip(one_line(other.title), _TITLE)
    named = kit.link(other.link, title) if other.link else kit.span(title)
    said = kit.runs(
        _("{plan} · reported by {who} · {when}"),
        plan=named,
        who=kit.person(other.reporter),
        when=kit.moment(other.at),
    )
    return kit.rich_text(kit.quotation(*said))


def _named(other: LookAlike) -> str:
    return f"<{other.link}|#{other.number}>" if other.link else f"#{other.number}"


def put_away(snapshot: PlanSnapshot, other: LookAlike) -> list[Element]:
    """For which plan it was put away, by whom and when."""
    name = _("Same as #{number}", number=str(other.number))
    runs = [kit.link(other.link, name) if other.link else kit.span(name)]
    by = [kit.span(" · "), kit.person(snapshot.decided_by)] if snapshot.decided_by else []
    when = [kit.span(" · "), kit.moment(snapshot.decided_at)] if snapshot.decided_at else []
    return [*runs, *by, *when]


def undoing(snapshot: PlanSnapshot) -> Element:
    """The button for a plan that is not the same after all."""
    return kit.button(_("Plan it anyway"), ACTION_CLARIFY_UNDO, Ref(snapshot.id, snapshot.revision).encode())


def affected(snapshot: PlanSnapshot) -> list[Block]:
    """How many people have reported it, where there are several."""
    if snapshot.people < 2:
        return []
    said = ngettext("{count} person reported this", "{count} people reported this", snapshot.people)
    return [kit.context(kit.plain(said))]


def unknown(snapshot: PlanSnapshot) -> list[Block]:
    """What a plan was made without knowing, and why; nothing where somebody has answered."""
    asked, other = snapshot.clarification, snapshot.look_alike
    if asked is None or asked.outcome not in (Settled.ANYWAY, Settled.UNANSWERED, Settled.GONE):
        return []
    if other is not None and snapshot.state is not PlanState.DISCARDED:
        said = _("{plan} may be the same. Nobody has said.", plan=_named(other))
        if asked.outcome is Settled.GONE:
            said = _("{plan} was over by then, so this is planned anew.", plan=_named(other))
        return [kit.context(kit.mrkdwn(said))]
    which = [_("which place is meant")] if asked.choices else []
    missing = [*which, *(_(_UNKNOWN[each]) for each in asked.lacks)]
    if not missing:
        return []
    why = _("Nobody answered in time.") if asked.outcome is Settled.UNANSWERED else ""
    if asked.outcome is Settled.ANYWAY and asked.by:
        why = _("{who} wanted it planned anyway.", who=mention(asked.by))
    said = _("Planned without knowing {what}.", what=join(missing))
    return [kit.context(kit.mrkdwn(sentences([said, why])))]


def numbered(asked: Clarification) -> str:
    """The places to choose from as lines, by the numbers that a reply may name."""
    return "\n".join(f"{number}. {escape(one_line(place))}" for number, place in enumerate(asked.choices, 1))
