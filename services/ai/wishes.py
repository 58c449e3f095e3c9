"""A wish: what somebody wants to be different about a plan."""

from __future__ import annotations

from dataclasses import dataclass

from services.plans.model import Plan
from services.plans.validation import Fault


@dataclass(frozen=True, slots=True)
class Wish:
    """What was said, and the plan as it is, if there is one, with the faults that it has by today's rules."""

    text: str
    plan: Plan | None = None
    faults: tuple[Fault, ...] = ()
