"""How the Gemini stand-in changes a plan as somebody wishes: by what the clauses of the wish begin with.

"Without the road closure" leaves steps out, "ask before the crew is sent" puts a gate, "crew first, then the
notice" changes the order, "notify the school too" adds a step. What it does not understand changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.sandbox.gemini.reading import Report, Tool, plain, words
from bot.sandbox.gemini.rules import Role, role_of
from bot.sandbox.gemini.values import Filler, Source, message_for

Wire = dict[str, Any]

_CLAUSE = re.compile(
    r"[.;!?\n]|,? and (?=no\b|without|ask|notify|tell|inform|warn|add|remove|drop)", re.IGNORECASE
)
_DROP = re.compile(
    r"^(?:please )?(?:without|no|remove|drop|leave out|skip|(?:do not|don't) (?:do|use|send|have))\b(.+)",
    re.IGNORECASE,
)
_ASK = re.compile(r"^(?:please )?(?:ask|have (?:a person|somebody) agree).*?\bbefore\b(.+)", re.IGNORECASE)
_FIRST = re.compile(r"^(?:the )?(.+?) first,?(?: and)?(?: only)? then (.+)", re.IGNORECASE)
_BEFORE = re.compile(r"^(.+?) before (.+)", re.IGNORECASE)
_AFTER = re.compile(r"^(.+?) after (.+)", re.IGNORECASE)
_ADD = re.compile(r"^(?:please |also )*(?:add|also|notify|tell|inform|warn)\b(.+)", re.IGNORECASE)
_NO_MORE = frozenset({"unknown_component", "inactive_component", "policy_forbidden"})
_TELLS = frozenset(
    {"notify", "tell", "inform", "warn", "notice", "notification", "message", "also", "too", "add", "step"}
)


def select(wish: str, tools: Sequence[Tool], used: frozenset[str]) -> list[str]:
    """The components that a wish asks to add."""
    found = (_wanted(clause, tools, used) for clause in _clauses(wish))
    return list(dict.fromkeys(tool.id for tool in found if tool is not None))


def refine(plan: Wire, wish: str, report: Report, tools: Sequence[Tool], now: datetime) -> Wire:
    """The plan as the wish has it."""
    steps: list[Wire] = json.loads(json.dumps(plan["steps"]))
    named = {tool.id: tool for tool in tools}
    for clause in _clauses(wish):
        if match := _DROP.match(clause):
            steps = _without(steps, _about(match[1], steps, named))
        elif match := _ASK.match(clause):
            for step in _about(match[1], steps, named):
                step["requires_approval"] = True
        elif match := _FIRST.match(clause) or _BEFORE.match(clause):
            _put_before(_about(match[1], steps, named), _about(match[2], steps, named))
        elif match := _AFTER.match(clause):
            _put_before(_about(match[2], steps, named), _about(match[1], steps, named))
        elif tool := _wanted(clause, tools, frozenset(step["component_id"] for step in steps)):
            steps = _with_step(steps, tool, clause, report, named, now)
    said = re.sub(r"^\d+ steps", f"{len(steps)} steps", plan["description"])
    return {**plan, "description": said, "steps": steps}


def without_faulty(plan: Wire, faults: Sequence[Wire]) -> Wire:
    """The plan without the steps that can't be done any more."""
    gone = {fault["step_id"] for fault in faults if fault["code"] in _NO_MORE}
    return {**plan, "steps": _without(plan["steps"], [step for step in plan["steps"] if step["step_id"] in gone])}


def _clauses(wish: str) -> list[str]:
    return [clause.strip() for clause in _CLAUSE.split(wish) if clause and clause.strip()]


def _wanted(clause: str, tools: Sequence[Tool], used: frozenset[str]) -> Tool | None:
    """What a clause asks to add: what its words name, else for somebody to be told whatever tells people."""
    match = _ADD.match(clause)
    if match is None:
        return None
    about = words(match[1]) - _TELLS
    fresh = [tool for tool in tools if tool.id not in used and (tool.words - _TELLS) & about]
    telling = [tool for tool in tools if role_of(tool) is Role.TELL]
    best = sorted(fresh, key=lambda tool: -len((tool.words - _TELLS) & about))
    return next(iter([*best, *telling]), None)


def _about(phrase: str, steps: Sequence[Wire], named: dict[str, Tool]) -> list[Wire]:
    """The steps that a phrase means: those that share the most words with it."""
    asked = words(phrase)

    def shared(step: Wire) -> int:
        tool = named.get(step["component_id"])
        return len(asked & (words(step["description"]) | (tool.title_words if tool else frozenset())))

    most = max(map(shared, steps), default=0)
    return [step for step in steps if most and shared(step) == most]


def _without(steps: list[Wire], gone: Sequence[Wire]) -> list[Wire]:
    """The other steps, in their order; what referred to one that is gone is left out with it."""
    for step in gone:
        name = step["step_id"]
        steps = [each for each in steps if each is not step]
        for each in steps:
            if name in each["next"]:
                later = [other for other in each["next"] if other != name]
                each["next"] = list(dict.fromkeys([*later, *step["next"]]))
            each["inputs"] = [given for given in each["inputs"] if not _refers(given["value"], name)]
    return steps


def _refers(value: str, step_id: str) -> bool:
    return re.search(rf"\{{\{{\s*{re.escape(step_id)}[.\[]", value) is not None


def _put_before(first: Sequence[Wire], later: Sequence[Wire]) -> None:
    for one in first:
        for other in later:
            if one is not other:
                other["next"] = [step_id for step_id in other["next"] if step_id != one["step_id"]]
                one["next"] = list(dict.fromkeys([*one["next"], other["step_id"]]))


def _with_step(
    steps: list[Wire], tool: Tool, clause: str, report: Report, named: dict[str, Tool], now: datetime
) -> list[Wire]:
    """The steps and one more, behind what opens the case and before the reporter is told."""
    placed = [(step, named[step["component_id"]]) for step in steps if step["component_id"] in named]
    sources = [Source.of(step["step_id"], each, opens=role_of(each) is Role.OPEN) for step, each in placed]
    name = "_".join(re.findall(r"[a-z0-9]+", clause.lower())[:4]) or "more"
    step_id = f"{name}_{len(steps) + 1}" if any(step["step_id"] == name for step in steps) else name
    added: Wire = {
        "step_id": step_id,
        "component_id": tool.id,
        "description": plain(clause[:1].upper() + re.sub(r" too$", "", clause[1:])),
        "inputs": Filler(report, sources, message_for(report, sources, to_reporter=False), now).inputs(tool),
        "outputs": [],
        "next": [step["step_id"] for step, each in placed if role_of(each) is Role.REPLY],
        "requires_approval": tool.approval == "step",
        "cites": [],
    }
    opening = next((step for step, each in placed if role_of(each) is Role.OPEN), None)
    if opening is not None:
        opening["next"] = [*opening["next"], step_id]
    return [*steps, added]
