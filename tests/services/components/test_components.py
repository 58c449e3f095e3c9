from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import Component
from db.session import Database
from services import workspaces
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentExists, ComponentService
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.errors import NotFound

SERVICE = ComponentService()


def component(key: str, name: str = "A component", **members: Any) -> ComponentDefinition:
    stated = {"key": key, "name": name, "description": "Does something.", "endpoint_url": "https://a.example/x"}
    return ComponentDefinition.model_validate({**stated, **members})


@pytest.fixture
async def other_id(database: Database) -> UUID:
    async with database.transaction() as session:
        return await workspaces.ensure(session, "T0002", "Shelbyville")


async def load(database: Database, workspace_id: UUID, *definitions: ComponentDefinition) -> None:
    async with database.transaction() as session:
        await SERVICE.load(session, workspace_id, definitions)


async def found(database: Database, workspace_id: UUID, search: str) -> list[str]:
    async with database.reading() as session:
        page = await SERVICE.list(session, workspace_id, search=search, size=50)
    assert page.total == len(page.items)
    return [spec.key for spec in page.items]


async def test_what_is_created_can_be_read_back_whole(database: Database, workspace_id: UUID) -> None:
    definition = component(
        "works.create",
        http_method="POST",
        endpoint_url="https://a.example/{area}",
        path_params={"area": {"type": "string"}},
        request_schema={"type": "object", "properties": {"title": {"type": "string", "maxLength": 80}}},
        auth={"type": "api_key", "in": "header", "name": "X-Key", "value": "env:KEY"},
        approval="step",
        timeout_seconds=2.5,
    )
    async with database.transaction() as session:
        created = await SERVICE.create(session, workspace_id, definition)
    async with database.reading() as session:
        snapshot = await SERVICE.get(session, workspace_id, "works.create")
        specs = await SERVICE.by_keys(session, workspace_id, ["works.create"])
    assert (snapshot.id, snapshot.definition, snapshot.active) == (created, definition, True)
    assert specs["works.create"] == ComponentSpec(
        key="works.create",
        name="A component",
        description="Does something.",
        http_method="POST",
        path_params={"area": {"type": "string", "required": True}},
        request_schema={"type": "object", "properties": {"title": {"type": "string", "maxLength": 80}}},
        approval=ApprovalPolicy.STEP,
    )


async def test_a_key_is_taken_once_in_each_workspace(
    database: Database, workspace_id: UUID, other_id: UUID
) -> None:
    async with database.transaction() as session:
        await SERVICE.create(session, workspace_id, component("a"))
        await SERVICE.create(session, other_id, component("a"))
        with pytest.raises(ComponentExists):
            await SERVICE.create(session, workspace_id, component("a", name="Another"))
    async with database.reading() as session:
        assert (await SERVICE.get(session, workspace_id, "a")).definition.name == "A component"


async def test_another_workspaces_component_is_not_found(
    database: Database, workspace_id: UUID, other_id: UUID
) -> None:
    await load(database, other_id, component("theirs"))
    async with database.transaction() as session:
        with pytest.raises(NotFound):
            await SERVICE.get(session, workspace_id, "theirs")
        with pytest.raises(NotFound):
            await SERVICE.deactivate(session, workspace_id, "theirs")
        assert await SERVICE.by_keys(session, workspace_id, ["theirs"]) == {}
        assert await SERVICE.count_active(session, workspace_id) == 0
        assert (await SERVICE.list(session, workspace_id)).total == 0
        assert (await SERVICE.list(session, workspace_id, search="theirs")).total == 0
        assert await SERVICE.all_active(session, workspace_id) == ()
        result = await SERVICE.load(session, workspace_id, [component("theirs")])
    assert result.created == ("theirs",)


async def test_an_inactive_component_is_named_but_not_offered(database: Database, workspace_id: UUID) -> None:
    await load(database, workspace_id, component("a"), component("b"))
    async with database.transaction() as session:
        await SERVICE.deactivate(session, workspace_id, "a")
    async with database.reading() as session:
        assert await SERVICE.count_active(session, workspace_id) == 1
        specs = await SERVICE.by_keys(session, workspace_id, ["a", "b", "c"])
        assert {key: spec.active for key, spec in specs.items()} == {"a": False, "b": True}
        assert [spec.key for spec in await SERVICE.all_active(session, workspace_id)] == ["b"]
        page = await SERVICE.list(session, workspace_id)
        assert [spec.key for spec in page.items] == ["b", "a"]


@pytest.mark.parametrize("key", ["", "\x00", "\ud800", "a" * 10_000, "A", "{{a}}"])
async def test_a_key_that_can_not_be_is_not_found(database: Database, workspace_id: UUID, key: str) -> None:
    async with database.reading() as session:
        assert await SERVICE.by_keys(session, workspace_id, [key]) == {}
        with pytest.raises(NotFound):
            await SERVICE.get(session, workspace_id, key)


async def test_loading_twice_updates_by_key(database: Database, workspace_id: UUID) -> None:
    first = [component("a"), component("b"), component("c")]
    async with database.transaction() as session:
        result = await SERVICE.load(session, workspace_id, first)
        assert (result.created, result.updated, result.unchanged) == (("a", "b", "c"), (), ())
        await SERVICE.deactivate(session, workspace_id, "c")
    async with database.reading() as session:
        before = await SERVICE.get(session, workspace_id, "b")
    second = [component("a"), component("b", name="Renamed"), component("c"), component("d")]
    async with database.transaction() as session:
        held = (await session.scalars(select(Component))).all()
        result = await SERVICE.load(session, workspace_id, second)
        # The new values show in the same session, even while somebody holds the rows as they were read.
        assert len(held) == 3
        assert (await SERVICE.get(session, workspace_id, "b")).definition.name == "Renamed"
    assert (result.created, result.updated, result.unchanged) == (("d",), ("b", "c"), ("a",))
    async with database.reading() as session:
        after = await SERVICE.get(session, workspace_id, "b")
        assert (await SERVICE.get(session, workspace_id, "c")).active
    assert after.id == before.id
    assert after.created_at == before.created_at
    assert after.updated_at > before.updated_at


async def test_loading_nothing_changes_nothing(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        result = await SERVICE.load(session, workspace_id, [])
    assert (result.created, result.updated, result.unchanged) == ((), (), ())


async def test_pages(database: Database, workspace_id: UUID) -> None:
    await load(database, workspace_id, *(component(f"c{n:02}") for n in range(23)))
    async with database.reading() as session:
        pages = [await SERVICE.list(session, workspace_id, page=number) for number in (1, 2, 3)]
        beyond = await SERVICE.list(session, workspace_id, page=99)
        before = await SERVICE.list(session, workspace_id, page=-1)
    keys = [spec.key for page in pages for spec in page.items]
    assert keys == [f"c{n:02}" for n in range(23)]
    assert [(page.page, page.pages, page.total) for page in pages] == [(1, 3, 23), (2, 3, 23), (3, 3, 23)]
    assert beyond == pages[2]
    assert before == pages[0]


async def test_an_empty_list_has_one_empty_page(database: Database, workspace_id: UUID) -> None:
    async with database.reading() as session:
        page = await SERVICE.list(session, workspace_id)
    assert (page.items, page.page, page.pages, page.total) == ((), 1, 1, 0)


CATALOGUE = (
    component("workorders.create", "Create a work order", category="work", owner_service="works"),
    component("notifications.notify_residents", "Notify residents", description="The department sends a text."),
    component("open311.create_request", "File a report", description="Reports burst pipes and leaking hydrants."),
    component("water.stop", "停水 水道管", description="Für Straßen."),
)


@pytest.mark.parametrize(
    ("search", "keys"),
    [
        ("work", ["workorders.create"]),
        ("WORKS", ["workorders.create"]),
        ("workorders.create", ["workorders.create"]),
        ("create", ["open311.create_request", "workorders.create"]),
        ("create request", ["open311.create_request"]),
        ("notificat", ["notifications.notify_residents"]),
        ("resident", ["notifications.notify_residents"]),
        ("leaks", ["open311.create_request"]),
        ("departme", ["notifications.notify_residents"]),
        ("works departments", []),
        ("departments", ["notifications.notify_residents"]),
        ("hydr", ["open311.create_request"]),
        ("open311", ["open311.create_request"]),
        ("停水", ["water.stop"]),
        ("水道", ["water.stop"]),
        ("straß", ["water.stop"]),
        ("create nothing", []),
        ("giraffe", []),
    ],
)
async def test_search_finds_the_beginnings_of_all_words(
    database: Database, workspace_id: UUID, search: str, keys: list[str]
) -> None:
    await load(database, workspace_id, *CATALOGUE)
    assert sorted(await found(database, workspace_id, search)) == keys


@pytest.mark.parametrize(
    "search",
    [
        "'",
        "\\",
        "&",
        "a & | !",
        "':*",
        "<->",
        "a <2> b",
        "(((",
        "*",
        "%",
        "\x00",
        "a\x00b",
        "\ud800",
        "'); DROP TABLE components; --",
        "🚰",
        "x" * 100_000,
        "word " * 20_000,
        "e\u0301" * 5_000,
        "the of and",
    ],
)
async def test_no_search_text_is_an_error(database: Database, workspace_id: UUID, search: str) -> None:
    await load(database, workspace_id, *CATALOGUE)
    assert len(await found(database, workspace_id, search)) <= len(CATALOGUE)


async def test_a_search_without_a_word_finds_nothing_and_a_blank_one_everything(
    database: Database, workspace_id: UUID
) -> None:
    await load(database, workspace_id, *CATALOGUE)
    assert await found(database, workspace_id, "!!!") == []
    assert len(await found(database, workspace_id, "  ")) == len(CATALOGUE)


async def test_the_best_match_comes_first(database: Database, workspace_id: UUID) -> None:
    await load(
        database,
        workspace_id,
        component("a.other", "Something else", description="Sometimes about a hydrant."),
        component("z.hydrant", "Inspect a hydrant"),
    )
    assert await found(database, workspace_id, "hydrant") == ["z.hydrant", "a.other"]
