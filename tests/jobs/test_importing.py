"""Documents of components are given to the bot: previewed, chosen from, imported once, and planned with."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.jobs.components.importing import import_offered
from bot.jobs.components.offering import offer_document
from bot.sandbox.slack import Message
from bot.sandbox.slack.state.files import File, file_object
from bot.sandbox.slack.state.model import User
from bot.sandbox.town.described import town_document
from bot.sandbox.town.open311_towns import XML_PATH
from bot.slack import ids
from bot.slack.payloads.reading import file_of
from db.models import AuditEvent, Component, ComponentImport, Open311Endpoint
from services.approvals import ApprovalRules
from services.audit import OPERATOR
from services.components.definitions import ComponentDefinition
from services.components.pack_files import pack_of
from services.imports.offers import MOST_KEPT, OfferKind
from services.jobs import ImportOffered, OfferDocument
from services.retention import purge
from tests.support.importing import add, components, previews, sent_file, shown
from tests.support.talk import answered, told
from tests.support.town_hall import TownHall, buttons, card_text
from tests.support.town_hall import hall as hall
from tests.support.town_runs import approved, outcome, step

ADMIN, CLERK = "marco", "priya"
READ_ORDER, CREATE_ORDER = "town.get_order", "town.create_order"


def document(hall: TownHall, **changes: Any) -> bytes:
    return json.dumps({**town_document(hall.town.url), **changes}).encode()


async def choose(hall: TownHall, preview: Message, *names: str) -> Any:
    """Open the modal of a preview, and submit it with operations of these names ticked."""
    await hall.slack.click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_CHOOSE)
    view = hall.slack.views(ADMIN)[-1]
    ticked = {
        block["block_id"]: {ids.INPUT_CHOICES: [each["value"] for each in options]}
        for block in view.blocks
        if block.get("element", {}).get("type") == "checkboxes"
        and (options := [each for each in block["element"]["options"] if each["text"]["text"] in names])
    }
    return await hall.slack.submit_view(view.id, ticked)


async def test_two_operations_are_chosen_imported_and_planned_with(hall: TownHall) -> None:
    preview = await sent_file(hall, ADMIN, "town.json", document(hall))
    text = card_text(preview)
    assert "12 new" in text
    assert "Works: 5 new" in text
    assert "asks before each call" in text
    assert "TOWN_TOKEN" in text
    assert await components(hall, "town.") == []
    await choose(hall, preview, "Read one work order", "Open a work order for an area")
    done = await shown(hall, preview, "2 components of Town API were added")
    assert buttons(done) == {}
    assert await components(hall, "town.") == [CREATE_ORDER, READ_ORDER]
    order = step("order", CREATE_ORDER, after="look", path__area="downtown", body__title="Mend the main")
    await approved(hall, order, step("look", READ_ORDER, path__work_order_id="{{order.work_order_id}}"))
    await outcome(hall)
    assert [order.title for order in hall.town.works.orders.values()] == ["Mend the main"]


async def test_an_address_is_fetched_and_again_shows_the_difference(hall: TownHall) -> None:
    await add(hall, ADMIN, url=f"{hall.town.url}/openapi.json")
    [preview] = await previews(hall, ADMIN, 1)
    await hall.slack.click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_NEW)
    await shown(hall, preview, "12 components of Town API were added")
    async with hall.database.transaction() as session:
        own = {"name": "Our own name", "description": "Ours."}
        await session.execute(update(Component).where(Component.key == READ_ORDER).values(**own))
    await add(hall, ADMIN, url=f"{hall.town.url}/openapi.json")
    [_, again] = await previews(hall, ADMIN, 2)
    assert "Nothing is new: 12 there already" in card_text(again)
    assert READ_ORDER in card_text(again)
    assert set(buttons(again)) == {"Cancel"}
    async with hall.database.reading() as session:
        assert await session.scalar(select(Component.name).where(Component.key == READ_ORDER)) == "Our own name"


async def test_pressed_twice_it_is_imported_once(hall: TownHall) -> None:
    preview = await sent_file(hall, ADMIN, "town.json", document(hall))
    pressed = hall.slack.prepare_click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_NEW)
    again = hall.slack.prepare_click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_NEW)
    await hall.slack.deliver(pressed)
    await hall.slack.deliver(again)
    await shown(hall, preview, "12 components of Town API were added")
    assert await imports_on_record(hall) == 1


async def test_a_job_that_runs_twice_imports_and_previews_once(hall: TownHall) -> None:
    preview = await sent_file(hall, ADMIN, "town.json", document(hall))
    async with hall.database.reading() as session:
        row = (await session.scalars(select(ComponentImport))).one()
    [file] = hall.slack.dm(ADMIN).messages[str(preview.thread_ts)].files or ()
    user = hall.slack.user(ADMIN).id
    about = {"workspace": hall.deps.workspace.id, "user": user, "channel": preview.channel}
    killed = OfferDocument(**about, key=row.key, file=file_of(file))
    async with hall.database.transaction() as session:
        await session.execute(update(ComponentImport).values(message_ts=None))
    await offer_document(killed.model_copy(update={"thread_ts": preview.thread_ts}), hall.deps)
    assert len(await previews(hall, ADMIN, 1)) == 1
    job = ImportOffered(**about, key="click:1", target=row.id, choice="new")
    await import_offered(job, hall.deps)
    await import_offered(job, hall.deps)
    assert await imports_on_record(hall) == 1
    await shown(hall, preview, "12 components of Town API were added")


async def test_pressed_twice_at_once_the_first_counts_and_its_result_stays(hall: TownHall) -> None:
    preview = await sent_file(hall, ADMIN, "town.json", document(hall))
    async with hall.database.reading() as session:
        row = (await session.scalars(select(ComponentImport))).one()
    about = {"workspace": hall.deps.workspace.id, "user": row.user_id, "channel": preview.channel}
    jobs = [ImportOffered(**about, key=f"click:{n}", target=row.id, choice="new") for n in range(2)]
    await asyncio.gather(*(import_offered(job, hall.deps) for job in jobs))
    await shown(hall, preview, "12 components of Town API were added")
    async with hall.database.reading() as session:
        result = await session.scalar(select(ComponentImport.result))
    assert result is not None
    assert len(result["created"]) == 12


async def test_who_is_no_admin_any_more_imports_nothing(hall: TownHall) -> None:
    preview = await sent_file(hall, ADMIN, "town.json", document(hall))
    marco = hall.slack.user(ADMIN)
    hall.slack.workspace.users[marco.id] = User(marco.id, marco.name, marco.real_name)
    await hall.slack.click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_NEW)
    messages = hall.slack.dm(ADMIN).messages
    await hall.slack.wait_for(lambda: "Only admins of this workspace" in messages[preview.ts].text or None)
    assert await components(hall, "town.") == []


async def test_a_press_before_it_is_noted_where_the_preview_is_changes_that_one(
    hall: TownHall,
) -> None:
    preview = await sent_file(hall, ADMIN, "town.json", document(hall))
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()
    async with hall.database.transaction() as session:
        await session.execute(update(ComponentImport).values(message_ts=None, channel_id=None))
    await hall.slack.click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_NEW)
    messages = hall.slack.dm(ADMIN).messages
    await hall.slack.wait_for(lambda: "12 components" in messages[preview.ts].text or None)
    assert len(await components(hall, "town.")) == 12


async def imports_on_record(hall: TownHall) -> int:
    async with hall.database.reading() as session:
        query = select(func.count()).where(AuditEvent.action == "components.imported")
        return await session.scalar(query) or 0


async def test_who_is_no_admin_may_not_and_their_file_is_not_fetched(hall: TownHall) -> None:
    # Not even as an approver: what plans can call is for admins, as all else about components is.
    rules = ApprovalRules(approvers=(hall.slack.user(CLERK).id,))
    async with hall.deps.database.transaction() as session:
        await hall.deps.approvals.set_settings(session, hall.deps.workspace.id, rules, OPERATOR)
    reply = await sent_file(hall, CLERK, "town.json", document(hall))
    assert "Only admins of this workspace" in reply.text
    assert not hall.slack.calls("files.info")
    await hall.slack.send_command(CLERK, "works", "/mudda", "components add")
    await told(hall, CLERK, "Only admins of this workspace")
    assert not hall.slack.views(CLERK)


@pytest.mark.parametrize(("user", "opens"), [(ADMIN, True), (CLERK, False)])
async def test_the_list_of_components_opens_the_form_for_those_who_may(
    hall: TownHall, user: str, opens: bool
) -> None:
    await hall.slack.send_command(user, "works", "/mudda", "components")
    listed = (await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", user)))[-1]
    await hall.slack.click(user, "works", listed.ts, ids.ACTION_COMPONENTS_ADD)
    if not opens:
        await told(hall, user, "Only admins of this workspace")
    assert [view.body["callback_id"] for view in hall.slack.views(user)] == [ids.VIEW_ADD_COMPONENTS] * opens


async def test_a_preview_of_yesterday_is_too_old(hall: TownHall) -> None:
    preview = await sent_file(hall, ADMIN, "town.json", document(hall))
    async with hall.database.transaction() as session:
        yesterday = hall.deps.now() - timedelta(hours=25)
        await session.execute(update(ComponentImport).values(created_at=yesterday))
    await hall.slack.click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_NEW)
    await shown(hall, preview, "This preview is too old")
    assert await components(hall, "town.") == []
    async with hall.database.transaction() as session:
        assert (await purge(session, hall.deps.retention, hall.deps.now()))["component_imports"] == 1


async def test_cancelled_nothing_is_added_and_the_document_is_forgotten(hall: TownHall) -> None:
    preview = await sent_file(hall, ADMIN, "town.json", document(hall))
    await hall.slack.click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_CANCEL)
    await shown(hall, preview, "Cancelled. Nothing was added.")
    async with hall.database.reading() as session:
        assert await session.scalar(select(ComponentImport.document)) is None


BOMB = b"openapi: 3.1.0\na: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 10)) for name in range(ord("b"), ord("k"))
)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b'{"hello": "world"}', "It is not an OpenAPI document."),
        ("a.json", b'{"swagger": "2.0", "info": {}, "paths": {}}', "It is Swagger 2.0."),
        ("a.json", b"{", "Line 1 is not JSON."),
        ("a.yaml", BOMB, "With its aliases written out, it would be too large."),
        ("a.yaml", b"hello there\n", "It is not an OpenAPI document."),
        ("a.yaml", b"components:\n- key: Bad Key\n", "This pack has"),
    ],
)
async def test_what_can_not_be_read_is_refused_in_a_sentence(
    hall: TownHall, name: str, content: bytes, said: str
) -> None:
    reply = await sent_file(hall, ADMIN, name, content)
    assert said in card_text(reply)
    assert "Nothing was added." in card_text(reply)


async def test_a_file_of_50_mb_is_not_fetched(hall: TownHall) -> None:
    user, content = hall.slack.user(ADMIN), b" " * 50_000_000
    huge = File("F0HUGE", user.id, "huge.json", "application/json", content, 0.0)
    hall.slack.workspace.files.add(huge, most=len(content))
    files = (file_object(huge, hall.slack.workspace.team, hall.slack.url),)
    message, _ = hall.slack.post_user_message(
        ADMIN, hall.slack.dm(ADMIN).id, "", subtype="file_share", files=files
    )
    assert "It is larger than 24 MB" in card_text(await answered(hall, message.channel, message.ts))


async def test_a_private_address_is_not_called(hall: TownHall) -> None:
    refused = await add(hall, ADMIN, url=f"http://marco:planted@{hall.town.url.partition('//')[2]}/openapi.json")
    assert list(refused.errors or ()) == [ids.BLOCK_ADD_URL]
    await add(hall, ADMIN, url="http://10.0.0.1/openapi.json")
    [reply] = await previews(hall, ADMIN, 1)
    assert "Its address is private or not allowed here" in card_text(reply)


async def test_a_pack_is_previewed_and_imported(hall: TownHall) -> None:
    definition = {
        "key": "pets.list",
        "name": "List the pets",
        "description": "Every dog and cat that is registered.",
        "category": "pets",
        "http_method": "GET",
        "endpoint_url": f"{hall.town.url}/pets",
    }
    pack = pack_of([ComponentDefinition.model_validate(definition)])
    preview = await sent_file(hall, ADMIN, "pets.yaml", pack.encode())
    assert "1 new" in card_text(preview)
    await hall.slack.click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_NEW)
    await shown(hall, preview, "1 component of pets.yaml was added: pets.list.")
    assert await components(hall, "pets.") == ["pets.list"]


async def test_an_open311_endpoint_is_previewed_and_added(hall: TownHall) -> None:
    await add(hall, ADMIN, kind="open311", url=f"{hall.town.url}{XML_PATH}")
    [preview] = await previews(hall, ADMIN, 1)
    assert "The endpoint has" in card_text(preview)
    await hall.slack.click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_NEW)
    await shown(hall, preview, "were added")
    assert await components(hall, "open311_127")


async def test_single_services_of_an_open311_endpoint_are_chosen(hall: TownHall) -> None:
    url = f"{hall.town.url}{XML_PATH}"
    refused = await add(hall, ADMIN, kind="open311", url=url, api_key="sk-planted")
    assert refused.errors == {
        ids.BLOCK_ADD_KEY: "Write env:NAME or secret:NAME. The key itself must not stand here."
    }
    await add(hall, ADMIN, kind="open311", url=url, api_key="secret:FILING")
    [preview] = await previews(hall, ADMIN, 1)
    none = await choose(hall, preview)
    assert none.errors == {ids.BLOCK_CHOICES_SEARCH: "Choose at least one service."}
    names = [hall.town.xml_town.services[code].name for code in ("street_light", "pothole")]
    await choose(hall, preview, *names)
    await shown(hall, preview, "were added")
    async with hall.database.reading() as session:
        [endpoint] = await session.scalars(select(Open311Endpoint))
        create = await session.scalar(
            select(Component).where(Component.key == f"{endpoint.prefix}.create_request")
        )
    assert {*endpoint.services} == {"street_light", "pothole"}
    assert create is not None
    assert create.request_schema["properties"]["service_code"] == {"const": "pothole"}
    assert create.auth["value"] == "secret:FILING"
    # Another time, what is there already is ticked.
    await add(hall, ADMIN, kind="open311", url=url, api_key="secret:FILING")
    [_, again] = await previews(hall, ADMIN, 2)
    await hall.slack.click(ADMIN, again.channel, again.ts, ids.ACTION_IMPORT_CHOOSE)
    ticked = [
        each["text"]["text"]
        for block in hall.slack.views(ADMIN)[-1].blocks
        for each in block.get("element", {}).get("initial_options", ())
    ]
    assert sorted(ticked) == sorted(names)


async def test_words_narrow_the_choice_and_what_is_ticked_stays(hall: TownHall) -> None:
    preview = await sent_file(hall, ADMIN, "town.json", document(hall))
    await hall.slack.click(ADMIN, preview.channel, preview.ts, ids.ACTION_IMPORT_CHOOSE)
    view = hall.slack.views(ADMIN)[-1]
    box = next(block for block in view.blocks if block["block_id"].startswith(ids.BLOCK_CHOICES + "0"))
    first = box["element"]["options"][0]["value"]
    await hall.slack.click_in_view(ADMIN, view.id, ids.INPUT_CHOICES, [first], box["block_id"])
    await hall.slack.click_in_view(ADMIN, view.id, ids.INPUT_CHOICES_SEARCH, "crews free")
    await hall.slack.click_in_view(ADMIN, view.id, ids.ACTION_CHOICES_SEARCH)
    narrowed = "1 operation, page 1 of 1; 1 chosen"
    found = await hall.slack.wait_for(
        lambda: next((each for each in hall.slack.views(ADMIN) if narrowed in str(each.blocks)), None)
    )
    boxes = [block for block in found.blocks if block.get("element", {}).get("type") == "checkboxes"]
    await hall.slack.submit_view(
        found.id, {boxes[0]["block_id"]: {ids.INPUT_CHOICES: [boxes[0]["element"]["options"][0]["value"]]}}
    )
    await shown(hall, preview, "2 components of Town API were added")


async def test_only_the_newest_documents_of_a_workspace_are_kept(hall: TownHall) -> None:
    offers, now = hall.deps.imports.offers, hall.deps.now()
    for number in range(MOST_KEPT + 2):
        async with hall.deps.database.transaction() as session:
            await offers.begin(
                session,
                hall.deps.workspace.id,
                f"k{number}",
                "U1",
                OfferKind.PACK,
                now + timedelta(seconds=number),
            )
    async with hall.database.reading() as session:
        assert await session.scalar(select(func.count(ComponentImport.id))) == MOST_KEPT
