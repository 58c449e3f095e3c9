"""Fixtures that every tier uses: PostgreSQL, a migrated database, a workspace."""

from __future__ import annotations

import gc
import os
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from uuid import UUID

import pytest
import uvloop
from hypothesis import settings
from sqlalchemy import insert

from bot.startup.garbage import settle_garbage
from db.models import Workspace
from db.session import Database
from tests.support.limits import tasks_told
from tests.support.postgres import TestServer, fresh_database

SERVER = pytest.StashKey[TestServer]()
SERVER_URL = pytest.StashKey[str]()
STDERR = pytest.StashKey[int]()

TEAM = "T0001"

# The same examples in every run, so that a change is green or red by what it does and not by luck.
# `make soak` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("explore", deadline=None, max_examples=1_000, print_blob=True)
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL once, in the process that the others are started from."""
    # Not kept by pytest yet, as during the tests.
    config.stash[STDERR] = os.dup(2)
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        config.stash[SERVER_URL] = worker_input["server_url"]
    elif not config.option.collectonly:
        config.stash[SERVER] = TestServer()
        config.stash[SERVER_URL] = config.stash[SERVER].url


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell a worker where the server is."""
    node.workerinput["server_url"] = node.config.stash[SERVER_URL]  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what pytest_configure started."""
    os.close(config.stash[STDERR])
    if SERVER in config.stash:
        config.stash[SERVER].stop()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Nothing that is imported meanwhile is garbage, and to look through it takes a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What is imported by now stays: to look through it for garbage takes longer than most tests."""
    settle_garbage()


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Tests run on the event loop that the bot runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Tell what a test waits for that is about to be ended."""
    limit = float(item.config.getini("faulthandler_timeout"))
    with tasks_told(item.nodeid, limit, item.config.stash[STDERR]):
        return (yield)


@pytest.fixture
async def database_url(pytestconfig: pytest.Config) -> AsyncIterator[str]:
    """The URL of a migrated, empty database."""
    async with fresh_database(pytestconfig.stash[SERVER_URL]) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated, empty database."""
    database = Database(database_url).everywhere()
    yield database
    await database.close()


@pytest.fixture
async def workspace_id(database: Database) -> UUID:
    """The id of a workspace whose team is TEAM."""
    async with database.transaction() as session:
        result = await session.execute(
            insert(Workspace).values(team_id=TEAM, name="Springfield").returning(Workspace.id)
        )
        return result.scalar_one()
