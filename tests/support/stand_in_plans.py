"""What the Gemini stand-in plans over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.gemini.faults import Blocked, Text
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.town import sandbox_pack
from services.components.packs import parse_pack
from services.components.specs import ComponentSpec
from services.plans.model import Plan, dependencies

NOW = datetime(2026, 3, 1, tzinfo=UTC)

MEMBERS = (
    "key",
    "name",
    "description",
    "category",
    "http_method",
    "path_params",
    "query_params",
    "request_schema",
    "response_schema",
    "approval",
)


def script_plan(gemini: GeminiStandIn, plan: Mapping[str, Any]) -> None:
    """Have the plan maker answer with this plan, and not mend it where it is sent back for what makes no sense."""
    gemini.script(Text(json.dumps(plan)), agent="planner")
    gemini.script(Blocked(), agent="repair")


def sandbox_components() -> dict[str, ComponentSpec]:
    found = parse_pack(sandbox_pack("http://127.0.0.1:1"))
    return {each.key: ComponentSpec(**{name: getattr(each, name) for name in MEMBERS}) for each in found}


def ancestors(plan: Plan) -> dict[str, set[str]]:
    """For each component, those whose steps come before its own."""
    needs = dependencies(plan)
    keys = {step.step_id: step.component_id for step in plan.steps}
    found: dict[str, set[str]] = {}
    for step in plan.steps:
        waiting, seen = [step.step_id], set[str]()
        while waiting:
            waiting += (new := set(needs[waiting.pop()]) - seen)
            seen |= new
        found[step.component_id] = {keys[step_id] for step_id in seen}
    return found
