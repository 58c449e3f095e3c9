"""A digest: all that waits for a person, what waits longest first; and what a deputy is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from bot.languages import N_, Sentence, _, day, ngettext
from bot.slack.ids import COMMAND_MUDDA, METADATA_DEPUTY, METADATA_DIGEST
from bot.slack.messages import Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, mention, one_line
from bot.views.run.lines import card_link
from services.notifications.digests import Digest, DigestLine
from services.notifications.subjects import NotificationKind

_TITLE, _STEP = 80, 80

_ASKS: Mapping[NotificationKind, tuple[Sentence, Sentence]] = {
    NotificationKind.PLAN: (
        N_("the plan waits for approval · since {when}"),
        N_("“{step}” the plan waits for approval · since {when}"),
    ),
    NotificationKind.GATE: (
        N_("waits for approval · since {when}"),
        N_("“{step}” waits for approval · since {when}"),
    ),
    NotificationKind.UNCERTAIN: (
        N_("may have been done, or not · since {when}"),
        N_("“{step}” may have been done, or not · since {when}"),
    ),
    NotificationKind.FAILED: (
        N_("the run has stopped · since {when}"),
        N_("“{step}” the run has stopped · since {when}"),
    ),
}
"""What waits, without a step and with one."""


def digest_message(digest: Digest, links: Mapping[tuple[str, str], str]) -> Message:
    """The digest; `links` lead to the cards, by their channel and ts. Its metadata says when it was due."""
    waiting = ngettext("{count} thing waits for you", "{count} things wait for you", digest.total)
    left_out = digest.total - len(digest.lines)
    more = [kit.context(kit.plain(_("…and {count} more", count=left_out)))] if left_out > 0 else []
    how = _("What waits longest is first. `{command} notifications` sets how you are told.", command=COMMAND_MUDDA)
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
    days = {"first": day(first), "last": day(last)}
    if first == last:
        named = _("{who} has made you their deputy on {first}.", who="{who}", **days)
    else:
        named = _("{who} has made you their deputy from {first} to {last}.", who="{who}", **days)
    means = _(
        "What waits for them comes to you then, and you may decide in their place. It stays on record that you "
        "did it for them."
    )
    payload = {"for": user, "first": first.isoformat(), "last": last.isoformat()}
    return Message(
        text=named.format(who=mention(user)),
        blocks=kit.seal(
            [kit.rich_text(kit.paragraph(*kit.runs(named, who=kit.person(user)), kit.span(f" {means}")))],
            "deputy",
        ),
        metadata={"event_type": METADATA_DEPUTY, "event_payload": payload},
    )


def _line(line: DigestLine, links: Mapping[tuple[str, str], str]) -> Element:
    """One thing that waits, with a link to its card. Titles are a model's: nothing in them is parsed."""
    link = links.get(line.card) if line.card else None
    alone, with_step = _ASKS[line.kind]
    asks = kit.runs(
        _(with_step) if line.step else _(alone),
        step=clip(one_line(line.step or ""), _STEP),
        when=kit.moment(line.since),
    )
    absent = kit.person(line.on_behalf_of) if line.on_behalf_of else None
    return kit.paragraph(
        card_link(link, f"#{line.number}"),
        kit.span(f" {clip(one_line(line.title), _TITLE)}", bold=True),
        kit.span("\n"),
        *asks,
        *(kit.runs(_(" · for {absent}"), absent=absent) if absent else []),
    )
