"""What there is to say of the model that is set, before it is asked anything."""

from __future__ import annotations

from datetime import date

from services.ai.models import retirement


def end_of_model(model: str, today: date) -> str:
    """A sentence on a model that has come to its end or will on a known day; empty for any other."""
    ends = retirement(model)
    if ends is None:
        return ""
    told = "has ended" if ends.is_over(today) else "ends"
    return (
        f"the model {model} (GEMINI_MODEL) {told} on {ends.on}: another one answers then, at its own price, or "
        f"none. Set {ends.use}."
    )
