"""Which agent asks, by the look of its question, and what the stand-in answers to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sandbox.gemini import inquiries, intents, rules
from bot.sandbox.gemini.reading import read


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
    return {"selected_component_ids": rules.select(report, tools)}


def _plan(prompt: str, day: datetime) -> dict[str, Any]:
    report, tools, _ = read(prompt)
    return rules.plan(report, tools, day)


AGENTS = (
    Agent("intent", _has("intent"), lambda prompt, _: intents.intent(prompt)),
    Agent("inquiry", _has("look_ups"), inquiries.answer),
    Agent("selector", _has("selected_component_ids"), _select),
    Agent("repair", lambda _, prompt: '<data name="faults">' in prompt, _plan),
    Agent("planner", lambda _, prompt: True, _plan),
)
"""In the order in which they are looked at."""
