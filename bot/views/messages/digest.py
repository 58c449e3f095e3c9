"""A digest: all that waits for a person, what waits longest first; and what a deputy is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from bot.slack.ids import COMMAND_MUDDA, METADATA_DEPUTY, METADATA_DIGEST
from bot.slack.messages import Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, count, mention, one_line
from bot.views.run.lines import card_link
from services.notifications.digests import Digest, DigestLine
from services.notifications.subjects import NotificationKind

_TITLE, _STEP = 80, 80

_ASKS: Mapping[NotificationKind, str] = {
    NotificationKind.PLAN: "the plan waits for approval",
    NotificationKind.GATE: "waits for approval",
    NotificationKind.UNCERTAIN: "may have been done, or not",
    NotificationKind.FAILED: "the run has stopped",
}


def digest_message(digest: Digest, links: Mapping[tuple[str, str], str]) -> Message:
    """The digest; `links` lead to the cards, by their channel and ts. Its metadata says when it was due."""
    waiting = f"{count(digest.total, 'thing')} {'waits' if digest.total == 1 else 'wait'} for you"
    left_out = digest.total - len(digest.lines)
    more = [kit.context(kit.plain(f"…and {left_out:,} more"))] if left_out > 0 else []
    how = f"What waits longest is first. `{COMMAND_MUDDA} notifications` sets how you are told."
    blocks = [
        kit.header(waiting),
        *(kit.rich_text(_line(line, links)) for line in digest.lines),
        *more,
        kit.context(kit.mrkdwn(how)),
    ]
    return Message(
        text=kit.fallback(waiting),
        blocks=kit.seal(blocks, "digest"),
        metadata={"event_type": METADATA_DIGEST, "event_payload": {"at": digest.at.isoformat()}},
    )


def deputy_message(user: str, first: date, last: date) -> Message:
    """What a deputy is told by the one who named them."""
    days = f"on {first:%-d %B %Y}" if first == last else f"from {first:%-d %B %Y} to {last:%-d %B %Y}"
    said: list[Element] = [
        kit.person(user),
        kit.span(f" has made you their deputy {days}. What waits for them comes to you then, and you may decide "),
        kit.span("in their place. It stays on record that you did it for them."),
    ]
    payload = {"for": user, "first": first.isoformat(), "last": last.isoformat()}
    return Message(
        text=f"{mention(user)} has made you their deputy {days}.",
        blocks=kit.seal([kit.rich_text(kit.paragraph(*said))], "deputy"),
        metadata={"event_type": METADATA_DEPUTY, "event_payload": payload},
    )


def _line(line: DigestLine, links: Mapping[tuple[str, str], str]) -> Element:
    """One thing that waits, with a link to its card. Titles are a model's: nothing in them is parsed."""
    link = links.get(line.card) if line.card else None
    step = f"“{clip(one_line(line.step), _STEP)}” " if line.step else ""
    absent = [kit.span(" · for "), kit.person(line.on_behalf_of)] if line.on_behalf_of else []
    return kit.paragraph(
        card_link(link, f"#{line.number}"),
        kit.span(f" {clip(one_line(line.title), _TITLE)}", bold=True),
        kit.span(f"\n{step}{_ASKS[line.kind]} · since "),
        kit.moment(line.since),
        *absent,
    )
