"""How the Gemini stand-in plans: plain rules over the components that it is shown, the same for every issue.

Each component is given a role by its words: look up, open, act, assign, tell the public, reply to the reporter.
Roles give the order; references to earlier answers and the roles give the edges; all else runs side by side.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from bot.sandbox.gemini.builtins import inputs as own_inputs
from bot.sandbox.gemini.builtins import is_called_for, is_own
from bot.sandbox.gemini.reading import Order, Report, Tool, fields, identifies, plain, word_set, words
from bot.sandbox.gemini.topics import is_grave, is_urgent, topics
from bot.sandbox.gemini.values import Filler, Source, message_for
from services.components.builtins import NOTIFY


class Role(IntEnum):
    """What a component is for, in the order in which a case is worked."""

    LOOK = 0
    OPEN = 1
    ACT = 2
    ASSIGN = 3
    TELL = 4
    REPLY = 5
    FINISH = 6


_MOST_OF = {Role.OPEN: 3, Role.ACT: 2, Role.ASSIGN: 1, Role.TELL: 1, Role.REPLY: 1, Role.FINISH: 0}
_CASE = word_set("request order case ticket report workorder task job")
_TELLING = word_set("notify notification alert announce inform message warn tell reply answer")
_ENDING = word_set("cancel complete delete finish release remove reopen resolve restore withdraw")
_OPENING = word_set("create open submit file report register add raise log record")
_ASSIGNING = word_set("assign assignment dispatch send schedule")
_PEOPLE = word_set("crew team worker technician inspector staff contractor officer")
_DRASTIC = word_set("evacuate shut shutdown")
_PERHAPS_KNOWN = word_set("again already known reported still")
_DUPLICATE = word_set("already duplicate earlier existing nearby similar")


def role_of(tool: Tool) -> Role:
    """What a component is for, by its method and its words."""
    title = tool.title_words
    if is_own(tool.id):
        return Role.REPLY if tool.id == NOTIFY else Role.ACT
    if tool.method == "GET" or title & {"find", "search", "lookup"}:
        return Role.LOOK
    if title & _TELLING:
        return Role.REPLY if title & {"reporter", "reply", "requester", "answer"} else Role.TELL
    if tool.method == "DELETE" or title & _ENDING:
        return Role.FINISH
    if title & {"change", "close", "update"} and title & _CASE and not topics(title):
        return Role.FINISH
    if title & _ASSIGNING and (title & _PEOPLE or "assign" in title):
        return Role.ASSIGN
    return Role.OPEN if title & _OPENING and title & _CASE else Role.ACT


def select(report: Report, tools: Sequence[Tool]) -> list[str]:
    """The ids of the components for an issue: those on its subject, and those that every case needs."""
    by_role: dict[Role, list[Tool]] = defaultdict(list)
    registered = [tool for tool in tools if not is_own(tool.id)]
    for tool in sorted(registered, key=lambda tool: -len(tool.words & report.words)):
        if _concerns(report, tool):
            by_role[role_of(tool)].append(tool)
    if not by_role[Role.ACT] and not is_urgent(report):
        by_role[Role.TELL].clear()  # residents need not hear of every missed bin
    chosen = [tool for role in Role if role != Role.LOOK for tool in by_role[role][: _MOST_OF[role]]]
    chosen = _with_what_they_need(chosen, by_role[Role.LOOK])
    if chosen:
        told = any(role_of(tool) is Role.REPLY for tool in chosen)
        own = (tool for tool in tools if is_own(tool.id))
        chosen += [tool for tool in own if is_called_for(report, tool.id, reporter_is_told=told)]
    return [tool.id for tool in sorted(chosen, key=role_of)]


def _concerns(report: Report, tool: Tool) -> bool:
    """Whether a component is about the issue, or about any."""
    if tool.title_words & _DRASTIC and not is_grave(report):
        return False
    subject = topics(tool.title_words)
    return not subject or bool(subject & topics(report.words))


def _with_what_they_need(chosen: list[Tool], lookups: Sequence[Tool]) -> list[Tool]:
    """Add the look-ups that are of use, and drop what needs an id that nothing returns."""
    wanted = {name for tool in chosen for name in tool.takes if identifies(name)}
    missing = wanted.difference(*(tool.owns for tool in chosen))
    useful = [tool for tool in lookups if tool.words & _DUPLICATE or tool.owns & missing]
    # A town that can only be asked is asked.
    chosen = [*chosen, *(useful[:3] if chosen else lookups[:3])]
    while True:
        known = frozenset[str]().union(*(tool.owns for tool in chosen))
        kept = [tool for tool in chosen if not _is_stranded(tool, known)]
        if len(kept) == len(chosen):
            return kept
        chosen = kept


def _is_stranded(tool: Tool, known: frozenset[str]) -> bool:
    """Whether a component is about something by its id, and no component returns such an id."""
    ids = {name for name in tool.required if re.search(r"(_id|Id)$", name)}
    return bool(ids - known) and "id" not in known


@dataclass(frozen=True, slots=True)
class _Placed:
    step_id: str
    tool: Tool
    role: Role
    inputs: list[dict[str, str]]

    def refers_to(self, step_id: str) -> bool:
        return any(re.search(rf"\{{\{{{re.escape(step_id)}[.\[]", each["value"]) for each in self.inputs)


def plan(report: Report, tools: Sequence[Tool], now: datetime) -> dict[str, Any]:
    """A plan on the wire: one step for each component, in the order of their roles."""
    placed: list[_Placed] = []
    for tool in _in_order(tools, report.orders):
        placed.append(_place(report, tool, placed, now))
    demanded = frozenset[str]().union(*(order.first for order in report.orders))
    useful = [step for step in placed if _is_among(step.tool, demanded) or _is_of_use(step, placed)]
    placed = useful or placed
    after = _reduced(_edges(placed, report.orders))
    return {
        "workflow_name": report.title(60),
        "description": plain(f"{len(placed)} steps for: {report.title(200)}"),
        "steps": _asking_first(report, placed, _cited(report, placed, after)),
    }


def _cited(report: Report, placed: Sequence[_Placed], after: dict[str, set[str]]) -> list[dict[str, Any]]:
    return [{**_step(step, placed, after), "cites": _cites(report, step.tool)} for step in placed]


def _cites(report: Report, tool: Tool) -> list[str]:
    """The passages that speak of what a component does: by two words of its name at least."""
    named = words(tool.name)
    return [passage for passage, said in report.passages.items() if len(named & said) >= 2]


def _asking_first(report: Report, placed: Sequence[_Placed], steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where the issue may be known: a case is opened only if none is, else the reporter is told of that one."""
    looks = [step for step in placed if step.role == Role.LOOK and step.tool.words & _DUPLICATE]
    # Of the first in the list of what was found.
    known = [
        field.reference(look.step_id)
        for look in looks
        for field in fields(look.tool.answer)
        if "[" in field.path and field.name in look.tool.owns
    ]
    if not known or not report.words & _PERHAPS_KNOWN:
        return steps
    wire = {step["step_id"]: step for step in steps}
    for step in placed:
        if step.role == Role.OPEN:
            wire[step.step_id]["when"] = _when(known[0], "empty")
    replies = [step for step in placed if step.role == Role.REPLY and not is_own(step.tool.id)]
    return steps + [_reply_to_known(step, wire[step.step_id], known[0]) for step in replies]


def _reply_to_known(step: _Placed, wire: dict[str, Any], known: str) -> dict[str, Any]:
    """A reply that it is known already, in place of the one that it is being worked on."""
    said = f"Thank you for your report. It is known already, as {known}."
    kept = [each for each in step.inputs if each["name"] not in ("message", "reference")]
    message = [{**each, "value": said} for each in step.inputs if each["name"] == "message"]
    return {
        **wire,
        "step_id": f"{step.step_id}_known",
        "description": f"{wire['description']}: it is known already",
        "inputs": [*kept, *message],
        "next": [],
        "when": _when(known, "present"),
    }


def _when(value: str, operator: str) -> dict[str, Any]:
    return {"match": "all", "tests": [{"value": value, "is": operator, "to": []}]}


def _is_of_use(step: _Placed, placed: Sequence[_Placed]) -> bool:
    """Whether a look-up is looked at: by people, if it finds duplicates, or by another step."""
    if step.role != Role.LOOK or step.tool.words & _DUPLICATE:
        return True
    return any(other.refers_to(step.step_id) for other in placed)


def _in_order(tools: Sequence[Tool], orders: Sequence[Order]) -> list[Tool]:
    """By role, except for look-ups of what another step has yet to make, and for what a rule puts first."""
    waiting = sorted(tools, key=role_of)
    ordered: list[Tool] = []
    while waiting:
        following = next((tool for tool in waiting if not _must_wait(tool, waiting, orders)), waiting[0])
        waiting.remove(following)
        ordered.append(following)
    return ordered


def _must_wait(tool: Tool, waiting: Sequence[Tool], orders: Sequence[Order]) -> bool:
    about = [order for order in orders if _is_among(tool, order.about)]
    if any(_is_among(other, order.first) for order in about for other in waiting):
        return True
    return role_of(tool) == Role.LOOK and any(tool.required & other.owns for other in waiting if other is not tool)


def _place(report: Report, tool: Tool, placed: Sequence[_Placed], now: datetime) -> _Placed:
    role = role_of(tool)
    sources = [Source.of(step.step_id, step.tool, opens=step.role == Role.OPEN) for step in placed]
    message = message_for(report, sources, to_reporter=role == Role.REPLY)
    step_id = _step_id(tool, len(placed) + 1, {step.step_id for step in placed})
    if is_own(tool.id):
        return _Placed(step_id, tool, role, own_inputs(report, tool.id, message))
    return _Placed(step_id, tool, role, Filler(report, sources, message, now).inputs(tool))


def _step_id(tool: Tool, position: int, taken: set[str]) -> str:
    name = "_".join(re.findall(r"[a-z0-9]+", tool.name.lower().replace("'", "")))
    name = re.sub(r"_(a|an|the|to|of|for|with|in)(?=_)|^(a|an|the)_", "", name)[:40].strip("_")
    if not name or not name[0].isalpha() or name in ("issue", "run"):
        name = f"step_{position}"
    return name if name not in taken else f"{name}_{position}"


def _edges(placed: Sequence[_Placed], orders: Sequence[Order]) -> dict[str, set[str]]:
    """For each step the steps right before it: those it refers to, or its role or a rule puts first."""
    before: dict[str, set[str]] = {}
    for index, step in enumerate(placed):
        earlier = placed[:index]
        before[step.step_id] = {other.step_id for other in earlier if step.refers_to(other.step_id)}
        for order in orders:
            if _is_among(step.tool, order.about):
                before[step.step_id] |= {other.step_id for other in earlier if _is_among(other.tool, order.first)}
        if step.role == Role.REPLY:
            before[step.step_id] |= {other.step_id for other in earlier}
        elif step.role != Role.LOOK:
            before[step.step_id] |= _by_role(step, earlier)
    return before


def _is_among(tool: Tool, names: frozenset[str]) -> bool:
    return bool({tool.id.casefold(), tool.category.casefold()} & names)


def _by_role(step: _Placed, earlier: Sequence[_Placed]) -> set[str]:
    """Nothing is opened before it was looked up, nothing done before it was opened."""
    if step.role == Role.OPEN:
        return {other.step_id for other in earlier if other.role == Role.LOOK and other.tool.words & _DUPLICATE}
    opened = [other.step_id for other in earlier if other.role == Role.OPEN][:1]
    acted = [other.step_id for other in earlier if other.role == Role.ACT]
    return set(acted or opened) if step.role == Role.TELL else set(opened)


def _reduced(before: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same order without the edges that others imply. Steps come in an order that fits their edges."""
    ancestors: dict[str, set[str]] = {}
    reduced: dict[str, set[str]] = {}
    for step_id, direct in before.items():
        ancestors[step_id] = direct.union(*(ancestors[other] for other in direct))
        reduced[step_id] = {
            other for other in direct if not any(other in ancestors[third] for third in direct - {other})
        }
    return reduced


def _step(step: _Placed, placed: Sequence[_Placed], before: dict[str, set[str]]) -> dict[str, Any]:
    gated = any(other.tool.approval == "step" for other in placed)
    pattern = re.compile(rf"\{{\{{{re.escape(step.step_id)}[\w.\[\]]*?(\w+)\}}\}}")
    used = [name for other in placed for each in other.inputs for name in pattern.findall(each["value"])]
    sends_people = step.role == Role.ASSIGN and bool(step.tool.words & _PEOPLE)
    return {
        "step_id": step.step_id,
        "component_id": step.tool.id,
        "description": plain(step.tool.name) or step.tool.id,
        "inputs": step.inputs,
        "outputs": list(dict.fromkeys(used)),
        "next": [other.step_id for other in placed if step.step_id in before[other.step_id]],
        "requires_approval": step.tool.approval == "step" or (sends_people and not gated),
    }
