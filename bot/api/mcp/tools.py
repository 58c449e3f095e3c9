"""The tools: what each is called, what it takes, and what it does. None of them decides anything."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from bot.api import acting, documents
from bot.api.acting import DraftRequest
from bot.api.callers import Caller
from bot.api.problems import Problem, forbidden
from db.session import Database
from services.access.tokens import Right
from services.queries import records
from services.queries.filters import PlanFilter
from services.states import PlanState

MAX_FOUND = 20

Document = dict[str, Any]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FindPlans(_Arguments):
    """Which plans."""

    words: Annotated[str, Field(max_length=200, description="Words of the issue, its place or its title.")] = ""
    state: PlanState | None = None
    before: Annotated[int | None, Field(le=2**31 - 1, description="Only plans with a lower number.")] = None


class WaitingPlans(_Arguments):
    """Nothing: whoever asks is known."""


class ShowPlan(_Arguments):
    """Which plan."""

    number: Annotated[int, Field(ge=1, le=2**31 - 1, description="What people call the plan, without the #.")]


class ShowRun(_Arguments):
    """Which run."""

    id: Annotated[UUID, Field(description="The id of the run, as show_plan tells it.")]


class FindComponents(_Arguments):
    """Which components."""

    words: Annotated[str, Field(max_length=200, description="Words of the name or the description.")] = ""
    after: Annotated[str, Field(max_length=64, description="Only components whose keys come after this.")] = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `run` is given who asks, a database to read from, and the arguments."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Caller, Database, Any], Awaitable[Mapping[str, Any]]]
    right: Right = Right.READ


async def _find_plans(caller: Caller, database: Database, wanted: FindPlans) -> Document:
    return await _plans(caller, database, PlanFilter(words=wanted.words), wanted.before, wanted.state)


async def _waiting(caller: Caller, database: Database, _: WaitingPlans) -> Document:
    if caller.token is not None:
        raise forbidden("Nothing waits for a token: only a person whom Slack speaks for can ask this.")
    return await _plans(caller, database, PlanFilter(mode="waiting"))


async def _plans(
    caller: Caller,
    database: Database,
    wanted: PlanFilter,
    before: int | None = None,
    state: PlanState | None = None,
) -> Document:
    workspace_id = caller.deps.workspace.id
    async with database.of(workspace_id).searching() as session:
        eyes = await caller.eyes(session)
        found = await records.plan_lines(
            session, workspace_id, eyes, before=before, limit=MAX_FOUND, wanted=wanted, state=state
        )
    return {"plans": [documents.plan_line(line) for line in found]}


async def _show_plan(caller: Caller, database: Database, wanted: ShowPlan) -> Document:
    workspace_id = caller.deps.workspace.id
    async with database.of(workspace_id).reading() as session:
        return documents.plan(await records.plan(session, workspace_id, await caller.eyes(session), wanted.number))


async def _show_run(caller: Caller, database: Database, wanted: ShowRun) -> Document:
    workspace_id = caller.deps.workspace.id
    async with database.of(workspace_id).reading() as session:
        return documents.run(await records.run(session, workspace_id, await caller.eyes(session), wanted.id))


async def _find_components(caller: Caller, database: Database, wanted: FindComponents) -> Document:
    workspace_id = caller.deps.workspace.id
    if "\0" in wanted.words + wanted.after:
        raise Problem(400, "bad_parameter", "There are no such words.")
    async with database.of(workspace_id).searching() as session:
        found = await records.component_lines(
            session, workspace_id, after=wanted.after, limit=MAX_FOUND, search=wanted.words
        )
    return {"components": [documents.component_line(line) for line in found]}


async def _draft(caller: Caller, _: Database, wanted: DraftRequest) -> Mapping[str, Any]:
    return (await acting.draft(caller, wanted)).body


TOOLS = (
    Tool("find_plans", "Find plans", "Plans for civic issues, the newest first.", FindPlans, _find_plans),
    Tool(
        "plans_waiting_for_me",
        "What waits for me",
        "Plans that wait for the person who asks. People decide about them in Slack, by the buttons of the card.",
        WaitingPlans,
        _waiting,
    ),
    Tool("show_plan", "Show a plan", "One plan with its steps and its runs.", ShowPlan, _show_plan),
    Tool("show_run", "Show a run", "One run with its steps, and what they answered.", ShowRun, _show_run),
    Tool(
        "find_components",
        "Find components",
        "The APIs that plans may use.",
        FindComponents,
        _find_components,
    ),
    Tool(
        "draft_plan",
        "Draft a plan",
        "Have a plan drafted for an issue. Its card appears in the channel, where people decide about it.",
        DraftRequest,
        _draft,
        Right.DRAFT,
    ),
)


def as_text(document: Mapping[str, Any]) -> str:
    """A document as a tool answers it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
