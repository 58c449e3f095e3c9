"""How documents are ranked for a text."""

from __future__ import annotations

from typing import Any

import pytest

from services.components.specs import ComponentSpec
from services.selection.ranking import Document, Ranking, document_of, terms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("leaking hydrants", ["leak", "hydrant"]),
        ("Closed, closing, CLOSE", ["clos", "clos", "clos"]),
        ("stopped; it will stop", ["stop", "stop"]),
        ("the road is up to you", ["road"]),
        ("workOrderId", ["work", "order", "id"]),
        ("Straßen, улицы, 停水", ["straßen", "улицы", "停水"]),
        ("<!channel> & | ' \x00", ["channel"]),
        ("", []),
    ],
)
def test_words_are_compared_without_their_endings(text: str, found: list[str]) -> None:
    assert terms(text) == found


def ranked(text: str, *specs: ComponentSpec) -> list[str]:
    return list(Ranking(map(document_of, specs)).scores(text))


def test_what_it_is_called_counts_more_than_what_is_said_of_it() -> None:
    said = ComponentSpec("a", "Something", "Sometimes about a hydrant.")
    called = ComponentSpec("b", "Inspect a hydrant")
    ranking = Ranking(map(document_of, (said, called)))
    assert ranking.best("hydrant", 2) == ["b", "a"]


def test_a_word_that_all_have_says_little() -> None:
    many = [ComponentSpec(f"a{n}", "Report report report") for n in range(9)]
    assert Ranking(map(document_of, [*many, ComponentSpec("z", "Trees")])).best("report a tree", 1) == ["z"]


@pytest.mark.parametrize(
    "where",
    [
        {"path_params": {"pothole_id": {}}},
        {"query_params": {"potholeId": {}}},
        {"request_schema": {"properties": {"a": {"properties": {"pothole": {}}}}}},
        {"response_schema": {"items": {"properties": {"a": {"items": {"properties": {"potholes": {}}}}}}}},
        {"category": "potholes"},
        {"description": "Of potholes"},
    ],
)
def test_all_that_a_component_says_is_found(where: dict[str, Any]) -> None:
    assert ranked("A pothole", ComponentSpec("a", "x", **where), ComponentSpec("b", "y")) == ["a"]


@pytest.mark.parametrize(
    "odd", [None, True, [], "x", {"properties": []}, {"items": []}, {"properties": {"a": None}}]
)
def test_no_schema_is_too_odd(odd: Any) -> None:
    document_of(ComponentSpec("a", "x", request_schema=odd, response_schema=odd))


def test_the_others_follow_by_key_and_the_limit_holds() -> None:
    ranking = Ranking([Document(key, {"x": 1.0}) for key in "dcba"])
    assert ranking.best("nothing", 3) == ["a", "b", "c"]
    assert ranking.best("x", 2) == ["a", "b"]
    assert Ranking([]).best("x", 2) == []
