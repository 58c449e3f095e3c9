"""Names and descriptions that a model can't choose by, and those that it can."""

from __future__ import annotations

import pytest

from services.components.linting import LintCode, lint
from services.components.specs import ComponentSpec
from tests.support.pack import TOWN


def spec(key: str = "works.closeRoad", name: str = "Close a road", description: str = "") -> ComponentSpec:
    return ComponentSpec(key, name, description or "Closes a stretch of road to traffic for some hours.")


@pytest.mark.parametrize(
    ("component", "code", "suggestion"),
    [
        (spec(description="TODO"), LintCode.PLACEHOLDER, "Close road"),
        (spec(description="string"), LintCode.PLACEHOLDER, "Close road"),
        (spec(description="Add description here"), LintCode.PLACEHOLDER, "Close road"),
        (spec(description="Closes."), LintCode.TOO_SHORT, "Close road."),
        (spec(description="close a road."), LintCode.NAME_REPEATED, "Close road."),
        (spec(name="getRoadById"), LintCode.NAME_IS_ID, "Get road by id"),
    ],
)
def test_it_is_named_with_a_better_one(component: ComponentSpec, code: LintCode, suggestion: str) -> None:
    assert [(each.code, each.suggestion) for each in lint([component])] == [(code, suggestion)]


def test_what_is_well_described_is_left_alone() -> None:
    assert lint([spec(), spec("works.find", "Find work orders", "Lists the work orders of an area.")]) == ()
    assert [each for each in lint(TOWN) if each.code != LintCode.TOO_SHORT] == []


def test_near_twins_are_named_both() -> None:
    one = spec("a.one", "Get an order", "Gets the order that has this id, with all its lines and their prices.")
    two = spec("a.two", "Get an order", "Gets the order that has this id, with all its lines and the prices.")
    found = lint([one, two, spec()])
    assert [(each.key, each.code, each.other) for each in found] == [
        ("a.one", LintCode.TWINS, "a.two"),
        ("a.two", LintCode.TWINS, "a.one"),
    ]


def test_boilerplate_is_named_with_what_is_left_without_it() -> None:
    shared = "Rate limits apply to all requests, see the guide for them. " * 3 + "\n" + "Needs a token. " * 10
    own = ("Closes a road.", "Opens a valve.", "Sends out a crew.", "Tells the residents.")
    found = lint(
        [spec(f"a.{number}", f"Number {number}", f"{each}\n\n{shared}") for number, each in enumerate(own)]
    )
    boilerplate = [each for each in found if each.code == LintCode.BOILERPLATE]
    assert [each.suggestion for each in boilerplate] == list(own)
