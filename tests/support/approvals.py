"""The form in which approvers are named."""

from __future__ import annotations

from typing import Any

from bot.slack import ids
from tests.support.town_hall import TownHall


async def form(hall: TownHall, user: str, **changes: Any) -> Any:
    """Open the form and submit it as it is, but for the changes."""
    await hall.slack.send_command(user, "works", "/mudda", "approvers")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views(user))
    values = {
        ids.BLOCK_APPROVERS: {ids.INPUT_APPROVERS: changes.get("approvers", [])},
        ids.BLOCK_QUORUM: {ids.INPUT_QUORUM: changes.get("quorum", "1")},
        ids.BLOCK_REMINDER: {ids.INPUT_REMINDER: changes.get("reminder", "60")},
        ids.BLOCK_LIMIT: {ids.INPUT_LIMIT: changes.get("limit")},
        ids.BLOCK_OUTCOME: {ids.INPUT_OUTCOME: changes.get("outcome", "wait")},
    }
    return await hall.slack.submit_view(view.id, values)
