"""What people do with the app as an agent: open its direct message, press Stop, run workflows, look beside."""

from __future__ import annotations

from abc import abstractmethod

from bot.sandbox.slack.outbound import payloads
from bot.sandbox.slack.outbound.delivery import Delivery
from bot.sandbox.slack.state.functions import FUNCTIONS, FunctionExecution, fits
from bot.sandbox.slack.state.model import Channel, Json, Message, User
from bot.sandbox.slack.state.tickets import Tickets
from bot.sandbox.slack.state.workspace import Workspace


class NotThere(LookupError):
    """What a person acts on doesn't exist; `word` is e.g. "message_not_found"."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class AgentActions:
    """A part of Interactions, by the ids of users, channels and messages."""

    _workspace: Workspace
    _tickets: Tickets
    _subscribed: frozenset[str]

    @abstractmethod
    def emit(self, event: Json) -> Delivery:
        """Send an event in the background, again until the app acks it."""

    def open_messages(self, user: User) -> Delivery | None:
        """A person opens the direct message with the app; None if it hasn't subscribed to that."""
        if "app_home_opened" not in self._subscribed:
            return None
        return self.emit(payloads.messages_opened_event(self._workspace, user))

    def press_stop(self, user: User, channel: Channel, thread_ts: str) -> Delivery:
        """A person presses Stop at a session of the app: what is streamed there takes nothing more."""
        streams = [
            message for message in channel.messages.values() if message.stream and message.thread_ts == thread_ts
        ]
        if channel.sessions.get(thread_ts) != "processing" or "agent_session_stopped" not in self._subscribed:
            raise NotThere("action_not_found")
        for message in streams:
            if message.stream is not None:
                message.stream.is_stopped = True
        stopped = [message.ts for message in streams]
        return self.emit(payloads.session_stopped_event(self._workspace, user, channel, thread_ts, stopped))

    def open_details(self, user: User, message: Message) -> Delivery:
        """A person looks at the work object that a message shows, in the pane beside."""
        if not message.entities or "entity_details_requested" not in self._subscribed:
            raise NotThere("action_not_found")
        trigger = self._tickets.new_trigger(user.id)
        self._workspace.wanted[trigger] = message.entities[0]["external_ref"]["id"]
        return self.emit(payloads.details_requested_event(self._workspace, user, message, trigger))

    def run_function(self, callback_id: str, inputs: Json) -> tuple[FunctionExecution, Delivery]:
        """A workflow comes to a step of the app's. Raises ValueError where Slack does not let it begin."""
        function = FUNCTIONS[callback_id]
        if not fits(inputs, function.inputs, function.required_inputs):
            raise ValueError("not the inputs that the function declares")
        execution = FunctionExecution(self._workspace.new_id("Fx"), function, inputs)
        self._workspace.executions[execution.id] = execution
        return execution, self.emit(payloads.function_executed_event(self._workspace, execution))
