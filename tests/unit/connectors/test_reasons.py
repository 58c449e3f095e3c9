"""Why an API says no, wherever it says so."""

from __future__ import annotations

from typing import Any

import pytest

from services.connectors.responses.reasons import reason_in


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"message": "No such area"}, "No such area"),
        ({"error": "No such area"}, "No such area"),
        ({"error": {"message": "No such area", "code": 7}}, "No such area"),
        ({"error": {"code": "x", "message": {"lang": "en", "value": "No such area"}}}, "No such area"),
        ({"error": "invalid_client", "error_description": "The key is old"}, "The key is old"),
        ({"detail": "No such area"}, "No such area"),
        ({"detail": [{"loc": ["body", "area"], "msg": "field required"}]}, "field required"),
        ({"errors": [{"message": "A"}, {"message": "B"}, {"message": "A"}]}, "A; B"),
        ({"errors": ["A", "B"]}, "A; B"),
        ({"errors": {"area": ["is not known"]}}, "is not known"),
        ({"type": "about:blank", "title": "Bad request.", "detail": "No such area"}, "Bad request: No such area"),
        (
            {"message": "Validation failed", "errors": [{"message": "area is missing"}]},
            "Validation failed: area is missing",
        ),
        ({"status": 400, "title": "Bad Request"}, "Bad Request"),
        ([{"code": 400, "description": "jurisdiction_id is invalid"}], "jurisdiction_id is invalid"),
        ({"errors": {"error": {"code": "400", "description": "No such service"}}}, "No such service"),
        (
            {"Envelope": {"Body": {"Fault": {"faultcode": "Client", "faultstring": "No such area"}}}},
            "No such area",
        ),
        ("No such area", "No such area"),
        ("<html><head><title>502 Bad Gateway</title></head><body><h1>x</h1></body></html>", "502 Bad Gateway"),
        ("<p>No <b>such</b> area</p>", "No such area"),
        ({"ok": False}, ""),
        ({"error": None, "message": ""}, ""),
        (None, ""),
        (7, ""),
        ({"message": "a" * 900}, "a" * 500),
        ({"message": "two\n lines"}, "two lines"),
    ],
)
def test_the_reason_is_found(body: Any, reason: str) -> None:
    assert reason_in(body) == reason


def test_any_depth_is_borne() -> None:
    body: Any = "deep"
    for _ in range(60):
        body = {"error": [body]}
    assert reason_in(body) == ""
