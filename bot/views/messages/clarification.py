"""What is asked in the thread of a card before the issue is planned."""

from __future__ import annotations

from bot.languages import _
from bot.slack.ids import METADATA_CLARIFICATION
from bot.slack.messages import Message
from bot.views.kit.text import join, mention
from bot.views.plan.clarifying import numbered, question
from services.queries.snapshots import PlanSnapshot
from services.workflows.clarifications import Clarification


def clarification_message(snapshot: PlanSnapshot, asked: Clarification) -> Message:
    """Mentions whoever can answer; its metadata is {"plan": the plan's id}."""
    people = join([mention(user) for user in snapshot.asked_people])
    if asked.look_alike is not None:
        places, how = "", _("Say yes or no here, or use the buttons on the card.")
    elif asked.choices:
        places = numbered(asked)
        how = _("Reply with a number or in your own words, or use the buttons on the card.")
    else:
        places, how = "", _("Write it here, or use the buttons on the card.")
    lines = [f"{people} {question(asked, snapshot.look_alike)}", places, how]
    return Message(
        "\n".join(line for line in lines if line),
        [],
        {"event_type": METADATA_CLARIFICATION, "event_payload": {"plan": str(snapshot.id)}},
    )
