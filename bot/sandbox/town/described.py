"""What the town says of its APIs itself: an OpenAPI document, as towns have them, of a dozen operations."""

from __future__ import annotations

from typing import Any

from bot.sandbox.town.api import AREAS

_TEXT = {"type": "string"}
_TOKEN: list[Any] = [{"token": []}]
_CREWS_KEY: list[Any] = [{"crews_key": []}]
_ORDER = {
    "type": "object",
    "properties": dict.fromkeys(("work_order_id", "status", "area", "title", "priority", "notes"), _TEXT),
}
_WISH = {"type": "object", "required": ["title"], "properties": {"title": _TEXT, "description": _TEXT}}
_CHANGE = {"type": "object", "properties": {"notes": _TEXT, "priority": _TEXT}}
_ASSIGNMENT = {"type": "object", "required": ["work_order_id"], "properties": {"work_order_id": _TEXT}}
_CLOSURE = {"type": "object", "properties": {"street": _TEXT, "reason": _TEXT}}


def town_document(url: str) -> dict[str, Any]:
    """The document; `url` is where the town is, or "/" where it is fetched from there."""
    area = _in_path("area", {"type": "string", "enum": list(AREAS)})
    order, crew, closure = (_in_path(name, _TEXT) for name in ("work_order_id", "crew_id", "closure_id"))
    skill = {"name": "skill", "in": "query", "schema": _TEXT}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Town API", "version": "1.0"},
        "servers": [{"url": url}],
        "security": _TOKEN,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "crews_key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            }
        },
        "paths": {
            "/areas/{area}/work-orders": {
                "parameters": [area],
                "get": _operation("Works", "listOrders", "List the work orders of an area"),
                "post": _operation("Works", "createOrder", "Open a work order for an area", body=_WISH),
            },
            "/work-orders/{work_order_id}": {
                "parameters": [order],
                "get": _operation("Works", "getOrder", "Read one work order"),
                "patch": _operation("Works", "changeOrder", "Change what a work order says", body=_CHANGE),
            },
            "/work-orders/{work_order_id}/close": {
                "parameters": [order],
                "post": _operation("Works", "closeOrder", "Close a work order that is done", body=_CHANGE),
            },
            "/crews/available": {
                "get": _operation(
                    "Crews", "findCrews", "Find crews that are free", parameters=[skill], security=_CREWS_KEY
                ),
            },
            "/crews/{crew_id}/assignment": {
                "parameters": [crew],
                "post": _operation(
                    "Crews", "assignCrew", "Send a crew to a work order", body=_ASSIGNMENT, security=_CREWS_KEY
                ),
                "delete": _operation("Crews", "releaseCrew", "Call a crew back", security=_CREWS_KEY),
            },
            "/areas/{area}/road-closures": {
                "parameters": [area],
                "get": _operation("Streets", "listClosures", "List the roads that are closed in an area"),
                "post": _operation("Streets", "closeRoad", "Close a road for a while", body=_CLOSURE),
            },
            "/road-closures/{closure_id}": {
                "parameters": [closure],
                "delete": _operation("Streets", "reopenRoad", "Open a road that was closed"),
            },
            "/areas/{area}/water": {
                "parameters": [area],
                "get": _operation("Streets", "getValve", "Read whether the water of an area is on"),
            },
        },
    }


def _in_path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _operation(tag: str, name: str, summary: str, *, body: Any = None, **members: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": _ORDER if tag == "Works" else {"type": "object"}}}
    operation: dict[str, Any] = {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        "description": f"{summary}.",
        "responses": {"200": {"description": "What was asked for.", "content": content}},
        **members,
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation
