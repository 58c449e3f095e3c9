"""`mudda components import`: the preview that it prints, what it imports, and what it refuses."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import func, select

from bot.cli import component_import
from bot.cli.command import CommandFailed
from bot.cli.component_import_text import CUTS, REASONS, REFUSALS
from bot.config import Settings
from db.models import AuditEvent, Component
from db.session import Database
from services.components.openapi.model import CutCode, DocumentFaultCode, Reason
from tests.support.openapi import document, operation

TEAM = "T0001"


def spec(**members: Any) -> dict[str, Any]:
    paths = {
        "/orders": {
            "get": operation(operationId="listOrders", tags=["orders"]),
            "post": operation(operationId="createOrder", tags=["orders"], security=[{"key": []}]),
        },
        "/crews": {"delete": operation(operationId="dropCrews"), "trace": operation()},
    }
    schemes = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
    return document(paths, components=schemes, **members)


async def run(database_url: str, source: object, *options: str, hosts: str = "") -> None:
    parser = argparse.ArgumentParser()
    component_import.add(parser.add_subparsers())
    arguments = parser.parse_args(["import", str(source), "--workspace", TEAM, *options])
    settings = Settings(_env_file=None, database_url=database_url, component_allowed_hosts=hosts or None)
    assert await arguments.run(settings, arguments) == 0


async def count(database: Database) -> tuple[int, int]:
    async with database.reading() as session:
        components = await session.scalar(select(func.count()).select_from(Component))
        events = await session.scalar(select(func.count()).select_from(AuditEvent))
    return components or 0, events or 0


async def test_a_preview_says_all_and_changes_nothing(
    database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "works.json"
    path.write_text(json.dumps(spec()))
    await run(database_url, path, "--dry-run")
    said = capsys.readouterr().out
    assert "Works API 7 (OpenAPI 3.1.0): 3 new, 0 changed, 0 unchanged, 1 refused." in said
    lines = {line.split()[1]: " ".join(line.split()) for line in said.splitlines() if line.startswith("  new")}
    assert lines["works.list_orders"] == "new works.list_orders GET /orders none"
    assert lines["works.create_order"].endswith("POST /orders the plan")
    assert lines["works.drop_crews"].endswith("DELETE /crews its own")
    assert "orders (2)" in said
    assert "1  methods that are not called: TRACE /crews TRACE" in said
    assert "Not set yet, and needed before a call: WORKS_KEY" in said
    assert await count(database) == (0, 0)


async def test_it_is_imported_in_one_go_and_once(
    database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "works.json"
    path.write_text(json.dumps(spec()))
    await run(database_url, path, "--only", "orders", "--as", "town")
    assert "T0001: 2 new, 0 changed, 0 as they were." in capsys.readouterr().out
    await run(database_url, path, "--as", "town")
    assert "T0001: 1 new, 0 changed, 2 as they were." in capsys.readouterr().out
    assert await count(database) == (3, 2)
    async with database.reading() as session:
        keys = set(await session.scalars(select(Component.key)))
    assert keys == {"town.list_orders", "town.create_order", "town.drop_crews"}


async def test_a_name_that_means_nothing_imports_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "works.json"
    path.write_text(json.dumps(spec()))
    for options in (["--only", "orders", "roads"], ["--as", "slack"]):
        with pytest.raises(CommandFailed):
            await run(database_url, path, *options)
    assert await count(database) == (0, 0)


BAD: dict[str, tuple[bytes, str]] = {
    "not OpenAPI": (b"<html>", "not an OpenAPI document"),
    "too large": (b"{" + b" " * 50_000_000, "more than 24 MB"),
    "a bomb": (
        "\n".join(
            ["openapi: 3.0.3", "a0: &a0 [x]", *(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]" for n in range(1, 9))]
        ).encode(),
        "aliases stand for more than",
    ),
    "Swagger": (b'{"swagger": "2.0"}', "swagger2openapi"),
    "twice the same": (b'{"openapi": "3.0.0", "openapi": "3.0.1"}', "stands twice"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_document_is_refused_and_nothing_is_imported(
    database: Database, database_url: str, tmp_path: Path, name: str
) -> None:
    source, said = BAD[name]
    path = tmp_path / "bad"
    path.write_bytes(source)
    with pytest.raises(CommandFailed, match=said):
        await run(database_url, path)
    assert await count(database) == (0, 0)


def with_reference(reference: str) -> dict[str, Any]:
    answer = {"200": {"description": "x", "content": {"application/json": {"schema": {"$ref": reference}}}}}
    return document({"/x": {"get": operation(responses=answer)}})


def with_auth(scheme: dict[str, Any]) -> dict[str, Any]:
    components = {"securitySchemes": {"odd": scheme}}
    return document({"/x": {"get": operation(security=[{"odd": []}])}}, components=components)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a file": (
        with_reference("file:///etc/passwd"),
        "a $ref out of the document, which is not followed: GET /x file:///etc",
    ),
    "a private $ref": (with_reference("http://10.0.0.1/a.json"), "out of the document"),
    "a private server": (
        document({"/x": {"get": operation()}}) | {"servers": [{"url": "http://10.0.0.8/"}]},
        "10.0.0.8:80: private",
    ),
    "metadata": (
        document({"/x": {"get": operation()}}) | {"servers": [{"url": "http://169.254.169.254"}]},
        "metadata",
    ),
    "unknown auth": (
        with_auth({"type": "http", "scheme": "hoba"}),
        "credentials that can't be had: GET /x odd (http hoba)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_operation_that_can_t_be_is_named_and_nothing_is_imported(
    database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    whole, said = REFUSED[name]
    path = tmp_path / "works.json"
    path.write_text(json.dumps(whole))
    await run(database_url, path)
    printed = capsys.readouterr().out
    assert said in printed
    assert "T0001: 0 new" in printed
    assert await count(database) == (0, 0)


async def test_a_private_server_that_the_setup_allows_is_imported(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "works.json"
    path.write_text(json.dumps(spec() | {"servers": [{"url": "http://10.0.0.8:8080/v1"}]}))
    await run(database_url, path, hosts="10.0.0.8:8080")
    assert (await count(database))[0] == 3


def site() -> web.Application:
    """A web server that has documents."""

    async def good(_: web.Request) -> web.Response:
        return web.json_response(spec() | {"servers": [{"url": "/v1"}]})

    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/good")

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(40):
            await answer.write(b" " * 1_000_000)
        return answer

    app = web.Application()
    app.add_routes([web.get("/good", good), web.get("/moved", moved), web.get("/endless", endless)])
    return app


async def test_a_url_is_fetched_under_the_address_rules(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = web.AppRunner(site())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        with pytest.raises(CommandFailed, match="must not be called"):
            await run(database_url, f"http://{host}/good")
        for page, said in (("moved", "redirect"), ("endless", "more than 24 MB"), ("none", "status 404")):
            with pytest.raises(CommandFailed, match=said):
                await run(database_url, f"http://{host}/{page}", hosts=host)
        with pytest.raises(CommandFailed, match="must not hold a name and a password") as told:
            await run(database_url, f"http://me:planted@{host}/good", hosts=host)
        assert "planted" not in str(told.value)
        assert await count(database) == (0, 0)
        await run(database_url, f"http://{host}/good", hosts=host)
    finally:
        await runner.cleanup()
    async with database.reading() as session:
        urls = set(await session.scalars(select(Component.endpoint_url)))
    assert urls == {f"http://{host}/v1/orders", f"http://{host}/v1/crews"}


def test_every_code_has_its_words() -> None:
    assert set(CUTS) == set(CutCode)
    assert set(REASONS) == set(Reason)
    assert set(REFUSALS) == set(DocumentFaultCode)
