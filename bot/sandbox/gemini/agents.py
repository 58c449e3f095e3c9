"""Which agent asks, by the look of its question, and what the stand-in answers to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sandbox.gemini import inquiries, intents, refining, rules
from bot.sandbox.gemini.reading import blocks_of, read


@dataclass(frozen=True, slots=True)
class Agent:
    """One that asks. `asks` tells its questions, by schema and prompt; `answer` takes the prompt and the day."""

    name: str
    asks: Callable[[Mapping[str, Any], str], bool]
    answer: Callable[[str, datetime], dict[str, Any]]


def agent_of(schema: Mapping[str, Any], prompt: str) -> Agent:
    """Who asks this: the first whose question it can be."""
    return next(agent for agent in AGENTS if agent.asks(schema, prompt))


def _has(member: str) -> Callable[[Mapping[str, Any], str], bool]:
    return lambda schema, _: member in schema.get("properties", {})


def _select(prompt: str, day: datetime) -> dict[str, Any]:
    report, tools, _ = read(prompt)
    if steps := blocks_of(prompt).get("plan_steps"):
        used = frozenset(step["component_id"] for step in steps)
        return {"selected_component_ids": refining.select(_wish(prompt), tools, used)}
    return {"selected_component_ids": rules.select(report, tools)}


def _plan(prompt: str, day: datetime) -> dict[str, Any]:
    report, tools, _ = read(prompt)
    return rules.plan(report, tools, day)


def _refine(prompt: str, day: datetime) -> dict[str, Any]:
    report, tools, _ = read(prompt)
    blocks = blocks_of(prompt)
    plan = refining.without_faulty(blocks["plan"][0], blocks.get("faults", ()))
    return refining.refine(plan, _wish(prompt), report, tools, day)


def _is_refining(schema: Mapping[str, Any], prompt: str) -> bool:
    """Whether a plan is there that is to be changed, or a changed one that has faults."""
    return '<data name="wish">' in prompt and '<data name="plan">' in prompt


def _is_changed(schema: Mapping[str, Any], prompt: str) -> bool:
    return _is_refining(schema, prompt) and "The plan was changed to heed this wish" in prompt


def _as_it_is(prompt: str, day: datetime) -> dict[str, Any]:
    """What it has changed it can't do better."""
    plan: dict[str, Any] = blocks_of(prompt)["plan"][0]
    return plan


def _wish(prompt: str) -> str:
    return str(blocks_of(prompt)["wish"][0]["wish"])


def _word(prompt: str, day: datetime) -> dict[str, Any]:
    """Names and descriptions of the parts of a key, and of what a component takes and gives."""
    asked = blocks_of(prompt)["wordless"]
    return {"wordings": [_worded(each) for each in asked]}


def _worded(component: Mapping[str, Any]) -> dict[str, str]:
    key = str(component["component_id"])
    name = " ".join(key.rpartition(".")[2].split("_")).capitalize()
    takes, gives = ", ".join(component["takes"]) or "nothing", ", ".join(component["gives"]) or "nothing"
    said = f"Use this to {name.lower()} in {key.partition('.')[0]}. It takes {takes} and gives {gives}."
    return {"component_id": key, "name": f"{name} of the town", "description": said}


AGENTS = (
    Agent("wording", _has("wordings"), _word),
    Agent("intent", _has("intent"), lambda prompt, _: intents.intent(prompt)),
    Agent("inquiry", _has("look_ups"), inquiries.answer),
    Agent("selector", _has("selected_component_ids"), _select),
    Agent("repair", _is_changed, _as_it_is),
    Agent("refiner", _is_refining, _refine),
    Agent("repair", lambda _, prompt: '<data name="faults">' in prompt, _plan),
    Agent("planner", lambda _, prompt: True, _plan),
)
"""In the order in which they are looked at."""
