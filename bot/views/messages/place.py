"""Where a card is shown: the question in a direct message, and what a card leaves behind that was moved."""

from __future__ import annotations

from bot.languages import _
from bot.slack.ids import ACTION_CARD_CHOOSE, ACTION_CARD_PLACE, BLOCK_PLACE_CARD, Place, Ref
from bot.slack.messages import Block, Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import channel, is_channel, sentences
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState


def asking_where(message: Message, snapshot: PlanSnapshot, default_channel: str | None) -> Message:
    """The card of a plan that waits to be reviewed in a direct message, with the question where to show it.

    Only whoever has that message can see it there.
    """
    if snapshot.state is not PlanState.DRAFT or not is_direct(snapshot.shown_in):
        return message
    return Message(message.text, [*message.blocks, *_question(snapshot, default_channel)], message.metadata)


def is_direct(channel_id: str) -> bool:
    """Whether a conversation is a direct message."""
    return channel_id.startswith("D")


def _question(snapshot: PlanSnapshot, default_channel: str | None) -> list[Block]:
    ref = Ref(snapshot.id, snapshot.revision)
    usual = default_channel if default_channel and is_channel(default_channel) else None
    words = _("Only you can see this card. Where should others see it, to decide about it?")
    known = _("Usually that is {channel}.", channel=channel(usual)) if usual else ""
    there = [kit.button(_("Show it there"), ACTION_CARD_PLACE, Place(ref, usual).encode())] if usual else []
    row = kit.actions(*there, _menu(_("Another channel") if usual else _("Choose a channel")))
    asked = kit.seal([kit.section(sentences([words, known]))], "place")
    return [*asked, {**row, "block_id": f"{BLOCK_PLACE_CARD}{ref.encode()}"}]


def _menu(placeholder: str) -> Element:
    return {
        "type": "conversations_select",
        "action_id": ACTION_CARD_CHOOSE,
        "placeholder": kit.plain(placeholder),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }


def moved(number: int, to: str, link: str | None) -> Message:
    """What stands where a card was: where it is now."""
    name = _("The card of plan #{number}", number=str(number))
    card = f"<{link}|{name}>" if link else name
    words = _("{card} is now in {channel}.", card=card, channel=channel(to))
    return Message(words, kit.seal([kit.section(words)], "moved"))
