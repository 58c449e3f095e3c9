"""Workers under random kill -9 while runs begin; then every run is checked against what must have happened.

python -m tests.e2e.kill_storm --seconds 120 --workers 3

The town answers late, badly or not at all; people approve, retry, skip and mark steps as done at random. When the
storm is over the workers are left alone until every run has ended. What is checked stands in `storm_model`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from bot.sandbox.slack import SlackStandIn
from bot.sandbox.town import Fault, Hold, Reset, Status, Town, sandbox_pack
from db.embedded import embedded_postgres
from db.errors import DATABASE_ERRORS, is_refused, sqlstate
from db.migrate import migrate
from db.models import Card, Run, StepRun
from db.session import Database
from services import workspaces
from services.components.packs import parse_pack
from services.components.specs import ApprovalPolicy
from services.errors import MoveNotAllowed, StaleVersion
from services.jobs import StepDecision
from tests.support.bot_process import BotProcess, bot_process, serve_env
from tests.support.run_starts import APPROVER, begun, components, decisions, now, runs, step
from tests.support.storm_model import faults_of, where_they_stand
from tests.support.waiting import happened

ROUTES = (
    "open311.find_requests",
    "workorders.create",
    "traffic.close_road",
    "notifications.notify_residents",
    "notifications.reply_to_reporter",
)
DECISIONS = {
    "WAITING": ("approve", "approve", "approve", "reject", "skip"),
    "FAILED": ("retry", "retry", "skip"),
    "UNCERTAIN": ("retry", "mark_done", "skip"),
}
SETTLED_SECONDS = 120.0
"""The jobs of the last worker that was killed are taken over after 15 s; on a busy machine there is a backlog."""

MOST_PENDING = 3
"""So many faults of a route wait for a request. On a slow machine more come than there are requests, and without
this the storm would rage on long after it is over.
"""

GONE = ("", "08", "57")
"""The classes of SQLSTATE that a connection ends with, and none, where the driver alone has seen it end."""

LONGEST = 3_600.0
"""No storm lasts longer, and so long one of them may wait."""

MANY_MESSAGES = 1_000_000
"""Slack's stand-in keeps all that is posted in a storm of any length: at its end each message is counted."""


def steps_at_random(chance: random.Random) -> list[Any]:
    """Six steps: a look, an order, two branches over its answer, a reply, and a last look."""
    area, number = "downtown", "{{order.work_order_id}}"
    look = step("look", "open311.find_requests", then=["order"])
    order = step("order", "workorders.create", then=["road", "notify"], path__area=area, body__title="Mend it")
    road = step(
        "road",
        "traffic.close_road",
        then=["reply"],
        gate=chance.random() < 0.2,
        path__area=area,
        body__location="5th",
        body__reason="A leak",
        body__work_order_id=number,
    )
    notify = step(
        "notify",
        "notifications.notify_residents",
        then=["reply"] if chance.random() < 0.8 else [],
        path__area=area,
        body__subject="Water",
        body__message=f"See {number}",
    )
    reply = step(
        "reply",
        "notifications.reply_to_reporter",
        then=["again"],
        body__reporter="{{issue.reporter}}",
        body__message="We are on it",
    )
    return [look, order, road, notify, reply, step("again", "open311.find_requests")]


def fault_at_random(chance: random.Random) -> Fault:
    """What goes wrong, or only takes long, with a request."""
    bad: list[Fault] = [
        Status(503, retry_after="1"),
        Status(429, retry_after="1"),
        Status(500),
        Status(500, applied=True),
        Status(422),
        Reset(),
        Reset(applied=True),
    ]
    return chance.choice([*bad, *(Hold() for _ in range(2 * len(bad)))])


@dataclass(slots=True)
class Storm:
    """Everything that a storm goes over.

    `calm` is held while the storm itself asks the database: whoever takes the database away holds it meanwhile,
    so that what was begun and decided is known. What was `asked_for` but has not `begun` may have all the same.
    """

    database: Database
    workspace_id: UUID
    slack: SlackStandIn
    town: Town
    env: dict[str, str]
    chance: random.Random
    stack: AsyncExitStack
    workers: list[BotProcess] = field(default_factory=list)
    asked_for: list[UUID] = field(default_factory=list)
    begun: list[UUID] = field(default_factory=list)
    kills: int = 0
    calm: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def rage(
        self, seconds: float, *, runs_per_second: float, workers: int, disturb: Disturbance | None
    ) -> None:
        """Begin runs and let people decide for so long, while workers are killed, or what else is to disturb them.

        Then wait until every run has ended.
        """
        self.workers = list(await asyncio.gather(*(self._worker() for _ in range(workers))))
        over = asyncio.Event()
        people = asyncio.create_task(self._people())
        busy = [
            asyncio.create_task(work)
            for work in (
                self._begin_runs(over, runs_per_second),
                self._trouble(over),
                self._kill(over) if disturb is None else disturb(self, over),
            )
        ]
        try:
            await asyncio.wait([people, *busy], timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
            over.set()
            await asyncio.gather(*busy)
            await self._settled(people)
        finally:
            for task in (people, *busy, *self._tasks):
                task.cancel()
            await asyncio.gather(people, *busy, *self._tasks, return_exceptions=True)

    async def _worker(self) -> BotProcess:
        bot = await self.stack.enter_async_context(bot_process("serve", "--only", "worker", env=self.env))
        await bot.port()
        return bot

    async def _begin_runs(self, over: asyncio.Event, per_second: float) -> None:
        while not over.is_set():
            async with self.calm, _asked_again():
                async with self.database.transaction() as session:
                    steps = steps_at_random(self.chance)
                    run_id = await begun(session, self.workspace_id, steps, self.slack.channel("works").id)
                    self.asked_for.append(run_id)
                self.begun.append(run_id)
            await self.pause(over, 1 / per_second)

    async def _trouble(self, over: asyncio.Event) -> None:
        while not over.is_set():
            fault, route = fault_at_random(self.chance), self.chance.choice(ROUTES)
            is_scripted = self.town.pending(route) < MOST_PENDING
            if is_scripted:
                self.town.script(route, fault)
            if is_scripted and isinstance(fault, Hold):
                task = asyncio.create_task(_release(fault, self.chance.uniform(0, 1.5)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await self.pause(over, self.chance.uniform(0, 0.2))

    async def _kill(self, over: asyncio.Event) -> None:
        while not over.is_set():
            await self.pause(over, self.chance.uniform(0.5, 5))
            number = self.chance.randrange(len(self.workers))
            await self.workers[number].kill()
            self.kills += 1
            self.workers[number] = await self._worker()

    async def _people(self) -> None:
        while True:
            await asyncio.sleep(0.3)
            async with self.calm, _asked_again():
                await self._decide_all()

    async def _decide_all(self) -> None:
        async with self.database.reading() as session:
            rows = (
                await session.execute(
                    select(StepRun.id, StepRun.revision, StepRun.state)
                    .join(Run, Run.id == StepRun.run_id)
                    .where(StepRun.state.in_(DECISIONS), Run.state != "CANCELLED")
                )
            ).all()
        for row in rows:
            await self._decide(row.id, row.revision, self.chance.choice(DECISIONS[row.state]))
        if self.begun and self.chance.random() < 0.05:
            await self._cancel(self.chance.choice(self.begun))

    async def _decide(self, step_id: UUID, revision: int, kind: str) -> None:
        try:
            async with self.database.transaction() as session:
                args = (self.workspace_id, step_id, revision, StepDecision(kind), APPROVER, now(), "because")
                await decisions.decide(session, *args)
        except (StaleVersion, MoveNotAllowed):
            pass  # a worker was quicker

    async def _cancel(self, run_id: UUID) -> None:
        try:
            async with self.database.transaction() as session:
                await runs.cancel(session, self.workspace_id, run_id, APPROVER, now())
        except MoveNotAllowed:
            pass  # it is over

    async def _settled(self, people: asyncio.Task[None]) -> None:
        """Wait until nothing runs, every card is posted and every run that has ended was told of.

        Raises what people stumbled over: without them nothing would settle.
        """
        moving = or_(
            Run.state.in_(("RUNNING", "WAITING", "FAILED")),
            Run.reply_ts.is_(None),
            select(StepRun.id).where(StepRun.run_id == Run.id, StepRun.state.in_(("READY", "RUNNING"))).exists(),
            select(Card.id).where(Card.plan_id == Run.plan_id, Card.ts.is_(None)).exists(),
        )
        deadline = time.monotonic() + SETTLED_SECONDS
        while True:
            if people.done():
                people.result()
            async with self.database.reading() as session:
                left = (await session.execute(select(Run).where(moving))).scalars().all()
            if not left:
                return
            if time.monotonic() > deadline:
                raise AssertionError(await where_they_stand(self.database, left))
            await asyncio.sleep(0.2)

    async def pause(self, over: asyncio.Event, seconds: float) -> None:
        """Wait for so long, or until it is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), seconds)


Disturbance = Callable[[Storm, asyncio.Event], Coroutine[Any, Any, None]]
"""What goes wrong beside the town's faults, until it is over."""


@asynccontextmanager
async def _asked_again() -> AsyncIterator[None]:
    """What a database that has just gone away does not answer is asked again: people press again, too."""
    try:
        yield
    except DATABASE_ERRORS as error:
        # What SQLAlchemy says of a fault of ours has no SQLSTATE either.
        if is_refused(error) or sqlstate(error)[:2] not in GONE:
            raise


async def _release(held: Hold, after: float) -> None:
    await happened(held.reached, LONGEST)
    await asyncio.sleep(after)
    held.released.set()


async def storm(
    database_url: str,
    *,
    seconds: float,
    runs_per_second: float,
    seed: str,
    workers: int = 2,
    disturb: Disturbance | None = None,
) -> Storm:
    """Let a storm go over a migrated, empty database. Raises AssertionError if a run is not as it must be."""
    async with AsyncExitStack() as stack:
        database = Database(database_url).everywhere()
        stack.push_async_callback(database.close)
        slack = await stack.enter_async_context(SlackStandIn())
        slack.workspace.messages_kept = MANY_MESSAGES
        town = await stack.enter_async_context(Town())
        env = {
            **serve_env(slack, "http://127.0.0.1:1", database_url),
            **town.environment,
            "COMPONENT_ALLOWED_HOSTS": town.url.removeprefix("http://"),
            "LOG_LEVEL": "INFO",
        }
        async with database.transaction() as session:
            team = slack.workspace.team
            workspace_id = await workspaces.ensure(session, team.id, team.name)
            pack = [
                found.model_copy(update={"approval": ApprovalPolicy.NONE, "timeout_seconds": 5.0})
                for found in parse_pack(sandbox_pack(town.url))
            ]
            await components.load(session, workspace_id, pack)
        raging = Storm(database, workspace_id, slack, town, env, random.Random(seed), stack)
        await raging.rage(seconds, runs_per_second=runs_per_second, workers=workers, disturb=disturb)
        wrong = await faults_of(database, town, slack, raging.begun, raging.asked_for)
        assert not wrong, f"seed {seed}:\n" + "\n".join(wrong)
        return raging


async def main(seconds: float, seed: str, workers: int) -> None:
    """Run the storm over a database of its own, and say what it went over."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-storm-") as directory:
        async with embedded_postgres(Path(directory) / "postgres") as url:
            await migrate(url)
            over = await storm(url, seconds=seconds, runs_per_second=2, seed=seed, workers=workers)
            counts = f"{over.kills} kills, {len(over.begun)} runs, {len(over.town.ledger)} requests received"
            print(f"{counts}: 0 lost, 0 sent twice, 0 stuck.")  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", default=str(random.randrange(10**6)))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)  # noqa: T201
    asyncio.run(main(arguments.seconds, arguments.seed, arguments.workers))
