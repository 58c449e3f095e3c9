"""Templates of GraphQL as they are registered, methods of RPC, and the other kinds of auth."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.components.packs import PackFaults, parse_pack
from services.components.refusals import DefinitionFaultCode as Code

SMALLEST = {"key": "a", "name": "A", "description": "Does A.", "endpoint_url": "http://a.example/"}


def parsed(**members: Any) -> ComponentDefinition:
    return parse_pack(json.dumps({"components": [{**SMALLEST, **members}]}))[0]


def faults(**members: Any) -> list[tuple[str, str]]:
    with pytest.raises(PackFaults) as caught:
        parsed(**members)
    return [(fault.member.removeprefix("components[0]."), fault.code.value) for fault in caught.value.faults]


def graphql(template: str, **members: Any) -> dict[str, Any]:
    return {"type": "GRAPHQL", "graphql": template, **members}


def test_variables_become_typed_inputs() -> None:
    asked = "{ x: a(i: $id) b(n: $first) c(k: $kinds, f: $near) }"
    template = f"query Q($id: ID!, $first: Int = 3, $kinds: [Kind!], $near: Float) {asked}"
    found = parsed(**graphql(template, request_schema={"properties": {"id": {"description": "The id"}}}))
    assert found.request_schema == {
        "type": "object",
        "additionalProperties": False,
        "required": ["id"],
        "properties": {
            "id": {"type": "string", "description": "The id"},
            "first": {"type": "integer", "default": 3},
            "kinds": {"type": "array", "items": {"title": "Kind"}},
            "near": {"type": "number"},
        },
    }
    assert found.response_schema == {"type": "object", "properties": {"x": {}, "b": {}, "c": {}}}
    assert ComponentDefinition.model_validate(found.model_dump(mode="json")) == found


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("subscription { a }", Code.SUBSCRIPTION),
        ("query A { a } query B { b }", Code.NOT_ONE_OPERATION),
        ("fragment F on Query { a }", Code.NOT_ONE_OPERATION),
        ("query { ...F } fragment F on Query { ...G } fragment G on Query { ...F }", Code.BAD_TEMPLATE),
        ("query { ...F } fragment F on Query { ...F }", Code.BAD_TEMPLATE),
        ("query { ...None }", Code.BAD_TEMPLATE),
        ("query { a(x: $y) }", Code.BAD_TEMPLATE),
        ("query ($y: Int) { a }", Code.BAD_TEMPLATE),
        ("query { a", Code.BAD_TEMPLATE),
        ("query {" + "a {" * 3_000, Code.BAD_TEMPLATE),
        ("query { " + "a " * 6_000 + "}", Code.BAD_TEMPLATE),
        ("type Query { a: Int } query { a }", Code.BAD_TEMPLATE),
    ],
)
def test_a_template_that_can_not_be_sent_is_refused_as_it_is_registered(template: str, code: Code) -> None:
    assert faults(**graphql(template)) == [("graphql", code)]


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"type": "GRAPHQL"}, ("graphql", Code.MISSING_MEMBER)),
        ({"type": "RPC"}, ("rpc_method", Code.MISSING_MEMBER)),
        ({"graphql": "{ a }"}, ("graphql", Code.UNKNOWN_MEMBER)),
        (
            graphql("{ a }", request_schema={"properties": {"b": {}}}),
            ("request_schema.properties.b", Code.NOT_A_VARIABLE),
        ),
        ({"headers": {"Cookie": {}}}, ("headers.Cookie", Code.RESERVED_HEADER)),
        ({"response_headers": ["Set-Cookie"]}, ("response_headers[0]", Code.RESERVED_HEADER)),
        (
            {"auth": {"type": "api_key", "in": "cookie", "name": "s", "value": "env:S"}},
            ("auth.in", Code.NOT_ALLOWED),
        ),
        ({"cookie_params": {}}, ("cookie_params", Code.UNKNOWN_MEMBER)),
        (
            {"auth": {"type": "hmac", "secret": "env:S", "header": "X", "signs": []}},
            ("auth.signs", Code.OUT_OF_RANGE),
        ),
        (
            {"auth": {"type": "mtls", "certificate": "-----BEGIN", "key": "env:K"}},
            ("auth.certificate", Code.LITERAL_SECRET),
        ),
        ({"max_concurrent": 0}, ("max_concurrent", Code.OUT_OF_RANGE)),
    ],
)
def test_what_a_kind_must_and_must_not_say(members: dict[str, Any], found: tuple[str, Code]) -> None:
    assert faults(**members) == [found]


@pytest.mark.parametrize(
    "auth",
    [
        {
            "type": "hmac",
            "secret": "secret:SIGNING",
            "algorithm": "sha512",
            "header": "X-Signature",
            "prefix": "sha512=",
            "encoding": "base64",
            "signs": ["timestamp", "method", "path", "query", "body"],
            "separator": "\n",
            "timestamp_header": "X-Time",
        },
        {"type": "mtls", "certificate": "env:CERT", "key": "secret:KEY", "authority": None},
    ],
)
def test_the_other_kinds_of_auth_are_kept_as_written(auth: dict[str, Any]) -> None:
    assert parsed(auth=auth).model_dump(mode="json")["auth"] == auth
