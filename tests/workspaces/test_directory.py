"""What is known of workspaces: nothing is asked twice, and every replica knows within a second what changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from sqlalchemy import event, text

from bot.sandbox.slack import Message, SlackStandIn
from bot.slack import ids
from bot.workspaces.directory import InstalledWorkspaces
from db.session import Database
from tests.support.town_hall import LEAK, buttons, cards
from tests.support.towns import TEAMS, Towns, two_towns

SPRINGFIELD, OGDENVILLE = (team.id for team in TEAMS)


@pytest.fixture
async def towns(database_url: str) -> AsyncIterator[Towns]:
    async with two_towns(database_url) as running:
        yield running


@pytest.fixture
async def replica(towns: Towns, database_url: str) -> AsyncIterator[InstalledWorkspaces]:
    """What another process of the same deployment knows."""
    known = towns.bot.tenants
    assert isinstance(known, InstalledWorkspaces)
    database = Database(database_url).everywhere()
    other = InstalledWorkspaces(database, known.installations, known.slack, known.bind)
    watching = asyncio.create_task(other.watch(database_url))
    await within(10, lambda: other.is_listening)
    yield other
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await database.close()


async def within(seconds: float, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what another process would see tells nobody of itself
            await asyncio.sleep(0.01)


async def test_a_request_that_is_served_asks_neither_the_database_nor_slack_whose_it_is(towns: Towns) -> None:
    slack = towns.slacks[0]
    await slack.send_command("priya", "works", "/mudda", "help")
    before = len(slack.calls("auth.test"))
    statements: list[str] = []
    engine = towns.bot.parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for _ in range(5):
        assert (await slack.send_command("priya", "works", "/mudda", "help")).acked
    assert [statement for statement in statements if "installations" in statement] == []
    assert len(slack.calls("auth.test")) == before


async def test_a_removal_is_known_on_every_replica(towns: Towns, replica: InstalledWorkspaces) -> None:
    deps = await replica.of_team(SPRINGFIELD)
    assert deps is not None
    assert await replica.of(deps.workspace.id) is deps
    await towns.slacks[0].uninstall()
    await within(1, lambda: not replica.knows(SPRINGFIELD))
    assert await replica.of_team(SPRINGFIELD) is None
    assert await replica.of(deps.workspace.id) is None
    assert await replica.of_team(OGDENVILLE) is not None


async def test_a_new_token_is_known_on_every_replica(towns: Towns, replica: InstalledWorkspaces) -> None:
    before = await replica.of_team(SPRINGFIELD)
    assert before is not None
    await towns.install(SPRINGFIELD)
    await within(1, lambda: not replica.knows(SPRINGFIELD))
    after = await replica.of_team(SPRINGFIELD)
    assert after is not None
    assert after.slack.client.token == towns.slacks[0].bot_token != before.slack.client.token


async def test_while_nothing_can_be_heard_nothing_is_taken_for_known(
    towns: Towns, replica: InstalledWorkspaces
) -> None:
    assert await replica.of_team(SPRINGFIELD) is not None
    async with towns.database.engine.begin() as session:
        listeners = "FROM pg_stat_activity WHERE query LIKE 'LISTEN%mudda_workspaces%'"
        await session.execute(text(f"SELECT pg_terminate_backend(pid) {listeners}"))
    await within(1, lambda: not replica.is_listening)
    assert not replica.knows(SPRINGFIELD)
    assert await replica.of_team(SPRINGFIELD) is not None
    assert not replica.knows(SPRINGFIELD)
    await within(10, lambda: replica.is_listening)
    await replica.of_team(SPRINGFIELD)
    assert replica.knows(SPRINGFIELD)


def decidable(slack: SlackStandIn) -> Message | None:
    return next((card for card in cards(slack) if buttons(card)), None)


async def test_what_one_town_does_shows_in_that_town_only(towns: Towns) -> None:
    for slack in towns.slacks:
        await slack.send_command("priya", "works", "/mudda", LEAK)
    for slack in towns.slacks:
        card = await slack.wait_for(partial(decidable, slack))
        assert "#1" in str(card.blocks)
        await slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)
    assert [len(cards(slack)) for slack in towns.slacks] == [1, 1]
