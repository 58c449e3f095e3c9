"""Components of every kind, over real HTTP: how they are called, and what their answers come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.connectors import Connector, Outcome, Response, call_component, is_safe, judge, prepare, preview
from services.connectors.connector import CallContext
from services.connectors.errors import AnsweredError, CallError, CallNotSupported, MaybeSent, RequestRefused
from services.connectors.requests import InputValues
from services.connectors.responses.checks import check_response
from services.connectors.responses.response import read_body
from tests.support.raw_server import RawServer, http

QUERY = "query Find($street: String!, $first: Int = 2) { permits(street: $street, first: $first) { id } }"
MUTATION = "mutation ($street: String!) { requestPermit(street: $street) { id } }"
JSON = "Content-Type: application/json"


def graphql(template: str = QUERY, **more: Any) -> dict[str, Any]:
    return {"type": "GRAPHQL", "graphql": template, **more}


def rpc(**more: Any) -> dict[str, Any]:
    return {"type": "RPC", "rpc_method": "vehicles.send", **more}


def defined(url: str, **members: Any) -> ComponentDefinition:
    base = {"key": "k", "name": "n", "description": "d", "endpoint_url": url}
    return ComponentDefinition.model_validate({**base, **members})


def no_secret(_: str) -> str | None:
    return None


class Called:
    """What one call came to, and what was sent for it."""

    def __init__(self, answer: Response | CallError, sent: str, definition: ComponentDefinition) -> None:
        self.answer, self.sent = answer, sent
        self.outcome = judge(answer, safe=is_safe(definition)).outcome

    @property
    def body(self) -> Any:
        return json.loads(self.sent.partition("\r\n\r\n")[2])


async def called(
    answer: bytes, members: dict[str, Any], inputs: InputValues, context: CallContext | None = None
) -> Called:
    async with RawServer(answer) as server:
        connector = Connector({"127.0.0.1"}, no_secret)
        definition = defined(f"{server.url}/api", **members)
        try:
            request = prepare(definition, inputs)
            found = await call_component(
                request,
                definition,
                idempotency_key="r1:s1",
                connector=connector,
                context=context or CallContext(),
            )
        finally:
            await connector.aclose()
        return Called(found, server.requests[0] if server.requests else "", definition)


def answered(document: Any, status: str = "200 OK") -> bytes:
    return http(json.dumps(document).encode(), JSON, status=status)


STREET = InputValues(variables={"street": "Main"})


async def test_a_query_is_posted_with_its_variables_and_answers_its_data() -> None:
    answer = answered({"data": {"permits": [{"id": "P-1"}]}, "extensions": {"cost": 1}})
    got = await called(answer, graphql(), STREET)
    assert isinstance(got.answer, Response)
    assert got.answer.body == {"permits": [{"id": "P-1"}]}
    assert got.sent.startswith("POST /api HTTP/1.1\r\n")
    assert got.body == {"query": QUERY, "variables": {"street": "Main"}, "operationName": "Find"}


def test_what_people_are_shown_are_the_inputs_and_not_the_envelope() -> None:
    for members, inputs in ((graphql(), STREET), (rpc(), InputValues(body={"street": "Main"}))):
        shown = preview(prepare(defined("https://town.example/api", **members), inputs))
        assert (shown["method"], shown["body"]) == ("POST", {"street": "Main"})


@pytest.mark.parametrize(
    ("members", "safe"),
    [
        (graphql(), True),
        (graphql(MUTATION), False),
        (graphql(MUTATION, idempotent=True), True),
        (rpc(), False),
        (rpc(http_method="GET"), False),
        (rpc(idempotent=True), True),
    ],
)
def test_what_may_be_called_again_unseen(members: dict[str, Any], safe: bool) -> None:
    assert is_safe(defined("https://town.example/", **members)) is safe


BOTH = {"data": {"permits": [{"id": "P-1"}]}, "errors": [{"message": "No rights", "path": ["permits", 1]}]}


@pytest.mark.parametrize(
    ("document", "message", "data"),
    [
        ({"errors": [{"message": "No such street"}]}, "No such street", ""),
        ({"data": None, "errors": [{"message": "A"}, {"message": "B"}, {"message": "A"}]}, "A; B", ""),
        (BOTH, "No rights (permits.1)", '{"permits": [{"id": "P-1"}]}'),
        ({"data": {"x": 1}, "errors": "odd"}, "odd", '{"x": 1}'),
    ],
)
@pytest.mark.parametrize("template", [QUERY, MUTATION])
async def test_errors_in_a_200_are_a_failure_and_all_of_it_is_told(
    document: Any, message: str, data: str, template: str
) -> None:
    got = await called(answered(document), graphql(template), STREET)
    assert isinstance(got.answer, AnsweredError)
    assert (got.answer.message, got.answer.data, got.outcome) == (message, data, Outcome.FAIL)


PAGE = http(b"<html><title>Sign in</title></html>", "Content-Type: text/html")


@pytest.mark.parametrize(
    "answer",
    [PAGE, http(b"OK"), http(b""), answered([]), answered({}), answered({"data": None}), answered("text")],
)
@pytest.mark.parametrize(
    ("members", "outcome"),
    [(graphql(), Outcome.RETRY), (graphql(MUTATION), Outcome.UNCERTAIN), (rpc(), Outcome.UNCERTAIN)],
)
async def test_an_answer_that_nobody_can_read_leaves_a_write_in_doubt(
    answer: bytes, members: dict[str, Any], outcome: Outcome
) -> None:
    got = await called(answer, members, STREET)
    assert isinstance(got.answer, MaybeSent)
    assert (got.answer.reason, got.outcome) == ("unreadable", outcome)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("400 Bad Request", Outcome.FAIL),
        ("429 Too Many Requests", Outcome.RETRY),
        ("500 Internal Server Error", Outcome.UNCERTAIN),
        ("503 Service Unavailable", Outcome.RETRY),
    ],
)
@pytest.mark.parametrize("members", [graphql(MUTATION), rpc()])
async def test_a_status_counts_as_it_does_for_rest(status: str, outcome: Outcome, members: dict[str, Any]) -> None:
    got = await called(answered({"message": "no"}, status), members, STREET)
    assert isinstance(got.answer, Response)
    assert got.outcome is outcome


async def test_a_call_goes_by_name_and_its_result_is_the_answer() -> None:
    got = await called(
        answered({"jsonrpc": "2.0", "id": "r1:s1", "result": {"sent_to": "Main"}}),
        rpc(),
        InputValues(body={"address": "Main"}),
    )
    assert isinstance(got.answer, Response)
    assert got.answer.body == {"sent_to": "Main"}
    assert got.body == {"jsonrpc": "2.0", "method": "vehicles.send", "id": "r1:s1", "params": {"address": "Main"}}


async def test_a_result_may_be_null_and_a_call_without_params_has_none() -> None:
    got = await called(answered({"jsonrpc": "2.0", "id": "r1:s1", "result": None}), rpc(), InputValues())
    assert isinstance(got.answer, Response)
    assert got.answer.body is None
    assert "params" not in got.body


@pytest.mark.parametrize("number", ["r1:s1", None])
@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
async def test_an_error_object_is_a_failure_and_no_retry(number: str | None, status: str) -> None:
    error = {"code": -32603, "message": "It broke", "data": {"at": "gate"}}
    got = await called(answered({"jsonrpc": "2.0", "id": number, "error": error}, status), rpc(), InputValues())
    assert isinstance(got.answer, AnsweredError)
    assert got.answer.to_dict() == {
        "code": "answered_error",
        "kind": "rpc",
        "message": "It broke",
        "data": '{"at": "gate"}',
        "answered": int(status[:3]),
        "number": -32603,
    }
    assert got.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "document",
    [
        {"jsonrpc": "2.0", "id": "another", "result": 1},
        {"jsonrpc": "2.0", "id": "another", "error": {"code": 1, "message": "m"}},
        {"jsonrpc": "2.0", "result": 1},
        [{"jsonrpc": "2.0", "id": "r1:s1", "result": 1}],
    ],
)
async def test_the_answer_to_another_call_or_a_batch_is_none(document: Any) -> None:
    got = await called(answered(document), rpc(), InputValues())
    assert isinstance(got.answer, MaybeSent)


@pytest.mark.parametrize("kind", ["GRAPHQL", "RPC"])
def test_a_component_of_before_that_names_nothing_can_not_be_called(kind: str) -> None:
    with pytest.raises(CallNotSupported):
        prepare(defined("https://town.example/", type=kind), InputValues())


PHOTO = {"id": "F1", "name": 'pot "hole".jpg', "mimetype": "image/jpeg", "permalink": "https://x.slack.com/F1"}
UPLOAD: dict[str, Any] = {
    "http_method": "POST",
    "body_format": "multipart",
    "request_schema": {
        "type": "object",
        "properties": {
            "photo": {"type": "string", "format": "binary"},
            "more": {"type": "array", "items": {"type": "string", "format": "binary"}},
            "note": {"type": "string"},
            "place": {"type": "object"},
        },
    },
}


async def file(name: str) -> bytes:
    return f"content of {name}".encode()


async def test_a_photo_goes_along_as_a_part_and_is_fetched_when_it_is_sent() -> None:
    inputs = InputValues(body={"photo": PHOTO, "more": [PHOTO, {"id": "F2"}], "note": "x\r\ny", "place": {"a": 1}})
    got = await called(http(b"{}", JSON), UPLOAD, inputs, CallContext(files=file))
    assert isinstance(got.answer, Response)
    head, _, body = got.sent.partition("\r\n\r\n")
    boundary = head.partition("boundary=")[2].split("\r\n")[0]
    parts = body.split(f"--{boundary}")
    assert len(parts) == 7
    assert parts[1] == (
        '\r\nContent-Disposition: form-data; name="photo"; filename="pot %22hole%22.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\ncontent of F1\r\n"
    )
    assert 'name="more"; filename="file"\r\nContent-Type: application/octet-stream\r\n' in parts[3]
    assert "content of F2" in parts[3]
    assert parts[4] == '\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\ny\r\n'
    assert "application/json" in parts[5]
    assert parts[6] == "--\r\n"


@pytest.mark.parametrize("value", ["F1", {"name": "no id"}, 7])
async def test_what_is_no_file_is_refused_and_nothing_is_sent(value: Any) -> None:
    got = await called(http(), UPLOAD, InputValues(body={"photo": value}), CallContext(files=file))
    assert isinstance(got.answer, RequestRefused)
    assert (got.answer.reason, got.sent) == ("not_a_file", "")


async def test_a_file_that_is_gone_fails_the_call_and_nothing_is_sent() -> None:
    got = await called(http(), UPLOAD, InputValues(body={"photo": PHOTO}))
    assert isinstance(got.answer, RequestRefused)
    assert (got.answer.reason, got.sent, got.outcome) == ("file_gone", "", Outcome.FAIL)


LIST = json.dumps([{"n": number} for number in range(10_000)]).encode()


@pytest.mark.parametrize(
    ("data", "content_type", "value", "codes"),
    [
        ("Stra\u00dfe".encode("latin-1"), "text/plain; charset=utf-8", "Stra\ufffde", ["bad_text"]),
        ("Stra\u00dfe".encode("latin-1"), "text/plain; charset=latin-1", "Stra\u00dfe", []),
        ("Stra\u00dfe".encode(), "text/plain; charset=no-such", "Stra\u00dfe", []),
        (b"", "application/json", None, []),
        (b"<html><p>Sign in", "application/json", "<html><p>Sign in", ["not_json"]),
    ],
)
def test_answers_in_another_charset_or_none(data: bytes, content_type: str, value: Any, codes: list[str]) -> None:
    body, warnings = read_body(data, content_type=content_type)
    assert (body, [warning.code.value for warning in warnings]) == (value, codes)


def test_a_long_list_is_read_whole_and_judged_in_bounds() -> None:
    body, warnings = read_body(LIST, content_type="application/json")
    assert (len(body), warnings) == (10_000, ())
    assert check_response({"type": "array", "items": {"type": "object"}}, body) == ()
