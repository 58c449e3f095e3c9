"""What people do with the app as an agent, in tests: a part of `SlackStandIn`."""

from __future__ import annotations

from bot.sandbox.slack.outbound.delivery import Delivery
from bot.sandbox.slack.outbound.interactions import Interactions
from bot.sandbox.slack.state.functions import FunctionExecution
from bot.sandbox.slack.state.model import Json


class AgentSide:
    """Users and channels may be named by id or by name."""

    _do: Interactions

    async def open_messages(self, user: str) -> Delivery | None:
        """Open the direct message with the bot: the app_home_opened event, acked or given up."""
        delivery = self._do.open_messages(self._do.user(user))
        return await delivery.settled() if delivery else None

    async def press_stop(self, user: str, channel: str, thread_ts: str) -> Delivery:
        """Press Stop at a session of the bot's that works on something; returns when the event is acked."""
        stopped = self._do.press_stop(self._do.user(user), self._do.channel(channel), thread_ts)
        return await stopped.settled()

    async def run_function(self, callback_id: str, inputs: Json) -> tuple[FunctionExecution, Delivery]:
        """A workflow comes to a step of the app's; returns when the event is acked or given up.

        Raises ValueError where the inputs are not those that were declared.
        """
        execution, delivery = self._do.run_function(callback_id, inputs)
        return execution, await delivery.settled()

    async def open_details(self, user: str, channel: str, message_ts: str) -> Delivery:
        """Look at the work object of a message in the pane beside; what that shows is in `workspace.panes`."""
        message = self._do.channel(channel).messages[message_ts]
        return await self._do.open_details(self._do.user(user), message).settled()
