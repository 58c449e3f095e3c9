"""What a step of a plan posts, in the plan's own words."""

from __future__ import annotations

from uuid import UUID

from bot.slack.ids import METADATA_NOTICE
from bot.slack.messages import Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, mention
from services.components.builtins import MAX_TEXT


def notice_message(step_id: UUID, text: str, *, to: str | None = None) -> Message:
    """The message, with `to` named before it. Its text was written by others, so nothing in it is parsed."""
    opening = [kit.person(to), kit.span(" ")] if to else []
    block = kit.rich_text(kit.paragraph(*opening, kit.span(clip(text, MAX_TEXT))))
    named = f"{mention(to)} " if to else ""
    return Message(
        text=f"{named}{kit.fallback(text) or kit.EMPTY}",
        blocks=kit.seal([block], "notice"),
        metadata={"event_type": METADATA_NOTICE, "event_payload": {"step": str(step_id)}},
    )
