"""What becomes of the operations of a document: their places, parameters, bodies and credentials."""

from __future__ import annotations

from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.components.openapi.model import CutCode, Reason, Refused
from tests.support.openapi import SERVER, document, made, only, operation, read

TEXT = {"schema": {"type": "string"}}


def parameter(name: str, place: str = "query", **members: Any) -> dict[str, Any]:
    return {"name": name, "in": place, **(TEXT | members)}


def test_an_operation_becomes_a_component() -> None:
    stated = operation(
        operationId="listOrders",
        summary="List work orders",
        description="Lists the orders of an area.",
        tags=["orders", "works"],
        parameters=[parameter("area", "path", required=True), parameter("open")],
    )
    found = only(document({"/areas/{area}/orders": {"get": stated}}))
    assert (found.id, found.key, found.tags) == (
        "GET /areas/{area}/orders",
        "works.list_orders",
        ("orders", "works"),
    )
    assert found.origin == "https://works.example.org:443"
    component = ComponentDefinition.model_validate(dict(found.definition or {}))
    assert (component.name, component.description) == ("List work orders", "Lists the orders of an area.")
    assert component.endpoint_url == f"{SERVER}/areas/{{area}}/orders"
    assert component.path_params == {"area": {"type": "string", "required": True}}
    assert component.query_params == {"open": {"type": "string"}}
    assert (component.category, component.owner_service, component.version) == ("orders", "Works API", "7")


@pytest.mark.parametrize(
    ("method", "approval"), [("get", "none"), ("post", "plan"), ("put", "plan"), ("delete", "step")]
)
def test_what_changes_something_waits_for_people(method: str, approval: str) -> None:
    assert made(document({"/x": {method: operation()}}))["approval"] == approval


@pytest.mark.parametrize(
    ("servers", "options", "url"),
    [
        ([{"url": "https://a.example/v2/"}], {}, "https://a.example/v2/x"),
        ([{"url": "/v2"}], {"where": "https://a.example/docs/openapi.json"}, "https://a.example/v2/x"),
        ([{"url": "v2"}], {"where": "https://a.example/docs/openapi.json"}, "https://a.example/docs/v2/x"),
        ([], {"server": "https://b.example"}, "https://b.example/x"),
        ([{"url": "https://a.example"}], {"server": "https://b.example/v9"}, "https://b.example/v9/x"),
        (
            [
                {
                    "url": "https://{town}.example/{v}",
                    "variables": {"town": {"default": "rhein"}, "v": {"default": "2"}},
                }
            ],
            {},
            "https://rhein.example/2/x",
        ),
    ],
)
def test_where_it_is_called(servers: Any, options: dict[str, str], url: str) -> None:
    whole = {**document({"/x": {"get": operation()}}, "3.0.3"), "servers": servers}
    assert made(whole, **options)["endpoint_url"] == url


def test_the_nearest_servers_count() -> None:
    near, nearer = [{"url": "https://path.example"}], [{"url": "https://own.example"}]
    whole = document({"/x": {"servers": near, "get": operation(), "post": operation(servers=nearer)}})
    urls = [each.definition["endpoint_url"] for each in read(whole).operations if each.definition]
    assert urls == ["https://path.example/x", "https://own.example/x"]


@pytest.mark.parametrize(
    ("servers", "reason"),
    [
        ([], Refused(Reason.NO_SERVER)),
        ([{"url": "/v2"}], Refused(Reason.NO_SERVER, "/v2")),
        ([{"url": "ftp://a.example"}], Refused(Reason.NO_SERVER, "ftp://a.example")),
        ([{"url": "https://{town}.example"}], Refused(Reason.SERVER_VARIABLE, "town")),
    ],
)
def test_without_a_place_it_is_none(servers: Any, reason: Refused) -> None:
    whole = {**document({"/x": {"get": operation()}}), "servers": servers}
    assert only(whole).refused == (reason,)


def test_parameters_of_the_path_are_everybodys_and_an_operation_has_its_own_instead() -> None:
    item = {
        "parameters": [parameter("page"), parameter("id", "path", required=True)],
        "get": operation(parameters=[parameter("page", schema={"type": "integer"})]),
    }
    component = made(document({"/x/{id}": item}))
    assert component["query_params"] == {"page": {"type": "integer"}}
    assert component["path_params"] == {"id": {"type": "string", "required": True}}


LIST, OBJECT = (
    {"type": "array", "items": {"type": "string"}},
    {"type": "object", "properties": {"a": {"type": "string"}}},
)


@pytest.mark.parametrize(
    ("members", "way"),
    [
        ({"schema": LIST}, None),
        ({"schema": LIST, "explode": False}, "comma"),
        ({"schema": LIST, "style": "spaceDelimited", "explode": False}, "space"),
        ({"schema": LIST, "style": "pipeDelimited", "explode": False}, "pipe"),
        ({"schema": LIST, "style": "pipeDelimited", "explode": True}, None),
        ({"schema": OBJECT}, "form"),
        ({"schema": OBJECT, "explode": False}, "comma"),
        ({"schema": OBJECT, "style": "deepObject", "explode": True}, "deepObject"),
        ({"schema": {"type": "string"}, "explode": False}, None),
    ],
)
def test_how_lists_and_objects_are_written(members: dict[str, Any], way: str | None) -> None:
    component = made(document({"/x": {"get": operation(parameters=[parameter("q", **members)])}}))
    assert component["serialization"].get("q") == way


def test_a_parameter_may_be_json_or_stand_where_only_text_can() -> None:
    as_json = {"name": "filter", "in": "query", "content": {"application/json": {"schema": OBJECT}}}
    stated = operation(parameters=[as_json, parameter("ids", "path", required=True, schema=LIST)])
    component = made(document({"/x/{ids}": {"get": stated}}))
    assert component["serialization"] == {"filter": "json"}
    assert component["path_params"]["ids"]["type"] == "string"
    assert "commas" in component["path_params"]["ids"]["description"]


@pytest.mark.parametrize(
    ("stated", "refused"),
    [
        (parameter("sid", "cookie", required=True), Refused(Reason.COOKIE, "sid")),
        (parameter("Host", "header", required=True), Refused(Reason.HEADER, "Host")),
        (parameter("x", style="deepObjekt"), None),
    ],
)
def test_what_can_t_be_given_is_named(stated: dict[str, Any], refused: Refused | None) -> None:
    found = only(document({"/x": {"get": operation(parameters=[stated])}}))
    assert found.definition is None
    assert refused is None or found.refused == (refused,)


def test_what_need_not_be_given_is_left_out() -> None:
    several = [parameter("sid", "cookie"), parameter("Accept", "header"), parameter("authorization", "header")]
    found = only(document({"/x": {"get": operation(parameters=[*several, parameter("X-Area", "header")])}}))
    assert found.definition is not None
    assert found.definition["headers"] == {"X-Area": {"type": "string"}}
    assert [(cut.code, cut.about) for cut in found.cuts if cut.code == CutCode.COOKIE] == [(CutCode.COOKIE, "sid")]


def test_a_placeholder_that_nobody_declared_is_text_and_an_odd_one_gets_another_name() -> None:
    found = only(document({"/x/{order id}/{b}": {"get": operation()}}))
    assert found.definition is not None
    assert found.definition["endpoint_url"].endswith("/x/{order_id}/{b}")
    assert found.definition["path_params"].keys() == {"order_id", "b"}
    assert [cut.code for cut in found.cuts].count(CutCode.PLACEHOLDER) == 2


BODY = {"schema": {"type": "object", "properties": {"title": {"type": "string"}}}}


@pytest.mark.parametrize(
    ("media", "format_and_type"),
    [
        (["application/xml", "application/json"], ("json", "")),
        (["application/x-www-form-urlencoded", "application/json; charset=utf-8"], ("json", "")),
        (["application/vnd.api+json"], ("json", "application/vnd.api+json")),
        (["multipart/form-data", "application/x-www-form-urlencoded"], ("form", "")),
        (["application/octet-stream", "multipart/form-data"], ("multipart", "")),
    ],
)
def test_which_body_is_sent(media: list[str], format_and_type: tuple[str, str]) -> None:
    body = {"required": True, "content": dict.fromkeys(media, BODY)}
    component = made(document({"/x": {"post": operation(requestBody=body)}}))
    assert (component["body_format"], component["content_type"]) == format_and_type
    assert component["request_schema"]["properties"] == BODY["schema"]["properties"]


@pytest.mark.parametrize("media", ["multipart/mixed", "application/octet-stream", "text/plain"])
def test_a_body_that_can_t_be_written_is_named(media: str) -> None:
    needed = {"required": True, "content": {media: BODY}}
    assert only(document({"/x": {"post": operation(requestBody=needed)}})).refused == (
        Refused(Reason.BODY_TYPE, media),
    )
    found = only(document({"/x": {"post": operation(requestBody={"content": {media: BODY}})}}))
    assert found.definition is not None
    assert CutCode.BODY in {cut.code for cut in found.cuts}


def test_the_answer_is_the_first_good_one() -> None:
    def answer(kind: str) -> dict[str, Any]:
        return {"description": "x", "content": {"application/json": {"schema": {"type": kind}}}}

    responses = {"404": answer("null"), "202": answer("array"), "201": answer("object"), "default": answer("null")}
    assert made(document({"/x": {"post": operation(responses=responses)}}))["response_schema"] == {
        "type": "object"
    }


SCHEMES: dict[str, Any] = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "inQuery": {"type": "apiKey", "in": "query", "name": "key"},
    "inCookie": {"type": "apiKey", "in": "cookie", "name": "key"},
    "bearerAuth": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "digest": {"type": "http", "scheme": "digest"},
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://a.example/.well-known"},
    "machine": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "token", "scopes": {"read": "Reads", "write": "Writes"}}},
    },
    "person": {
        "type": "oauth2",
        "flows": {"implicit": {"authorizationUrl": "https://a.example/a", "scopes": {"read": "Reads"}}},
    },
}


@pytest.mark.parametrize(
    ("security", "auth"),
    [
        ([{"key": []}], {"type": "api_key", "in": "header", "name": "X-Key", "value": "env:WORKS_KEY"}),
        ([{"inQuery": []}], {"type": "api_key", "in": "query", "name": "key", "value": "env:WORKS_IN_QUERY"}),
        ([{"oidc": []}, {"bearerAuth": []}], {"type": "bearer", "token": "env:WORKS_BEARER_AUTH"}),
        ([{"key": [], "basic": []}, {"bearerAuth": []}], {"type": "bearer", "token": "env:WORKS_BEARER_AUTH"}),
        ([{"digest": []}, {}], {"type": "none"}),
        ([], {"type": "none"}),
        (
            [{"basic": []}],
            {"type": "basic", "username": "env:WORKS_BASIC_USERNAME", "password": "env:WORKS_BASIC_PASSWORD"},
        ),
    ],
)
def test_which_credentials_it_is_called_with(security: Any, auth: dict[str, Any]) -> None:
    whole = document(
        {"/x": {"get": operation(security=security)}},
        components={"securitySchemes": SCHEMES},
        security=[{"inQuery": []}],
    )
    assert made(whole)["auth"] == auth


def test_client_credentials_ask_at_the_token_url_for_the_scopes_that_are_needed() -> None:
    whole = document(
        {"/x": {"get": operation()}}, components={"securitySchemes": SCHEMES}, security=[{"machine": ["read"]}]
    )
    auth = made(whole)["auth"]
    assert (auth["type"], auth["token_url"], auth["scope"]) == ("oauth2", f"{SERVER}/token", "read")
    assert auth["client_secret"] == "env:WORKS_MACHINE_CLIENT_SECRET"


@pytest.mark.parametrize(
    ("security", "about"),
    [
        ([{"oidc": []}], "oidc (openIdConnect)"),
        ([{"digest": []}, {"inCookie": []}], "digest (http digest), inCookie (apiKey in cookie)"),
        ([{"person": ["read"]}], "person (oauth2 without client credentials)"),
        ([{"key": [], "basic": []}], "key + basic"),
        ([{"nobody": []}], "nobody (not declared)"),
    ],
)
def test_credentials_that_can_t_be_had_are_named(security: Any, about: str) -> None:
    whole = document({"/x": {"get": operation(security=security)}}, components={"securitySchemes": SCHEMES})
    assert only(whole).refused == (Refused(Reason.AUTH, about),)


def test_an_operation_without_an_id_or_with_that_of_another_is_named_by_its_path() -> None:
    twice = operation(operationId="listOrders")
    whole = document(
        {"/orders": {"get": twice}, "/old/orders": {"get": twice}, "/areas/{id}": {"get": operation()}}
    )
    found = read(whole).operations
    assert [each.key for each in found] == ["works.get_orders", "works.get_old_orders", "works.get_areas_id"]
    assert [each.cuts[0].code for each in found] == [CutCode.DUPLICATE_ID, CutCode.DUPLICATE_ID, CutCode.NO_ID]
    turned = document(dict(reversed(whole["paths"].items())))
    assert {each.id: each.key for each in read(turned).operations} == {each.id: each.key for each in found}


def test_keys_stay_within_their_limit_and_differ() -> None:
    paths = {f"/{'very' * 20}/{end}": {"get": operation()} for end in ("one", "two")}
    keys = [each.key for each in read(document(paths)).operations]
    assert len({*keys}) == 2
    assert all(len(key) <= 64 for key in keys)


def test_other_methods_are_named() -> None:
    whole = document({"/x": {"get": operation(), "head": operation(), "trace": operation()}})
    assert [each.refused for each in read(whole).operations] == [
        (),
        (Refused(Reason.METHOD, "HEAD"),),
        (Refused(Reason.METHOD, "TRACE"),),
    ]


def test_what_is_against_the_official_schema_ends_its_operation_only() -> None:
    whole = document({"/x": {"get": {"responses": 7}, "post": operation()}}, "3.0.3")
    first, second = read(whole).operations
    assert [each.reason for each in first.refused] == [Reason.AGAINST_SCHEMA]
    assert second.definition is not None


@pytest.mark.parametrize("version", ["3.0.4", "3.1.1", "3.2.0"])
def test_three_versions_are_read(version: str) -> None:
    assert read(document({"/x": {"get": operation()}}, version)).openapi == version
