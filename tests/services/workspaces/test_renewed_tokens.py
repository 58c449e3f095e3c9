"""Refresh tokens that are replaced with each use: they outlive a process, and of several workers one renews."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from aiohttp import web
from sqlalchemy import select, update

from bot.cli import component_checks, component_files
from bot.cli import secrets as cli
from bot.config import Settings
from db.models import RenewedToken
from db.session import Database
from services.components.definitions import ComponentDefinition
from services.connectors import CallError, Connector, Response, call_component, prepare
from services.connectors.errors import NotSent, TokenRefused
from services.connectors.requests import InputValues
from services.steps.contexts import CallContexts
from services.workspaces import ensure
from services.workspaces.component_secrets import ComponentSecrets
from services.workspaces.renewed_tokens import RenewedTokens
from services.workspaces.secrets import SecretBox, new_key
from tests.support.run_starts import registered
from tests.support.waiting import happened

KEY = new_key()
SECRETS = {"CLIENT_SECRET": "planted-client-secret", "REFRESH": "refresh-0", "AGAIN": "refresh-1"}


class Clock:
    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.time


@dataclass
class Town:
    """Gives a new refresh token with each access token, and takes each once."""

    url: str = ""
    renewals: int = 0
    refused: int = 0
    is_down: bool = False
    free: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.asked.set()
        if self.is_down:
            return web.Response(status=503)
        if form["refresh_token"] != f"refresh-{self.renewals}":
            self.refused += 1
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.renewals += 1
        await happened(self.free)
        given = {"access_token": f"access-{self.renewals}", "refresh_token": f"refresh-{self.renewals}"}
        return web.json_response({**given, "expires_in": 90})

    async def read(self, request: web.Request) -> web.Response:
        is_known = request.headers["Authorization"] == f"Bearer access-{self.renewals}"
        return web.json_response({}, status=200 if is_known else 401)

    def definition(self, **members: object) -> ComponentDefinition:
        auth = {
            "type": "oauth2",
            "token_url": f"{self.url}/token",
            "client_id": "mudda",
            "client_secret": "env:CLIENT_SECRET",
            "refresh_token": "env:REFRESH",
        }
        said = {
            "key": "works.read",
            "name": "Read",
            "description": "Reads it.",
            "endpoint_url": f"{self.url}/read",
        }
        return ComponentDefinition.model_validate({**said, "auth": auth, **members})


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    serving = Town()
    serving.free.set()
    app = web.Application()
    app.router.add_post("/token", serving.token)
    app.router.add_get("/read", serving.read)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    serving.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield serving
    await runner.cleanup()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Worker:
    """What a process calls components with."""

    connector: Connector
    contexts: CallContexts
    workspace_id: UUID

    async def call(self, definition: ComponentDefinition) -> Response | CallError:
        context = await self.contexts.of(self.workspace_id, definition)
        request = prepare(definition, InputValues())
        return await call_component(
            request, definition, idempotency_key="k", connector=self.connector, context=context
        )

    async def status(self, town: Town) -> int:
        answer = await self.call(town.definition())
        assert isinstance(answer, Response), answer
        return answer.status


@asynccontextmanager
async def worker(
    database: Database, workspace_id: UUID, clock: Clock, key: str | None = KEY
) -> AsyncIterator[Worker]:
    box = SecretBox([key]) if key else None
    connector = Connector({"127.0.0.1"}, SECRETS.get, now=clock)
    yield Worker(connector, CallContexts(database, ComponentSecrets(box), RenewedTokens(box)), workspace_id)
    await connector.aclose()


async def row(database: Database) -> RenewedToken:
    async with database.reading() as session:
        return (await session.scalars(select(RenewedToken))).one()


async def test_what_it_was_renewed_to_outlives_the_process(
    database: Database, workspace_id: UUID, town: Town, clock: Clock
) -> None:
    for _ in range(3):
        async with worker(database, workspace_id, clock) as one:
            assert await one.status(town) == 200
        clock.time += timedelta(minutes=5)
    assert (town.renewals, town.refused) == (3, 0)


async def test_an_access_token_that_is_good_is_used_after_a_restart(
    database: Database, workspace_id: UUID, town: Town, clock: Clock
) -> None:
    for _ in range(2):
        async with worker(database, workspace_id, clock) as one:
            assert await one.status(town) == 200
    assert town.renewals == 1


async def test_of_two_workers_one_renews_and_both_use_it(
    database: Database, workspace_id: UUID, town: Town, clock: Clock
) -> None:
    town.free.clear()
    async with worker(database, workspace_id, clock) as one, worker(database, workspace_id, clock) as other:
        renewing = asyncio.create_task(one.status(town))
        await happened(town.asked)
        # Its time is up before the first has a token; it has not asked for one itself.
        assert isinstance(await other.call(town.definition(timeout_seconds=1)), NotSent)
        town.free.set()
        assert [await renewing, await other.status(town)] == [200, 200]
    assert (town.renewals, town.refused) == (1, 0)


async def test_a_token_that_another_worker_has_replaced_is_not_used_for_long(
    database: Database, workspace_id: UUID, town: Town, clock: Clock
) -> None:
    """The town ends the former access token as it gives another."""
    async with worker(database, workspace_id, clock) as one, worker(database, workspace_id, clock) as other:
        assert [await one.status(town), await other.status(town)] == [200, 200]
        clock.time += timedelta(minutes=5)
        assert await other.status(town) == 200
        clock.time -= timedelta(minutes=5)  # for the first it is good yet, by its own clock
        assert await one.status(town) == 200
    assert (town.renewals, town.refused) == (2, 0)


async def test_what_was_renewed_is_kept_though_the_call_has_run_out_of_time(
    database: Database, workspace_id: UUID, town: Town, clock: Clock
) -> None:
    town.free.clear()
    async with worker(database, workspace_id, clock) as one:
        answer = await one.call(town.definition(timeout_seconds=1))
        assert isinstance(answer, NotSent)
        town.free.set()
    async with worker(database, workspace_id, clock) as other:
        assert await other.status(town) == 200
    assert (town.renewals, town.refused) == (1, 0)


async def test_a_token_endpoint_that_fails_ends_the_turn(
    database: Database, workspace_id: UUID, town: Town, clock: Clock
) -> None:
    town.is_down = True
    async with worker(database, workspace_id, clock) as one, worker(database, workspace_id, clock) as other:
        assert isinstance(await one.call(town.definition()), NotSent)
        assert (await row(database)).claim is None
        town.is_down = False
        assert await other.status(town) == 200


async def test_whoever_died_in_its_turn_is_waited_for_and_then_passed_over(
    database: Database, workspace_id: UUID, town: Town, clock: Clock
) -> None:
    async with worker(database, workspace_id, clock) as one:
        assert await one.status(town) == 200
        clock.time += timedelta(minutes=5)
        claimed = {"claim": workspace_id, "claimed_until": datetime.now(UTC) + timedelta(minutes=1)}
        async with database.transaction() as session:
            await session.execute(update(RenewedToken).values(claimed))
        assert isinstance(await one.call(town.definition(timeout_seconds=1)), NotSent)
        assert town.renewals == 1
        async with database.transaction() as session:
            await session.execute(update(RenewedToken).values(claimed_until=datetime.now(UTC)))
        assert await one.status(town) == 200


async def test_it_is_kept_sealed_for_one_workspace(
    database: Database, workspace_id: UUID, town: Town, clock: Clock
) -> None:
    async with worker(database, workspace_id, clock) as one:
        assert await one.status(town) == 200
    kept = await row(database)
    said = repr([getattr(kept, column.name) for column in RenewedToken.__table__.c])
    assert not [each for each in ("access-1", "refresh-0", "refresh-1", *SECRETS.values()) if each in said]
    async with database.transaction() as session:
        other = await ensure(session, "T0002")
        await session.execute(update(RenewedToken).values(workspace_id=other))
    async with worker(database, other, clock) as stranger:
        # It opens for nobody there, so the refresh token of old is tried.
        assert isinstance(await stranger.call(town.definition()), TokenRefused)


async def test_a_new_secret_begins_anew(database: Database, workspace_id: UUID, town: Town, clock: Clock) -> None:
    async with worker(database, workspace_id, clock) as one:
        assert await one.status(town) == 200
    auth = {**town.definition().auth.model_dump(), "refresh_token": "env:AGAIN"}
    async with worker(database, workspace_id, clock) as one:
        answer = await one.call(town.definition(auth=auth))
    assert isinstance(answer, Response)
    assert (town.renewals, town.refused) == (2, 0)


async def test_a_change_of_keys_loses_no_token(
    database: Database, workspace_id: UUID, town: Town, clock: Clock
) -> None:
    new = new_key()
    async with worker(database, workspace_id, clock) as one:
        assert await one.status(town) == 200
    assert await cli.rotate(database, SecretBox([new, KEY])) == 1
    async with worker(database, workspace_id, clock, new) as one:
        assert await one.status(town) == 200
    assert (town.renewals, town.refused) == (1, 0)


async def test_without_a_key_it_is_kept_by_the_process_and_that_is_said(
    database: Database, workspace_id: UUID, town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker(database, workspace_id, clock, None) as one:
        for _ in range(2):
            assert await one.status(town) == 200
            clock.time += timedelta(minutes=5)
    async with database.reading() as session:
        assert (await session.scalars(select(RenewedToken))).all() == []
    stated = town.definition().model_dump(mode="json")
    await registered(database, workspace_id, {**stated, "description": "Reads all there is about works."})
    said = (
        "works.read in T0001 signs in with a refresh token. Without MUDDA_SECRET_KEY one that is renewed is lost "
        "when the bot restarts, and no other worker knows it."
    )
    with_key = Settings(_env_file=None, mudda_secret_key=KEY)
    assert await component_checks.lost_tokens(Settings(_env_file=None), database) == [said]
    assert await component_checks.lost_tokens(with_key, database) == []
    text, is_well = await component_files.lint_of(database, "T0001", can_keep=False)
    assert ("MUDDA_SECRET_KEY" in text, is_well) == (True, False)
    text, is_well = await component_files.lint_of(database, "T0001", can_keep=True)
    assert ("MUDDA_SECRET_KEY" in text, is_well) == (False, True)
