"""What the Gemini stand-in can be told to do wrong, and how a good answer is made into a bad one."""

from __future__ import annotations

import asyncio
import copy
import json
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Status:
    """An error of the API. `retry_delay`: seconds, as google.rpc.RetryInfo; `daily`: a quota that is used up.

    `in_list`: the body is a list of one, as streaming endpoints and some gateways answer. `word`: the name of
    the status, where it is not the usual one of its number.
    """

    code: int
    retry_delay: float | None = None
    reason: str = ""
    message: str = ""
    daily: bool = False
    in_list: bool = False
    word: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A proxy's HTML page under this status, in place of an answer."""

    code: int = 200


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is cut without an answer."""


@dataclass(frozen=True, slots=True)
class Slow:
    """A good answer, after this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """A good answer, once the test says `released.set()`; `reached` says that the request has come."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer for as long as the stand-in lives."""


@dataclass(frozen=True, slots=True)
class NoCandidates:
    """An answer with nothing in it."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Withheld by a filter: "prompt" or "answer", and the API's word for why."""

    where: str = "prompt"
    reason: str = "SAFETY"


@dataclass(frozen=True, slots=True)
class Finished:
    """No text, and the API's word for why, such as RECITATION; a number for one that has no word yet."""

    reason: str | int


@dataclass(frozen=True, slots=True)
class Truncated:
    """Cut in the middle, as at the output limit."""


@dataclass(frozen=True, slots=True)
class BrokenJson:
    """Text that is no JSON."""


@dataclass(frozen=True, slots=True)
class WrongShape:
    """JSON of another shape."""


@dataclass(frozen=True, slots=True)
class UnknownComponent:
    """A component that the prompt does not list."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A plan whose last step comes before its first."""


@dataclass(frozen=True, slots=True)
class Text:
    """The given text, whatever was asked."""

    text: str


@dataclass(frozen=True, slots=True)
class Fine:
    """A good answer: to let a call through before the next fault."""


Fault = (
    Status
    | Page
    | Drop
    | Slow
    | Hold
    | Hang
    | NoCandidates
    | Blocked
    | Truncated
    | BrokenJson
    | WrongShape
    | UnknownComponent
    | Cycle
    | Text
    | Finished
    | Fine
)


def spoiled(document: Document, fault: Fault) -> str:
    """The text of a good document, with the fault in it if it is one of the text."""
    good = json.dumps(document, ensure_ascii=False)
    match fault:
        case Text(text):
            return text
        case Truncated():
            return good[: len(good) // 2]
        case BrokenJson():
            return "Here is your plan:\n" + good[:-1]
        case WrongShape():
            return json.dumps({"answer": list(document)})
        case UnknownComponent():
            return json.dumps(_with_unknown_component(document))
        case Cycle():
            return json.dumps(_with_cycle(document))
        case _:
            return good


def _with_unknown_component(document: Document) -> Document:
    spoilt = copy.deepcopy(document)
    if "steps" in spoilt:
        spoilt["steps"][0]["component_id"] = "nobody.knows_this"
    else:
        spoilt["selected_component_ids"] = ["nobody.knows_this"]
    return spoilt


def _with_cycle(document: Document) -> Document:
    spoilt = copy.deepcopy(document)
    if steps := spoilt.get("steps"):
        for step, following in zip(steps, [*steps[1:], steps[0]], strict=True):
            step["next"] = [following["step_id"]]
    return spoilt


def error_body(status: Status) -> Document:
    """The body of an API error, as Google writes it."""
    details: list[Document] = []
    if status.reason:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": status.reason})
    if status.daily:
        quota = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
        details.append(
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}
        )
    if status.retry_delay is not None:
        info = "type.googleapis.com/google.rpc.RetryInfo"
        details.append({"@type": info, "retryDelay": f"{status.retry_delay:g}s"})
    message = status.message or f"The stand-in was told to answer {status.code}."
    error = {"code": status.code, "message": message, "status": status.word or _NAMES.get(status.code, "UNKNOWN")}
    return {"error": error | ({"details": details} if details else {})}


_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    499: "CANCELLED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
