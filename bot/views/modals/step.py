"""One step of a run in a modal of its own: its request and its answer in full, as far as a view can hold them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from bot.languages import _
from bot.slack.ids import VIEW_STEP_DETAILS
from bot.slack.messages import Block, View
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import VIEW_SIZE
from bot.views.kit.json_text import MAX_PART_CHARACTERS, Room
from bot.views.kit.text import clip, kilobytes
from bot.views.modals.run import facts, sends
from bot.views.plan.origins import Answers
from bot.views.run import steps as run_steps
from bot.views.run.origins import Origins
from bot.views.run.steps import RunStepView
from services.queries.snapshots import PlanSnapshot

_BLOCKS = kit.VIEW_BLOCKS - 8
"""What is left of a view beside the heading, the facts, the decision, and word of what is cut."""

_TITLE = 24


def step_details_modal(snapshot: PlanSnapshot, step_id: UUID, answer: Any) -> View | None:
    """A step with all that it sends and all that came back: `answer` is the whole of it.

    None if the plan's run has no such step.
    """
    run, version = snapshot.run, snapshot.version
    if run is None or version is None:
        return None
    steps = run_steps.in_order(version, run)
    step = next((step for step in steps if step.now.id == step_id), None)
    if step is None:
        return None
    return {
        "type": "modal",
        "callback_id": VIEW_STEP_DETAILS,
        "title": kit.plain(
            clip(_("Plan #{number}, step {step}", number=str(snapshot.number), step=step.view.number), _TITLE)
        ),
        "close": kit.plain(_("Close")),
        "blocks": _blocks(step, steps, answer, f"{snapshot.number}.{run.number}"),
    }


def _blocks(step: RunStepView, steps: Sequence[RunStepView], answer: Any, export: str) -> list[Block]:
    said = clip("\n".join(facts(step, run_steps.numbers(steps))), MAX_PART_CHARACTERS)
    decided = run_steps.decision(step.now, limit=MAX_PART_CHARACTERS)
    head = [
        kit.header(run_steps.headline(step)),
        kit.rich_text(kit.paragraph(kit.span(said))),
        *([kit.rich_text(kit.paragraph(*decided))] if decided else []),
    ]
    left = VIEW_SIZE - len(json.dumps(head)) - MAX_PART_CHARACTERS
    # What is sent counts first: at a gate it is all there is, and what a person agrees to.
    share = 1 if answer is None else 2
    request = Room(blocks=_BLOCKS // share, size=left // share)
    origins = Origins(step.view.step, Answers.of(each.view for each in steps))
    sent = list(_request(step, origins, request))
    rest = Room(blocks=_BLOCKS - len(sent), size=left - len(json.dumps(sent)))
    answered = [] if answer is None else rest.boxes(_("Answer"), answer)
    return [
        *head,
        *sent,
        *(_cut(step.now.request, export) if request.is_short else ()),
        *answered,
        *(_cut(answer, export) if rest.is_short else ()),
    ]


def _request(step: RunStepView, origins: Origins, room: Room) -> Iterator[Block]:
    """Address, query, headers and body of what is sent; of a component's own headers, the names."""
    request = step.now.request
    if not request:
        return
    yield from room.boxes(sends(step), f"{request.get('method') or ''} {request.get('url') or ''}")
    if lines := origins.lines():
        yield from room.boxes(_("Where values come from"), lines)
    pairs = "\n".join(f"{name}: {value}" for name, value in request.get("query") or ())
    headers = [f"{name}: {value}" for name, value in (request.get("headers") or {}).items()]
    own = _("(set for this component)")
    headers += [f"{name}: {own}" for name in request.get("own_headers") or ()]
    if pairs:
        yield from room.boxes(_("Query"), pairs)
    if headers:
        yield from room.boxes(_("Headers"), "\n".join(headers))
    if request.get("body") is not None:
        is_form = request.get("body_format") == "form"
        yield from room.boxes(_("Body (sent as a form)") if is_form else _("Body"), request["body"])


def _cut(value: Any, export: str) -> Iterator[Block]:
    size = kilobytes(len(json.dumps(value, ensure_ascii=False).encode(errors="replace")))
    words = _("Cut: {size} in all; `mudda export {number}` has it.", size=size, number=export)
    yield kit.rich_text(kit.paragraph(*kit.typed(words)))
