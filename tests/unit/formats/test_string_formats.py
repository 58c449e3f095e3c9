"""Formats of texts: what counts, and what is taken as it comes."""

from __future__ import annotations

import pytest

from services.plans.schemas import Schema
from services.plans.validation import FaultCode
from tests.support.builders import body, codes, component, report, step

GOOD = [
    ("date", "2026-11-25"),
    ("date", "2028-02-29"),
    ("date-time", "2026-11-25T08:00:00Z"),
    ("date-time", "2026-11-25T08:00:00.123+05:30"),
    ("date-time", "2026-11-25 08:00"),
    ("date-time", "2026-11-25T08:00:00-0600"),
    ("email", "priya@town.example"),
    ("uri", "https://town.example/a?b=c#d"),
    ("uri", "tel:+15551234"),
    ("uuid", "0B6C1E8E-93B1-4f0e-8a53-3a2f0a3c7d11"),
    ("hostname", "anything goes"),
    ("no-such-format", "anything goes"),
]
BAD = [
    ("date", "25.11.2026"),
    ("date", "2026-02-30"),
    ("date", "2026-11-25T08:00:00Z"),
    ("date", "tomorrow"),
    ("date-time", "2026-11-25"),
    ("date-time", "tomorrow at 8"),
    ("date-time", "2026-11-25T25:00:00Z"),
    ("email", "email of reporter"),
    ("email", "a@b@c"),
    ("uri", "town.example/a"),
    ("uri", "https://town.example/a b"),
    ("uuid", "0b6c1e8e"),
    ("uuid", "SR-7"),
]


@pytest.mark.parametrize(("name", "text"), GOOD)
def test_what_is_of_the_format(name: str, text: str) -> None:
    assert Schema({"format": name}).misfits(text, {"type": "string", "format": name}) == []


@pytest.mark.parametrize(("name", "text"), BAD)
def test_what_is_not(name: str, text: str) -> None:
    [found] = Schema({}).misfits(text, {"type": "string", "format": name}) or []
    assert found.validator == "format"


@pytest.mark.parametrize("value", [7, None, True, [], {}])
def test_a_format_speaks_of_texts_only(value: object) -> None:
    assert Schema({}).misfits(value, {"format": "date"}) == []


def test_a_plan_is_held_to_it_where_it_says_the_value_itself() -> None:
    takes = {"type": "object", "properties": {"day": {"type": "string", "format": "date"}}}
    file = component("city.file", request_schema=takes)
    assert codes(report((step("a", "city.file", *body(day="tomorrow")),), file).errors) == [
        FaultCode.INVALID_LITERAL
    ]
    for value in ("2026-11-25", "{{issue.text}}", "{{a.b}}T"):
        plan = (step("a", "free", then=["b"]), step("b", "city.file", *body(day=value)))
        assert FaultCode.INVALID_LITERAL not in codes(report(plan, file).errors)
