"""How a call of a component can fail."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from services.errors import MuddaError

MAX_TOLD = 500
"""Characters of what a component said that are kept."""


class CallError(MuddaError):
    """A call of a component that gave no answer. No member ever holds a secret, nor the URL that was called.

    `code` is what the error is stored under, and its members are the facts of it.
    """

    code: ClassVar[str] = "call_failed"

    def to_dict(self) -> dict[str, Any]:
        """The code and the facts, as JSON."""
        return {"code": self.code, **vars(self)}


class UnresolvedReference(CallError):
    """A `reference` of an `input` ("body.title") points to what has no value. Nothing was sent."""

    code = "unresolved_reference"

    def __init__(self, *, reference: str, input: str) -> None:  # noqa: A002 - the plan's own word
        super().__init__(f"{reference} in {input} has no value")
        self.reference = reference
        self.input = input


class RequestRefused(CallError):
    """The value of an input ("path.area") can't be sent in its place. Nothing was sent.

    `reason` is "missing", "empty", "dot_segment", "not_a_text" (a list or an object where a text belongs),
    "not_an_object" (a body that can take no members), "not_json", "too_deep", "clash" (two inputs in one place),
    "bad_name", "control_character", "not_a_file", "file_gone" (it can't be had any more), "file_large" or
    "bad_certificate".
    """

    code = "request_refused"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class InputMisfit(CallError):
    """The value of an input ("body.title") is not what the component takes there. Nothing was sent.

    `at` is where in the value (".address.street"), `keyword` and `expected` are as JSON Schema has them.
    """

    code = "input_misfit"

    def __init__(self, name: str, *, at: str, keyword: str, expected: Any) -> None:
        super().__init__(f"{name}{at}: {keyword}")
        self.name = name
        self.at = at
        self.keyword = keyword
        self.expected = expected


class OriginRefused(CallError):
    """The value of an input ("body.to") comes from elsewhere than the component takes it from. Nothing was sent.

    `origins` and `allowed` are words of services.plans.origins.Origin.
    """

    code = "origin_refused"

    def __init__(self, name: str, *, origins: list[str], allowed: list[str]) -> None:
        super().__init__(f"{name}: from {', '.join(origins)}")
        self.name = name
        self.origins = origins
        self.allowed = allowed


class ConditionUndecided(CallError):
    """A condition asks which is greater, `found` or `other`, and there is no telling. `value` refers to one."""

    code = "condition_undecided"

    def __init__(self, value: str, *, found: str, other: str) -> None:
        super().__init__(f"{value} can't be compared")
        self.value = value
        self.found = found
        self.other = other


class NotPollable(CallError):
    """A wait.until names a `component` that may not be called again and again. Nothing was sent."""

    code = "not_pollable"

    def __init__(self, component: str) -> None:
        super().__init__(f"{component} can't be polled")
        self.component = component


class CallNotSupported(CallError):
    """A component of this `type` that does not say what is to be called: it is older than that could be said."""

    code = "call_not_supported"

    def __init__(self, type: str) -> None:  # noqa: A002 - the component's own word
        super().__init__(f"components of type {type} can't be called")
        self.type = type


class AnsweredError(CallError):
    """The component answered in full that the call failed, in the way of its kind ("graphql", "rpc").

    `message` is what it says, `data` what came beside that, as a text, `number` the code of an RPC error.
    """

    code = "answered_error"

    def __init__(self, kind: str, *, message: str, data: Any, status: int, number: int | None = None) -> None:
        super().__init__(f"{kind} error {'' if number is None else number}".strip())
        self.kind = kind
        self.message = message[:MAX_TOLD]
        self.data = "" if data is None else json.dumps(data, ensure_ascii=False)[:MAX_TOLD]
        self.answered = status
        self.number = number


class SecretMissing(CallError):
    """There is no secret of this `name`, or an empty one, or it can't be opened. Nothing was sent."""

    code = "secret_missing"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not set")
        self.name = name


class TokenRefused(CallError):
    """The token endpoint gave no token: its `status`, and its `error` code if there was one. Nothing was sent."""

    code = "token_refused"

    def __init__(self, *, status: int, error: str = "") -> None:
        super().__init__(" ".join(filter(None, (str(status), error))))
        self.status = status
        self.error = error


class AddressRefused(CallError):
    """The `host` must not be called. Nothing was sent.

    `reason` is what it is, or what one of its addresses is: "loopback", "private", "link_local", "multicast",
    "unspecified", "reserved", "metadata", "numeric" (an IPv4 address written in another way), "bad_host" or
    "bad_scheme".
    """

    code = "address_refused"

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host}: {reason}")
        self.host = host
        self.reason = reason


class RedirectRefused(CallError):
    """The answer was a redirect, with this `status`, to this `host` (empty where it named none)."""

    code = "redirect_refused"

    def __init__(self, *, status: int, host: str) -> None:
        super().__init__(" ".join(filter(None, (str(status), host))))
        self.status = status
        self.host = host


class NotSent(CallError):
    """No request reached the component, so calling again can do no harm.

    `reason` is "dns", "tls", "connection" or "timeout"; "secret" or "file" where it could not be read just now;
    "token" where the token endpoint could not answer, with
    its `status` if it had one. `retry_after`: seconds that it asked us to wait.
    """

    code = "not_sent"

    def __init__(self, reason: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(" ".join(filter(None, (reason, str(status or "")))))
        self.reason = reason
        self.status = status
        self.retry_after = retry_after


class MaybeSent(CallError):
    """The request may have reached the component, and no whole answer came back.

    `reason` is "timeout", "connection", "not_http", or "unreadable" of an answer that would have told whether it
    was done; `status` is set where the answer had begun.
    """

    code = "maybe_sent"

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(" ".join(filter(None, (reason, str(status or "")))))
        self.reason = reason
        self.status = status
