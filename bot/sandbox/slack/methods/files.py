"""files.info: what Slack says of a file, to an app that is where it was shared."""

from __future__ import annotations

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.methods.arguments import Context, Method, required_text
from bot.sandbox.slack.state.files import file_object
from bot.sandbox.slack.state.model import Json


def info(context: Context, args: Json) -> Json:
    """files.info."""
    file = context.workspace.files.get(required_text(args, "file"))
    if file is None:
        raise SlackError("file_not_found")
    return {"file": file_object(file, context.workspace.team, context.url), "comments": []}


METHODS: dict[str, Method] = {"files.info": info}
