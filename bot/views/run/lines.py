"""A plan as a line of a list: how it stands, who is waited for, and where its card is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard
from urllib.parse import urlsplit

from bot.slack.messages import Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, count, one_line
from bot.views.plan.overview import STATES
from services.queries.snapshots import Awaited, AwaitedKind, PlanLine
from services.states import PlanState, RunState

RUNS: Mapping[RunState, str] = {
    RunState.RUNNING: "Running",
    RunState.WAITING: "Waiting",
    RunState.COMPLETED: "Done",
    RunState.FAILED: "Stopped",
    RunState.CANCELLED: "Cancelled",
}
_UNTIL: Mapping[AwaitedKind, str] = {
    AwaitedKind.REVIEW: " to review it",
    AwaitedKind.NO_PLAN: " to try again",
    AwaitedKind.GATE: " to approve a step",
    AwaitedKind.ANSWER: " to answer a question",
    AwaitedKind.UNCERTAIN: " to find out whether a step was done",
    AwaitedKind.FAILED: " to see to a step that failed",
}
_LINK = 600


def plan_line(line: PlanLine, longest: int, *, is_own: bool = False) -> Element:
    """The line as a paragraph of rich text. `is_own`: its reporter reads it, and need not be told who that is."""
    title = f"#{line.number} {clip(one_line(line.title), longest)}"
    origin = [] if is_own else [kit.span("reported by "), kit.person(line.reporter_id)]
    if line.shown_in.startswith("C"):
        origin += [kit.span(" in " if origin else "in "), kit.place(line.shown_in)]
    return kit.paragraph(
        card_link(line.link, title),
        kit.span(f"\n{standing(line)}"),
        *awaited(line.awaited),
        kit.span("\n"),
        *origin,
        kit.span(" · " if origin else ""),
        kit.moment(line.created_at),
    )


def standing(line: PlanLine) -> str:
    """How a plan stands, with its run: "Running · 3 of 8 done", "To be reviewed · 6 steps"."""
    if line.run_state is None or line.state is not PlanState.APPROVED:
        return f"{STATES[line.state]} · {count(line.steps, 'step')}" if line.steps else STATES[line.state]
    if line.run_state is RunState.COMPLETED:
        return f"Done · {count(line.total, 'step')}"
    return f"{RUNS[line.run_state]} · {line.done:,} of {line.total:,} done"


def awaited(waits: Awaited | None) -> list[Element]:
    """Who is waited for, and for what; nothing where nobody is."""
    if waits is None:
        return []
    if waits.people is None:
        who = [kit.span("anyone")]
    else:
        who = kit.people(waits.people, last="or") or [kit.span("an approver, and the only one reported it,")]
    return [kit.span(" · waits for "), *who, kit.span(_UNTIL[waits.kind])]


def card_link(url: str | None, label: str) -> Element:
    """The label in bold, leading to the card where Slack has said where that is."""
    if not _leads(url):
        return kit.span(label, bold=True)
    return {"type": "link", "url": url, "text": label or kit.EMPTY, "style": {"bold": True}}


def card_button(url: str | None, action_id: str, value: str) -> list[Element]:
    """A button that leads to the card, where Slack has said where that is."""
    if not _leads(url):
        return []
    return [{**kit.button("Open card", action_id, value), "url": url}]


def _leads(url: str | None) -> TypeGuard[str]:
    """Whether this is an address that can be linked to. Slack gave it; on one's own machine it has no https."""
    return url is not None and len(url) <= _LINK and urlsplit(url).scheme in ("http", "https")
