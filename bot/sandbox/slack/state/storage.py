"""A workspace's conversations in a file, so that a sandbox that is started again has its cards."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from bot.sandbox.slack.state.model import Channel, Json, Message
from bot.sandbox.slack.state.workspace import Workspace

FORMAT = 1
"""Of the file; one of another is left alone, and the workspace begins anew."""


def save(workspace: Workspace, path: Path) -> None:
    """Write all channels with their messages. The file is whole, or as it was before."""
    channels = [asdict(channel) for channel in workspace.channels.values()]
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"format": FORMAT, "channels": channels}))
    part.replace(path)


def load(workspace: Workspace, path: Path) -> None:
    """Take the messages and conversations of an earlier time; people and the app are those of now."""
    try:
        document = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return
    if document.get("format") != FORMAT:
        return
    for fields in document["channels"]:
        workspace.channels[fields["id"]] = _channel(fields)


def _channel(fields: Json) -> Channel:
    messages, ephemerals = _messages(fields.pop("messages")), _messages(fields.pop("ephemerals"))
    return Channel(**fields, messages=messages, ephemerals=ephemerals)


def _messages(shelf: Json) -> dict[str, Message]:
    return {ts: Message(**{**fields, "files": tuple(fields["files"])}) for ts, fields in shelf.items()}
