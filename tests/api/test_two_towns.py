"""Two workspaces with one bot: a token, a person and a webhook know their own, and nothing tells of the other."""

from __future__ import annotations

import json
from uuid import uuid4

from sqlalchemy import select

from bot.cli import tokens, webhooks
from bot.deps import utc_now
from db.models import Card, WebhookDelivery
from services import audit
from services.workspaces.secrets import SecretBox
from tests.support import runs_on_record
from tests.support.api import curl, post
from tests.support.towns import SECRET_KEY, TEAMS, two_towns


async def test_what_is_another_workspace_s_is_not_there(database_url: str) -> None:
    async with two_towns(database_url) as towns:
        found = []
        for number in range(len(TEAMS)):
            workspace_id = (await towns.deps(number)).workspace.id
            async with towns.database.transaction() as session:
                plan = await runs_on_record.plan(session, workspace_id, 12 + number)
                session.add(Card(workspace_id=workspace_id, plan_id=plan, channel_id="C1", is_private=False))
                found.append(await runs_on_record.run(session, workspace_id, plan))
        bearer = await tokens.create(
            towns.database,
            TEAMS[0].id,
            "t",
            "read,draft,cancel",
            person="U0PRIYA001",
            days=1,
            sees_private=True,
            now=utc_now(),
        )
        port = towns.bot.port
        assert (await curl(port, f"/executions/{found[0]}", bearer=bearer)).status == 200
        theirs = [
            await curl(port, f"/executions/{found[1]}", bearer=bearer),
            await curl(port, "/workflows/13", bearer=bearer),
            await curl(port, f"/executions/{found[1]}/cancel", *post({}), bearer=bearer),
        ]
        nothing = await curl(port, "/workflows/99", bearer=bearer)
        assert {json.dumps(answer.body) for answer in theirs} == {json.dumps(nothing.body)}
        assert {answer.status for answer in theirs} == {404}
        listed = await curl(port, "/workflows", bearer=bearer)
        assert [item["number"] for item in listed.body["items"]] == [12]


async def test_a_webhook_is_told_of_its_own_workspace_only(database_url: str) -> None:
    async with two_towns(database_url) as towns:
        secret_box = SecretBox([SECRET_KEY])
        await webhooks.add_(towns.database, TEAMS[0].id, "https://hook.invalid/", "run.started", secret_box)
        for number in range(2):
            deps = await towns.deps(number)
            workspace_id = deps.workspace.id
            async with deps.database.transaction() as session:
                await audit.record(
                    session, workspace_id, subject=uuid4(), actor=audit.SYSTEM, action="run.started"
                )
        async with towns.database.reading() as session:
            rows = (await session.scalars(select(WebhookDelivery))).all()
        assert [row.workspace_id for row in rows] == [(await towns.deps(0)).workspace.id]
