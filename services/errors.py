"""The tree of domain errors: facts as attributes; the edge writes the sentences.

MuddaError
├── NotFound                     an id that this workspace does not have
├── StaleVersion                 a decision about something that has changed since it was shown
├── MoveNotAllowed               a state that can't be left that way
├── ComponentExists              a key that the workspace has given to a component already
├── PackFaults                   a component pack with something wrong in it: every fault, with its line
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
from typing import TYPE_CHECKING, ClassVar
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

    `where` is the member with the wrong shape, or the ids.
    """

    outcome = "malformed"

    def __init__(self, fault: str, where: str = "") -> None:
        super().__init__(" ".join(filter(None, (fault, where))))
        self.fault = fault
        self.where = where
