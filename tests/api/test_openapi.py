"""The document says what the API does: it is valid OpenAPI 3.1, names every route, and answers fit its schemas."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema_rs

from bot.api import pages
from bot.api.server import Api
from tests.support import runs_on_record
from tests.support.api import curl, post, token
from tests.support.town_hall import LEAK, TownHall

OFFICIAL = files("services.components.openapi").joinpath("schemas", "openapi-3.1.json")


def schema(name: str) -> jsonschema_rs.Validator:
    """What an answer of that name must be."""
    document = pages.document()
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document["components"]}, validate_formats=True
    )


def test_the_document_is_valid_openapi() -> None:
    official = jsonschema_rs.Draft202012Validator(json.loads(OFFICIAL.read_text("utf-8")))
    document: Any = pages.document()
    assert [str(error) for error in official.iter_errors(document)] == []
    assert list(official.iter_errors({**document, "openapi": "2.0"}))
    for name, each in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(each), name


def test_it_has_every_route_and_no_other() -> None:
    routes = Api.routes(Api(*(None,) * 4))  # type: ignore[arg-type]
    served = {(route.method.lower(), route.path) for route in routes} - {
        ("get", "/docs"),
        ("get", "/openapi.json"),
    }
    told = {(method, path) for path, methods in pages.document()["paths"].items() for method in methods}
    assert served == told


async def test_what_is_answered_fits_what_is_told(hall: TownHall) -> None:
    bearer, port = await token(hall), hall.bot.port
    async with hall.database.transaction() as session:
        plan = await runs_on_record.plan(session, hall.deps.workspace.id)
        run = await runs_on_record.run(session, hall.deps.workspace.id, plan)
    wanted = post({"issue": LEAK, "channel": hall.slack.channel("works").id})
    answers = {
        "ComponentPage": await curl(port, "/components", bearer=bearer),
        "Component": await curl(port, "/components/open311.create_request", bearer=bearer),
        "WorkflowPage": await curl(port, "/workflows", bearer=bearer),
        "Workflow": await curl(port, "/workflows/12", bearer=bearer),
        "Execution": await curl(port, f"/executions/{run}", bearer=bearer),
        "Drafting": await curl(port, "/workflows/generate", *wanted, bearer=bearer),
        "Problem": await curl(port, "/workflows/generate", *post({}), bearer=bearer),
    }
    for name, answer in answers.items():
        assert answer.status in (200, 202, 422), (name, answer)
        assert [str(error) for error in schema(name).iter_errors(answer.body)] == [], name


async def test_document_and_page_are_for_everybody_and_the_page_runs_nothing(hall: TownHall) -> None:
    document = await curl(hall.bot.port, "/openapi.json")
    assert document.body == pages.document()
    page = await curl(hall.bot.port, "/docs")
    assert page.status == 200
    assert "/workflows/generate" in page.body
    assert "<script" not in page.body
    assert "http://" not in page.body.replace("http://127.0.0.1", "")
    assert "script" not in page.headers["content-security-policy"]
