"""What follows from an answer, or from none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.components.definitions import ComponentDefinition
from services.connectors.errors import CallError, MaybeSent, NotSent, RedirectRefused
from services.connectors.responses.response import Response

_ASKS_FOR_PATIENCE = frozenset({429, 503})
# 408: the server gave up waiting, 425: it does not take a request this early. Neither says that nothing was done.
_TIMED_OUT = frozenset({408, 425})
# Of all that a server can fail by these two say that it did nothing, and will not.
_WILL_NOT = frozenset({501, 505})


class Outcome(StrEnum):
    """What becomes of a step."""

    DONE = "done"
    RETRY = "retry"
    UNCERTAIN = "uncertain"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome. `after`: for a RETRY the seconds that the other side asks for, None if it names none."""

    outcome: Outcome
    after: float | None = None


def is_safe(definition: ComponentDefinition) -> bool:
    """Whether a call whose fate is unknown may simply be made again."""
    return definition.http_method == "GET" or definition.idempotent


def judge(result: Response | CallError, *, safe: bool) -> Verdict:
    """What becomes of a step whose call ended like this; how often to retry is for the caller to know."""
    unknown_fate = Verdict(Outcome.RETRY if safe else Outcome.UNCERTAIN)
    if isinstance(result, NotSent):
        return Verdict(Outcome.RETRY, result.retry_after)
    if isinstance(result, MaybeSent | RedirectRefused):
        # Many a server does what it was asked, and then points to a page that says so (303 above all).
        return unknown_fate if isinstance(result, MaybeSent) or not safe else Verdict(Outcome.FAIL)
    if isinstance(result, CallError):
        return Verdict(Outcome.FAIL)
    if 200 <= result.status < 300:
        return Verdict(Outcome.DONE)
    if result.status in _ASKS_FOR_PATIENCE:
        return Verdict(Outcome.RETRY, result.retry_after)
    if result.status in _TIMED_OUT or (result.status >= 500 and result.status not in _WILL_NOT):
        return unknown_fate
    return Verdict(Outcome.FAIL)
