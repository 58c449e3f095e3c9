"""A plan as a task among Slack's work objects: what a card's preview says of it, and more beside in the pane.

Nothing is decided there: the buttons of such an object have no dialog that says what follows. All texts are plain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.languages import _
from bot.views.kit.text import clip
from bot.views.plan.overview import STATES, title
from bot.views.run.lines import RUNS
from services.queries.snapshots import PlanSnapshot, StepSnapshot
from services.states import PlanState, RunState, StepState

ENTITY_TASK = "slack#/entities/task"
REFERENCE = "plan"
"""The type of the reference by which Slack asks for a plan; its id is the plan's."""

_TITLE = 200
_DESCRIPTION = 2_000

_PLAN_COLOURS: Mapping[PlanState, str] = {
    PlanState.DRAFTING: "gray",
    PlanState.DRAFT: "yellow",
    PlanState.APPROVED: "blue",
    PlanState.DISCARDED: "gray",
    PlanState.FAILED: "red",
}
_RUN_COLOURS: Mapping[RunState, str] = {
    RunState.RUNNING: "blue",
    RunState.WAITING: "yellow",
    RunState.COMPLETED: "green",
    RunState.FAILED: "red",
    RunState.CANCELLED: "gray",
}

Entity = dict[str, Any]


def task(snapshot: PlanSnapshot, url: str, zone: ZoneInfo, now: datetime, *, in_full: bool = False) -> Entity:
    """The plan as it stands; `in_full` for somebody who looks at it, with what was reported.

    `url` leads to the card. `now`: what Slack has kept of it until then is not shown any more.
    """
    return {
        "entity_type": ENTITY_TASK,
        "url": url,
        "external_ref": {"id": str(snapshot.id), "type": REFERENCE},
        "entity_payload": {
            "attributes": {
                "title": {
                    "text": clip(title(snapshot), _TITLE) or _("Plan #{number}", number=str(snapshot.number))
                },
                "display_id": f"#{snapshot.number}",
                "display_type": _("Plan"),
                "product_name": "Mudda",
                "metadata_last_modified": int(now.timestamp()),
            },
            "fields": dict(_fields(snapshot, zone, in_full=in_full)),
        },
    }


def _fields(snapshot: PlanSnapshot, zone: ZoneInfo, *, in_full: bool) -> Iterator[tuple[str, Any]]:
    run = snapshot.run
    if run is None or snapshot.state is not PlanState.APPROVED:
        status, colour = _(STATES[snapshot.state]), _PLAN_COLOURS[snapshot.state]
    else:
        status, colour = _(RUNS[run.state]), _RUN_COLOURS[run.state]
    yield "status", {"value": status, "tag_color": colour}
    yield "date_created", {"value": int(snapshot.created_at.timestamp())}
    waiting = [] if run is None else [step for step in run.steps if step.state is StepState.WAITING]
    if who := _awaited(snapshot, waiting):
        yield "assignee", _person(who)
    if limits := [step.limit_at for step in waiting if step.limit_at is not None]:
        day = min(limits).astimezone(zone).date()
        yield "due_date", {"type": "slack#/types/date", "value": day.isoformat()}
    if in_full:
        yield "created_by", _person(snapshot.issue.reporter)
        yield "description", {"value": clip(snapshot.issue.text, _DESCRIPTION)}


def _awaited(snapshot: PlanSnapshot, waiting: list[StepSnapshot]) -> str | None:
    """The one person who is waited for; None where it is nobody, or several may."""
    handed = {step.assigned_to for step in waiting if step.assigned_to}
    if handed:
        return handed.pop() if len(handed) == 1 else None
    is_open = bool(waiting) or snapshot.state is PlanState.DRAFT
    people = snapshot.approvers if is_open else None
    return people[0] if people is not None and len(people) == 1 else None


def _person(user: str) -> Mapping[str, Any]:
    return {"type": "slack#/types/user", "user": {"user_id": user}}
