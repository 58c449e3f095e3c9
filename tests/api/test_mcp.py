"""The MCP server, asked by the package's own client, and as Slackbot asks it: signed, and for a person."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from bot.slack.signature import sign
from db.models import Card
from services.access.tokens import Right
from services.approvals import ApprovalRules, ApprovalService
from services.audit import Actor
from tests.support import runs_on_record
from tests.support.api import token
from tests.support.notifications import prefers
from tests.support.town_hall import LEAK, TownHall, drafted

TOOLS = {"find_plans", "plans_waiting_for_me", "show_plan", "show_run", "find_components", "draft_plan"}


@asynccontextmanager
async def client(hall: TownHall, bearer: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {bearer}"}
    async with create_mcp_http_client(headers=headers) as http:
        url = f"http://127.0.0.1:{hall.bot.port}/mcp"
        async with Client(streamable_http_client(url, http_client=http)) as connected:
            yield connected


async def called(mcp: Client, tool: str, **arguments: Any) -> Any:
    result = await mcp.call_tool(tool, arguments)
    [content] = result.content
    text = content.text  # type: ignore[union-attr]
    return text if result.is_error else json.loads(text)


async def slackbot(
    hall: TownHall,
    tool: str,
    arguments: Mapping[str, Any],
    *,
    user: str | None,
    team: str | None = None,
    secret: str | None = None,
) -> tuple[int, Any]:
    """A call of a tool, signed by Slack for a person."""
    identity = {"user_id": user, "team_id": team or hall.slack.workspace.team.id}
    params = {"name": tool, "arguments": arguments, "_meta": {"slack": identity} if user else {}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-06-18",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": sign(secret or hall.slack.signing_secret, timestamp, body),
    }
    url = f"http://127.0.0.1:{hall.bot.port}/mcp"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
        document = await response.json(content_type=None)
    if response.status != 200:
        return response.status, document
    result = document["result"]
    text = result["content"][0]["text"]
    return response.status, text if result.get("isError") else json.loads(text)


async def private_plan(hall: TownHall) -> None:
    async with hall.database.transaction() as session:
        workspace_id = hall.deps.workspace.id
        plan = await runs_on_record.plan(session, workspace_id)
        session.add(Card(workspace_id=workspace_id, plan_id=plan, channel_id="C1", is_private=True))
        await runs_on_record.run(session, workspace_id, plan)


async def test_a_client_finds_tools_of_which_none_decides_and_uses_them(hall: TownHall) -> None:
    async with client(hall, await token(hall)) as mcp:
        tools = (await mcp.list_tools()).tools
        assert {tool.name for tool in tools} == TOOLS
        reading = {tool.name for tool in tools if tool.annotations and tool.annotations.read_only_hint}
        assert reading == TOOLS - {"draft_plan"}
        found = await called(mcp, "find_components", words="work order")
        assert found["components"]
        wanted = {"issue": LEAK, "channel": hall.slack.channel("works").id}
        drafting = await called(mcp, "draft_plan", **wanted)
        await drafted(hall)
        plan = await called(mcp, "show_plan", number=drafting["number"])
        assert plan["state"] == "DRAFT"
        assert (await called(mcp, "find_plans", words="5th and Main"))["plans"][0]["number"] == plan["number"]
        assert "fit" in await called(mcp, "show_plan", number="x")
        assert "nothing" in await called(mcp, "show_plan", number=99)
        assert "only a person" in await called(mcp, "plans_waiting_for_me")
        assert "no such tool" in await called(mcp, "approve_plan", number=1)


async def test_a_token_reads_as_over_http(hall: TownHall) -> None:
    await private_plan(hall)
    async with client(hall, await token(hall, rights=Right.READ)) as mcp:
        assert "nothing" in await called(mcp, "show_plan", number=12)
        assert "no right" in await called(mcp, "draft_plan", issue=LEAK)
    async with client(hall, await token(hall, "all", private=True)) as mcp:
        assert (await called(mcp, "show_plan", number=12))["number"] == 12


async def test_whom_slack_vouches_for_sees_what_they_see_in_slack(hall: TownHall) -> None:
    await private_plan(hall)
    marco, priya = (hall.slack.user(name).id for name in ("marco", "priya"))
    async with hall.database.transaction() as session:
        rules = ApprovalRules(approvers=(marco,))
        await ApprovalService().set_settings(session, hall.deps.workspace.id, rules, Actor(marco))
    seen = await slackbot(hall, "show_plan", {"number": 12}, user=marco)
    assert seen[1]["number"] == 12
    unseen = await slackbot(hall, "show_plan", {"number": 12}, user=priya)
    assert "nothing" in unseen[1]
    wanted = {"issue": LEAK, "channel": hall.slack.channel("works").id}
    drafting = await slackbot(hall, "draft_plan", wanted, user=priya)
    await drafted(hall)
    await prefers(hall, "marco", deputy="dana")
    for user, count in ((marco, 1), (hall.slack.user("dana").id, 1), (priya, 0)):
        waiting = await slackbot(hall, "plans_waiting_for_me", {}, user=user)
        assert [plan["number"] for plan in waiting[1]["plans"]] == [drafting[1]["number"]] * count


async def test_who_is_not_vouched_for_is_told_nothing(hall: TownHall) -> None:
    marco = hall.slack.user("marco").id
    assert (await slackbot(hall, "find_plans", {}, user=marco, secret="another"))[0] == 401
    assert (await slackbot(hall, "find_plans", {}, user=marco, team="T0OTHER001"))[0] == 401
    assert (await slackbot(hall, "find_plans", {}, user="U0NOBODY01"))[0] == 401
    assert "Nobody" in (await slackbot(hall, "find_plans", {}, user=None))[1]
