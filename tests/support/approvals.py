"""Who may decide: set at once, or in the form."""

from __future__ import annotations

from typing import Any

from bot.slack import ids
from services.approvals import ApprovalRules
from services.audit import Actor
from tests.support.town_hall import TownHall


async def rules(hall: TownHall, *approvers: str, by: str = "U0SETUP001", **settings: Any) -> None:
    """Set who may decide, by name; `by` an approver, where there are any already."""
    people = tuple(hall.slack.user(name).id for name in approvers)
    async with hall.database.transaction() as session:
        found = ApprovalRules(approvers=people, **settings)
        await hall.deps.approvals.set_settings(session, hall.deps.workspace.id, found, Actor(by))


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
