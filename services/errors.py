"""The tree of domain errors: facts as attributes; the edge writes the sentences.

MuddaError
├── NotFound                     an id that this workspace does not have
├── StaleVersion                 a decision about something that has changed since it was shown
├── MoveNotAllowed               a state that can't be left that way
├── ApprovalRefused              a decision that is not this person's to make
│   ├── NotAnApprover            they are not among the approvers
│   ├── SelfApproval             they asked for it themselves
│   └── AlreadyAgreed            they have agreed before, and others are still awaited
├── NotAsked                     an answer by somebody else than the person who was asked
├── ComponentExists              a key that the workspace has given to a component already
├── PackFaults                   a component pack with something wrong in it: every fault, with its line
├── CallError                    a call of a component that gave no answer
│   ├── UnresolvedReference      a reference that has no value
│   ├── RequestRefused           a value that can't be sent in its place
│   ├── NotPollable              a component that can't be called again and again
│   ├── CallNotSupported         a type of component that can't be called
│   ├── SecretMissing            a secret that the environment does not have
│   ├── TokenRefused             no access token for these client credentials
│   ├── AddressRefused           a host or an address that must not be called
│   ├── RedirectRefused          the answer sends us elsewhere
│   ├── NotSent                  no request reached the other side
│   └── MaybeSent                the request may have reached it
└── DraftFailed                  no plan came of an issue
    ├── NothingFits              the selector found no component for it
    ├── PlanRejected             the plan was still invalid after every repair
    └── GeminiError              the model gave no usable answer
        ├── GeminiUnavailable    429, 5xx or no connection, after every retry
        ├── GeminiTimeout        no answer within the time given
        ├── GeminiRefused        the request itself was refused (key, quota, arguments)
        ├── GeminiBlocked        withheld by the model's safety filters
        ├── GeminiEmpty          an answer without text
        ├── GeminiTruncated      cut at the output limit
        └── GeminiMalformed      not JSON, or JSON of another shape
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from services.usage import Usage

if TYPE_CHECKING:
    from services.packs import PackFault
    from services.plan import Plan
    from services.validation import Fault


class MuddaError(Exception):
    """A refusal or failure that the edge can put into words."""


class NotFound(MuddaError):
    """The workspace has nothing under this id; another workspace's id looks the same."""

    def __init__(self, kind: str, key: UUID | str | int) -> None:
        super().__init__(f"{kind} {key} not found")
        self.kind = kind
        self.key = key


class StaleVersion(MuddaError):
    """What was decided about has changed since it was shown."""

    def __init__(self, *, shown: int, current: int, state: str) -> None:
        super().__init__(f"revision {shown} was shown, {current} is current ({state})")
        self.shown = shown
        self.current = current
        self.state = state


class MoveNotAllowed(MuddaError):
    """The table of allowed moves has no such move."""

    def __init__(self, *, state: str, wanted: str) -> None:
        super().__init__(f"{state} -> {wanted} is not allowed")
        self.state = state
        self.wanted = wanted


class ApprovalRefused(MuddaError):
    """A decision that is not for this `user` to make."""

    def __init__(self, user: str, facts: str) -> None:
        super().__init__(f"{user} {facts}")
        self.user = user


class NotAnApprover(ApprovalRefused):
    """The workspace has approvers, and this `user` is none of them."""

    def __init__(self, user: str) -> None:
        super().__init__(user, "is no approver")


class SelfApproval(ApprovalRefused):
    """The `user` is an approver, but it was they who asked for it."""

    def __init__(self, user: str) -> None:
        super().__init__(user, "asked for it")


class AlreadyAgreed(ApprovalRefused):
    """The `user` has agreed before; `agreed` people have so far, of a `quorum`."""

    def __init__(self, user: str, *, agreed: int, quorum: int) -> None:
        super().__init__(user, f"has agreed already ({agreed} of {quorum})")
        self.agreed = agreed
        self.quorum = quorum


class NotAsked(MuddaError):
    """The question was put to somebody else than this `user`."""

    def __init__(self, user: str) -> None:
        super().__init__(f"{user} was not asked")
        self.user = user


class ComponentExists(MuddaError):
    """The workspace has a component under this key already, perhaps an inactive one."""

    def __init__(self, key: str) -> None:
        super().__init__(f"component {key} exists")
        self.key = key


class PackFaults(MuddaError):
    """A component pack with something wrong in it; nothing of it was loaded. `faults` stand by line."""

    def __init__(self, faults: Sequence[PackFault]) -> None:
        super().__init__(", ".join(f"line {fault.line}: {fault.code}" for fault in faults))
        self.faults = tuple(faults)


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
    "bad_name" or "control_character".
    """

    code = "request_refused"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class NotPollable(CallError):
    """A wait.until names a `component` that may not be called again and again. Nothing was sent."""

    code = "not_pollable"

    def __init__(self, component: str) -> None:
        super().__init__(f"{component} can't be polled")
        self.component = component


class CallNotSupported(CallError):
    """A `type` of component that can't be called."""

    code = "call_not_supported"

    def __init__(self, type: str) -> None:  # noqa: A002 - the component's own word
        super().__init__(f"components of type {type} can't be called")
        self.type = type


class SecretMissing(CallError):
    """The environment has no secret of this `name`, or an empty one. Nothing was sent."""

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

    `reason` is "dns", "tls", "connection" or "timeout"; "token" where the token endpoint could not answer, with
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

    `reason` is "timeout", "connection" or "not_http"; `status` is set where the answer had begun.
    """

    code = "maybe_sent"

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(" ".join(filter(None, (reason, str(status or "")))))
        self.reason = reason
        self.status = status


class DraftFailed(MuddaError):
    """No plan came of an issue. `usages` accounts for every call of the model until then."""

    def __init__(self, facts: str, usages: Sequence[Usage] = ()) -> None:
        super().__init__(facts)
        self.usages = tuple(usages)


class NothingFits(DraftFailed):
    """The selector found no component for the issue among those `offered`."""

    def __init__(self, *, offered: int, usages: Sequence[Usage] = ()) -> None:
        super().__init__(f"none of {offered} components fits", usages)
        self.offered = offered


class PlanRejected(DraftFailed):
    """The plan was still invalid after every repair: the last plan, with what is wrong with it."""

    def __init__(self, plan: Plan, faults: Sequence[Fault], usages: Sequence[Usage] = ()) -> None:
        super().__init__("invalid plan: " + ", ".join(sorted({fault.code for fault in faults})), usages)
        self.plan = plan
        self.faults = tuple(faults)


class GeminiError(DraftFailed):
    """The model gave no usable answer. No member ever holds the API key."""

    outcome: ClassVar[str] = "failed"

    @property
    def usage(self) -> Usage | None:
        """The account of the call that failed."""
        return self.usages[-1] if self.usages else None


class GeminiUnavailable(GeminiError):
    """Not reached, overloaded or out of order, after every retry.

    `cause` is "status" (an HTTP `status` that asks for patience), "connection", "unreadable" (an answer that
    is none of the API's), "busy" (as many calls wait here as may) or "closed" (the client is closing).
    """

    outcome = "unavailable"

    def __init__(self, cause: str, *, status: int | None = None, detail: str = "") -> None:
        super().__init__(" ".join(filter(None, (cause, str(status or ""), detail))))
        self.cause = cause
        self.status = status
        self.detail = detail


class GeminiTimeout(GeminiError):
    """No answer within the time given. `waited_for` is "turn" (a free thread), "answer" or "retry"."""

    outcome = "timeout"

    def __init__(self, waited_for: str) -> None:
        super().__init__(f"timed out waiting for {waited_for}")
        self.waited_for = waited_for


class GeminiRefused(GeminiError):
    """Asking again will not help: a wrong key, a used-up daily quota, an unknown model, a bad argument."""

    outcome = "refused"

    def __init__(self, *, status: int, reason: str = "", detail: str = "") -> None:
        super().__init__(" ".join(filter(None, (str(status), reason, detail))))
        self.status = status
        self.reason = reason
        self.detail = detail


class GeminiBlocked(GeminiError):
    """Withheld by the safety filters: `where` is "prompt" or "answer", `reason` the API's word for why."""

    outcome = "blocked"

    def __init__(self, *, where: str, reason: str) -> None:
        super().__init__(f"{where} blocked: {reason}")
        self.where = where
        self.reason = reason


class GeminiEmpty(GeminiError):
    """An answer without text."""

    outcome = "empty"

    def __init__(self, *, finish_reason: str) -> None:
        super().__init__(f"no text, finish reason {finish_reason}")
        self.finish_reason = finish_reason


class GeminiTruncated(GeminiError):
    """Cut at the output limit, after `characters` characters."""

    outcome = "truncated"

    def __init__(self, *, characters: int) -> None:
        super().__init__(f"cut after {characters} characters")
        self.characters = characters


class GeminiMalformed(GeminiError):
    """Of no use as it is: `fault` is "not_json", "too_deep", "nul_character", "wrong_shape" or "unknown_ids".

    `where` is the member with the wrong shape, or the ids; `details` say what is wrong where, for the model.
    """

    outcome = "malformed"

    def __init__(self, fault: str, where: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(" ".join(filter(None, (fault, where))))
        self.fault = fault
        self.where = where
        self.details = details
