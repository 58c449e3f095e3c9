"""What people do without a word: the shortcuts of the app, emoji on messages, the language of their Slack."""

from __future__ import annotations

import re

from bot.sandbox.slack.methods.arguments import Context
from bot.sandbox.slack.outbound import payloads
from bot.sandbox.slack.outbound.delivery import Delivery, interactive_delivery
from bot.sandbox.slack.outbound.interactions import Interactions, NotThere
from bot.sandbox.slack.state.model import Message


class Gestures:
    """Users and channels may be named by id or by name, as in the stand-in's own methods. Raises NotThere."""

    def __init__(self, context: Context, interactions: Interactions, *, subscribed: frozenset[str]) -> None:
        self._context = context
        self._workspace = context.workspace
        self._do = interactions
        self._subscribed = subscribed

    async def shortcut(self, user: str, callback_id: str) -> Delivery:
        """Choose a shortcut of the app; returns when that was acked or has failed."""
        self._check(callback_id, is_for_messages=False)
        who = self._do.user(user)
        payload = payloads.global_shortcut(
            self._workspace, who, callback_id=callback_id, trigger_id=self._context.tickets.new_trigger(who.id)
        )
        return await self._do.deliver(interactive_delivery(payload, {"user": who.id}))

    async def message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Delivery:
        """Choose a shortcut in the menu of a message; returns as `shortcut` does.

        The app need not be in the channel. What only one person sees has no shortcuts in its menu.
        """
        return await self._do.deliver(self.prepare_message_shortcut(user, channel, ts, callback_id))

    def prepare_message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Delivery:
        """The same, to be sent with the stand-in's `deliver`, perhaps when the message is gone."""
        self._check(callback_id, is_for_messages=True)
        who, message = self._do.user(user), self._message(channel, ts)
        tickets = self._context.tickets
        payload = payloads.message_action(
            self._workspace,
            who,
            message,
            callback_id=callback_id,
            trigger_id=tickets.new_trigger(who.id),
            response_url=f"{self._context.url}/response/{tickets.new_response_url(who.id, message.channel)}",
        )
        return interactive_delivery(payload, {"user": who.id})

    async def react(self, user: str, channel: str, ts: str, name: str) -> Delivery | None:
        """Put an emoji on a message, or take it away again if it is there; returns when the app has acked that.

        The app is told only where it is in the channel and has subscribed to it; None: it was not told.
        """
        who, message = self._do.user(user), self._message(channel, ts)
        people = message.reactions.setdefault(name, [])
        is_new = who.id not in people
        if is_new:
            people.append(who.id)
        else:
            people.remove(who.id)
            if not people:
                del message.reactions[name]
        self._workspace.changed(message)
        is_told = (
            self._workspace.bot.id in self._do.channel(channel).members and "reaction_added" in self._subscribed
        )
        if not (is_new and is_told):
            return None
        return await self._do.emit(payloads.reaction_event(self._workspace, who, message, name)).settled()

    async def choose_language(self, user: str, locale: str) -> Delivery | None:
        """Have Slack in another language, such as de-DE; returns when the app has acked that.

        None: it is told of no such changes, for it has not subscribed to them. Raises ValueError.
        """
        if not re.fullmatch(r"[a-z]{2}-[A-Z]{2}", locale):
            raise ValueError("a locale is a language and a country")
        who = self._workspace.set_locale(self._do.user(user), locale)
        if "user_change" not in self._subscribed:
            return None
        return await self._do.emit(payloads.user_change_event(self._workspace, who)).settled()

    def _message(self, channel: str, ts: str) -> Message:
        message = self._do.channel(channel).messages.get(ts)
        if message is None:
            raise NotThere("message_not_found")
        return message

    def _check(self, callback_id: str, *, is_for_messages: bool) -> None:
        known = (each for each in self._workspace.shortcuts if each.callback_id == callback_id)
        if not any(each.is_for_messages == is_for_messages for each in known):
            raise NotThere("shortcut_not_found")
