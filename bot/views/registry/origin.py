"""Where a component was opened: what its modals hand on, so that an answer finds its way back."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bot.slack.ids import Ref
from services.queries.components import ComponentDetails


@dataclass(frozen=True, slots=True)
class Origin:
    """The channel, and the response URL of whatever was pressed there, which is good for 30 minutes."""

    channel: str
    response_url: str | None = None

    def metadata(self, details: ComponentDetails, shown: str = "") -> str:
        """The private metadata of a modal about a component; `shown` is read back by the form."""
        found = {"ref": ref(details), "channel": self.channel, "shown": shown}
        return json.dumps({**found, "response_url": self.response_url} if self.response_url else found)


def ref(details: ComponentDetails) -> str:
    """What the buttons of a component carry."""
    return Ref(details.entry.id, 0).encode()
