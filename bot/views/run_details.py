"""The whole run, in the modal behind "Details": each request and answer, word for word, and each decision."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.ids import VIEW_RUN_DETAILS
from bot.views import blocks as kit
from bot.views import builtins, calls, runs
from bot.views import run_steps as read
from bot.views.blocks import Block, Element, View
from bot.views.details import details_modal, report, step_blocks
from bot.views.history import DETAIL, LINE, sections
from bot.views.levels import fit_view
from bot.views.run_steps import RunStep
from bot.views.step_errors import caution, explain
from bot.views.text import ELLIPSIS, clip, count, lasted, one_line, weight
from services.run_states import StepState
from services.snapshots import History, PlanSnapshot, RunSnapshot, VersionSnapshot

_FIELDS = 40
_FIELD = 300
_WARNINGS = 5
_ADDRESS = 300
_FACTS = 200
_HISTORY_BLOCKS = 9
_DEEPEST = 30
_LEAST = 80
"""An answer that would be cut shorter than this is left out."""


def run_details_modal(snapshot: PlanSnapshot, history: History | None = None) -> View:
    """The run with all that is kept of each step, then its history. A plan without a run shows the plan."""
    run, version = snapshot.run, snapshot.version
    if run is None or version is None:
        return details_modal(snapshot)
    return {
        "type": "modal",
        "callback_id": VIEW_RUN_DETAILS,
        "title": kit.plain(f"Run of plan #{snapshot.number}"),
        "close": kit.plain("Close"),
        "blocks": fit_view(lambda longest: _blocks(snapshot, run, version, history, longest)),
    }


def pretty(value: Any, limit: int) -> str:
    """A value as indented JSON, a text as it is; no more of it is written than `limit` needs."""
    if isinstance(value, str):
        return clip(value, limit)
    written, length = [], 0
    for part in _json(value, "\n", _DEEPEST, limit):
        written.append(part)
        length += len(part)
        if length > limit:
            break
    return clip("".join(written), limit)


def _blocks(
    snapshot: PlanSnapshot, run: RunSnapshot, version: VersionSnapshot, history: History | None, longest: int
) -> list[Block]:
    steps = read.in_order(version, run)
    numbered = read.numbers(steps)
    return [
        *report(snapshot, longest),
        kit.header(runs.line(run, steps)),
        kit.context(kit.mrkdwn(runs.standing(run))),
        *step_blocks(steps, longest, lambda step, room: _step(step, numbered, snapshot.number, room)),
        *_history(history, version, longest),
    ]


def _history(history: History | None, version: VersionSnapshot, longest: int) -> list[Block]:
    """At most 27 blocks: with those of the steps no more than a view may have."""
    if history is None:
        return []
    lines = _HISTORY_BLOCKS * max(1, longest // LINE)
    return sections(history, version, lines=lines, detail=DETAIL, longest=longest)


def _step(step: RunStep, numbered: Mapping[str, int], plan: int, room: int) -> list[Element]:
    """A step's heading and facts, then its answer in what room is left; and where all of it is, if it is cut."""
    heading = clip(read.headline(step), room)
    awaits_answer = step.now.output is None
    most = max(1, (room - weight(heading)) * (4 if awaits_answer else 3) // 5)
    facts = clip("\n".join(_facts(step, numbered, most if awaits_answer else _FIELD)), most)
    is_cut = step.now.is_long or ELLIPSIS in facts
    decided = read.decision(step.now, limit=max(1, room // 6))
    said = [kit.run(f"\n{facts}"), *([kit.run("\n"), *decided] if decided else [])]
    parts = [kit.paragraph(kit.run(heading, bold=True), *said)]
    left = room - weight(heading) - weight(facts) - (room // 6 + 60 if decided else 0)
    if step.now.output is not None and left > _LEAST:
        answer = pretty(step.now.output, left)
        is_cut = is_cut or answer.endswith(ELLIPSIS)
        parts += [kit.paragraph(kit.run("Answer:")), kit.preformatted(answer)]
    if is_cut and left > _LEAST:
        parts.append(kit.paragraph(kit.run(f"Not all of it fits here: “python -m bot export {plan}” has it.")))
    return [*parts, kit.paragraph(kit.run("\n"))]


def _facts(step: RunStep, numbered: Mapping[str, int], field: int) -> Iterator[str]:
    """What is kept of a step, a line each; a value that is sent is at most `field` long."""
    now = step.now
    yield f"{builtins.standing(now) or read.STATES[now.state]}{_tries(step)}"
    if now.error:
        yield explain(now.error, step.view.component, numbered)
        yield _code(now.error)
    yield from (caution(warning) for warning in now.warnings[:_WARNINGS])
    if now.request:
        is_to_come = now.state in (StepState.WAITING, StepState.READY) and not builtins.standing(now)
        sends = "Would send" if is_to_come else "Sent"
        yield f"{sends}: {calls.address(now.request, _ADDRESS)}"
        yield from (f"• {field}" for field in calls.fields(now.request, _FIELDS, field))


def _tries(step: RunStep) -> str:
    """How long the last attempt took, where it came to an end by itself, and how many there were."""
    now = step.now
    if now.started_at is None:
        return ""
    itself = now.state in (StepState.DONE, StepState.FAILED) and now.ended_at and not read.reason(now)
    took = f" in {lasted((now.ended_at - now.started_at).total_seconds())}" if itself and now.ended_at else ""
    to_come = now.state in (StepState.READY, StepState.WAITING) and not builtins.standing(now)
    return f"{took} · {count(now.attempt - to_come, 'attempt')}"


def _code(error: Mapping[str, Any]) -> str:
    """An error as it is on record, for whoever runs Mudda."""
    facts = ", ".join(f"{name}: {calls.as_text(value)}" for name, value in error.items())
    return clip(one_line(f"On record: {facts}"), _FACTS)


def _json(value: Any, line: str, depth: int, longest: int) -> Iterator[str]:
    """The parts of indented JSON, as they are needed: an answer may be a megabyte, and nested without end."""
    if not isinstance(value, (Mapping, list)):
        yield json.dumps(value[: 2 * longest] if isinstance(value, str) else value, ensure_ascii=False)
        return
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    if not value or not depth:
        yield f"{opening}{'…' if value else ''}{closing}"
        return
    inner = f"{line}  "
    before = opening
    for item in value.items() if isinstance(value, Mapping) else enumerate(value):
        name = f"{json.dumps(str(item[0])[:longest], ensure_ascii=False)}: " if isinstance(value, Mapping) else ""
        yield f"{before}{inner}{name}"
        yield from _json(item[1], inner, depth - 1, longest)
        before = ","
    yield f"{line}{closing}"
