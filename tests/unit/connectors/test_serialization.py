"""How lists and objects are written into a query, by the ways that OpenAPI has; read back as servers read them."""

from __future__ import annotations

from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.connectors.errors import RequestRefused
from services.connectors.requests import InputValues
from services.connectors.rest import prepare

PLACE = {"lat": 1.5, "name": "Elm St", "none": None}
NUMBERS = [1, None, 2]


def query(value: Any, way: str | None) -> list[tuple[str, str]]:
    ways = {} if way is None else {"q": way}
    component = ComponentDefinition.model_validate(
        {
            "key": "a.b",
            "name": "A",
            "description": "A.",
            "endpoint_url": "https://a.example/",
            "query_params": {"q": {}},
            "serialization": ways,
        }
    )
    return list(prepare(component, InputValues(query={"q": value})).query)


@pytest.mark.parametrize(
    ("value", "way", "pairs"),
    [
        (NUMBERS, None, [("q", "1"), ("q", "2")]),
        (NUMBERS, "form", [("q", "1"), ("q", "2")]),
        (NUMBERS, "comma", [("q", "1,2")]),
        (NUMBERS, "space", [("q", "1 2")]),
        (NUMBERS, "pipe", [("q", "1|2")]),
        (NUMBERS, "json", [("q", "[1,null,2]")]),
        ([], "comma", []),
        (PLACE, "form", [("lat", "1.5"), ("name", "Elm St")]),
        (PLACE, "comma", [("q", "lat,1.5,name,Elm St")]),
        (PLACE, "deepObject", [("q[lat]", "1.5"), ("q[name]", "Elm St")]),
        ({"a": {"b": [1, 2]}}, "deepObject", [("q[a][b]", "1"), ("q[a][b]", "2")]),
        (PLACE, "json", [("q", '{"lat":1.5,"name":"Elm St","none":null}')]),
        ("plain", "comma", [("q", "plain")]),
        (True, "deepObject", [("q", "true")]),
        (None, "json", []),
    ],
)
def test_it_is_written_so(value: Any, way: str | None, pairs: list[tuple[str, str]]) -> None:
    assert query(value, way) == pairs


@pytest.mark.parametrize(("value", "way"), [(PLACE, None), ([[1]], "comma"), ({"a": {"b": 1}}, "form")])
def test_what_has_no_place_in_a_query_is_refused(value: Any, way: str | None) -> None:
    with pytest.raises(RequestRefused):
        query(value, way)
