"""What an app may do that is an agent: the status of a session, and what it suggests to write to it."""

from __future__ import annotations

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.methods.arguments import Context, Method, decoded, joined_channel, required_text
from bot.sandbox.slack.state.model import Json

SESSION_STATUSES = frozenset({"active", "processing", "suspended", "closed"})
PROMPTS = 4


def check_is_agent(context: Context) -> None:
    """Raises what Slack answers where agents are not to be had: on a free plan, or for an app that is none."""
    if not context.workspace.has_agents:
        raise SlackError("not_authorized")


def set_session_status(context: Context, args: Json) -> Json:
    """agents.sessions.setStatus."""
    check_is_agent(context)
    channel = joined_channel(context, {"channel": required_text(args, "channel_id")})
    root = channel.messages.get(required_text(args, "thread_ts"))
    status = required_text(args, "status")
    if root is None:
        raise SlackError("thread_not_found")
    if status not in SESSION_STATUSES:
        raise SlackError("invalid_arguments", messages=["[ERROR] status"])
    context.workspace.set_session(channel, root.thread_ts or root.ts, status)
    return {"status": status, "agent_status": status}


def set_suggested_prompts(context: Context, args: Json) -> Json:
    """assistant.threads.setSuggestedPrompts, without a thread: at the top of the direct message."""
    check_is_agent(context)
    channel = joined_channel(context, {"channel": required_text(args, "channel_id")})
    prompts = decoded(args, "prompts", "invalid_arguments")
    if not channel.is_im:
        raise SlackError("channel_type_not_supported")
    if not isinstance(prompts, list) or not 0 < len(prompts) <= PROMPTS:
        raise SlackError("invalid_arguments", messages=["[ERROR] prompts"])
    for prompt in prompts:
        if not (isinstance(prompt, dict) and prompt.keys() == {"title", "message"} and all(prompt.values())):
            raise SlackError("invalid_arguments", messages=["[ERROR] prompts"])
    context.workspace.suggest(channel, prompts)
    return {}


METHODS: dict[str, Method] = {
    "agents.sessions.setStatus": set_session_status,
    "assistant.threads.setSuggestedPrompts": set_suggested_prompts,
}
