"""What people should see and what makes no plan invalid: one test for each warning."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from services.plans.validation import Fault, FaultCode, Report
from tests.support.builders import body, codes, component, given, only, report, step

SILENT = component("silent", category="work")


def test_a_selected_component_that_is_not_used() -> None:
    said = report((step("a"),), selected=["free", "crews", "crews"])
    assert said.ok
    assert only(said.warnings) == Fault(FaultCode.UNUSED_SELECTION, None, None, {"component": "crews"})


def test_nothing_tells_the_reporter() -> None:
    said = report((step("a", "silent"), step("b", "nobody")), SILENT)
    assert only(said.warnings) == Fault(FaultCode.REPORTER_NOT_TOLD)


@pytest.mark.parametrize("category", ["notify", "notifications", "Notification"])
def test_a_component_that_notifies_tells_the_reporter(category: str) -> None:
    assert (
        report((step("a", "silent"), step("b", "mail")), SILENT, component("mail", category=category)) == Report()
    )


@pytest.mark.parametrize(
    "value", ["{{issue.reporter}}", "for {{ issue.reporter }}", '{"to": ["{{issue.reporter}}"]}']
)
def test_a_step_that_takes_the_reporter_tells_the_reporter(value: str) -> None:
    assert report((step("a", "silent", *body(to=value)),), SILENT) == Report()


def test_the_text_of_the_issue_does_not_tell_the_reporter() -> None:
    said = report((step("a", "silent", *body(to="{{issue.text}} issue.reporter")),), SILENT)
    assert codes(said.warnings) == [FaultCode.REPORTER_NOT_TOLD]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"properties": {"x": {"type": "string", "required": True}}},
        {"properties": {"x": {"pattern": "("}}},
        {"properties": {"x": {"$ref": "#/nowhere"}}},
        {"$ref": "#"},
        {"properties": {"x": {"$ref": "#/properties/x"}}},
        {"properties": {"x": {"multipleOf": float("nan")}}},
        {"properties": {"x": {"default": object()}}},
        [],
        None,
        "object",
        5,
        {},
    ],
)
def test_a_request_schema_that_can_not_be_judged_by(schema: Any) -> None:
    steps = (step("a", "odd", *body(x="5")), step("b", "odd", *body(x="6")))
    said = report(steps, component("odd", request_schema=schema))
    assert said.ok
    assert only(said.warnings) == Fault(
        FaultCode.UNJUDGED, "a", None, {"component": "odd", "part": "request_schema"}
    )


def test_a_component_that_says_nothing_of_its_payload_is_no_matter_without_one() -> None:
    assert report((step("a", "none"),), component("none", request_schema={})) == Report()


@pytest.mark.parametrize("part", ["path_params", "query_params", "headers"])
def test_parameters_that_can_not_be_judged_by(part: str) -> None:
    said = report((step("a", "odd"),), component("odd", **{part: ["x"]}))
    assert (said.ok, only(said.warnings).detail) == (True, {"component": "odd", "part": part})


def test_a_parameter_whose_schema_is_broken() -> None:
    said = report((step("a", "odd", given("query", "x", "1")),), component("odd", query_params={"x": {"type": 5}}))
    assert (said.ok, only(said.warnings).detail) == (True, {"component": "odd", "part": "query_params"})


@pytest.mark.parametrize("schema", [[], None, "object", 5])
def test_an_answer_that_can_not_be_judged_by(schema: Any) -> None:
    steps = (step("a", "odd"), step("b", "free", *body(x="{{a.id}}")))
    said = report(steps, component("odd", response_schema=schema))
    assert (said.ok, only(said.warnings).detail) == (True, {"component": "odd", "part": "response_schema"})


def test_a_schema_is_never_fetched() -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        schema = {"properties": {"x": {"$ref": f"http://127.0.0.1:{server.server_port}/schema.json"}}}
        said = report((step("a", "odd", *body(x="5")),), component("odd", request_schema=schema))
        server.shutdown()
    assert (asked, codes(said.warnings)) == ([], [FaultCode.UNJUDGED])
