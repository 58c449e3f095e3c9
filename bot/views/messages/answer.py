"""The answer to a question: what was said, its values filled in from rows, and the rows themselves with links.

Nobody is mentioned: people stand here by name, so that a question about somebody does not ring for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from bot.languages import N_, Sentence, _, day, decimal, month, number
from bot.slack.ids import COMMAND_MUDDA, COMMAND_WORKFLOWS, METADATA_ANSWER
from bot.slack.messages import Block, Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, join, lasted, one_line, sentences, weight
from bot.views.messages.facts import fact, said, trouble
from services.queries.inquiries.asking import Answered, Trouble
from services.queries.inquiries.wording import Cited, Words
from services.queries.lookups.rows import (
    Month,
    People,
    Person,
    PlanRef,
    Row,
    RowKind,
    Said,
    Several,
    StepError,
    Took,
    Value,
)

LOOKING = N_("Looking…")
STOPPED = N_("You stopped this answer.")

MAX_SAID = 1_800
"""Of an answer with its values filled in, as `weight` counts."""

MAX_LINES = 8
"""Of the rows below an answer."""

MAX_TABLE = 12
"""Of the rows where they are the answer."""

_VALUE = 200
_RUN = 15
"""What a run of text weighs besides its text."""


_TROUBLES: Mapping[Trouble, Sentence] = {
    Trouble.UNAVAILABLE: N_("The model can't be reached just now, so I looked by plain rules."),
    Trouble.BUDGET: N_("The model's budget for today is used up, so I looked by plain rules."),
    Trouble.LATE: N_("That took too long to put into words."),
    Trouble.ROUNDS: N_("I did not get to the end of that."),
    Trouble.UNFOUNDED: N_("I could not put that into words that I am sure of."),
    Trouble.STOPPED: STOPPED,
}
_FOUND = N_("This is what is on record:")
_NOTHING = N_("I found nothing that fits. `{workflows}` lists the plans, `{workflows} #12` shows one.")
_OFF_RECORD = N_(
    "I can tell what is on record here: how plans stand and what they wait for, who decided what, what failed, "
    "the components, the policies. I can't decide, change or send anything when asked: the buttons on a plan's "
    "card do. Ask me, say, `{mudda} ask what is open in Ward 4?`"
)
STRANGER = N_(
    "Only people of the organisation that runs Mudda are told more than what is about the plan in this thread. "
    "Ask in the thread of a plan."
)
NOT_ANSWERED = N_("I could not answer that just now. Please ask again.")
_PRIVATE = N_("Plans of private conversations are left out here. `{mudda} ask` answers you alone.")
_COMMANDS = {"mudda": COMMAND_MUDDA, "workflows": COMMAND_WORKFLOWS}


@dataclass(frozen=True, slots=True)
class Known:
    """What Slack says about the rows: names of people by id, and the links to cards by the plans' ids.

    `is_narrowed`: plans of private places were left out, since others read along.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[UUID, str] = field(default_factory=dict)
    is_narrowed: bool = False


def looking(inquiry_id: UUID) -> Message:
    """What is seen at once."""
    text = _(LOOKING)
    return _message([kit.rich_text(kit.paragraph(kit.span(text, italic=True)))], text, inquiry_id)


def words(sentence: Sentence, inquiry_id: UUID) -> Message:
    """An answer in our own words alone; what stands between backticks is to be typed as it is."""
    text = _(sentence, **_COMMANDS)
    return _message([kit.rich_text(kit.paragraph(*kit.typed(text)))], text.replace("`", ""), inquiry_id)


def answer_message(answered: Answered, known: Known, inquiry_id: UUID) -> Message:
    """The answer, what it rests on, and what is to be said about it."""
    if answered.is_off_record:
        return words(_OFF_RECORD, inquiry_id)
    said = list(_said(answered, known))
    rows = shown_rows(answered)
    blocks: list[Block] = [kit.rich_text(kit.paragraph(*said))]
    lines = [line for row in rows if (line := list(_line(row, known)))]
    most = len(lines)
    while lines and kit.size([*blocks, _list(lines[:most])]) > kit.MESSAGE_SIZE - 1_000:
        most -= 1
    if most:
        blocks.append(_list(lines[:most]))
    notes = list(_notes(answered, len(lines) - most, known))
    if notes:
        blocks.append(kit.context(*(kit.mrkdwn(note) for note in notes)))
    text = "".join(str(element.get("text") or element["fallback"]) for element in said)
    return _message(blocks, text, inquiry_id)


def shown_rows(answered: Answered) -> tuple[Row, ...]:
    """The rows that are shown: those that the answer cites, each plan once; or all, where they are the answer."""
    most = MAX_LINES if answered.pieces else MAX_TABLE
    seen: set[object] = set()
    kept: list[Row] = []
    for row in answered.rows:
        is_plan = row.kind in (RowKind.PLAN, RowKind.WAIT) and row.plan is not None
        key = row.plan.id if is_plan and row.plan is not None else row.id
        if row.kind is not RowKind.SUMMARY and key not in seen:
            seen.add(key)
            kept.append(row)
    return tuple(kept[:most])


def people_in(answered: Answered) -> tuple[str, ...]:
    """The Slack ids of those who are named in an answer."""
    cited = [piece.row for piece in answered.pieces if isinstance(piece, Cited)]
    found: dict[str, None] = {}
    for row in (*cited, *shown_rows(answered)):
        for value in row.values.values():
            if isinstance(value, Person):
                found[value.id] = None
            elif isinstance(value, People):
                found |= dict.fromkeys(value.ids[: kit.PEOPLE])
    return tuple(found)


def plans_in(answered: Answered) -> tuple[PlanRef, ...]:
    """The plans that an answer links to."""
    cited = [piece.row for piece in answered.pieces if isinstance(piece, Cited)]
    rows = (*cited, *shown_rows(answered))
    return tuple({row.plan.id: row.plan for row in rows if row.plan is not None}.values())


def _message(blocks: list[Block], text: str, inquiry_id: UUID) -> Message:
    metadata = {"event_type": METADATA_ANSWER, "event_payload": {"inquiry": str(inquiry_id)}}
    return Message(text=kit.fallback(text), blocks=kit.seal(blocks, "answer"), metadata=metadata)


def _said(answered: Answered, known: Known) -> Iterator[Element]:
    if not answered.pieces:
        trouble = "" if answered.trouble is None else _(_TROUBLES[answered.trouble])
        found = _(_FOUND) if shown_rows(answered) else _(_NOTHING, **_COMMANDS)
        yield from kit.typed(sentences([trouble, found]))
        return
    room = MAX_SAID
    for piece in answered.pieces:
        if isinstance(piece, Words):
            text = clip(f"|{piece.text}|", room)[1:].removesuffix("|")
            element = kit.span(text) if text else None
        else:
            element = _cited(piece, known)
        if element is not None:
            room -= weight(element.get("text", "")) + _RUN
            yield element
        if room <= 0:
            return


def _cited(piece: Cited, known: Known) -> Element | None:
    """A value, or the link to a plan. Another row that is cited as a whole stands below, and nothing here."""
    if piece.member is None or piece.member == "number":
        return _plan_link(piece.row.plan, known) if piece.row.plan else None
    return _value(piece.row.values[piece.member], known, piece.member)


def _plan_link(plan: PlanRef, known: Known) -> Element:
    # The address is Slack's own, of a message of ours; and what it is called is a number, no foreign text.
    url, label = known.links.get(plan.id), f"#{plan.number}"
    return {"type": "link", "url": url, "text": label} if url else kit.span(label)


def _value(value: Value, known: Known, name: str) -> Element:
    match value:
        case bool():
            return kit.span(_("yes") if value else _("no"))
        case int():
            return kit.span(number(value))
        case float():
            return kit.span(decimal(value))
        case datetime():
            return kit.moment(value)
        case date():
            return kit.span(day(value))
        case Month():
            return kit.span(month(value.first))
        case Person():
            return kit.span(_name(value.id, known))
        case People():
            return kit.span(join([_name(each, known) for each in value.ids], most=kit.PEOPLE))
        case Took():
            return kit.span(lasted(value.seconds))
        case Said():
            return kit.span(clip(one_line(said(value)), _VALUE))
        case Several():
            return kit.span(clip(one_line(join([said(each) for each in value.said])), _VALUE))
        case StepError():
            return kit.span(clip(one_line(trouble(value)), _VALUE))
        case _:
            return kit.span(clip(fact(one_line(value), name), _VALUE))


def _name(user_id: str, known: Known) -> str:
    return clip(one_line(known.names.get(user_id, "")), 60) or _("someone")


def _list(lines: Sequence[Sequence[Element]]) -> Block:
    items = [kit.paragraph(*line) for line in lines]
    return kit.rich_text({"type": "rich_text_list", "style": "bullet", "elements": items})


def _notes(answered: Answered, dropped: int, known: Known) -> Iterator[str]:
    found = sum(row.kind is not RowKind.SUMMARY for row in answered.rows)
    left_out = found - len(shown_rows(answered)) + dropped
    if not answered.pieces:
        counts = [(row.values.get("found"), row.values.get("shown")) for row in answered.rows]
        left_out += sum(all_ - shown for all_, shown in counts if isinstance(all_, int) and isinstance(shown, int))
    if left_out > 0 and not answered.pieces:
        yield _("…and {count} more. `{workflows}` and a word searches all plans.", count=left_out, **_COMMANDS)
    if known.is_narrowed:
        yield _(_PRIVATE, **_COMMANDS)


def _line(row: Row, known: Known) -> Iterator[Element]:
    """A row in one line: what it is about, and how that stands."""
    given, is_begun = row.values, row.plan is not None
    if row.plan is not None:
        yield _plan_link(row.plan, known)
    if row.kind in _TITLED and "title" in given:
        yield kit.span(f" {clip(one_line(str(given['title'])), _TITLE)}")
    for name, sentence, separator in _LINES[row.kind]:
        value = given.get(name)
        # "Waits for approval" says how it stands, and more.
        if value is None or (name == "state" and "waits_for" in given):
            continue
        before = separator if is_begun or separator != _APART else ""
        yield from kit.runs(f"{before}{_(sentence)}", value=_value(value, known, name))
        is_begun = True


_TITLED = (RowKind.PLAN, RowKind.WAIT, RowKind.DECISION)
_TITLE = 80

_APART, _COMMA, _COLON = " · ", ", ", ": "
_PLAIN = N_("{value}")
_WAITS_FOR, _FROM = N_("waits for {value}"), N_("from {value}")
_MAY_DECIDE, _CALLS = N_("May decide: {value}"), N_("calls: {value}")

_LINES: Mapping[RowKind, Sequence[tuple[str, Sentence, str]]] = {
    RowKind.SUMMARY: (),
    RowKind.PLAN: (
        ("state", _PLAIN, _APART),
        ("waits_for", _WAITS_FOR, _APART),
        ("people", _FROM, _APART),
        ("place", _PLAIN, _APART),
    ),
    RowKind.WAIT: (
        ("waits_for", _WAITS_FOR, _APART),
        ("since", N_("since {value}"), _APART),
        ("people", _FROM, _APART),
    ),
    RowKind.RUN: (
        ("run", N_("Run {value}"), _APART),
        ("state", _PLAIN, _COLON),
        ("started_by", N_("started by {value}"), _APART),
        ("took", N_("took {value}"), _APART),
    ),
    RowKind.STEP: (
        ("step", N_("Step {value}"), _APART),
        ("title", _PLAIN, _COMMA),
        ("state", _PLAIN, _COLON),
        ("waits_for", _WAITS_FOR, _APART),
        ("people", _FROM, _APART),
        ("error", _PLAIN, _APART),
    ),
    RowKind.DECISION: (
        ("what", _PLAIN, _APART),
        ("step", _PLAIN, _COLON),
        ("by", N_("by {value}"), _APART),
        ("at", _PLAIN, _APART),
        ("reason", N_("“{value}”"), _APART),
    ),
    RowKind.COMPONENT: (
        ("name", _PLAIN, _APART),
        ("description", _PLAIN, _COLON),
        ("does", _PLAIN, _APART),
        ("approval", N_("approval: {value}"), _APART),
        ("in_use", N_("in use: {value}"), _APART),
    ),
    RowKind.FAILURES: (
        ("component", _PLAIN, _APART),
        ("failed", N_("{value} failed"), _COLON),
        ("calls", N_("{value} calls"), _COMMA),
        ("uncertain", N_("{value} uncertain"), _COMMA),
        ("last_failed_at", N_("last failed {value}"), _APART),
    ),
    RowKind.DURATION: (
        ("median", N_("Median {value}"), _APART),
        ("shortest", N_("shortest {value}"), _APART),
        ("longest", N_("longest {value}"), _APART),
        ("plans", N_("plans: {value}"), _APART),
    ),
    RowKind.COUNT: (
        ("state", _PLAIN, _APART),
        ("reporter", _PLAIN, _APART),
        ("place", _PLAIN, _APART),
        ("month", _PLAIN, _APART),
        ("plans", _PLAIN, _COLON),
    ),
    RowKind.POLICY: (("policy", _PLAIN, _APART), ("section", _PLAIN, _COMMA), ("text", _PLAIN, _COLON)),
    RowKind.APPROVERS: (
        ("people", _MAY_DECIDE, _APART),
        ("who", _MAY_DECIDE, _APART),
        ("quorum", N_("have to agree: {value}"), _APART),
    ),
    RowKind.TOKENS: (
        ("agent", _PLAIN, _APART),
        ("tokens", N_("{value} tokens"), _COLON),
        ("calls", _CALLS, _APART),
    ),
}
"""Of each kind of row what is shown: a value's name, what is said of it, and what stands before that."""
