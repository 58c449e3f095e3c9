"""A wish: what somebody wants to be different about a plan."""

from __future__ import annotations

from dataclasses import dataclass

from services.plans.model import Plan
from services.plans.validation import Fault


@dataclass(frozen=True, slots=True)
class Wish:
    """What was said, and by whom; the plan as it is, if there is one, and what is wrong with it today."""

    text: str
    by: str = ""
    plan: Plan | None = None
    faults: tuple[Fault, ...] = ()
