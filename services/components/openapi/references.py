"""`$ref` inside of a document, followed when it is needed and nowhere else: what is outside is not fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from services.components.openapi.model import OperationRefused, Reason
from services.formats.text import clip

_MOST_STEPS = 50


class References:
    """What the references of one document lead to."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._found: dict[str, Any] = {}

    def target(self, reference: str) -> Any:
        """What one reference leads to; that may be another reference. Raises OperationRefused."""
        if reference not in self._found:
            self._found[reference] = self._looked_up(reference)
        return self._found[reference]

    def resolved(self, value: Any) -> dict[str, Any]:
        """A mapping, or what its reference leads to in the end. Raises OperationRefused."""
        reference = ""
        for _ in range(_MOST_STEPS):
            if not isinstance(value, dict):
                return {}
            reference = text(value.get("$ref"))
            if not reference:
                return value
            value = self.target(reference)
        raise OperationRefused(Reason.CIRCULAR_REFERENCE, clip(reference, 100))

    def _looked_up(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise OperationRefused(Reason.REMOTE_REFERENCE, clip(reference, 100))
        if reference != "#" and not reference.startswith("#/"):
            raise OperationRefused(Reason.DANGLING_REFERENCE, clip(reference, 100))
        value: Any = self._document
        for part in unquote(reference[1:]).split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and name in value:
                value = value[name]
            elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
                value = value[int(name)]
            else:
                raise OperationRefused(Reason.DANGLING_REFERENCE, clip(reference, 100))
        return value


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The value if it is a list, an empty one otherwise."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value if it is text, none otherwise."""
    return value if isinstance(value, str) else ""
