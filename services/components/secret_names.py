"""Which secrets a component names, and where they are to be found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from services.components.definitions import ComponentDefinition

_NAMED = re.compile(r"(env|secret):([A-Za-z_][A-Za-z0-9_]*)")


def named_secrets(definition: ComponentDefinition) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the secrets that are taken from the environment, and of those that are kept sealed."""
    found = [match for text in _texts(definition) if (match := _NAMED.fullmatch(text))]
    return (
        frozenset(match[2] for match in found if match[1] == "env"),
        frozenset(match[2] for match in found if match[1] == "secret"),
    )


def variables_in(members: Mapping[str, Any]) -> frozenset[str]:
    """The environment variables that a component names, by its members as they are stored or imported.

    They need not be checked anew for that, which takes long for a thousand.
    """
    stated = [members.get("auth") or {}, *(members.get("headers") or {}).values()]
    texts = [text for each in stated for text in _strings(each)]
    return frozenset(match[2] for text in texts if (match := _NAMED.fullmatch(text)) and match[1] == "env")


def _texts(definition: ComponentDefinition) -> Iterator[str]:
    """Where a component's own values stand: its auth, its own headers, and what it says itself in the query."""
    yield from _strings(definition.auth.model_dump())
    for schema in definition.headers.values():
        yield from _strings([schema.get("const"), schema.get("default")])
    for _, value in parse_qsl(urlsplit(definition.endpoint_url).query):
        yield value


def _strings(value: Any) -> Iterator[str]:
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, str):
            yield each
