"""An OpenAPI document of a pet town, of a dozen operations that the sandbox's town answers or refuses."""

from __future__ import annotations

import json
from typing import Any

GOOD: dict[str, Any] = {"200": {"description": "Good.", "content": {"application/json": {"schema": {}}}}}


def pet_town(url: str, **changes: Any) -> dict[str, Any]:
    """The document; its work orders are the town's own. `changes` go over its members."""
    order_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    area = {"name": "area", "in": "path", "required": True, "schema": {"type": "string"}}
    title = {"type": "object", "properties": {"title": {"type": "string"}, "category": {"type": "string"}}}
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Pet Town", "version": "1.0"},
        "servers": [{"url": url}],
        "paths": {
            "/work-orders/{id}": {"get": _operation("orders", "getOrder", "Read a work order", [order_id])},
            "/areas/{area}/work-orders": {
                "post": _operation("orders", "createOrder", "Send a crew to mend something", [area], title)
            },
            **{
                f"/{name}s": {
                    "get": _operation("pets", f"list{name.title()}s", f"List every {name} of the town"),
                    "post": _operation("pets", f"add{name.title()}", f"Register a {name} of a resident", [], title),
                }
                for name in ("dog", "cat", "parrot", "pony")
            },
            "/licences/{id}": {"delete": _operation("licences", "endLicence", "Take a licence away", [order_id])},
            "/cookies": {
                "get": _operation(
                    "licences",
                    "listCookies",
                    "List what needs a cookie",
                    [{"name": "session", "in": "cookie", "required": True, "schema": {"type": "string"}}],
                )
            },
        },
    }
    return {**whole, **changes}


def pet_town_bytes(url: str, **changes: Any) -> bytes:
    """The same as JSON."""
    return json.dumps(pet_town(url, **changes)).encode()


def _operation(
    tag: str, name: str, summary: str, parameters: list[Any] | None = None, body: Any = None
) -> dict[str, Any]:
    operation = {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        "description": f"{summary}.",
        "parameters": parameters or [],
        "responses": GOOD,
    }
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return operation
