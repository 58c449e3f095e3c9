"""The Web API's methods by name. Each takes the context and the arguments, and returns Slack's answer."""

from __future__ import annotations

from bot.sandbox.slack.methods import chat, conversations, people, views
from bot.sandbox.slack.methods.arguments import Context, Method

METHODS: dict[str, Method] = {
    **people.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **views.METHODS,
}

WITHOUT_TOKEN = frozenset({"api.test"})

__all__ = ["METHODS", "WITHOUT_TOKEN", "Context", "Method"]
