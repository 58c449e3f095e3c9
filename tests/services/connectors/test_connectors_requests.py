"""What a definition and a step's inputs are made into, before anything is sent."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as some
from yarl import URL

from services.components.definitions import ComponentDefinition
from services.connectors import PreparedRequest, prepare, preview
from services.connectors.errors import AddressRefused, CallNotSupported, RequestRefused
from services.connectors.requests import InputValues, encode_body

AREA = {"area": {"type": "string", "required": True}}


def definition(**members: Any) -> ComponentDefinition:
    stated = {"key": "k", "name": "n", "description": "d", "endpoint_url": "https://town.example/api"}
    return ComponentDefinition.model_validate({**stated, **members})


def prepared(resolved: InputValues | None = None, **members: Any) -> PreparedRequest:
    return prepare(definition(**members), resolved or InputValues())


def url_of(value: Any, template: str = "https://town.example/areas/{area}/orders") -> str:
    return prepared(InputValues({"area": value}), endpoint_url=template, path_params=AREA).url


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("downtown", "downtown"),
        (5, "5"),
        (True, "true"),
        ("a b", "a%20b"),
        ("../admin", "..%2Fadmin"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("%2e%2e", "%252e%252e"),
        ("é", "%C3%A9"),
        ("\\..\\", "%5C..%5C"),
        ("x\r\ny", "x%0D%0Ay"),
        ("{area}", "%7Barea%7D"),
        ("...", "..."),
    ],
)
def test_a_path_value_stays_in_its_segment(value: Any, segment: str) -> None:
    assert url_of(value) == f"https://town.example/areas/{segment}/orders"


@given(some.text(min_size=1))
def test_no_path_value_leads_elsewhere(value: str) -> None:
    try:
        url = URL(url_of(value), encoded=True)
    except RequestRefused:
        return
    assert url.host == "town.example"
    assert len(url.raw_parts) == 4
    assert (url.raw_parts[1], url.raw_parts[3], url.raw_query_string, url.raw_fragment) == (
        "areas",
        "orders",
        "",
        "",
    )
    # A browser, a proxy or a server that tidies paths finds nothing to tidy.
    assert URL(str(url)).raw_parts[3] == "orders"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "empty"),
        ("  ", "empty"),
        (".", "dot_segment"),
        ("..", "dot_segment"),
        ([1], "not_a_text"),
        ({}, "not_a_text"),
        (None, "not_a_text"),
    ],
)
def test_a_path_value_that_would_make_another_path_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        url_of(value)
    assert (caught.value.name, caught.value.reason) == ("path.area", reason)


def test_two_values_make_no_dots_together() -> None:
    params = {"a": {"type": "string"}, "b": {"type": "string"}}
    with pytest.raises(RequestRefused, match="dot_segment"):
        prepared(
            InputValues({"a": ".", "b": "."}), endpoint_url="https://town.example/{a}{b}/x", path_params=params
        )


def test_a_missing_path_value_is_refused() -> None:
    with pytest.raises(RequestRefused, match=r"path\.area: missing"):
        prepared(endpoint_url="https://town.example/{area}", path_params=AREA)


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://town.example", "https://town.example/"),
        ("https://TOWN.example:8443/a", "https://town.example:8443/a"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ("http://[::1]:80/a%2Fb", "http://[::1]/a%2Fb"),
    ],
)
def test_the_url_is_what_was_registered(template: str, url: str) -> None:
    assert prepared(endpoint_url=template).url == url


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(AddressRefused, match="bad_host"):
        prepared(endpoint_url=f"http://{'ü' * 70}.example/")


def test_the_query_is_the_endpoint_s_and_then_the_plan_s() -> None:
    request = prepared(
        InputValues(query={"tag": ["a", 1, None], "open": True, "at": 1.5, "none": None, "": "x"}),
        endpoint_url="https://town.example/api?version=2&flag",
    )
    assert request.url == "https://town.example/api"
    assert request.fixed_query == (("version", "2"), ("flag", None))
    assert request.query == (
        ("tag", "a"),
        ("tag", "1"),
        ("open", "true"),
        ("at", "1.5"),
        ("", "x"),
    )


@pytest.mark.parametrize("value", [{"a": 1}, [[1]], [{}]])
def test_an_object_has_no_place_in_a_query(value: Any) -> None:
    with pytest.raises(RequestRefused, match=r"query\.q: not_a_text"):
        prepared(InputValues(query={"q": value}))


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "nul\0", "\x7f"])
def test_a_header_value_can_not_end_its_line(value: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        prepared(InputValues(headers={"X-Tenant": value}), headers={"X-Tenant": {"type": "string"}})
    assert (caught.value.name, caught.value.reason) == ("header.X-Tenant", "control_character")
    assert value not in str(caught.value)


def test_parameters_are_completed_with_what_the_component_says_itself() -> None:
    members: dict[str, Any] = {
        "headers": {
            "X-Version": {"const": "2"},
            "X-Lang": {"type": "string", "default": "en", "required": True},
            "X-Optional": {"type": "string", "default": "no"},
            "X-Tenant": {"type": "integer"},
        },
        "query_params": {
            "format": {"const": "json"},
            "page": {"type": "integer", "default": 1, "required": True},
            "size": {"type": "integer", "default": 10},
        },
    }
    request = prepared(InputValues(headers={"X-Tenant": 5, "X-Version": "9"}, query={"format": "xml"}), **members)
    assert request.fixed_headers == {"X-Version": "2", "X-Lang": "en"}
    assert request.headers == {"X-Tenant": "5"}
    assert request.query == (("format", "json"), ("page", "1"))
    given = prepared(InputValues(headers={"X-Lang": "de"}, query={"page": 3}), **members)
    assert given.headers == {"X-Lang": "de"}
    assert given.query == (("page", "3"), ("format", "json"))


def test_a_constant_of_the_body_counts_whatever_the_plan_gives() -> None:
    schema = {
        "type": "object",
        "properties": {
            "kind": {"const": "order"},
            "place": {"type": "object", "properties": {"crs": {"const": 4326}}},
        },
    }
    body = {"kind": "anything", "place": {"crs": 1, "lat": 2}}
    made = prepared(InputValues(body=body), http_method="POST", request_schema=schema).body
    assert made == {"kind": "order", "place": {"crs": 4326, "lat": 2}}


def test_a_required_object_is_made_for_its_constants_and_no_other_is() -> None:
    inner = {"type": "object", "properties": {"crs": {"const": 4326}}}
    schema = {
        "type": "object",
        "required": ["place", "empty"],
        "properties": {"place": inner, "optional": inner, "empty": {"type": "object", "properties": {"a": {}}}},
    }
    assert prepared(http_method="POST", request_schema=schema).body == {"place": {"crs": 4326}}


def test_what_stands_in_the_address_s_own_query_is_not_shown() -> None:
    request = prepared(
        InputValues(query={"q": "pothole"}), endpoint_url="https://town.example/api?subscription-key=abc123&flag"
    )
    shown = preview(request)
    assert shown["query"] == [["subscription-key", "***"], ["flag", ""], ["q", "pothole"]]
    for text in (json.dumps(shown), repr(request)):
        assert "abc123" not in text


def test_a_body_is_completed_too() -> None:
    schema = {
        "type": "object",
        "required": ["priority"],
        "properties": {
            "kind": {"const": "order"},
            "priority": {"default": "normal"},
            "colour": {"default": "red"},
            "place": {"type": "object", "properties": {"crs": {"const": 4326}, "lat": {}}},
            "other": {"type": "object", "properties": {"crs": {"const": 4326}}},
        },
    }
    body = {"place": {"lat": 1.5}, "unlisted": None}
    assert prepared(InputValues(body=body), http_method="POST", request_schema=schema).body == {
        "place": {"lat": 1.5, "crs": 4326},
        "unlisted": None,
        "kind": "order",
        "priority": "normal",
    }
    assert body == {"place": {"lat": 1.5}, "unlisted": None}


@pytest.mark.parametrize(
    ("method", "schema", "body"),
    [
        ("POST", {"type": "object"}, {}),
        ("PATCH", {"type": "object"}, {}),
        ("POST", {}, None),
        ("GET", {"type": "object"}, None),
        ("DELETE", {"type": "object"}, None),
    ],
)
def test_an_empty_body_is_sent_where_one_is_expected(method: str, schema: dict[str, Any], body: Any) -> None:
    assert prepared(http_method=method, request_schema=schema).body == body


def test_json_keeps_its_types() -> None:
    body = {"n": 5, "f": 1.5, "t": True, "none": None, "list": [{"a": "é\ud800"}]}
    data, content_type = encode_body(body, "json")
    assert content_type == "application/json"
    assert json.loads(data or b"") == body


def test_a_form_has_open311_s_names_as_they_are() -> None:
    body = {"attribute[code]": "x", "attribute[list][]": ["a", "b"], "none": None, "o": {"p": {"q": [1, 2]}}}
    data, content_type = encode_body(body, "form")
    assert content_type == "application/x-www-form-urlencoded"
    assert data == (
        b"attribute%5Bcode%5D=x&attribute%5Blist%5D%5B%5D=a&attribute%5Blist%5D%5B%5D=b&o%5Bp%5D%5Bq%5D=1"
        b"&o%5Bp%5D%5Bq%5D=2"
    )


def test_what_belongs_together_in_a_form_is_numbered() -> None:
    items = [{"name": "pipe", "price": 2}, {"name": "bolt", "sizes": [1, 2]}]
    body = {"tags": ["a", "b"], "items": items, "grid": [[1]]}
    data, _ = encode_body(body, "form")
    assert data is not None
    assert parse_qsl(data.decode()) == [
        ("tags", "a"),
        ("tags", "b"),
        ("items[0][name]", "pipe"),
        ("items[0][price]", "2"),
        ("items[1][name]", "bolt"),
        ("items[1][sizes]", "1"),
        ("items[1][sizes]", "2"),
        ("grid[0]", "1"),
    ]


def test_a_path_parameter_may_have_a_hyphen() -> None:
    request = prepared(
        InputValues(path={"service-request-id": "7/8"}),
        endpoint_url="https://town.example/requests/{service-request-id}",
        path_params={"service-request-id": {"type": "string"}},
    )
    assert request.url == "https://town.example/requests/7%2F8"


def test_a_json_type_of_its_own_is_stated() -> None:
    assert encode_body({}, "json", "application/vnd.api+json") == (b"{}", "application/vnd.api+json")
    request = prepared(InputValues(body={"a": 1}), http_method="POST", content_type="application/vnd.api+json")
    assert request.content_type == "application/vnd.api+json"


def test_a_form_has_members() -> None:
    with pytest.raises(RequestRefused, match="not_an_object"):
        encode_body([1], "form")


@pytest.mark.parametrize("kind", ["GRAPHQL", "RPC"])
def test_other_types_are_refused(kind: str) -> None:
    with pytest.raises(CallNotSupported) as caught:
        prepared(type=kind)
    assert caught.value.type == kind


def test_a_preview_is_json_and_says_what_will_be_sent() -> None:
    request = prepared(
        InputValues({"area": "a/b"}, {"q": [1, 2]}, {"X-Tenant": "5"}, {"title": "Leak", "n": 1}),
        http_method="POST",
        endpoint_url="https://town.example/{area}",
        path_params=AREA,
        headers={"X-Tenant": {}, "X-Subscription": {"const": "shared-key"}},
        auth={"type": "bearer", "token": "env:WORKS_TOKEN"},
    )
    shown = preview(request)
    assert (
        json.loads(json.dumps(shown))
        == shown
        == {
            "method": "POST",
            "url": "https://town.example/a%2Fb",
            "query": [["q", "1"], ["q", "2"]],
            "headers": {"X-Tenant": "5"},
            "own_headers": ["X-Subscription"],
            "body": {"title": "Leak", "n": 1},
            "body_format": "json",
            "auth": "bearer",
        }
    )
