"""What every API of the town is made of: routes, calls, answers, refusals and credentials."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Values = dict[str, Any]

AREAS = ("downtown", "northside", "southside", "eastside", "riverside")


class Refused(Exception):
    """A request that is not carried out, and why."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: a status and a JSON document."""

    status: int
    document: Any


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it was received. `body` is a JSON object, or a form whose repeated fields are lists."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Values
    is_form: bool
    now: datetime

    def text(self, name: str) -> str:
        """A member of the body that must be text and must not be empty."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value.strip():
            raise Refused(400, "invalid", f"{name} must be text and must not be empty")
        return value

    def optional_text(self, name: str) -> str | None:
        """A member of the body that may be missing or null."""
        return None if self.body.get(name) is None else self.text(name)

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        """A member of the body that must be one of a few words."""
        value = self.body.get(name, default)
        if value not in allowed:
            raise Refused(400, "invalid", f"{name} must be one of {', '.join(allowed)}")
        return str(value)

    def area(self) -> str:
        """The area in the path."""
        area = self.path["area"]
        if area not in AREAS:
            raise Refused(404, "unknown_area", f"there is no area {area}; there are {', '.join(AREAS)}")
        return area


class Credentials(Protocol):
    """What a request must bring. `keys` are the secrets by their names in the environment."""

    def accepts(self, call: Call, keys: Mapping[str, str]) -> bool:
        """Whether the request brings it."""


class Anybody:
    """No credentials."""

    def accepts(self, call: Call, keys: Mapping[str, str]) -> bool:
        """Everybody may."""
        return True


@dataclass(frozen=True, slots=True)
class Bearer:
    """A bearer token."""

    name: str

    def accepts(self, call: Call, keys: Mapping[str, str]) -> bool:
        """Whether the token is right."""
        return _same(call.headers.get("Authorization", ""), f"Bearer {keys[self.name]}")


@dataclass(frozen=True, slots=True)
class HeaderKey:
    """A key in a header."""

    name: str
    header: str

    def accepts(self, call: Call, keys: Mapping[str, str]) -> bool:
        """Whether the key is right."""
        return _same(call.headers.get(self.header, ""), keys[self.name])


@dataclass(frozen=True, slots=True)
class FormKey:
    """A key in the form, as Open311 has it."""

    name: str
    member: str

    def accepts(self, call: Call, keys: Mapping[str, str]) -> bool:
        """Whether the key is right."""
        return _same(str(call.body.get(self.member, "")), keys[self.name])


@dataclass(frozen=True, slots=True)
class Basic:
    """A user name and a password."""

    username: str
    name: str

    def accepts(self, call: Call, keys: Mapping[str, str]) -> bool:
        """Whether both are right."""
        pair = base64.b64encode(f"{self.username}:{keys[self.name]}".encode()).decode()
        return _same(call.headers.get("Authorization", ""), f"Basic {pair}")


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def error_document(refusal: Refused) -> Any:
    """An error as the town's own APIs put it."""
    return {"error": {"code": refusal.code, "message": refusal.description}}


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. Its name is the key of its component in the sandbox's pack, where it has one.

    `idempotent`: the same Idempotency-Key gets the same answer and no second effect. `encode` makes bytes of a
    document where it is not sent as JSON, and `content_type` says what they are.
    """

    name: str
    method: str
    path: str
    handle: Callable[[Call], Answer]
    credentials: Credentials = field(default_factory=Anybody)
    idempotent: bool = False
    refusal_status: int = 401
    error: Callable[[Refused], Any] = error_document
    encode: Callable[[Any], bytes] | None = None
    content_type: str = "application/json"
