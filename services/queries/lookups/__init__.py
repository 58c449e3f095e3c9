"""What can be looked up for a question: a fixed list, read-only, of one workspace.

A look-up is named, takes typed arguments, and gives rows. There is no other way from a question to the database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.queries.lookups.arguments import Arguments, NoArguments, Period, Words
from services.queries.lookups.components import components
from services.queries.lookups.decisions import DecisionArguments, decisions
from services.queries.lookups.plan import PlanArgument, plan
from services.queries.lookups.plans import CountArguments, PlanArguments, counts, plans
from services.queries.lookups.rows import Facts, Said, Scope, Wanted
from services.queries.lookups.rules import approvers, policies, tokens
from services.queries.lookups.steps import DurationArguments, FailureArguments, durations, failures
from services.queries.lookups.waiting import WaitingArguments, waiting

__all__ = ["LOOK_UPS", "LookUp", "LookUpRefused", "look_up", "names_for"]


class LookUpRefused(Exception):
    """A look-up that there is not, or with arguments that it does not take: `reason` says so to the model."""

    def __init__(self, reason: str, **values: str) -> None:
        self.reason = Said(reason, values)
        super().__init__(str(self.reason))


@dataclass(frozen=True, slots=True)
class LookUp:
    """What can be looked up: `about` says what for, `takes` its arguments.

    `for_strangers`: somebody of another organisation may ask for it, about the plan in whose thread they do.
    `is_internal`: it is about the town and not about plans, and is not told where others read along.
    """

    about: str
    takes: type[Arguments]
    read: Callable[[AsyncSession, Scope, Any], Awaitable[Facts]]
    for_strangers: bool = False
    is_internal: bool = False


LOOK_UPS: Mapping[str, LookUp] = {
    "plans": LookUp("lists plans, the newest first, with how each stands", PlanArguments, plans),
    "plan": LookUp(
        "one plan: how it stands, its run, its steps, what they wait for, who decided",
        PlanArgument,
        plan,
        for_strangers=True,
    ),
    "waiting": LookUp(
        "what waits for people now, the longest first, and who can end it", WaitingArguments, waiting
    ),
    "decisions": LookUp("who approved, rejected or skipped what, and when", DecisionArguments, decisions),
    "components": LookUp(
        "the APIs that plans can be made of, and what each does", Words, components, is_internal=True
    ),
    "failures": LookUp(
        "how often calls of components failed; without a first day, in the last 30",
        FailureArguments,
        failures,
        is_internal=True,
    ),
    "durations": LookUp("how long plans took from the report until they were done", DurationArguments, durations),
    "counts": LookUp("how many plans there are, by state, reporter, place or month", CountArguments, counts),
    "policies": LookUp(
        "what the town's policies say, by words; none: which there are", Words, policies, is_internal=True
    ),
    "approvers": LookUp("who may decide here, and how many must agree", NoArguments, approvers, is_internal=True),
    "tokens": LookUp("what the model has cost; without days, today", Period, tokens, is_internal=True),
}
"""By name. All of them only read, and only what is the workspace's."""


def names_for(scope: Scope) -> Collection[str]:
    """The look-ups that may be made for whoever asks, where they ask."""
    if scope.is_stranger:
        return [name for name, entry in LOOK_UPS.items() if entry.for_strangers and scope.only is not None]
    return [name for name, entry in LOOK_UPS.items() if not (scope.is_shared and entry.is_internal)]


async def look_up(session: AsyncSession, scope: Scope, wanted: Wanted) -> Facts:
    """What there is. Raises LookUpRefused."""
    entry = LOOK_UPS.get(wanted.name)
    if entry is None:
        raise LookUpRefused("there is no such look-up; there are {names}", names=", ".join(LOOK_UPS))
    if wanted.name not in names_for(scope):
        raise LookUpRefused("this may not be told here")
    return await entry.read(session, scope, arguments_of(entry, wanted))


def arguments_of(entry: LookUp, wanted: Wanted) -> Arguments:
    """The arguments, typed; one that is left empty is not given. Raises LookUpRefused."""
    given = {name: value for name, value in wanted.arguments.items() if value.strip()}
    try:
        return entry.takes.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        named, taken = str(first["loc"][0]), entry.takes.model_fields
        reason = _FAULTS.get(first["type"], "“{name}” is not written as it has to be; it takes {taken}")
        choices = get_args(taken[named].annotation) if first["type"] == "literal_error" else ()
        values = {"name": named, "taken": ", ".join(taken), "choices": ", ".join(map(str, choices))}
        raise LookUpRefused(reason, **values) from None


_FAULTS: Mapping[str, str] = {
    "extra_forbidden": "there is no “{name}” to look up by; it takes {taken}",
    "literal_error": "“{name}” is one of {choices}",
    "missing": "“{name}” is needed; it takes {taken}",
}
"""What can be wrong with an argument, by pydantic's names."""
