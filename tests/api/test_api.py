"""The HTTP API, asked with curl: what it tells, what it refuses, and that nothing is decided over it."""

from __future__ import annotations

import asyncio
import json
from uuid import UUID, uuid4

import aiohttp
from sqlalchemy import select, update

from bot.api.server import Api
from bot.cli import tokens
from bot.deps import utc_now
from db.models import ApiToken, Card, WorkflowPlan
from services.access.tokens import Right
from tests.support import runs_on_record
from tests.support.api import Answer, curl, post, token
from tests.support.town_hall import LEAK, TownHall, drafted
from tests.support.town_runs import approved, order, outcome, press, with_button
from tests.support.waiting import answered, happened

ISSUE = {"issue": LEAK, "place": "5th and Main"}


def works(hall: TownHall) -> str:
    return hall.slack.channel("works").id


async def on_record(hall: TownHall, number: int = 12, *, private: bool = False) -> UUID:
    """A plan with a run, shown in a channel; the run's id."""
    async with hall.database.transaction() as session:
        workspace_id = hall.deps.workspace.id
        plan = await runs_on_record.plan(session, workspace_id, number)
        session.add(Card(workspace_id=workspace_id, plan_id=plan, channel_id="C1", is_private=private))
        return await runs_on_record.run(session, workspace_id, plan, output={"id": "WO-1"})


async def test_components_are_listed_page_by_page_and_shown_without_what_opens_them(hall: TownHall) -> None:
    bearer = await token(hall, rights="read")
    seen: list[str] = []
    path = "/components?limit=5"
    while path:
        page = await curl(hall.bot.port, path, bearer=bearer)
        assert page.status == 200, page
        seen += [item["key"] for item in page.body["items"]]
        path = f"/components?limit=5&cursor={page.body['next']}" if page.body["next"] else ""
    assert len(seen) > 5
    assert seen == sorted(set(seen))
    one = await curl(hall.bot.port, f"/components/{seen[0]}", bearer=bearer)
    assert one.body["key"] == seen[0]
    assert "auth" not in one.body
    assert "endpoint_url" not in one.body
    assert hall.town.url not in json.dumps(one.body)
    assert (await curl(hall.bot.port, "/components/no.such", bearer=bearer)).status == 404


async def test_a_page_of_plans_goes_on_where_the_last_ended_though_there_are_new_ones(hall: TownHall) -> None:
    for number in range(1, 6):
        await on_record(hall, number)
    bearer = await token(hall, rights="read")
    first = await curl(hall.bot.port, "/workflows?limit=2", bearer=bearer)
    assert [item["number"] for item in first.body["items"]] == [5, 4]
    await on_record(hall, 6)
    second = await curl(hall.bot.port, f"/workflows?limit=2&cursor={first.body['next']}", bearer=bearer)
    assert [item["number"] for item in second.body["items"]] == [3, 2]
    assert second.body["items"][0]["run"] == {"state": "COMPLETED", "steps_done": 1, "steps": 1}
    none = await curl(hall.bot.port, "/workflows?state=DISCARDED", bearer=bearer)
    assert none.body == {"items": [], "next": None}


async def test_a_plan_and_its_run_are_told_and_no_secret_with_them(hall: TownHall) -> None:
    run = await on_record(hall)
    bearer = await token(hall, rights="read")
    plan = await curl(hall.bot.port, "/workflows/12", bearer=bearer)
    assert plan.body["plan"]["title"] == "Stop the leak"
    [line] = plan.body["executions"]
    told = await curl(hall.bot.port, line["url"], bearer=bearer)
    assert told.body["id"] == str(run)
    assert (told.body["workflow"], told.body["state"]) == (12, "COMPLETED")
    assert told.body["steps"][0]["output"] == {"id": "WO-1"}
    for answer in (plan, told):
        assert not any(
            secret in json.dumps(answer.body) for secret in ("WORKS_KEY", "secret-hook", "header-value")
        )


async def test_a_token_sees_what_is_public_unless_it_was_made_to_see_all(hall: TownHall) -> None:
    run = await on_record(hall, private=True)
    for bearer, status in ((await token(hall), 404), (await token(hall, "p", private=True), 200)):
        assert (await curl(hall.bot.port, "/workflows/12", bearer=bearer)).status == status
        assert (await curl(hall.bot.port, f"/executions/{run}", bearer=bearer)).status == status
        listed = await curl(hall.bot.port, "/workflows", bearer=bearer)
        assert len(listed.body["items"]) == (status == 200)


async def test_every_bad_token_is_answered_alike(hall: TownHall) -> None:
    expired, revoked = await token(hall, "old"), await token(hall, "gone")
    assert (await curl(hall.bot.port, "/workflows", bearer=revoked)).status == 200
    await tokens.revoke(hall.database, hall.slack.workspace.team.id, "gone", utc_now())
    async with hall.database.transaction() as session:
        await session.execute(update(ApiToken).where(ApiToken.name == "old").values(expires_at=utc_now()))
    unknown = "mudda_" + "x" * 43
    async with asyncio.timeout(5):
        while (await curl(hall.bot.port, "/workflows", bearer=revoked)).status != 401:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    answers = [
        await curl(hall.bot.port, "/workflows", bearer=bearer) for bearer in (expired, revoked, unknown, "x", None)
    ]
    assert {(answer.status, json.dumps(answer.body)) for answer in answers} == {(401, json.dumps(answers[0].body))}
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)


async def test_only_the_hash_of_a_token_is_kept(hall: TownHall) -> None:
    bearer = await token(hall)
    await curl(hall.bot.port, "/workflows", bearer=bearer)
    async with hall.database.reading() as session:
        row = (await session.scalars(select(ApiToken))).one()
    kept = json.dumps({name: str(value) for name, value in vars(row).items()})
    assert bearer.removeprefix("mudda_") not in kept
    assert row.last_used_at is not None


async def test_a_right_that_is_missing_is_named(hall: TownHall) -> None:
    bearer = await token(hall, rights="read")
    refused = await curl(hall.bot.port, "/workflows/generate", *post(ISSUE), bearer=bearer)
    assert (refused.status, refused.body["type"]) == (403, "urn:mudda:problem:missing_right")


async def test_an_issue_is_drafted_as_anybody_s_and_once_per_key(hall: TownHall) -> None:
    bearer = await token(hall)
    wanted = {**ISSUE, "channel": works(hall)}
    key = ("-H", "Idempotency-Key: abc")
    first, second = await asyncio.gather(
        *(curl(hall.bot.port, "/workflows/generate", *post(wanted, *key), bearer=bearer) for _ in range(2))
    )
    assert first.status == 202, first
    assert (first.body, first.headers["location"]) == (second.body, second.headers["location"])
    other = await curl(hall.bot.port, "/workflows/generate", *post({**wanted, "issue": "x"}, *key), bearer=bearer)
    assert (other.status, other.body["type"]) == (422, "urn:mudda:problem:idempotency_key_taken")
    await drafted(hall)
    plan = await curl(hall.bot.port, first.headers["location"], bearer=bearer)
    assert plan.body["state"] == "DRAFT"
    assert plan.body["reporter"] == hall.slack.user("priya").id
    async with hall.database.reading() as session:
        assert len((await session.scalars(select(WorkflowPlan))).all()) == 1


async def test_an_issue_needs_a_channel_that_everybody_sees(hall: TownHall) -> None:
    bearer = await token(hall)
    nowhere = await curl(hall.bot.port, "/workflows/generate", *post(ISSUE), bearer=bearer)
    assert (nowhere.status, nowhere.body["type"]) == (422, "urn:mudda:problem:no_channel")
    hidden = {**ISSUE, "channel": "C0NOWHERE1"}
    unseen = await curl(hall.bot.port, "/workflows/generate", *post(hidden), bearer=bearer)
    assert (unseen.status, unseen.body["type"]) == (422, "urn:mudda:problem:private_channel")


async def test_what_is_no_request_is_refused_by_name(hall: TownHall) -> None:
    bearer, port = await token(hall), hall.bot.port
    large = json.dumps({"issue": "x" * 70_000})
    text = ("-X", "POST", "-H", "Content-Type: text/plain", "-d", "hello")
    faults = {
        "413": await curl(port, "/workflows/generate", *post(None)[:-1], large, bearer=bearer),
        "415": await curl(port, "/workflows/generate", *text, bearer=bearer),
        "400": await curl(port, "/workflows/generate", *post(None)[:-1], "{", bearer=bearer),
        "422": await curl(port, "/workflows/generate", *post({"isue": "x"}), bearer=bearer),
    }
    assert {status: str(answer.status) for status, answer in faults.items()} == {s: s for s in faults}
    assert {fault["pointer"] for fault in faults["422"].body["errors"]} == {"/issue", "/isue"}
    for path in ("/workflows?cursor=abc", "/workflows?limit=0", "/workflows?stat=DRAFT", "/workflows?state=x"):
        assert (await curl(port, path, bearer=bearer)).status == 400
    for path in ("/workflows/0x1", "/workflows/99999999999", "/executions/x", f"/executions/{uuid4()}"):
        assert (await curl(port, path, bearer=bearer)).status == 404


async def asked_to_wait(url: str, bearer: str, sent: asyncio.Event) -> str:
    """The state of a run once it has changed; `sent` tells when the question is on its way."""

    async def tell(*_: object) -> None:
        sent.set()

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(tell)
    headers = {"Authorization": f"Bearer {bearer}"}
    async with (
        aiohttp.ClientSession(trace_configs=[trace]) as session,
        session.get(url, params={"wait": 30}, headers=headers) as response,
    ):
        return str((await response.json())["state"])


async def test_a_run_is_waited_for_until_it_changes(hall: TownHall) -> None:
    await approved(hall, order(gate=True))
    await with_button(hall, "Approve step")
    bearer = await token(hall)
    plan = await curl(hall.bot.port, "/workflows/1", bearer=bearer)
    [line] = plan.body["executions"]
    assert line["state"] == "WAITING"
    sent = asyncio.Event()
    waiting = asyncio.create_task(asked_to_wait(f"http://127.0.0.1:{hall.bot.port}{line['url']}", bearer, sent))
    await happened(sent)
    await press(hall, "Approve step")
    async with asyncio.timeout(15):
        assert await waiting in ("RUNNING", "COMPLETED")
    await outcome(hall)
    ended = await asyncio.wait_for(curl(hall.bot.port, f"{line['url']}?wait=30", bearer=bearer), 10)
    assert ended.body["state"] == "COMPLETED"


async def test_a_run_is_cancelled_by_whom_may(hall: TownHall) -> None:
    await approved(hall, order(gate=True))
    await with_button(hall, "Approve step")
    bearer = await token(hall)
    reader = await token(hall, "reader", "read")
    plan = await curl(hall.bot.port, "/workflows/1", bearer=bearer)
    path = f"{plan.body['executions'][0]['url']}/cancel"
    assert (await curl(hall.bot.port, path, *post({}), bearer=reader)).status == 403
    done = await curl(hall.bot.port, path, *post({}, "-H", "Idempotency-Key: k"), bearer=bearer)
    assert (done.status, done.body["state"]) == (200, "CANCELLED")
    again = await curl(hall.bot.port, path, *post({}, "-H", "Idempotency-Key: k"), bearer=bearer)
    assert (again.status, again.body) == (200, done.body)
    late = await curl(hall.bot.port, path, *post({}), bearer=bearer)
    assert (late.status, late.body["state"]) == (409, "CANCELLED")


async def test_who_asks_too_often_is_told_when_to_come_again(hall: TownHall) -> None:
    bearer = await token(hall)
    config = "\n".join(f"url = http://127.0.0.1:{hall.bot.port}/components/no.such" for _ in range(130))
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "-H", f"Authorization: Bearer {bearer}", "-K", "-", stdin=-1, stdout=-1
    )
    assert b"too_many_requests" in await answered(process, config.encode())
    refused: Answer | None = None
    async with asyncio.timeout(20):
        while refused is None or refused.status != 429:
            refused = await curl(hall.bot.port, "/components/no.such", bearer=bearer)
            if refused.status != 429:
                process = await asyncio.create_subprocess_exec(
                    "curl", "-sS", "-H", f"Authorization: Bearer {bearer}", "-K", "-", stdin=-1, stdout=-1
                )
                await answered(process, config.encode())
    assert int(refused.headers["retry-after"]) >= 1


async def test_no_route_and_no_right_leads_to_a_decision(hall: TownHall) -> None:
    paths = {(route.method, route.path) for route in Api.routes(Api(*(None,) * 4))}  # type: ignore[arg-type]
    posts = {path for method, path in paths if method != "GET"}
    assert posts == {"/workflows/generate", "/executions/{id}/cancel"}
    assert set(Right) == {"read", "draft", "cancel"}
    bearer = await token(hall, private=True)
    for path in ("/workflows/1/approve", "/executions/x/approve", "/workflows/1/decide"):
        assert (await curl(hall.bot.port, path, *post({}), bearer=bearer)).status in (404, 405)
