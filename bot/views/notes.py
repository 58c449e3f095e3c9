"""Private notes: what one person is told when a click or a command comes to nothing, or asks for help.

A note travels as a short code in a job, and becomes words only here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.ids import COMMAND_MUDDA, COMMAND_WORKFLOWS
from bot.views.help import EMPTY_MENTION, HELP
from bot.views.text import is_user, mention
from services.states import PlanState


class Note(StrEnum):
    """The codes of the notes. DISCARDED_BY takes a Slack user id: see `discarded_by`."""

    HELP = "help"
    EMPTY_MENTION = "empty_mention"
    EMPTY_ISSUE = "empty_issue"
    STALE = "stale"
    NOW_DRAFTING = "now_drafting"
    NOW_DRAFT = "now_draft"
    NOW_FAILED = "now_failed"
    NOW_APPROVED = "now_approved"
    NOW_DISCARDED = "now_discarded"
    DISCARDED_BY = "discarded_by"
    CHANNEL_UNREACHABLE = "channel_unreachable"
    NOT_FOUND = "not_found"
    BUSY = "busy"
    MALFORMED = "malformed"
    BAD_NUMBER = "bad_number"
    NOT_SERVED = "not_served"


_CHANGED = "This card has changed since you saw it, so nothing was done."

_TEXTS: Mapping[Note, str] = {
    Note.HELP: HELP,
    Note.EMPTY_MENTION: EMPTY_MENTION,
    Note.EMPTY_ISSUE: f"There was nothing in it to plan for. Say what has happened: `{COMMAND_MUDDA} …`",
    Note.STALE: f"{_CHANGED} Look at the card as it is now, and decide again if you still want to.",
    Note.NOW_DRAFTING: f"{_CHANGED} A new draft is being made; the card will show it in a moment.",
    Note.NOW_DRAFT: f"{_CHANGED} There is a newer draft of the plan; look at it, and decide again.",
    Note.NOW_FAILED: f"{_CHANGED} No plan could be drafted; the card says why.",
    Note.NOW_APPROVED: f"{_CHANGED} The plan has been approved.",
    Note.NOW_DISCARDED: f"{_CHANGED} The plan has been discarded.",
    Note.CHANNEL_UNREACHABLE: (
        "I can't post in this channel. Invite me with `/invite @mudda`, and then say it again."
    ),
    Note.NOT_FOUND: f"I can't find that. `{COMMAND_WORKFLOWS}` lists the plans there are.",
    Note.BUSY: "I could not do that just now. Nothing is lost and nothing was done twice; please try again.",
    Note.MALFORMED: "I could not make sense of that, so nothing was done. Please try again from the card.",
    Note.BAD_NUMBER: f"Plans have numbers such as #12: try `{COMMAND_WORKFLOWS} #12`.",
    Note.NOT_SERVED: "Mudda is not set up for this workspace, so nothing was done. Ask whoever runs it.",
}

_NOW = {
    PlanState.DRAFTING: Note.NOW_DRAFTING,
    PlanState.DRAFT: Note.NOW_DRAFT,
    PlanState.FAILED: Note.NOW_FAILED,
    PlanState.APPROVED: Note.NOW_APPROVED,
    PlanState.DISCARDED: Note.NOW_DISCARDED,
}


def note(code: str) -> str:
    """The words of a note, as mrkdwn. Raises ValueError on a code that isn't ours."""
    name, _, user = code.partition(":")
    if Note(name) is Note.DISCARDED_BY:
        who = mention(user) if is_user(user) else "Someone"
        return f"{who} has already discarded this plan."
    return _TEXTS[Note(name)]


def stale(state: str) -> str:
    """The code for a button of an older card, given the state that the plan is in now."""
    return _NOW[PlanState(state)] if state in _NOW else Note.STALE


def discarded_by(user_id: str | None) -> str:
    """The code that says who discarded a plan before."""
    return f"{Note.DISCARDED_BY}:{user_id}" if user_id and is_user(user_id) else Note.NOW_DISCARDED
