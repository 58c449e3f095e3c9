"""kill -9 and SIGSTOP in each phase of a step: what the town receives, and what becomes of the step."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

import pytest
from aiohttp import web
from sqlalchemy import select, text

from bot.sandbox.slack import SlackStandIn
from bot.sandbox.town import Hold, Received, Town, sandbox_pack
from db.models import Run, StepAttempt, StepRun
from db.session import Database
from services import workspaces
from services.components.definitions import ComponentDefinition
from services.components.packs import parse_pack
from services.components.specs import ApprovalPolicy
from tests.support.bot_process import BotProcess, bot_process, serve_env
from tests.support.run_starts import begun, components, decided, run_state, step, step_states, until
from tests.support.waiting import happened

TAKEN_OVER_SECONDS = 20.0
"""Of the worker: heartbeat 15 s, dequeue 2 s."""

INPUTS = {
    "workorders.create": {"path__area": "downtown", "body__title": "Mend the main"},
    "traffic.close_road": {"path__area": "downtown", "body__location": "5th", "body__reason": "A leak"},
}
SAFE, UNSAFE = INPUTS
"""The first may be called again under its key; the second closes the road each time that it is called."""


class TokenOffice:
    """Gives out the town's token, once it is open: a step waits here, claimed, before its call is made."""

    def __init__(self, token: str) -> None:
        self.asked, self.open = asyncio.Event(), asyncio.Event()
        self.url = ""
        self._token = token

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/token", self._give)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/token"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _give(self, request: web.Request) -> web.Response:
        self.asked.set()
        await happened(self.open, 120)
        return web.json_response({"access_token": self._token, "expires_in": 3600})


@dataclass(slots=True)
class Yard:
    """A town, a token office and workers over one database."""

    database: Database
    workspace_id: UUID
    town: Town
    office: TokenOffice
    env: Mapping[str, str]
    stack: AsyncExitStack
    runs: dict[tuple[str, str], UUID] = field(default_factory=dict)
    is_handed_over: bool = False
    """Whether what is to be killed comes second, and so is begun in the transaction that ended the first."""

    async def worker(self) -> BotProcess:
        """Start one, and wait until it takes jobs."""
        bot = await self.stack.enter_async_context(bot_process("serve", "--only", "worker", env=self.env))
        await bot.port()
        return bot

    async def begin(self, phase: str, component: str) -> UUID:
        """Begin a run with a step that is to be killed in that phase, and one after it that only looks."""
        key = f"late.{component}" if phase == "before" else component
        act: Any = {"then": ["look"], **INPUTS[component]}
        steps = [step("act", key, **act), step("look", "open311.find_requests")]
        if self.is_handed_over:
            steps.insert(0, step("before", "open311.find_requests", then=["act"]))
        async with self.database.transaction() as session:
            run_id = await begun(session, self.workspace_id, steps)
        self.runs[phase, component] = run_id
        return run_id

    async def begin_held(self, phase: str, component: str) -> Hold:
        """The same, with the town's answer held back; returns once the town has the request."""
        held = Hold()
        self.town.script(component, held)
        await self.begin(phase, component)
        await happened(held.reached)
        return held

    async def act(self, phase: str, component: str) -> str:
        """The state of the step that is killed."""
        return (await step_states(self.database, self.runs[phase, component]))["act"]

    async def received(self, phase: str, component: str) -> list[Received]:
        """What the town got from it."""
        async with self.database.reading() as session:
            step_run = await session.scalar(
                select(StepRun.id).where(StepRun.run_id == self.runs[phase, component], StepRun.step_id == "act")
            )
        key = f"{self.runs[phase, component]}:{step_run}"
        return [entry for entry in self.town.ledger if entry.idempotency_key == key]


@asynccontextmanager
async def fixed_yard(database: Database, database_url: str) -> AsyncIterator[Yard]:
    """The yard, its components registered: those of the town, and two that first ask the office for a token."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(SlackStandIn())
        town = await stack.enter_async_context(Town())
        office = await stack.enter_async_context(TokenOffice(town.environment["TOWN_TOKEN"]))
        hosts = ",".join(url.split("/")[2] for url in (town.url, office.url))
        env = {
            **serve_env(slack, "http://127.0.0.1:1", database_url),
            **town.environment,
            "COMPONENT_ALLOWED_HOSTS": hosts,
            "OFFICE_SECRET": "open-sesame",
        }
        async with database.transaction() as session:
            team = slack.workspace.team
            workspace_id = await workspaces.ensure(session, team.id, team.name)
            definitions = [
                found.model_copy(update={"approval": ApprovalPolicy.NONE})
                for found in parse_pack(sandbox_pack(town.url))
            ]
            late = [with_token(found, office.url) for found in definitions if found.key in INPUTS]
            await components.load(session, workspace_id, [*definitions, *late])
        yield Yard(database, workspace_id, town, office, env, stack)


def with_token(definition: ComponentDefinition, url: str) -> ComponentDefinition:
    auth: dict[str, Any] = {
        "type": "oauth2",
        "token_url": url,
        "client_id": "mudda",
        "client_secret": "env:OFFICE_SECRET",
    }
    document = definition.model_dump(mode="json", by_alias=True) | {"key": f"late.{definition.key}", "auth": auth}
    return ComponentDefinition.model_validate(document, strict=False)


@pytest.fixture
async def yard(database: Database, database_url: str) -> AsyncIterator[Yard]:
    async with fixed_yard(database, database_url) as ready:
        yield ready


@asynccontextmanager
async def rows_held(database: Database, *run_ids: UUID) -> AsyncIterator[None]:
    """Hold the rows of runs, so that nothing can be recorded; given up without a change."""
    async with database.engine.connect() as connection:
        await connection.execute(select(Run.id).where(Run.id.in_(run_ids)).with_for_update())
        yield


async def waiting_for_rows(database: Database) -> int:
    """How many transactions wait for a row that another holds."""
    # As the server's owner: to others it does not tell what somebody waits for.
    async with database.engine.connect() as session:
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(await session.scalar(query) or 0)


async def outcomes(database: Database, run_id: UUID) -> list[tuple[int, str]]:
    """The attempts of the step that is killed."""
    async with database.reading() as session:
        rows = await session.execute(
            select(StepAttempt.number, StepAttempt.outcome)
            .join(StepRun, StepRun.id == StepAttempt.step_run_id)
            .where(StepRun.run_id == run_id, StepRun.step_id == "act")
            .order_by(StepAttempt.number, StepAttempt.ended_at)
        )
        return [(row.number, row.outcome) for row in rows]


@pytest.mark.soak
@pytest.mark.parametrize("is_handed_over", [False, True])
async def test_a_worker_killed_in_any_phase_of_a_step(yard: Yard, is_handed_over: bool) -> None:
    """Before the call, during it, and after the answer: all at once, in one worker, with another to take over."""
    yard.is_handed_over = is_handed_over
    first = await yard.worker()
    for component in INPUTS:
        await yard.begin("before", component)
    await happened(yard.office.asked)
    during = [await yard.begin_held("during", component) for component in INPUTS]
    after = [await yard.begin_held("after", component) for component in INPUTS]

    async def all_running() -> bool:
        return {await yard.act(*which) for which in yard.runs} == {"RUNNING"}

    await until(all_running, 20)
    second = await yard.worker()
    async with rows_held(yard.database, *(yard.runs["after", component] for component in INPUTS)):
        for held in after:
            held.released.set()

        async def one_waits() -> bool:
            # Both records may share one transaction.
            return await waiting_for_rows(yard.database) >= 1

        await until(one_waits, 8)
        await first.kill()
    killed = time.monotonic()
    for held in during:
        held.released.set()
    yard.office.open.set()

    async def taken_over() -> bool:
        safe = [await run_state(yard.database, yard.runs[phase, SAFE]) for phase, key in yard.runs if key == SAFE]
        unsafe = [await yard.act(phase, UNSAFE) for phase, key in yard.runs if key == UNSAFE]
        return set(safe) == {"COMPLETED"} and set(unsafe) == {"UNCERTAIN"}

    await until(taken_over, TAKEN_OVER_SECONDS + 5)
    assert time.monotonic() - killed < TAKEN_OVER_SECONDS + 2

    # What may be called again was called again, under the same key, and took effect once.
    for phase, requests in (("before", 1), ("during", 2), ("after", 2)):
        receipts = await yard.received(phase, SAFE)
        assert [entry.applied for entry in receipts] == [True, False][:requests]
        assert [entry.replayed for entry in receipts] == [False, True][:requests]
    assert len(yard.town.works.orders) == 3

    # What may not, was not, and nobody but a person can tell whether it was received.
    assert [len(await yard.received(phase, UNSAFE)) for phase in ("before", "during", "after")] == [0, 1, 1]
    assert {await run_state(yard.database, yard.runs[key]) for key in yard.runs if key[1] == UNSAFE} == {"WAITING"}
    answers = {"before": "retry", "during": "mark_done", "after": "skip"}
    for phase, kind in answers.items():
        await decided(yard.database, yard.workspace_id, yard.runs[phase, UNSAFE], "act", kind)

    async def all_over() -> bool:
        return {await run_state(yard.database, run_id) for run_id in yard.runs.values()} == {"COMPLETED"}

    await until(all_over, 10)
    assert [len(await yard.received(phase, UNSAFE)) for phase in ("before", "during", "after")] == [1, 1, 1]
    assert await outcomes(yard.database, yard.runs["before", UNSAFE]) == [(1, "interrupted"), (2, "done")]
    assert second.process.returncode is None


@pytest.mark.soak
@pytest.mark.parametrize("is_handed_over", [False, True])
async def test_the_result_of_a_worker_that_only_slept_is_thrown_away(yard: Yard, is_handed_over: bool) -> None:
    """It falls asleep during two calls, and in the midst of recording a third: it must not keep the row."""
    yard.is_handed_over = is_handed_over
    sleeper = await yard.worker()
    during = [await yard.begin_held("during", component) for component in INPUTS]
    after = await yard.begin_held("after", SAFE)
    async with rows_held(yard.database, yard.runs["after", SAFE]):
        after.released.set()

        async def it_waits() -> bool:
            return await waiting_for_rows(yard.database) == 1

        await until(it_waits, 20)
        sleeper.send_signal(signal.SIGSTOP)
    await yard.worker()

    async def taken_over() -> bool:
        safe = {await run_state(yard.database, yard.runs[phase, SAFE]) for phase in ("during", "after")}
        return (safe, await yard.act("during", UNSAFE)) == ({"COMPLETED"}, "UNCERTAIN")

    await until(taken_over, 3 * TAKEN_OVER_SECONDS)
    before = {which: await yard.received(*which) for which in yard.runs}
    for held in during:
        held.released.set()
    sleeper.send_signal(signal.SIGCONT)
    for _ in during:
        await sleeper.line("too late", timeout=30)
    assert await taken_over()
    assert {which: await yard.received(*which) for which in yard.runs} == before
    assert len(before["during", UNSAFE]) == 1
    assert [entry.replayed for entry in before["during", SAFE]] == [False, True]
    assert await outcomes(yard.database, yard.runs["during", SAFE]) == [(1, "done")]
    assert await outcomes(yard.database, yard.runs["after", SAFE]) == [(1, "done")]
    assert await outcomes(yard.database, yard.runs["during", UNSAFE]) == [(1, "interrupted")]
