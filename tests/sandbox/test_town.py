from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import ClientSession

from bot.sandbox.town import Endless, Hang, Reset, Status, Town
from services.components.definitions import ComponentDefinition
from tests.support.town_caller import NOON, Caller, Clock
from tests.support.waiting import ended, line_of


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town(now=Clock()) as town:
        yield town


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def call(town: Town, http: ClientSession) -> Caller:
    return Caller(town, http)


async def test_an_issue_can_be_seen_through_with_the_sandbox_pack(town: Town, call: Caller) -> None:
    assert await call("open311.find_requests", query={"service_code": "water_leak"}) == []
    (report,) = await call(
        "open311.create_request",
        {"service_code": "water_leak", "description": "Water in the road", "address_string": "5th and Main"},
    )
    request_id = report["service_request_id"]
    order = await call(
        "workorders.create",
        {"title": "Leak", "priority": "high", "service_request_id": request_id},
        area="downtown",
    )
    order_id = order["work_order_id"]
    crew = await call("crews.find_available", query={"skill": "water", "area": "downtown"})
    assert crew["crew_id"] in {"water-1", "water-2"}
    assigned = await call("crews.assign", {"work_order_id": order_id}, crew_id=crew["crew_id"])
    assert assigned["status"] == "assigned"
    closure = await call("traffic.close_road", {"location": "5th", "reason": "Leak"}, area="downtown")
    valve = await call("water.shut_off", {"reason": "Leak"}, area="downtown")
    assert valve["status"] == "shut"
    notice = await call("notifications.notify_residents", {"subject": "Water", "message": "Off"}, area="downtown")
    assert notice["recipients"] > 0
    await call("workorders.update", {"notes": "Digging"}, work_order_id=order_id)
    assert (await call("workorders.get", work_order_id=order_id))["notes"] == "Digging"
    await call("water.restore", area="downtown")
    await call("traffic.reopen_road", closure_id=closure["closure_id"])
    await call("workorders.close", {"notes": "Mended"}, work_order_id=order_id)
    await call("notifications.reply_to_reporter", {"reporter": "U1", "message": "Mended"})
    (request,) = await call("open311.get_request", service_request_id=request_id)
    assert (request["status"], request["status_notes"]) == ("closed", "Mended")
    assert town.works.crews[crew["crew_id"]].work_order_id is None
    assert town.works.orders[order_id].status == "closed"
    assert town.streets.closures[closure["closure_id"]]["status"] == "open"
    assert town.notices.replies[0]["reporter"] == "U1"


def sent_by(component: ComponentDefinition) -> str:
    return component.http_method if component.type == "REST" else "POST"


async def test_every_component_of_the_pack_is_a_route_of_the_same_name(town: Town, call: Caller) -> None:
    parts = (town.open311, town.works, town.notices, town.streets, town.permits, town.fleet)
    routes = {route.name: route for part in parts for route in part.routes()}
    for key, component in call.definitions.items():
        assert (sent_by(component), component.endpoint_url) == (routes[key].method, town.url + routes[key].path)
        assert not routes[key].idempotent or component.idempotent


async def test_a_call_without_the_right_credentials_does_nothing(
    town: Town, call: Caller, http: ClientSession
) -> None:
    for key, component in call.definitions.items():
        if component.auth.type == "none":
            continue
        url = component.endpoint_url.format(area="downtown", crew_id="water-1", work_order_id="1", closure_id="1")
        for headers in ({}, {"Authorization": "Bearer x", "X-Api-Key": "ü"}):
            async with http.request(sent_by(component), url, headers=headers) as response:
                assert response.status == (403 if key.startswith("open311.") else 401), key
    assert not any(entry.applied for entry in town.ledger)


async def test_what_is_wrong_with_a_call_is_said(call: Caller) -> None:
    cases = [
        (await call.send("workorders.create", {"title": "Leak"}, area="atlantis"), 404, "unknown_area"),
        (await call.send("workorders.create", {"title": " "}, area="downtown"), 400, "invalid"),
        (await call.send("workorders.create", {"title": 5}, area="downtown"), 400, "invalid"),
        (await call.send("workorders.create", {"title": "a", "priority": "x"}, area="downtown"), 400, "invalid"),
        (await call.send("workorders.get", work_order_id="WO-1"), 404, "not_found"),
        (await call.send("crews.assign", {"work_order_id": "WO-1"}, crew_id="water-1"), 404, "not_found"),
        (await call.send("crews.find_available", query={"skill": "juggling"}), 400, "invalid"),
        (await call.send("crews.release", crew_id="water-1"), 409, "not_assigned"),
        (await call.send("traffic.reopen_road", closure_id="C-9"), 404, "not_found"),
    ]
    for (status, document), expected, code in cases:
        assert (status, document["error"]["code"]) == (expected, code)


async def test_a_crew_is_at_one_work_order_at_a_time(call: Caller) -> None:
    first = await call("workorders.create", {"title": "One"}, area="downtown")
    second = await call("workorders.create", {"title": "Two"}, area="downtown")
    await call("crews.assign", {"work_order_id": first["work_order_id"]}, crew_id="water-1")
    status, document = await call.send(
        "crews.assign", {"work_order_id": second["work_order_id"]}, crew_id="water-1"
    )
    assert (status, document["error"]["code"]) == (409, "busy")
    status, document = await call.send(
        "crews.assign", {"work_order_id": first["work_order_id"]}, crew_id="water-2"
    )
    assert (status, document["error"]["code"]) == (409, "assigned")
    found = await call("crews.find_available", query={"skill": "water"})
    assert (found["crew_id"], found["available"]) == ("water-2", 1)
    await call("crews.release", crew_id="water-1")
    assert (await call("workorders.get", work_order_id=first["work_order_id"]))["status"] == "open"


async def test_nobody_is_available_when_all_are_at_work(call: Caller) -> None:
    for number in (1, 2):
        order = await call("workorders.create", {"title": "Dig"}, area="downtown")
        await call("crews.assign", {"work_order_id": order["work_order_id"]}, crew_id=f"roads-{number}")
    status, document = await call.send("crews.find_available", query={"skill": "roads"})
    assert (status, document["error"]["code"]) == (404, "no_crew")


async def test_open311_makes_two_requests_of_one_that_is_sent_twice(town: Town, call: Caller) -> None:
    body = {"service_code": "pothole", "description": "Deep", "address_string": "5th"}
    for _ in range(2):
        await call("open311.create_request", body, idempotency_key="run-1")
    assert len(town.open311.requests) == 2


async def test_the_same_idempotency_key_has_one_effect_and_one_answer(town: Town, call: Caller) -> None:
    answers = [
        await call("workorders.create", {"title": "Leak"}, area="downtown", idempotency_key="run-1")
        for _ in range(2)
    ]
    other = await call("workorders.create", {"title": "Leak"}, area="downtown", idempotency_key="run-2")
    assert answers[0] == answers[1] != other
    assert len(town.works.orders) == 2
    assert [(entry.applied, entry.replayed) for entry in town.ledger] == [
        (True, False),
        (False, True),
        (True, False),
    ]


async def test_an_idempotency_key_can_not_be_used_for_another_body(town: Town, call: Caller) -> None:
    await call("workorders.create", {"title": "Leak"}, area="downtown", idempotency_key="run-1")
    status, document = await call.send(
        "workorders.create", {"title": "Hole"}, area="downtown", idempotency_key="run-1"
    )
    assert (status, document["error"]["code"]) == (422, "idempotency_key_reused")
    assert len(town.works.orders) == 1


async def test_the_ledger_holds_what_came_in_and_no_secret(town: Town, call: Caller, http: ClientSession) -> None:
    await call(
        "open311.create_request", {"service_code": "pothole", "description": "Deep", "address_string": "5th"}
    )
    await call("workorders.create", {"title": "Fill"}, area="downtown", idempotency_key="run-1")
    async with http.get(f"{town.url}/nowhere?api_key=secret") as response:
        assert response.status == 404
    async with http.post(
        f"{town.url}/replies", data=b"{", headers={"Content-Type": "application/json"}
    ) as response:
        assert response.status == 400
    async with http.get(f"{town.url}/ledger") as response:
        text = await response.text()
        entries = await response.json()
    assert [(e["number"], e["route"], e["path"], e["idempotency_key"], e["status"]) for e in entries] == [
        (1, "open311.create_request", "/open311/v2/requests.json", None, 200),
        (2, "workorders.create", "/areas/downtown/work-orders", "run-1", 201),
        (3, "", "/nowhere", None, 404),
        (4, "notifications.reply_to_reporter", "/replies", None, 400),
    ]
    assert entries[1]["body"] == {"title": "Fill"}
    assert entries[1]["at"] == NOON.isoformat()
    assert not any(secret in text for secret in (*town.environment.values(), "secret"))


@pytest.mark.parametrize("applied", [False, True])
async def test_a_scripted_status_answers_once_with_or_without_an_effect(
    town: Town, call: Caller, http: ClientSession, *, applied: bool
) -> None:
    town.script("workorders.create", Status(503, retry_after="2", applied=applied))
    headers = {"Authorization": f"Bearer {town.environment['TOWN_TOKEN']}"}
    url = f"{town.url}/areas/downtown/work-orders"
    async with http.post(url, json={"title": "a"}, headers=headers) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "2")
    assert len(town.works.orders) == applied
    assert [(entry.status, entry.applied) for entry in town.ledger] == [(503, applied)]
    await call("workorders.create", {"title": "b"}, area="downtown")
    assert len(town.works.orders) == 1 + applied


@pytest.mark.parametrize("applied", [False, True])
async def test_a_reset_leaves_the_client_without_an_answer(town: Town, call: Caller, *, applied: bool) -> None:
    town.script("notifications.reply_to_reporter", Reset(applied=applied))
    with pytest.raises(aiohttp.ClientOSError):
        await call("notifications.reply_to_reporter", {"reporter": "U1", "message": "Hello"})
    assert len(town.notices.replies) == applied
    (entry,) = town.received("notifications.reply_to_reporter")
    assert (entry.status, entry.applied) == (None, applied)


async def test_a_hang_ends_when_the_client_gives_up(town: Town, call: Caller) -> None:
    town.script("workorders.create", Hang())
    waiting = asyncio.create_task(call("workorders.create", {"title": "a"}, area="downtown"))
    (entry,) = await town.wait_for("workorders.create")
    assert entry.status is None
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await call("workorders.create", {"title": "b"}, area="downtown")
    assert len(town.works.orders) == 1


async def test_a_hang_ends_when_the_town_stops(town: Town, call: Caller) -> None:
    town.script("workorders.create", Hang(applied=True))
    waiting = asyncio.create_task(call("workorders.create", {"title": "a"}, area="downtown"))
    await town.wait_for("workorders.create")
    async with asyncio.timeout(5):
        await town.stop()
        with pytest.raises(aiohttp.ClientError):
            await waiting
    assert len(town.works.orders) == 1


async def test_an_endless_body_goes_on_until_the_client_has_enough(town: Town, http: ClientSession) -> None:
    town.script("open311.list_services", Endless())
    async with http.get(f"{town.url}/open311/v2/services.json") as response:
        assert response.status == 200
        received = 0
        while received < 4 * 1024 * 1024:
            received += len(await response.content.readany())
    async with http.get(f"{town.url}/open311/v2/services.json") as response:
        assert len(await response.json()) == 7


async def test_faults_come_in_the_order_they_were_scripted(town: Town, http: ClientSession) -> None:
    town.script("open311.list_services", Status(429, retry_after="1"), Status(500))
    statuses = []
    for _ in range(3):
        async with http.get(f"{town.url}/open311/v2/services.json") as response:
            statuses.append(response.status)
    assert statuses == [429, 500, 200]


async def test_it_is_a_program_of_its_own_that_ends_when_told() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.sandbox.town",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TOWN_TOKEN": "given"},
    )
    try:
        async with asyncio.timeout(30):
            greeting = await line_of(process)
            settings = [await line_of(process) for _ in range(4)]
            url = greeting.split()[4].rstrip(";")
            async with ClientSession() as http, http.get(f"{url}/ledger") as response:
                assert await response.json() == []
            process.send_signal(signal.SIGTERM)
            assert await ended(process) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await ended(process)
    assert "TOWN_TOKEN=given" in settings
