"""What the agents are told, as far as an evaluation needs to know it: which version of it, and how much it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from services.ai import prompts
from services.ai.answer_schemas import plan_schema, selector_schema
from services.ai.drafting import MAX_REPAIRS, SAMPLES
from services.ai.errors import GeminiMalformed, GeminiTruncated
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.evaluation.cases import Case, towns
from services.mentions import Part, PartKind
from services.plans.model import Issue, Plan, Step
from services.plans.validation import Fault, FaultCode

_DAY = "Wednesday, 2026-11-25, 14:00 in UTC (UTC+00:00)"
_STRING = {"type": "string", "description": "a text"}
_COMPONENT = ComponentSpec(
    key="a.b",
    name="A name",
    description="A description.",
    category="a",
    http_method="POST",
    path_params={"id": {**_STRING, "required": True}},
    query_params={"q": _STRING},
    headers={"X-A": _STRING},
    request_schema={"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "maximum": 5}}},
    response_schema={"type": "array", "items": {"type": "object", "properties": {"id": _STRING}}},
    approval=ApprovalPolicy.STEP,
)
_PERSON = Part(kind=PartKind.PERSON, text="@a", id="U1")
_ISSUE = Issue("A text", place="a place", urgency="Today", reporter="U1", channel="C1", parts=(_PERSON,))
_PLAN = Plan(workflow_name="a", steps=(Step(step_id="a", component_id="a.b"),))
_FAULT = Fault(FaultCode.MISSING_INPUT, "a", "path.id", {"component": "a.b", "in": "path", "name": "id"})

_CHARACTERS = 4
"""To a token, by Google's rule of thumb."""

_SELECTED = 12
_ANSWER = 1_500
_REPAIR = 3_000
"""How many components a selector chooses, how long a plan is, and what a plan and its faults add to a prompt, in
tokens: about as much as seen with real models, and only for the estimate."""

_CALLS = 2
"""For each issue: the selector and the plan maker. Each call may be made once more, for an answer of no use."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an evaluation will ask of a model, if every plan is valid at first, and at the most.

    Tokens that a model thinks in are not in it.
    """

    calls: int
    most_calls: int
    tokens: int
    most_tokens: int


def fingerprint() -> str:
    """A short hash of all that the agents are told about one fixed sample: it changes when a prompt does."""
    texts = [
        prompts.SELECTOR_SYSTEM,
        prompts.PLANNER_SYSTEM,
        json.dumps(selector_schema()),
        json.dumps(plan_schema()),
        prompts.selector_prompt(_ISSUE, [_COMPONENT], today=_DAY),
        prompts.planner_prompt(_ISSUE, [_COMPONENT], 200, today=_DAY),
        prompts.repair_prompt(_ISSUE, [_COMPONENT], 200, _PLAN, [_FAULT], today=_DAY),
        prompts.reminder(GeminiTruncated(characters=1)),
        prompts.reminder(GeminiMalformed("wrong_shape", "a", ("a: b",))),
        prompts.reminder(GeminiMalformed("not_json")),
    ]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def estimate(cases: Sequence[Case]) -> Estimate:
    """What it will take to draft for these cases."""
    first = sum(_tokens_of(case) for case in cases)
    repairs = len(cases) * (MAX_REPAIRS + SAMPLES)
    return Estimate(
        calls=_CALLS * len(cases),
        most_calls=2 * (_CALLS * len(cases) + repairs),
        tokens=first,
        most_tokens=2 * (first * (1 + MAX_REPAIRS + SAMPLES) + repairs * _REPAIR),
    )


def _tokens_of(case: Case) -> int:
    components = towns()[case.town].components.values()
    asked = (
        prompts.SELECTOR_SYSTEM,
        prompts.selector_prompt(case.issue, components, today=_DAY),
        prompts.PLANNER_SYSTEM,
        prompts.planner_prompt(case.issue, islice(components, _SELECTED), 200, today=_DAY),
    )
    return sum(len(text) for text in asked) // _CHARACTERS + _ANSWER
