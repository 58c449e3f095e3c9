"""entity.presentDetails: what the pane beside shows of a work object that somebody looks at."""

from __future__ import annotations

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.limits.entities import is_entity
from bot.sandbox.slack.methods.arguments import Context, Method, decoded
from bot.sandbox.slack.state.model import Json

ERRORS = frozenset(
    {"restricted", "internal_error", "not_found", "custom", "custom_partial_view", "timeout", "edit_error"}
)


def present_details(context: Context, args: Json) -> Json:
    """entity.presentDetails; a trigger is good for 3 s and once, and for the object that was asked for."""
    trigger = context.tickets.exchange_trigger(args.get("trigger_id"))
    wanted = context.workspace.wanted.pop(str(args["trigger_id"]), None)
    metadata, error = decoded(args, "metadata", "invalid_metadata"), decoded(args, "error", "invalid_arguments")
    if wanted is None:
        raise SlackError("invalid_trigger_id")
    if (metadata is None) == (error is None):
        raise SlackError("invalid_arguments", messages=["[ERROR] either metadata or error"])
    if metadata is not None and not is_entity(metadata):
        raise SlackError("invalid_metadata")
    if metadata is not None and metadata["external_ref"]["id"] != wanted:
        raise SlackError("entity_metadata_does_not_match_trigger")
    if error is not None and not (isinstance(error, dict) and error.get("status") in ERRORS):
        raise SlackError("invalid_arguments", messages=["[ERROR] error"])
    context.workspace.panes[trigger.user] = metadata or {"error": error}
    context.workspace.signal.notify()
    return {}


METHODS: dict[str, Method] = {"entity.presentDetails": present_details}
