"""A component with every member that there is, and packs as they are written."""

from __future__ import annotations

from typing import Any

import yaml

WORK_ORDER: dict[str, Any] = {
    "key": "workorders.create",
    "name": "Create a work order",
    "description": "Opens a work order with the works department.",
    "type": "REST",
    "category": "work",
    "http_method": "POST",
    "endpoint_url": "https://works.example.gov/api/areas/{area}/work-orders",
    "path_params": {"area": {"type": "string", "required": True}},
    "query_params": {"ids": {"type": "array"}},
    "serialization": {"ids": "comma"},
    "headers": {},
    "request_schema": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}},
    "response_schema": {"type": "object", "properties": {"work_order_id": {"type": "string"}}},
    "response_headers": ["Location"],
    "body_format": "json",
    "content_type": "application/vnd.api+json",
    "response_format": "plain",
    "auth": {"type": "bearer", "token": "env:WORKS_TOKEN"},
    "approval": "plan",
    "idempotent": False,
    "timeout_seconds": 30,
    "attempts": 4,
    "max_concurrent": 3,
    "per_minute": 60,
    "graphql": "",
    "rpc_method": "",
    "owner_service": "works",
    "version": "1.0",
}


def pack(*components: Any) -> str:
    return yaml.safe_dump({"components": list(components)}, sort_keys=False)
