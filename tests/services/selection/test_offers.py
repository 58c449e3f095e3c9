"""What the selector is shown: everything, or of many those that fit, that were of use, or are needed."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.models import Component
from db.session import Database
from services import workspaces
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentService
from services.selection.offers import KEPT_FREE, MAX_USED, OfferService

COMPONENTS = ComponentService()


def component(key: str, name: str = "A component", **members: Any) -> ComponentDefinition:
    stated = {"key": key, "name": name, "description": "Does something.", "endpoint_url": "https://a.example/x"}
    return ComponentDefinition.model_validate({**stated, **members})


async def load(database: Database, workspace_id: UUID, *definitions: ComponentDefinition) -> None:
    async with database.transaction() as session:
        await COMPONENTS.load(session, workspace_id, definitions)


async def offered(
    offers: OfferService, database: Database, workspace_id: UUID, text: str, **options: Any
) -> list[str]:
    async with database.of(workspace_id).reading() as session:
        offer = await offers.offer(session, workspace_id, text, **options)
    return [spec.key for spec in offer.specs]


async def test_all_are_offered_while_they_are_few(
    database: Database, workspace_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    await load(database, workspace_id, component("b"), component("a"))
    with caplog.at_level(logging.INFO, logger="mudda.selection"):
        async with database.reading() as session:
            offer = await OfferService(COMPONENTS).offer(session, workspace_id, "nothing that fits", limit=2)
    assert ([spec.key for spec in offer.specs], offer.total) == (["a", "b"], 2)
    assert caplog.records == []


async def test_the_best_are_offered_when_there_are_many_and_the_log_says_so(
    database: Database, workspace_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    await load(
        database,
        workspace_id,
        *(component(f"a{n:03}", "Water the flowers") for n in range(30)),
        component("x.leaks", "Repair leaking water mains", description="For roads that are under water."),
        component("y.roads", "Close a road"),
        component("z.bins", "Empty the bins"),
    )
    issue = "Water is coming up through the road at 5th and Main"
    with caplog.at_level(logging.INFO, logger="mudda.selection"):
        async with database.reading() as session:
            offer = await OfferService(COMPONENTS).offer(session, workspace_id, issue, limit=10)
    keys = [spec.key for spec in offer.specs]
    assert keys[0] == "x.leaks"
    assert "z.bins" not in keys
    assert (len(set(keys)), offer.total) == (10, 33)
    (record,) = caplog.records
    assert record.getMessage().startswith("The selector is shown 10 of 33 active components")


async def test_the_offer_is_filled_up_by_key_where_few_fit(database: Database, workspace_id: UUID) -> None:
    await load(database, workspace_id, *(component(f"a{n}") for n in range(9)), component("z", "Giraffes"))
    async with database.reading() as session:
        offer = await OfferService(COMPONENTS).offer(session, workspace_id, "A giraffe is loose", limit=4)
        unknown = await OfferService(COMPONENTS).offer(session, workspace_id, "寿司", limit=3)
    assert [spec.key for spec in offer.specs] == ["z", "a0", "a1", "a2"]
    assert [spec.key for spec in unknown.specs] == ["a0", "a1", "a2"]


async def test_a_long_report_is_about_what_it_says_most(database: Database, workspace_id: UUID) -> None:
    await load(
        database, workspace_id, *(component(f"a{n}", f"Word{n}") for n in range(50)), component("z", "Sewers")
    )
    preface = " ".join(f"preface{n}" for n in range(2_000))
    issue = (preface + " the sewer is blocked, the sewer smells." * 400)[:40_000]
    async with database.reading() as session:
        offer = await OfferService(COMPONENTS).offer(session, workspace_id, issue, limit=3)
    assert offer.specs[0].key == "z"


async def test_of_a_thousand_components_those_that_fit_are_offered(database: Database, workspace_id: UUID) -> None:
    words = ("crew", "road", "light", "tree", "valve", "order", "notice", "permit", "bridge", "drain")
    names = [f"{words[n % 10]} {words[n // 10 % 10]} {words[n // 100 % 10]} {n}" for n in range(1_000)]
    await load(
        database, workspace_id, *(component(f"c{n}", name, description=name * 5) for n, name in enumerate(names))
    )
    async with database.of(workspace_id).reading() as session:
        offer = await OfferService(COMPONENTS).offer(session, workspace_id, "A tree has fallen")
    assert (len(offer.specs), offer.total) == (200, 1_000)
    assert all("tree" in spec.name for spec in offer.specs)


async def test_what_plans_for_similar_issues_used_comes_first(database: Database, workspace_id: UUID) -> None:
    await load(database, workspace_id, *(component(f"a{n}", "Water") for n in range(20)), component("z"))
    keys = await offered(OfferService(COMPONENTS), database, workspace_id, "Water", used=["gone", "z"], limit=4)
    assert keys == ["z", "a0", "a1", "a10"]
    used = [f"a{n}" for n in range(20)] * (MAX_USED // 10)
    keys = await offered(OfferService(COMPONENTS), database, workspace_id, "Water", used=used, limit=9)
    assert keys == used[:9]


async def test_what_the_best_need_is_offered_with_them(database: Database, workspace_id: UUID) -> None:
    asked = {"type": "object", "required": ["crew_id"], "properties": {"crew_id": {"type": "string"}}}
    answer = {"type": "object", "properties": {"crew_id": {"type": "string"}}}
    await load(
        database,
        workspace_id,
        *(component(f"a{n:03}", "Water the flowers") for n in range(300)),
        component("b.fell", "Fell a tree", http_method="POST", request_schema=asked),
        component("z.list", "Who is free", response_schema=answer),
    )
    keys = await offered(OfferService(COMPONENTS), database, workspace_id, "A tree fell; water is running")
    assert keys[0] == "b.fell"
    assert keys.index("z.list") == 200 - KEPT_FREE
    assert len(set(keys)) == 200


async def test_names_of_inputs_and_outputs_are_found(database: Database, workspace_id: UUID) -> None:
    inner = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": {"properties": {"potholeId": {}}}}},
    }
    await load(
        database,
        workspace_id,
        *(component(f"a{n}") for n in range(9)),
        component("y", query_params={"hydrant_number": {"type": "string"}}),
        component("z", response_schema=inner),
    )
    offers = OfferService(COMPONENTS)
    assert (await offered(offers, database, workspace_id, "Two potholes", limit=2))[0] == "z"
    assert (await offered(offers, database, workspace_id, "A leaking hydrant", limit=2))[0] == "y"


async def test_what_is_remembered_is_what_holds(database: Database, workspace_id: UUID) -> None:
    """Renamed, switched off, added: the next offer knows, and so does that of another workspace."""
    offers = OfferService(COMPONENTS)
    await load(database, workspace_id, *(component(f"a{n}") for n in range(9)), component("z", "Giraffes"))
    assert (await offered(offers, database, workspace_id, "Giraffe", limit=2))[0] == "z"
    await load(database, workspace_id, component("z", "Lions"), component("y", "Giraffes"))
    assert await offered(offers, database, workspace_id, "Giraffe", limit=2) == ["y", "a0"]
    async with database.transaction() as session:
        await COMPONENTS.deactivate(session, workspace_id, "y")
    assert await offered(offers, database, workspace_id, "Giraffe", limit=2) == ["a0", "a1"]
    async with database.transaction() as session:
        other = await workspaces.ensure(session, "T0002", "Shelbyville")
    await load(database, other, *(component(f"b{n}", "Giraffes") for n in range(9)))
    assert await offered(offers, database, other, "Giraffe", limit=2) == ["b0", "b1"]
    assert await offered(offers, database, workspace_id, "Lions", limit=1) == ["z"]


async def test_a_change_that_was_begun_earlier_and_committed_later_is_seen(
    database: Database, workspace_id: UUID
) -> None:
    offers = OfferService(COMPONENTS)
    await load(database, workspace_id, *(component(f"a{n}") for n in range(9)), component("z", "Giraffes"))
    await offered(offers, database, workspace_id, "Lion", limit=1)
    async with database.transaction() as session:
        earlier = Component.updated_at - timedelta(seconds=1)
        await session.execute(
            update(Component).where(Component.key == "a5").values(name="Lion", updated_at=earlier)
        )
    assert await offered(offers, database, workspace_id, "Lion", limit=1) == ["a5"]


@pytest.mark.parametrize(
    "text", ["", "\x00", "\ud800", "'", "word " * 20_000, "x" * 100_000, "寿司 停水", "the of and"]
)
async def test_no_text_is_an_error(database: Database, workspace_id: UUID, text: str) -> None:
    await load(database, workspace_id, *(component(f"a{n}") for n in range(4)))
    assert len(await offered(OfferService(COMPONENTS), database, workspace_id, text, limit=2)) == 2
