"""What whoever wanted a plan to be different is told when it was not changed; their words are given back."""

from __future__ import annotations

from bot.slack.messages import Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, escape

_WISH = 2_000


def not_changed(why: str, wish: str) -> Message:
    """`why` is a sentence of ours, `wish` what they wrote."""
    return Message(kit.fallback(why), [kit.section(f"{why}\nYou wrote:\n{_quoted(wish)}")])


def _quoted(wish: str) -> str:
    return "\n".join(f"&gt; {line}" for line in escape(clip(wish, _WISH)).splitlines())
