"""A selection closed over its needs: who is added for which input, and when nobody is."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.components.builtins import BUILTINS
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.selection.closure import MAX_ADDED, with_producers
from tests.support.pack import COMPONENTS, NUMBER, STRING, body, listed

REQUIRED = {"type": "string", "required": True}


def get(key: str, answer: Any, /, *path: str, **rest: Any) -> ComponentSpec:
    return ComponentSpec(key, key, path_params=dict.fromkeys(path, REQUIRED), response_schema=answer, **rest)


def post(key: str, answer: Any, /, *required: str, **rest: Any) -> ComponentSpec:
    schema = body(required, **dict.fromkeys(required, STRING))
    return ComponentSpec(key, key, http_method="POST", request_schema=schema, response_schema=answer, **rest)


def closed(*components: ComponentSpec, chosen: str = "use") -> list[str]:
    """What is added to a selection of those whose keys begin with `chosen`."""
    known = {spec.key: spec for spec in components}
    selected = [key for key in known if key.startswith(chosen)]
    after = with_producers(selected, known)
    assert list(after[: len(selected)]) == selected, "what was chosen stays, in its order"
    return list(after[len(selected) :])


CREWS = listed("crews", crew_id=STRING, name=STRING)
BARE = listed("crews", id=STRING)
DEEP = body(data=body(pages={"type": "array", "items": listed("crews", crewId=STRING)}))
REFERRED = {
    "type": "object",
    "properties": {"found": {"type": "array", "items": {"$ref": "#/$defs/Crew"}}},
    "$defs": {"Crew": body(crew_id=STRING, boss={"$ref": "#/$defs/Crew"})},
}
EITHER = {"oneOf": [body(error=STRING), {"allOf": [body(crew_id=STRING)]}]}

NEED = post("use", {}, "crew_id")

CASES: Mapping[str, tuple[list[ComponentSpec], list[str]]] = {
    "by its name": ([NEED, get("a.list", CREWS)], ["a.list"]),
    "deep in lists and objects": ([NEED, get("a.list", DEEP)], ["a.list"]),
    "behind a $ref, which points to itself": ([NEED, get("a.list", REFERRED)], ["a.list"]),
    "in a part of a union": ([NEED, get("a.list", EITHER)], ["a.list"]),
    "in a list that is the whole answer": (
        [NEED, get("a.list", {"type": "array", "items": body(crew_id=STRING)})],
        ["a.list"],
    ),
    "as the id of what it stands in": ([NEED, get("a.list", BARE)], ["a.list"]),
    "as the id of what the key is about": (
        [NEED, get("crews.list", listed("results", id=STRING))],
        ["crews.list"],
    ),
    "as the id of what the category is about": (
        [NEED, get("a.list", body(id=STRING), category="Crews")],
        ["a.list"],
    ),
    "not the id of something else": (
        [NEED, get("orders.list", body(id=STRING)), get("b", body(order_id=STRING))],
        [],
    ),
    "not the id of what is only mentioned": ([NEED, get("orders.of_crew", body(id=STRING))], []),
    "no producer": ([NEED, get("b", body(name=STRING))], []),
    "chosen already": ([NEED, get("use.crews", CREWS), get("a.list", CREWS)], []),
    "chosen already, by the id of it": ([NEED, get("use.crews", BARE), get("a.list", CREWS)], []),
    "two producers: the safe one": ([NEED, post("a.make", CREWS), get("b.list", CREWS)], ["b.list"]),
    "two producers: what is about it": ([NEED, get("a.log", CREWS), get("crews.list", CREWS)], ["crews.list"]),
    "two producers: what needs nothing": (
        [NEED, get("a.list", CREWS, "depot_id"), get("b.list", CREWS)],
        ["b.list"],
    ),
    "two producers: what asks nobody": (
        [NEED, get("a.list", CREWS, approval=ApprovalPolicy.STEP), get("b.list", CREWS)],
        ["b.list"],
    ),
    "two producers alike: the first by its key": ([NEED, get("b.list", CREWS), get("a.list", CREWS)], ["a.list"]),
    "only one that changes things": ([NEED, post("a.make", CREWS)], ["a.make"]),
    "a look-up by that id gives nothing new": ([NEED, get("a.get", CREWS, "crew_id")], []),
    "nor one by its bare id": ([NEED, get("crews.get", CREWS, "id")], []),
    "the search and not the look-up": (
        [get("use.crews.get", CREWS, "id"), get("crews.show", BARE, "id"), get("crews.search", BARE)],
        ["crews.search"],
    ),
    "a bare id is of what the fewest are about": (
        [
            get("use.request", body(id=STRING), "id"),
            get("x.use.list", body(id=STRING)),
            get("use_services.list", body(name=STRING)),
            get("x.requests.list", body(id=STRING)),
        ],
        ["x.requests.list"],
    ),
    "in a chain": (
        [NEED, get("crews.of", CREWS, "depot_id"), get("depots", listed("depots", id=STRING))],
        ["crews.of", "depots"],
    ),
    "in a ring": (
        [NEED, post("a.make", body(crew_id=STRING), "depot_id"), post("b.make", body(depot_id=STRING), "crew_id")],
        ["a.make", "b.make"],
    ),
    "for itself": ([post("use", body(crew_id=STRING), "crew_id")], []),
    "what has a value": (
        [
            ComponentSpec(
                "use",
                "",
                request_schema=body(["crew_id", "depot_id"], crew_id={"enum": ["a"]}, depot_id={"const": 1}),
            ),
            get("a", CREWS),
            get("b", body(depot_id=STRING)),
        ],
        [],
    ),
    "what may be left out": (
        [
            ComponentSpec("use", "", query_params={"crew_id": STRING}, request_schema=body(crew_id=STRING)),
            get("a", CREWS),
        ],
        [],
    ),
    "a query, a header": (
        [
            ComponentSpec("use", "", query_params={"crew_id": REQUIRED}, headers={"X-Depot-Id": REQUIRED}),
            get("a", CREWS),
            get("b", body(xDepotId=STRING)),
        ],
        ["a", "b"],
    ),
    "in a nested object": (
        [
            ComponentSpec("use", "", request_schema=body(["crew"], crew=body(["id"], id=STRING, note=STRING))),
            get("a.list", CREWS),
        ],
        ["a.list"],
    ),
    "in a list of objects": (
        [
            ComponentSpec(
                "use",
                "",
                request_schema=body(["jobs"], jobs={"type": "array", "items": body(["crew_id"], crew_id=STRING)}),
            ),
            get("a.list", CREWS),
        ],
        ["a.list"],
    ),
    "what the issue says": (
        [
            post("use", {}, "title", "address", "phone_number", "postal_code", "lat"),
            get("a", body(phone_number=STRING, postal_code=STRING, title=STRING, address=STRING, lat=NUMBER)),
        ],
        [],
    ),
    "no kind of id": ([post("use", {}, "paid", "grid", "valid"), get("a", body(paid=STRING, grid=STRING))], []),
    "with more words before it": ([post("use", {}, "assigned_crew_id"), get("a", CREWS)], ["a"]),
    "of two words": (
        [post("use", {}, "work_order_id"), get("workorders.find", listed("rows", id=STRING))],
        ["workorders.find"],
    ),
    "a code of a list": ([post("use", {}, "service_code"), get("a", listed("services", code=STRING))], ["a"]),
}


@pytest.mark.parametrize("case", CASES)
def test_who_is_added(case: str) -> None:
    components, added = CASES[case]
    assert closed(*components) == added
    assert sorted(closed(*reversed(components))) == sorted(added), "in whatever order they are registered"


@pytest.mark.parametrize(
    "given", ["crew_id", "crewId", "CrewID", "crew-id", "crew_uuid", "crewid", "crew_ids", "X.crew.id"]
)
@pytest.mark.parametrize("needed", ["crew_id", "crewId", "CREW_ID", "crewIDs", "crew-guid", "crew.identifier"])
def test_a_name_is_the_same_however_it_is_written(needed: str, given: str) -> None:
    assert closed(post("use", {}, needed), get("crews.list", body(**{given.removeprefix("X."): STRING}))) == [
        "crews.list"
    ]


def test_a_name_in_one_word_counts_where_the_component_is_about_it() -> None:
    assert closed(post("use.crew", {}, "crewid"), get("a", CREWS)) == ["a"]
    assert closed(post("use", {}, "crewid"), get("a", CREWS)) == []


def test_no_more_than_so_many_are_added() -> None:
    chain = [get(f"c{n:02}", body(**{f"x{n}_id": STRING}), f"x{n + 1}_id") for n in range(30)]
    added = closed(post("use", {}, "x0_id"), *chain)
    assert added == [f"c{n:02}" for n in range(MAX_ADDED)]


def test_what_is_built_in_finds_no_ids() -> None:
    own = [spec for spec in BUILTINS.values() if spec.response_schema]
    names = {name: STRING for spec in own for name in spec.response_schema.get("properties", {})}
    assert own
    assert closed(post("use", {}, *(f"{name}_id" for name in names)), *BUILTINS.values()) == []


def test_a_key_of_nothing_is_kept() -> None:
    assert with_producers(["gone", "crews.assign"], COMPONENTS) == (
        "gone",
        "crews.assign",
        "workorders.create",
        "crews.available",
    )


ODD: list[Any] = [None, True, {}, [], 1, "x", {"type": []}, {"properties": []}, {"required": 3}, {"$ref": "#"}]
ODD += [{"$ref": "#/x/y"}, {"items": {"$ref": "#/items"}}, {"properties": {"id": True, "": None, "\ud800_id": {}}}]


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(ODD), st.sampled_from(ODD), st.text(max_size=8)), max_size=6), st.data())
def test_no_schema_is_too_odd(parts: list[tuple[Any, Any, str]], data: st.DataObject) -> None:
    known = {
        f"k{n}": ComponentSpec(
            f"k{n}", name, request_schema=asked, response_schema=answer, path_params={name: asked}
        )
        for n, (asked, answer, name) in enumerate(parts)
    }
    chosen = data.draw(st.lists(st.sampled_from(sorted(known)), unique=True)) if known else []
    after = with_producers(chosen, known)
    assert list(after[: len(chosen)]) == chosen
    assert len(set(after)) == len(after) <= len(chosen) + MAX_ADDED
    assert with_producers(after, known)[: len(after)] == after


def test_two_hundred_components_take_no_time() -> None:
    """25 ms is what a draft of seconds does not notice; a quadratic search takes more than a second."""
    many = {
        f"c{n}": get(
            f"c{n}", body(data=listed("rows", **{f"f{m}_id": STRING for m in range(30)})), f"f{n % 30}_id"
        )
        for n in range(200)
    }
    started = time.process_time()
    with_producers(list(many)[:40], many)
    assert time.process_time() - started < 0.5
