"""Policies for the tests of the whole bot: loaded as `mudda policies load` would, and found on cards."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack import Message
from bot.slack.ids import ACTION_POLICY_READ
from services import audit
from services.policies.documents import parse_policy
from services.policies.service import LoadedPolicy
from tests.support.town_hall import TownHall

ROAD_WORKS = """\
---
name: Road works
effective_from: 2020-01-01
---
## 3.1 Work orders

Create a work order for water on a road <!channel> & *at once*.

```yaml checks
- component: workorders.create
  needs_gate: true
```

## 4 Residents

Residents are told once it is known which water is shut off.
"""


async def load(hall: TownHall, source: str = ROAD_WORKS, stem: str = "road-works") -> LoadedPolicy:
    """Load a policy into the town's workspace."""
    document = parse_policy(source.encode(), stem)
    async with hall.deps.database.transaction() as session:
        return await hall.deps.policies.load(session, hall.deps.workspace.id, document, audit.OPERATOR)


def menu(blocks: list[dict[str, Any]]) -> dict[str, str]:
    """The passages that can be read from a card or a view: their labels, and the values behind them."""
    elements = [element for block in blocks for element in block.get("elements", ())]
    groups = [
        group
        for element in elements
        if element.get("action_id") == ACTION_POLICY_READ
        for group in element["option_groups"]
    ]
    return {
        f"{group['label']['text']}: {option['text']['text']}": option["value"]
        for group in groups
        for option in group["options"]
    }


def card_menu(card: Message) -> dict[str, str]:
    """Those of a card."""
    return menu(card.blocks or [])
