"""What people do: commands, messages, clicks, modals. Each becomes a delivery; its answer is acted upon.

`prepare_*` builds the request as things are now, `deliver` sends it. In between a test may let things change,
so that a click arrives for a message that has been redrawn.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.limits import check_view
from bot.sandbox.slack.limits.blocks import MODAL
from bot.sandbox.slack.methods.arguments import Context
from bot.sandbox.slack.outbound import payloads
from bot.sandbox.slack.outbound.agents import AgentActions, NotThere
from bot.sandbox.slack.outbound.delivery import (
    Delivery,
    Sender,
    command_delivery,
    event_delivery,
    interactive_delivery,
)
from bot.sandbox.slack.outbound.responses import command_failed, show_command_answer
from bot.sandbox.slack.state.files import File, clean_name, file_object, mimetype_of
from bot.sandbox.slack.state.inputs import (
    action_object,
    elements_of,
    find_element,
    input_errors,
    is_stateful,
    state_of,
    state_value,
)
from bot.sandbox.slack.state.model import Channel, Json, Message, User, View

__all__ = ["InputsRefused", "Interactions", "NotThere"]

_FAILURES = {
    "operation_timeout": "The app did not answer in time. Please try again.",
    "dispatch_failed": "The app could not be reached. Please try again.",
    "invalid_response": "The app's answer to this form could not be understood.",
}


class InputsRefused(ValueError):
    """Slack's client doesn't send the modal; `errors` maps block_id to a sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(str(errors))
        self.errors = errors


class Interactions(AgentActions):
    """Everything people can do, by the ids of users, channels, messages and views."""

    def __init__(self, context: Context, sender: Sender, *, subscribed: frozenset[str]) -> None:
        self._context = context
        self._workspace = context.workspace
        self._tickets = context.tickets
        self._sender = sender
        self._subscribed = subscribed

    def user(self, name: str) -> User:
        """A user by id or name."""
        found = self._workspace.find_user(name)
        if found is None:
            raise NotThere("user_not_found")
        return found

    def channel(self, name: str) -> Channel:
        """A channel by id or name."""
        found = self._workspace.find_channel(name)
        if found is None:
            raise NotThere("channel_not_found")
        return found

    def post(
        self,
        user: User,
        channel: Channel,
        text: str,
        thread_ts: str | None = None,
        *,
        subtype: str | None = None,
        files: tuple[Json, ...] = (),
    ) -> tuple[Message, list[Delivery]]:
        """A person's message, and the events it gives rise to, on their way in the background."""
        parent = channel.messages.get(thread_ts) if thread_ts else None
        if thread_ts and parent is None:
            raise NotThere("message_not_found")
        message = self._workspace.add(
            Message(
                channel=channel.id,
                ts=self._workspace.next_ts(),
                user=user.id,
                text=text,
                thread_ts=(parent.thread_ts or parent.ts) if parent else None,
                client_msg_id=self._workspace.token(32),
                subtype=subtype,
                files=files,
            )
        )
        events = payloads.message_events(self._workspace, message, self._subscribed)
        return message, [self.emit(event) for event in events]

    def echo(self, message: Message, change: str | None) -> Delivery | None:
        """Tell the app of a message in a channel of its, even its own: that it was posted, or its `change`."""
        event = payloads.message_event(self._workspace, message, self._subscribed, change)
        return None if event is None else self.emit(event)

    def edit(self, channel: Channel, ts: str, text: str) -> Delivery | None:
        """A person changes what they wrote. Slack sends no second app_mention, unless the mention is new."""
        message = self._message(channel, ts)
        message.text, message.edited = text, {"user": message.user, "ts": self._workspace.next_ts()}
        self._workspace.changed(message)
        return self.echo(message, "message_changed")

    def take_back(self, channel: Channel, ts: str) -> Delivery | None:
        """A person deletes what they wrote."""
        message = self._message(channel, ts)
        self._workspace.remove(message)
        return self.echo(message, "message_deleted")

    @staticmethod
    def _message(channel: Channel, ts: str) -> Message:
        message = channel.messages.get(ts)
        if message is None:
            raise NotThere("message_not_found")
        return message

    def open_home(self, user: User) -> Delivery | None:
        """A person opens the App Home; None if the app hasn't subscribed to that."""
        if "app_home_opened" not in self._subscribed:
            return None
        return self.emit(payloads.home_opened_event(self._workspace, user))

    def emit(self, event: Json) -> Delivery:
        """Send an event in the background, again until the app acks it."""
        delivery = event_delivery(payloads.event_envelope(self._workspace, event))
        self._sender.deliver_event(delivery)
        return delivery

    def prepare_command(self, user: User, channel: Channel, command: str, text: str) -> Delivery:
        """A slash command; `text` goes out as it is."""
        token = self._tickets.new_response_url(user.id, channel.id)
        return command_delivery(
            payloads.command_form(
                self._workspace,
                user,
                channel,
                command=command,
                text=text,
                trigger_id=self._tickets.new_trigger(user.id),
                response_url=f"{self._context.url}/response/{token}",
            )
        )

    def prepare_click(
        self,
        user: User,
        channel: Channel,
        message_ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        chosen: Any = None,
    ) -> Delivery:
        """A click on a button, or a choice in a menu, of a message."""
        message = channel.messages.get(message_ts) or channel.ephemerals.get(message_ts)
        if message is None or message.ephemeral_to not in (None, user.id):
            raise NotThere("message_not_found")
        block, element = self._element(message.blocks, action_id, block_id, chosen)
        if is_stateful(element):
            mine = message.selections.setdefault(user.id, {})
            mine.setdefault(block["block_id"], {})[action_id] = state_value(element, chosen)
        token = self._tickets.new_response_url(user.id, channel.id, original=message.ts)
        origin = payloads.message_origin(self._workspace, message, user, f"{self._context.url}/response/{token}")
        return self._block_actions(user, block, element, chosen, origin, in_view=False)

    def prepare_view_click(
        self, user: User, view_id: str, action_id: str, *, block_id: str | None = None, chosen: Any = None
    ) -> Delivery:
        """A click or choice in an open modal or in the App Home."""
        view = self._view(user, view_id)
        block, element = self._element(view.blocks, action_id, block_id, chosen)
        if is_stateful(element):
            view.values.setdefault(block["block_id"], {})[action_id] = state_value(element, chosen)
        origin = payloads.view_origin(self._workspace, view)
        return self._block_actions(user, block, element, chosen, origin, in_view=view.is_modal)

    def _block_actions(
        self, user: User, block: Json, element: Json, chosen: Any, origin: Json, *, in_view: bool
    ) -> Delivery:
        action = action_object(block, element, chosen, self._workspace.next_ts())
        payload = payloads.block_actions(
            self._workspace,
            user,
            action=action,
            trigger_id=self._tickets.new_trigger(user.id, in_view=in_view),
            origin=origin,
        )
        return interactive_delivery(payload, {"user": user.id})

    def enter(self, user: User, view_id: str, values: dict[str, dict[str, Any]]) -> View:
        """Keep what was entered in a modal; Slack sends it with a submission, and with every click there."""
        view = self._view(user, view_id)
        for block, element in elements_of(view.blocks):
            entered = values.get(block["block_id"], {})
            if is_stateful(element) and element["action_id"] in entered:
                held = view.values.setdefault(block["block_id"], {})
                chosen = entered[element["action_id"]]
                held[element["action_id"]] = state_value(element, self._chosen(element, chosen))
        view.values = state_of(view.blocks, view.values)
        return view

    def prepare_submission(self, user: User, view_id: str, values: dict[str, dict[str, Any]]) -> Delivery:
        """A modal's submission; `values` maps block_id to action_id to what was entered, files by their ids.

        Inputs left out keep what they hold. Raises InputsRefused for what Slack's client checks.
        """
        view = self.enter(user, view_id, values)
        errors = input_errors(view.blocks, view.values)
        if errors:
            raise InputsRefused(errors)
        trigger_id = self._tickets.new_trigger(user.id, in_view=True)
        payload = payloads.view_submission(self._workspace, user, view, trigger_id)
        return interactive_delivery(payload, {"user": user.id, "view_id": view.id})

    def _chosen(self, element: Json, chosen: Any) -> Any:
        """What was entered, with files as Slack describes them."""
        if element["type"] != "file_input":
            return chosen
        return [self.file_object(file_id) for file_id in chosen or ()]

    def file_object(self, file_id: str) -> Json:
        """An uploaded file as Slack describes it."""
        return file_object(self.file(file_id), self._workspace.team, self._context.url)

    def upload(self, user: User, name: str, content: bytes, mimetype: str | None = None) -> File:
        """A person chooses a file for a form. Raises ValueError if it is too large."""
        workspace = self._workspace
        name = clean_name(name)
        file = File(
            workspace.new_id("F"), user.id, name, mimetype or mimetype_of(name), content, workspace.clock()
        )
        workspace.files.add(file)
        return file

    def file(self, file_id: str) -> File:
        """An uploaded file by its id."""
        found = self._workspace.files.get(file_id)
        if found is None:
            raise NotThere("file_not_found")
        return found

    async def close_view(self, user: User, view_id: str, *, clear: bool = False) -> list[Delivery]:
        """A person closes a modal, or with `clear` all of them; the view_closed payloads that were sent."""
        view = self._view(user, view_id)
        closed = self._workspace.close_views(user.id, top_only=not (clear or view.body.get("clear_on_close")))
        sent = []
        for each in closed:
            if each.body.get("notify_on_close"):
                payload = payloads.view_closed(self._workspace, user, each, is_cleared=clear)
                sent.append(await self.deliver(interactive_delivery(payload, {"user": user.id})))
        return sent

    async def deliver(self, delivery: Delivery) -> Delivery:
        """Send a command, click or submission, once, and act on the answer or tell the user that it failed."""
        said = delivery.context.get("payload") or delivery.context.get("form") or {}
        self._tickets.sent(str(said.get("trigger_id")))
        await self._sender.attempt(delivery)
        if delivery.kind == "command":
            self._after_command(delivery)
        elif "view_id" in delivery.context:
            self._after_submission(delivery)
        elif delivery.failure:
            self._fail(delivery, delivery.failure)
        delivery.settle()
        return delivery

    def _after_command(self, delivery: Delivery) -> None:
        form = delivery.context["form"]
        if delivery.failure:
            delivery.failed = delivery.failure
            command_failed(self._context, form["user_id"], form["channel_id"], form["command"], delivery.failure)
        else:
            show_command_answer(self._context, form, delivery.attempts[-1].body)

    def _after_submission(self, delivery: Delivery) -> None:
        if delivery.failure:
            self._fail(delivery, delivery.failure)
            return
        view = self._workspace.find_view(delivery.context["view_id"])
        if view is None:  # the app has closed it in the meantime
            return
        answer = delivery.answer or {}
        try:
            self._act_on(answer, view, delivery)
        except SlackError:
            self._fail(delivery, "invalid_response")

    def _act_on(self, answer: Json, view: View, delivery: Delivery) -> None:
        response_action = answer.get("response_action")
        if response_action is None:
            self._workspace.close_views(view.user, top_only=True)
        elif response_action == "clear":
            self._workspace.close_views(view.user)
        elif response_action == "update":
            self._workspace.replace_view(view, check_view(answer.get("view"), surface=MODAL))
        elif response_action == "push":
            body = check_view(answer.get("view"), surface=MODAL)
            self._workspace.push_view(self._workspace.new_view(view.user, body))
        elif response_action == "errors":
            delivery.errors = _checked_errors(answer.get("errors"), view)
        else:
            raise SlackError("invalid_response_action")

    def _fail(self, delivery: Delivery, word: str) -> None:
        delivery.failed = word
        channel = delivery.context["payload"].get("channel", {}).get("id")
        self._workspace.notice(delivery.context["user"], channel, _FAILURES[word])

    def _view(self, user: User, view_id: str) -> View:
        view = self._workspace.find_view(view_id)
        if view is None or view.user != user.id:
            raise NotThere("view_not_found")
        return view

    @staticmethod
    def _element(blocks: list[Json], action_id: str, block_id: str | None, chosen: Any) -> tuple[Json, Json]:
        value = chosen if isinstance(chosen, str) else None
        found = find_element(blocks, action_id, block_id, value)
        if found is None:
            raise NotThere("action_not_found")
        return found


def _checked_errors(errors: Any, view: View) -> dict[str, str]:
    """The errors of a submission; each must be for an input of the view, or Slack shows none of them."""
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
        raise SlackError("invalid_errors")
    return {block_id: str(message) for block_id, message in errors.items()}
