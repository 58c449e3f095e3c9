"""The rules of work objects: what an entity must hold, by @slack/types' message-metadata.d.ts."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlsplit

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state.model import Json

TYPES = frozenset(f"slack#/entities/{kind}" for kind in ("task", "incident", "item", "file", "content_item"))
COLOURS = frozenset({"red", "yellow", "green", "gray", "blue"})
ENTITIES = 10

_TASK = frozenset(
    {
        "description",
        "created_by",
        "date_created",
        "date_updated",
        "assignee",
        "status",
        "due_date",
        "priority",
    }
)
_ATTRIBUTES = frozenset(
    {
        "title",
        "display_id",
        "display_type",
        "product_name",
        "product_icon",
        "metadata_last_modified",
        "locale",
        "full_size_preview",
    }
)


def check_entities(entities: Any) -> list[Json]:
    """Check the entities of a message. Raises invalid_metadata_schema."""
    if not isinstance(entities, list) or not 0 < len(entities) <= ENTITIES:
        raise SlackError("invalid_metadata_schema")
    for entity in entities:
        if not is_entity(entity):
            raise SlackError("invalid_metadata_schema")
    return entities


def is_entity(entity: Any) -> bool:
    """Whether this is a work object as Slack takes it."""
    if not isinstance(entity, dict) or entity.get("entity_type") not in TYPES:
        return False
    if not entity.keys() <= {"entity_type", "url", "app_unfurl_url", "external_ref", "entity_payload"}:
        return False
    reference, payload = entity.get("external_ref"), entity.get("entity_payload")
    if not (isinstance(reference, dict) and isinstance(reference.get("id"), str) and reference["id"]):
        return False
    if urlsplit(str(entity.get("url") or "")).scheme not in ("http", "https"):
        return False
    return isinstance(payload, dict) and _is_payload(payload)


def _is_payload(payload: Json) -> bool:
    attributes, fields = payload.get("attributes"), payload.get("fields", {})
    if not isinstance(attributes, dict) or not attributes.keys() <= _ATTRIBUTES or not isinstance(fields, dict):
        return False
    title = attributes.get("title")
    if not (isinstance(title, dict) and isinstance(title.get("text"), str) and title["text"]):
        return False
    return fields.keys() <= _TASK and all(_is_field(name, field) for name, field in fields.items())


def _is_field(name: str, field: Any) -> bool:
    if not isinstance(field, dict):
        return False
    if name in ("assignee", "created_by"):
        user = field.get("user")
        return field.get("type") == "slack#/types/user" and isinstance(user, dict) and bool(user.get("user_id"))
    if name == "due_date":
        return field.get("type") == "slack#/types/date" and _is_date(field.get("value"))
    if name.startswith("date_"):
        return isinstance(field.get("value"), int)
    is_coloured = "tag_color" not in field or field["tag_color"] in COLOURS
    return isinstance(field.get("value"), str) and bool(field["value"]) and is_coloured


def _is_date(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False
