"""Webhooks: told in the transaction of what happened, signed, at least once, tried again, and dead at last."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import select, text, update

from bot.cli import webhooks
from bot.cli.command import CommandFailed
from bot.jobs.webhooks import deliver
from db.models import Webhook, WebhookDelivery
from services.jobs.webhooks import DeliverWebhook
from services.webhooks.service import EVENTS, PAUSES
from services.workspaces.secrets import SecretBox, new_key
from tests.support.town_hall import TownHall, plan_card, town_hall
from tests.support.town_runs import LOOK, approved, order, outcome, press, with_button

KEY = new_key()
BOX = SecretBox([KEY])


@dataclass(slots=True)
class Receiver:
    """A server that is told; answers with `statuses` while there are any, then with 204."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]

    @property
    def types(self) -> set[str]:
        return {event["type"] for event in self.events}

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self.came.clear()
                await self.came.wait()

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        self.came.set()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/told", receiver.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/told"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def telling(database_url: str) -> AsyncIterator[tuple[TownHall, Receiver]]:
    """A town whose components and whose receiver may be called on loopback."""
    async with (
        receiving() as receiver,
        town_hall(
            database_url, component_allowed_hosts="127.0.0.1,localhost", mudda_secret_key=SecretStr(KEY)
        ) as hall,
    ):
        yield hall, receiver


async def added(hall: TownHall, url: str, events: str = ",".join(EVENTS)) -> str:
    return await webhooks.add_(hall.database, hall.slack.workspace.team.id, url, events, BOX)


async def rows(hall: TownHall) -> list[WebhookDelivery]:
    async with hall.database.reading() as session:
        return list((await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.created_at))).all())


async def settled(hall: TownHall, condition: Callable[[WebhookDelivery], bool]) -> WebhookDelivery:
    async with asyncio.timeout(30):
        while not (found := [row for row in await rows(hall) if condition(row)]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found[0]


async def test_who_is_told_of_a_run_hears_each_event_signed(database_url: str) -> None:
    async with telling(database_url) as (hall, receiver):
        secret = await added(hall, receiver.url)
        await approved(hall, LOOK, order(gate=True))
        await with_button(hall, "Approve step")
        await press(hall, "Approve step")
        await outcome(hall)
        wanted = {"plan.drafted", "plan.approved", "run.started", "gate.opened", "run.ended"}
        await receiver.until(lambda: wanted <= receiver.types)
        for headers, body in receiver.requests:
            signed = hmac.new(secret.encode(), headers["X-Mudda-Timestamp"].encode() + b"." + body, hashlib.sha256)
            assert headers["X-Mudda-Signature"] == f"v1={signed.hexdigest()}"
        by_type = {event["type"]: event for event in receiver.events}
        assert by_type["run.ended"]["data"]["state"] == "COMPLETED"
        assert by_type["gate.opened"]["data"]["step"] == "order"
        assert by_type["run.started"]["data"]["workflow"] == 1
        assert by_type["plan.approved"]["workspace"] == hall.slack.workspace.team.id
        assert len({event["id"] for event in receiver.events}) == len(receiver.events)
        assert "5th and Main" not in json.dumps(receiver.events)


async def test_what_is_rolled_back_is_told_to_nobody(database_url: str) -> None:
    async with telling(database_url) as (hall, receiver):
        await added(hall, receiver.url, "run.started")
        event = text(
            "INSERT INTO audit_events (id, workspace_id, subject_id, actor, action, facts)"
            " VALUES (gen_random_uuid(), :workspace, gen_random_uuid(), 'x', 'run.started', '{}')"
        ).bindparams(workspace=hall.deps.workspace.id)
        jobs = text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'deliver_webhook'")
        with pytest.raises(RuntimeError):  # noqa: PT012
            async with hall.deps.database.transaction() as session:
                await session.execute(event)
                assert await session.scalar(jobs) == 1
                raise RuntimeError
        assert await rows(hall) == []
        async with hall.deps.database.transaction() as session:
            await session.execute(event)
        await receiver.until(lambda: len(receiver.requests) == 1)


async def test_one_that_failed_is_tried_again_under_the_same_id(database_url: str) -> None:
    async with telling(database_url) as (hall, receiver):
        await added(hall, receiver.url, "plan.drafted")
        receiver.statuses = [500, 302]
        await plan_card(hall)
        row = await settled(hall, lambda each: each.attempts == 1)
        assert (row.state, row.outcome) == ("pending", "500")
        for attempt in (2, 3):
            job = DeliverWebhook(workspace=row.workspace_id, delivery=row.id, attempt=attempt)
            await deliver(job, hall.deps)
            await deliver(job, hall.deps)  # a job may be run twice
        assert len(receiver.requests) == 3
        assert len({event["id"] for event in receiver.events}) == 1
        assert [(each.state, each.attempts) for each in await rows(hall)] == [("delivered", 3)]


async def test_what_was_sent_by_a_worker_that_died_then_is_sent_again_under_the_same_id(database_url: str) -> None:
    async with telling(database_url) as (hall, receiver):
        await added(hall, receiver.url, "plan.drafted")
        receiver.statuses = [500]
        await plan_card(hall)
        row = await settled(hall, lambda each: each.attempts == 1)
        job = DeliverWebhook(workspace=row.workspace_id, delivery=row.id, attempt=2)
        async with hall.deps.database.reading() as session:
            outgoing = await hall.deps.webhooks.outgoing(session, job)
        assert outgoing is not None
        await hall.deps.webhooks.send(outgoing, hall.deps.now())  # and nobody writes down what came of it
        await deliver(job, hall.deps)
        assert [event["id"] for event in receiver.events] == [str(row.event_id)] * 3
        assert [(each.state, each.attempts) for each in await rows(hall)] == [("delivered", 2)]


async def test_one_that_fails_for_a_day_is_dead_shown_and_can_be_tried_again(database_url: str) -> None:
    async with telling(database_url) as (hall, receiver):
        await added(hall, receiver.url, "plan.drafted")
        receiver.statuses = [500] * (len(PAUSES) + 1)
        await plan_card(hall)
        row = await settled(hall, lambda each: each.attempts == 1)
        for attempt in range(2, len(PAUSES) + 2):
            await deliver(DeliverWebhook(workspace=row.workspace_id, delivery=row.id, attempt=attempt), hall.deps)
        assert (await rows(hall))[0].state == "dead"
        team = hall.slack.workspace.team.id
        assert str(row.id) in await webhooks.deliveries_(hall.database, team, "dead")
        await webhooks.retry(hall.database, team, str(row.id))
        await settled(hall, lambda each: each.state == "delivered")
        with pytest.raises(CommandFailed):
            await webhooks.retry(hall.database, team, str(row.id))
        assert sum(PAUSES, timedelta()) > timedelta(hours=12)


async def test_a_private_address_is_not_called(database_url: str) -> None:
    async with receiving() as receiver, town_hall(database_url, mudda_secret_key=SecretStr(KEY)) as hall:
        await added(hall, receiver.url, "plan.drafted")
        await plan_card(hall)
        row = await settled(hall, lambda each: each.attempts == 1)
        assert row.outcome == "loopback"
        assert receiver.requests == []


async def test_what_signs_is_sealed_for_its_row(database_url: str) -> None:
    async with telling(database_url) as (hall, receiver):
        secret = await added(hall, receiver.url)
        async with hall.database.transaction() as session:
            row = (await session.scalars(select(Webhook))).one()
            assert secret not in row.secret
            await session.execute(
                update(Webhook).values(secret=BOX.seal("x", owner=str(UUID(int=0)), purpose="y"))
            )
        await plan_card(hall)
        told = await settled(hall, lambda each: each.attempts == 1)
        assert told.outcome == "no_key"
        assert receiver.requests == []


async def test_a_url_that_is_removed_is_told_nothing_more(database_url: str) -> None:
    async with telling(database_url) as (hall, receiver):
        await added(hall, receiver.url)
        team = hall.slack.workspace.team.id
        assert receiver.url in await webhooks.list_(hall.database, team)
        await webhooks.remove(hall.database, team, receiver.url)
        await plan_card(hall)
        assert await rows(hall) == []
        for url in ("ftp://x.example", "https://u:p@x.example", "nothing"):
            with pytest.raises(CommandFailed):
                await added(hall, url)
