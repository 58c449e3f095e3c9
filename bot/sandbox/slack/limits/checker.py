"""The means to check Slack's JSON: problems with their JSON pointers, in Slack's words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from bot.sandbox.slack.state.model import Json

PLAIN: frozenset[str] = frozenset({"plain_text"})
ANY_TEXT: frozenset[str] = frozenset({"plain_text", "mrkdwn"})

_TEXT_KEYS = {"plain_text": {"type", "text", "emoji"}, "mrkdwn": {"type", "text", "verbatim"}}


class Problems:
    """What is wrong with a payload, each as Slack writes it into `response_metadata.messages`."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, pointer: str, message: str) -> None:
        """Note a problem at a JSON pointer."""
        self.messages.append(f"[ERROR] {message} [json-pointer:{pointer}]")

    def only(self, value: Mapping[str, Any], pointer: str, keys: Collection[str]) -> None:
        """Refuse members that Slack does not know."""
        for key in value:
            if key not in keys:
                self.add(pointer, f"invalid additional property: {key}")

    def object_at(self, parent: Json, key: str, pointer: str, *, required: bool = False) -> Json | None:
        """The object under `key`, or None with the problem noted."""
        value = parent.get(key)
        if value is None:
            if required:
                self.add(pointer, f"missing required field: {key}")
            return None
        if not isinstance(value, dict):
            self.add(f"{pointer}/{key}", "must provide an object")
            return None
        return value

    def array(
        self, parent: Json, key: str, pointer: str, *, at_least: int = 0, at_most: int, required: bool = False
    ) -> list[Any]:
        """The array under `key`, held to its length; empty if it is missing or no array."""
        value = parent.get(key)
        if value is None:
            if required:
                self.add(pointer, f"missing required field: {key}")
            return []
        if not isinstance(value, list):
            self.add(f"{pointer}/{key}", "must provide an array")
            return []
        if len(value) < at_least:
            self.add(f"{pointer}/{key}", f"no fewer than {at_least} items allowed")
        if len(value) > at_most:
            self.add(f"{pointer}/{key}", f"no more than {at_most} items allowed")
        return value

    def objects(
        self, parent: Json, key: str, pointer: str, *, at_least: int = 0, at_most: int, required: bool = False
    ) -> list[tuple[Json, str]]:
        """The objects of an array, each with its pointer; what is no object is noted and left out."""
        values = self.array(parent, key, pointer, at_least=at_least, at_most=at_most, required=required)
        found = []
        for index, value in enumerate(values):
            here = f"{pointer}/{key}/{index}"
            if isinstance(value, dict):
                found.append((value, here))
            else:
                self.add(here, "must provide an object")
        return found

    def string(
        self,
        parent: Json,
        key: str,
        pointer: str,
        *,
        at_most: int | None = None,
        at_least: int = 1,
        required: bool = False,
    ) -> str | None:
        """The string under `key`, held to its length in characters."""
        value = parent.get(key)
        if value is None:
            if required:
                self.add(pointer, f"missing required field: {key}")
            return None
        if not isinstance(value, str):
            self.add(f"{pointer}/{key}", "must provide a string")
            return None
        if len(value) < at_least:
            self.add(f"{pointer}/{key}", f"must be more than {at_least - 1} characters")
        if at_most is not None and len(value) > at_most:
            self.add(f"{pointer}/{key}", f"must be less than {at_most + 1} characters")
        return value

    def integer(self, parent: Json, key: str, pointer: str, *, at_least: int, at_most: int) -> int | None:
        """The whole number under `key`, held to its range."""
        value = parent.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self.add(f"{pointer}/{key}", "must provide an integer")
            return None
        if not at_least <= value <= at_most:
            self.add(f"{pointer}/{key}", f"must be between {at_least} and {at_most}")
        return value

    def boolean(self, parent: Json, key: str, pointer: str) -> None:
        """Note a problem where `key` is there and no boolean."""
        if parent.get(key) is not None and not isinstance(parent[key], bool):
            self.add(f"{pointer}/{key}", "must provide a boolean")

    def one_of(
        self, parent: Json, key: str, pointer: str, allowed: Collection[str], *, required: bool = False
    ) -> None:
        """Note a problem where `key` holds another word than one of `allowed`."""
        value = parent.get(key)
        if value is None:
            if required:
                self.add(pointer, f"missing required field: {key}")
        elif not isinstance(value, str) or value not in allowed:
            self.add(f"{pointer}/{key}", "must be a valid enum value")

    def kind(self, value: Json, pointer: str, allowed: Collection[str]) -> str | None:
        """The object's `type` if it is one of `allowed`, else None with the problem noted."""
        kind = value.get("type")
        if isinstance(kind, str) and kind in allowed:
            return kind
        self.add(f"{pointer}/type", f"unsupported type: {kind}")
        return None

    def text(
        self,
        parent: Json,
        key: str,
        pointer: str,
        *,
        at_most: int,
        kinds: frozenset[str] = PLAIN,
        required: bool = False,
    ) -> None:
        """Check the text object under `key`."""
        value = self.object_at(parent, key, pointer, required=required)
        if value is not None:
            self.text_object(value, f"{pointer}/{key}", at_most=at_most, kinds=kinds)

    def text_object(self, value: Json, pointer: str, *, at_most: int, kinds: frozenset[str]) -> None:
        """Check a text object: its kind, its members, its length."""
        kind = self.kind(value, pointer, kinds)
        if kind is None:
            return
        self.only(value, pointer, _TEXT_KEYS[kind])
        self.string(value, "text", pointer, at_most=at_most, required=True)
