"""A passage of a policy, to be read: its words to the letter, and since when and until when they are in force."""

from __future__ import annotations

from bot.languages import _
from bot.slack.ids import VIEW_POLICY
from bot.slack.messages import Block, View
from bot.views.kit import blocks as kit
from bot.views.kit.json_text import MAX_PART_CHARACTERS
from bot.views.kit.text import on_day, one_line, parts
from services.policies.specs import PassageSnapshot


def policy_modal(passage: PassageSnapshot) -> View:
    """The passage as it was when it was cited; where there is a later version of the policy, that is said."""
    return {
        "type": "modal",
        "callback_id": VIEW_POLICY,
        "title": kit.plain(_("Policy")),
        "close": kit.plain(_("Close")),
        "blocks": [
            kit.header(one_line(passage.policy)),
            kit.context(kit.plain(standing(passage))),
            *_heading(passage),
            *(kit.rich_text(kit.paragraph(kit.span(part))) for part in parts(passage.text, MAX_PART_CHARACTERS)),
        ],
    }


def standing(passage: PassageSnapshot) -> str:
    """Which version it is, and when it is in force: "Version 2 · in force from 2026-01-01 until 2026-12-31"."""
    words = [_("Version {number}", number=passage.version), _in_force(passage)]
    if passage.latest > passage.version:
        words.append(_("there is a version {number} by now", number=passage.latest))
    return " · ".join(words)


def _in_force(passage: PassageSnapshot) -> str:
    begins = on_day(passage.effective_from) if passage.effective_from else ""
    ends = on_day(passage.effective_until) if passage.effective_until else ""
    if passage.removed_at is not None:
        return _("out of force since {day}", day=on_day(passage.removed_at.date()))
    if begins and ends:
        return _("in force from {day} until {last_day}", day=begins, last_day=ends)
    if begins:
        return _("in force from {day}", day=begins)
    return _("in force until {day}", day=ends) if ends else _("in force without end")


def _heading(passage: PassageSnapshot) -> list[Block]:
    heading = one_line(passage.heading)
    return [kit.rich_text(kit.paragraph(kit.span(heading, bold=True)))] if heading else []
