"""The Web API's methods by name. Each takes the context and the arguments, and returns Slack's answer."""

from __future__ import annotations

from bot.sandbox.slack.methods import (
    agents,
    apps,
    assistant,
    chat,
    conversations,
    entities,
    files,
    functions,
    people,
    streams,
    views,
)
from bot.sandbox.slack.methods.arguments import Context, Method

METHODS: dict[str, Method] = {
    **apps.METHODS,
    **people.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **views.METHODS,
    **files.METHODS,
    **assistant.METHODS,
    **agents.METHODS,
    **streams.METHODS,
    **functions.METHODS,
    **entities.METHODS,
}

WITHOUT_TOKEN = frozenset({"api.test", "oauth.v2.access"})

__all__ = ["METHODS", "WITHOUT_TOKEN", "Context", "Method"]
