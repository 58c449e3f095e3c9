"""What the references of a plan are called in words."""

from __future__ import annotations

from bot.languages import _
from bot.views.kit.text import clip, spaced
from services.plans.references import Reference

_FIELD = 60


def field_words(reference: Reference) -> str:
    """What a reference names: `data[0].work_order_id` is "work order id"."""
    names = [part for part in reference.path if isinstance(part, str)]
    return clip(spaced(names[-1]) if names else _("result"), _FIELD)
