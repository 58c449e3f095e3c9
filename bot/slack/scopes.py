"""What the app asks a workspace for, and why. `manifest.yml` asks for the same."""

from __future__ import annotations

from collections.abc import Mapping

BOT_SCOPES: Mapping[str, str] = {
    "app_mentions:read": "hear @mudda",
    "chat:write": "post a plan's card and keep it up to date, tell one person something, show that it reads",
    "commands": "its slash commands and shortcuts",
    "reactions:read": "plan a message when somebody puts the emoji on it that is set for that",
    "im:write": "ask a person in a direct message, where a plan has a step for it",
    "usergroups:read": "ask a group: who is in it, and what it is called",
    "users:read": "what a person who is mentioned is called",
    "channels:read": "what a channel that is mentioned is called",
    "files:read": "show the model the pictures of an issue, take a photo as an answer, fetch a policy",
    "files:write": "send the graph of a plan and the report of a run when somebody asks for them",
    "channels:history": "in public channels: read the thread that it is mentioned in, hear replies to its plans",
    "groups:history": "the same in private channels that it was invited to",
    "assistant:write": "be an agent in its direct messages: stream answers there, and suggest what to ask",
    "im:history": "hear what is written to it alone",
}
"""By scope, what the app can't do without it. https://docs.slack.dev/reference/scopes"""
