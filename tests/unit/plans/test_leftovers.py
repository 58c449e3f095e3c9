"""Placeholders of other languages are warned of; what only looks like one is left alone."""

from __future__ import annotations

import time

import pytest

from services.plans.validation import FaultCode
from services.plans.validation.leftovers import leftovers
from tests.support.builders import body, only, report, step


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("${find.id}", ["${find.id}"]),
        ("Order ${id} is on its way", ["${id}"]),
        ("{find.results[0].id}", ["{find.results[0].id}"]),
        ("Dear {name}, thank you", ["{name}"]),
        ("{% if crew %}now{% endif %}", ["{% if crew %}", "{% endif %}"]),
        ("<email of reporter>", ["<email of reporter>"]),
        ("<crew_id>", ["<crew_id>"]),
        ("<Name der Straße>", ["<Name der Straße>"]),
        ("[insert address]", ["[insert address]"]),
        ("[your name here]", ["[your name here]"]),
        ("YOUR_API_KEY", ["YOUR_API_KEY"]),
        ("TODO", ["TODO"]),
        ("TODO: find the crew", ["TODO"]),
        ("TBD", ["TBD"]),
        ('{"to": "<phone number>", "text": "hi"}', ["<phone number>"]),
        ('["{crew}"]', ["{crew}"]),
    ],
)
def test_a_left_over_placeholder(text: str, found: list[str]) -> None:
    assert leftovers(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{{find.id}}",
        "Order {{find.id}} of {{ask.answer}}",
        "TODO EL BARRIO ESTÁ SIN LUZ",
        "todo list",
        "a < b and c > d",
        "<b>Water is off</b>",
        "<br>",
        "<p><strong>big news</strong> for <small caps>you</small></p>",
        "<https://example.org|the form>",
        "<@U0123456789> and <!subteam^S1>",
        "Dana <dana@example.org>",
        '{"lat": 1, "lng": 2}',
        '{"find": {"id": 7}}',
        "[1, 2, 3]",
        "[north side of the bridge]",
        "cost: $20 {approx.} [estimate]",
        r"\{name\}",
        "Set {} is empty",
    ],
)
def test_what_is_none(text: str) -> None:
    assert leftovers(text) == []


@pytest.mark.parametrize(
    "text", ["<a_" * 40_000, "<a b" * 40_000, "{a." * 40_000, "${" * 40_000, "[insert" * 9_999]
)
def test_long_texts_take_no_time(text: str) -> None:
    started = time.process_time()
    leftovers(text)
    assert time.process_time() - started < 1


def test_it_is_a_warning_at_its_input() -> None:
    found = only(report((step("tell", "free", *body(to="<email of reporter>")),)).warnings)
    assert (found.code, found.step_id, found.field) == (FaultCode.LEFTOVER_PLACEHOLDER, "tell", "body.to")
    assert found.detail == {"in": "body", "name": "to", "placeholder": "<email of reporter>"}
