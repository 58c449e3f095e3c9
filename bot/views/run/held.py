"""Steps that wait to be sent: for a host that does not answer, or for their turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.languages import N_, _
from bot.slack.messages import Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, one_line
from services.components.builtins import BUILTINS
from services.queries.snapshots import StepSnapshot
from services.states import StepState

_NAMED = 100
_BUSY = N_("Waiting: {host} is busy with other steps; tried again at {moment}")
_SENTENCES = {
    "host": N_("Waiting: {host} does not answer; tried again at {moment}"),
    "rate": N_("Waiting: {host} may be called only so often; called at {moment}"),
}


def held(step: StepSnapshot) -> Mapping[str, Any] | None:
    """Why a step is not sent yet; None where it is none of these that wait."""
    told: Any = (step.wait or {}).get("held")
    is_now = step.state is StepState.READY and step.retry_at is not None and isinstance(told, Mapping)
    return told if is_now and told.get("attempt") == step.attempt else None


def is_over(step: StepSnapshot, component: str) -> bool:
    """Whether what a component's step waited for is of an attempt before: it waits for the next one only."""
    return component not in BUILTINS and held(step) is None


def waiting(step: StepSnapshot, why: Mapping[str, Any]) -> list[Element]:
    """What it waits for, and until when."""
    if step.retry_at is None:
        return []
    host = clip(one_line(str(why.get("host") or "?")), _NAMED)
    words = _SENTENCES.get(str(why.get("by")), _BUSY)
    return kit.runs(_(words), host=host, moment=kit.moment(step.retry_at))
