"""Secrets of every kind of auth are found nowhere after a run, not even where the server sends all of it back."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from prometheus_client import generate_latest
from pydantic import SecretStr
from sqlalchemy import select, text

from bot.cli.export import as_json
from bot.views.pictures.graph import graph
from bot.views.pictures.report import report
from db.models import Base, Run, WorkflowPlan
from services.audit import OPERATOR
from services.queries import runs as run_queries
from services.queries.export import run_document
from services.states import RunState
from services.workspaces.secrets import new_key
from tests.support.certificates import Authority
from tests.support.run_starts import now, registered, until
from tests.support.town_hall import TownHall, town_hall
from tests.support.town_runs import approved, step

CLIENT = Authority().pair("mudda")
ACCESS, RENEWED, NEXT = "planted-access-token", "planted-renewed-token", "planted-next-refresh"

PLANTED: dict[str, str] = {
    "SLACK_PLANTED_TOKEN": "planted-bearer-token",
    "BASIC": "planted-basic-password",
    "HEADER": "planted-header-key",
    "QUERY": "planted-query-key/&",
    "BODY": "planted-body-key",
    "CLIENT": "planted-client-secret",
    "REFRESH": "planted-refresh-token",
    "SIGNING": "planted-signing-key",
    "OWN": "planted-own-header",
    "CERTIFICATE": CLIENT.certificate,
    "CLIENT_KEY": CLIENT.key,
}
"""By name; those that a component names as `env:` are in the environment, the others are kept sealed."""

AUTHS: dict[str, dict[str, Any]] = {
    "bearer": {"type": "bearer", "token": "env:SLACK_PLANTED_TOKEN"},
    "basic": {"type": "basic", "username": "mudda", "password": "secret:BASIC"},
    "header": {"type": "api_key", "in": "header", "name": "X-Key", "value": "env:HEADER"},
    "query": {"type": "api_key", "in": "query", "name": "key", "value": "secret:QUERY"},
    "body": {"type": "api_key", "in": "body", "name": "api_key", "value": "env:BODY"},
    "client": {"type": "oauth2", "client_id": "mudda", "client_secret": "secret:CLIENT"},
    "refresh": {
        "type": "oauth2",
        "client_id": "mudda",
        "client_secret": "env:CLIENT",
        "refresh_token": "secret:REFRESH",
        "credentials_in": "body",
    },
    "hmac": {"type": "hmac", "secret": "secret:SIGNING", "header": "X-Signature", "signs": ["body"]},
    "mtls": {"type": "mtls", "certificate": "env:CERTIFICATE", "key": "secret:CLIENT_KEY"},
    "own": {"type": "none"},
}


@asynccontextmanager
async def echo(status: int) -> AsyncIterator[str]:
    """A server that sends back all that it is sent, as bad ones do, and gives tokens."""

    async def answer(request: web.Request) -> web.Response:
        # What is never sent such a server knows all the same: of those that call it so.
        own = {"/mtls": f"{CLIENT.key} {CLIENT.certificate}", "/hmac": PLANTED["SIGNING"]}.get(request.path, "")
        sent = f"{request.path_qs} {own} {dict(request.headers)} {await request.text()}"
        all_of_it = {"message": sent, "again": {sent: [sent]}}
        return web.json_response(all_of_it, status=status, headers={"X-Echo": quote(sent)})

    async def token(request: web.Request) -> web.Response:
        form = await request.post()
        renews = form["grant_type"] == "refresh_token"
        return web.json_response({"access_token": RENEWED if renews else ACCESS, "refresh_token": NEXT})

    app = web.Application()
    app.router.add_post("/token", token)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def prepared(hall: TownHall, url: str) -> None:
    """Components with every kind of auth, and the secrets where they are looked for."""
    hall.town.environment.update(PLANTED)
    definitions = []
    for kind, auth in AUTHS.items():
        own = {"token_url": f"{url}/token"} if auth["type"] == "oauth2" else {}
        headers = {"X-Own": {"const": "secret:OWN"}} if kind == "own" else {}
        definitions.append(
            {
                "key": f"echo.{kind}",
                "http_method": "POST",
                "endpoint_url": f"{url}/{kind}",
                "response_headers": ["X-Echo"],
                "headers": headers,
                "auth": {**auth, **own},
            }
        )
    await registered(hall.database, hall.deps.workspace.id, *definitions)
    async with hall.deps.database.transaction() as session:
        for kind, each in zip(AUTHS, definitions, strict=True):
            for name, value in PLANTED.items():
                if f"secret:{name}" in json.dumps(each):
                    await hall.deps.secrets.set(
                        session, hall.deps.workspace.id, f"echo.{kind}", name, value, OPERATOR, now()
                    )


async def everything(hall: TownHall, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """All that can be read anywhere, by where it stands."""
    found = {
        "a prompt": "\n".join(f"{each.system}\n{each.prompt}" for each in hall.gemini.transcript),
        "a log line": caplog.text,
        "Slack": "\n".join(repr(call.args) for call in hall.slack.transcript),
        "a metric": generate_latest(hall.bot.parts.metrics.registry).decode(),
    }
    workspace = hall.deps.workspace.id
    async with hall.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = await session.execute(text(f"SELECT to_jsonb({table.name})::text FROM {table.name}"))
            found[f"a row of {table.name}"] = "\n".join(rows.scalars())
        jobs = await session.execute(text("SELECT convert_from(payload, 'utf-8') FROM pgqueuer"))
        found["a job"] = "\n".join(jobs.scalars())
        run_id = (await session.scalars(select(Run.id))).one()
        plan_id = (await session.scalars(select(WorkflowPlan.id))).one()
        document = await run_document(session, workspace, run_id)
        found["an export"] = json.dumps(document, default=as_json)
        snapshot = await hall.deps.queries.get(session, workspace, plan_id)
        history = await run_queries.history(session, workspace, plan_id, run_id=run_id)
    zone = hall.deps.zone
    found["a picture"] = str(graph(snapshot, now(), zone))
    found["a report"] = str(report(snapshot, history, names={}, town="", asked_by="", now=now(), zone=zone))
    return found


def forms(secret: str) -> set[str]:
    """How a secret could be written."""
    inner = [line for line in secret.splitlines() if len(line) > 20 and "-----" not in line]
    if inner:  # of a certificate any line of it
        return set(inner)
    pair = base64.b64encode(f"mudda:{secret}".encode()).decode()
    return {secret, quote(secret, safe=""), pair, json.dumps(secret)[1:-1]}


@pytest.mark.parametrize("status", [200, 400])
async def test_a_planted_secret_is_found_nowhere(
    database_url: str, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.DEBUG, logger="mudda")
    key = SecretStr(new_key())
    async with (
        echo(status) as url,
        town_hall(
            database_url,
            components=False,
            mudda_secret_key=key,
            component_allowed_hosts=url.removeprefix("http://"),
        ) as hall,
    ):
        await prepared(hall, url)
        await approved(hall, *(step(kind, f"echo.{kind}") for kind in AUTHS))
        ended = RunState.COMPLETED if status == 200 else RunState.FAILED

        async def is_over() -> bool:
            async with hall.database.reading() as session:
                return await session.scalar(select(Run.state)) == ended

        await until(is_over, 40)
        await hall.slack.send_command("marco", "works", "/mudda", "ask what did the steps of #1 answer?")
        await hall.slack.wait_for(lambda: [each for each in hall.gemini.transcript if each.agent == "inquiry"], 20)
        found = await everything(hall, caplog)
    assert "***" in found["a row of step_runs"]
    assert "/query" in found["a row of step_runs"]
    secrets = [*PLANTED.values(), ACCESS, RENEWED, NEXT, key.get_secret_value()]
    told = {
        (place, form[:40])
        for place, words in found.items()
        for secret in secrets
        for form in forms(secret)
        if form in words
    }
    assert told == set()
