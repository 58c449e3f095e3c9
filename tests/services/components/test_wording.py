"""`mudda components lint --suggest | --accept`: the model proposes words, a person takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from bot.cli import component_files, component_words
from bot.cli.command import CommandFailed
from bot.config import Settings
from bot.sandbox.gemini.faults import WrongShape
from bot.sandbox.gemini.server import GeminiStandIn
from db.models import AuditEvent, Component
from db.session import Database
from services.ai.gemini import GeminiClient
from services.ai.wording import Wordsmith
from services.components.registry import CHANGED
from services.components.service import ComponentService
from tests.support.run_starts import registered

TEAM = "T0001"
SECRET_ADDRESS = "https://secret-host.example/orders"
BAD = {
    "key": "works.create_order",
    "name": "createOrder",
    "description": "TODO <!channel> \x1b[2J",
    "endpoint_url": SECRET_ADDRESS,
    "http_method": "POST",
    "auth": {"type": "bearer", "token": "env:PLANTED_TOKEN"},
    "request_schema": {"type": "object", "properties": {"area": {"type": "string"}}},
}
GOOD = {
    "key": "works.list_orders",
    "name": "List the work orders of an area",
    "description": "Lists all work orders of an area that are open, the oldest first.",
    "endpoint_url": SECRET_ADDRESS,
}


@pytest.fixture
async def gemini() -> AsyncIterator[GeminiStandIn]:
    async with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def wordsmith(gemini: GeminiStandIn) -> AsyncIterator[Wordsmith]:
    client = GeminiClient("key", "gemini-3.8-flash", endpoint=gemini.url, max_concurrency=1)
    yield Wordsmith(client)
    await client.aclose(grace=0)


@pytest.fixture
async def town(database: Database, workspace_id: UUID) -> Database:
    await registered(database, workspace_id, BAD, GOOD)
    return database


async def suggested(database: Database, workspace_id: UUID, wordsmith: Wordsmith, path: Path) -> str:
    async with database.reading() as session:
        specs = await ComponentService().all_active(session, workspace_id)
    return await component_words.suggest(specs, wordsmith, path, component_files.sentence)


async def words(database: Database, key: str = str(BAD["key"])) -> tuple[str, str]:
    async with database.reading() as session:
        found = await session.execute(select(Component.name, Component.description).where(Component.key == key))
        name, description = found.one()
    return name, description


async def test_what_is_proposed_changes_nothing_until_a_person_takes_it(
    town: Database, workspace_id: UUID, wordsmith: Wordsmith, gemini: GeminiStandIn, tmp_path: Path
) -> None:
    path = tmp_path / "words.yaml"
    said = await suggested(town, workspace_id, wordsmith, path)
    assert said.startswith("1 of 1 components have a proposal")
    assert await words(town) == (BAD["name"], BAD["description"])
    [request] = gemini.transcript
    assert "its name or description is a placeholder" in request.prompt
    assert "secret-host" not in request.prompt
    assert "PLANTED_TOKEN" not in request.prompt
    # A person puts it right, and takes it.
    text = path.read_text(encoding="utf-8").replace("Create order of the town", "Open a work order")
    path.write_text(text, encoding="utf-8")
    said = await component_words.accept(town, TEAM, path)
    assert said == "1 changed, 0 left as they are.\n  changed  works.create_order"
    name, description = await words(town)
    assert (name, description) == (
        "Open a work order",
        "Use this to create order in works. It takes area and gives nothing.",
    )
    assert await words(town, "works.list_orders") == (GOOD["name"], GOOD["description"])
    async with town.reading() as session:
        [event] = await session.scalars(select(AuditEvent).where(AuditEvent.action == CHANGED))
    assert event.facts["before"]["name"] == "createOrder"
    said, is_well = await component_files.lint_of(town, TEAM, can_keep=True)
    assert is_well, said


async def test_words_that_have_changed_since_are_left_and_named(
    town: Database, workspace_id: UUID, wordsmith: Wordsmith, tmp_path: Path
) -> None:
    path = tmp_path / "words.yaml"
    await suggested(town, workspace_id, wordsmith, path)
    async with town.transaction() as session:
        await session.execute(update(Component).where(Component.key == BAD["key"]).values(name="Our own"))
    assert "left     works.create_order: its words have changed since" in await component_words.accept(
        town, TEAM, path
    )
    assert (await words(town))[0] == "Our own"


async def test_a_file_with_something_wrong_in_it_changes_nothing(
    town: Database, workspace_id: UUID, wordsmith: Wordsmith, tmp_path: Path
) -> None:
    path = tmp_path / "words.yaml"
    await suggested(town, workspace_id, wordsmith, path)
    with pytest.raises(CommandFailed, match="is there already"):
        await suggested(town, workspace_id, wordsmith, path)
    good = path.read_text(encoding="utf-8")
    for spoiled in (
        good.replace("name: Create", 'name: "" #'),
        good.replace("was:", "as:"),
        "wordings: [",
        "a: 1",
    ):
        path.write_text(spoiled, encoding="utf-8")
        with pytest.raises(CommandFailed, match=r"Nothing was changed"):
            await component_words.accept(town, TEAM, path)
    assert await words(town) == (BAD["name"], BAD["description"])


async def test_a_model_that_answers_nothing_useful_writes_nothing(
    town: Database, workspace_id: UUID, wordsmith: Wordsmith, gemini: GeminiStandIn, tmp_path: Path
) -> None:
    path = tmp_path / "words.yaml"
    gemini.script(WrongShape(), WrongShape(), agent="wording")
    with pytest.raises(CommandFailed, match="Nothing was written"):
        await suggested(town, workspace_id, wordsmith, path)
    assert not path.exists()


async def test_without_a_key_it_is_said() -> None:
    with pytest.raises(CommandFailed, match="GEMINI_API_KEY is missing"):
        async with component_words.gemini_of(Settings(_env_file=None, gemini_api_key=None)):
            pass
