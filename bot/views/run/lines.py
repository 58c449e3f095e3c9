"""A plan as a line of a list: how it stands, who is waited for, and where its card is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard
from urllib.parse import urlsplit

from bot.languages import N_, Sentence, _, ngettext
from bot.slack.messages import Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, one_line
from bot.views.plan.overview import STATES
from services.queries.snapshots import Awaited, AwaitedKind, PlanLine
from services.states import PlanState, RunState

RUNS: Mapping[RunState, Sentence] = {
    RunState.RUNNING: N_("Running"),
    RunState.WAITING: N_("Waiting"),
    RunState.COMPLETED: N_("Done"),
    RunState.FAILED: N_("Stopped"),
    RunState.CANCELLED: N_("Cancelled"),
}
"""How a run stands, in a word."""

_AWAITS: Mapping[AwaitedKind, Sentence] = {
    AwaitedKind.REVIEW: N_(" · waits for {who} to review it"),
    AwaitedKind.NO_PLAN: N_(" · waits for {who} to try again"),
    AwaitedKind.GATE: N_(" · waits for {who} to approve a step"),
    AwaitedKind.ANSWER: N_(" · waits for {who} to answer a question"),
    AwaitedKind.UNCERTAIN: N_(" · waits for {who} to find out whether a step was done"),
    AwaitedKind.FAILED: N_(" · waits for {who} to see to a step that failed"),
}
_LINK = 600


def plan_line(line: PlanLine, longest: int, *, is_own: bool = False) -> Element:
    """The line as a paragraph of rich text. `is_own`: its reporter reads it, and need not be told who that is."""
    title = f"#{line.number} {clip(one_line(line.title), longest)}"
    origin = _origin(line, is_own=is_own)
    return kit.paragraph(
        card_link(line.link, title),
        kit.span(f"\n{standing(line)}"),
        *awaited(line.awaited),
        kit.span("\n"),
        *origin,
        kit.span(" · " if origin else ""),
        kit.moment(line.created_at),
    )


def _origin(line: PlanLine, *, is_own: bool) -> list[Element]:
    """Who reported it, and where the card is."""
    who, place = kit.person(line.reporter_id), kit.place(line.shown_in)
    is_in_channel = line.shown_in.startswith("C")
    if is_own:
        return kit.runs(_("in {place}"), place=place) if is_in_channel else []
    if is_in_channel:
        return kit.runs(_("reported by {who} in {place}"), who=who, place=place)
    return kit.runs(_("reported by {who}"), who=who)


def standing(line: PlanLine) -> str:
    """How a plan stands, with its run: "Running · 3 of 8 done", "To be reviewed · 6 steps"."""
    if line.run_state is None or line.state is not PlanState.APPROVED:
        state = _(STATES[line.state])
        return f"{state} · {_steps(line.steps)}" if line.steps else state
    state = _(RUNS[line.run_state])
    if line.run_state is RunState.COMPLETED:
        return f"{state} · {_steps(line.total)}"
    done = _("{done} of {total} done", done=line.done, total=line.total)
    return f"{state} · {done}"


def _steps(number: int) -> str:
    return ngettext("{count} step", "{count} steps", number)


def awaited(waits: Awaited | None) -> list[Element]:
    """Who is waited for, and for what; nothing where nobody is."""
    if waits is None:
        return []
    if waits.people is None:
        who = [kit.span(_("anyone"))]
    else:
        who = kit.people(waits.people, last="or") or [kit.span(_("an approver, and the only one reported it,"))]
    return kit.runs(_(_AWAITS[waits.kind]), who=who)


def card_link(url: str | None, label: str) -> Element:
    """The label in bold, leading to the card where Slack has said where that is."""
    if not _leads(url):
        return kit.span(label, bold=True)
    return {"type": "link", "url": url, "text": label or kit.EMPTY, "style": {"bold": True}}


def card_button(url: str | None, action_id: str, value: str) -> list[Element]:
    """A button that leads to the card, where Slack has said where that is."""
    if not _leads(url):
        return []
    return [{**kit.button(_("Open card"), action_id, value), "url": url}]


def _leads(url: str | None) -> TypeGuard[str]:
    """Whether this is an address that can be linked to. Slack gave it; on one's own machine it has no https."""
    return url is not None and len(url) <= _LINK and urlsplit(url).scheme in ("http", "https")
