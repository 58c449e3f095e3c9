"""A passage of a policy, to be read: its words to the letter, and since when and until when they are in force."""

from __future__ import annotations

from bot.slack.ids import VIEW_POLICY
from bot.slack.messages import Block, View
from bot.views.kit import blocks as kit
from bot.views.kit.json_text import MAX_PART_CHARACTERS
from bot.views.kit.text import one_line, parts
from services.policies.specs import PassageSnapshot


def policy_modal(passage: PassageSnapshot) -> View:
    """The passage as it was when it was cited; where there is a later version of the policy, that is said."""
    return {
        "type": "modal",
        "callback_id": VIEW_POLICY,
        "title": kit.plain("Policy"),
        "close": kit.plain("Close"),
        "blocks": [
            kit.header(one_line(passage.policy)),
            kit.context(kit.plain(standing(passage))),
            *_heading(passage),
            *(kit.rich_text(kit.paragraph(kit.span(part))) for part in parts(passage.text, MAX_PART_CHARACTERS)),
        ],
    }


def standing(passage: PassageSnapshot) -> str:
    """Which version it is, and when it is in force: "Version 2 · in force from 2026-01-01 until 2026-12-31"."""
    begins = f" from {passage.effective_from:%Y-%m-%d}" if passage.effective_from else ""
    ends = f" until {passage.effective_until:%Y-%m-%d}" if passage.effective_until else ""
    words = [f"Version {passage.version:,}"]
    if passage.removed_at is not None:
        words.append(f"out of force since {passage.removed_at:%Y-%m-%d}")
    else:
        words.append(f"in force{begins}{ends}" if begins or ends else "in force without end")
    if passage.latest > passage.version:
        words.append(f"there is a version {passage.latest:,} by now")
    return " · ".join(words)


def _heading(passage: PassageSnapshot) -> list[Block]:
    heading = one_line(passage.heading)
    return [kit.rich_text(kit.paragraph(kit.span(heading, bold=True)))] if heading else []
