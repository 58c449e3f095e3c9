"""How drafting and the model can fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from services.ai.usage import Usage
from services.errors import MuddaError
from services.plans.model import Plan
from services.plans.validation import Fault


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
    """Of no use as it is: `fault` is "not_json", "too_deep", "nul_character", "wrong_shape", "unknown_ids" or
    "unfounded" (an answer to a question that does not stand in what was looked up).

    `where` is the member with the wrong shape, or the ids; `details` say what is wrong where, for the model.
    """

    outcome = "malformed"

    def __init__(self, fault: str, where: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(" ".join(filter(None, (fault, where))))
        self.fault = fault
        self.where = where
        self.details = details
