"""Files that people have sent, fetched as a step sends them on: they are kept nowhere."""

from __future__ import annotations

from uuid import UUID

from bot.errors import FileRefused, RateLimited, SlackError, SlackUnavailable
from bot.workspaces.tenants import Tenants
from services.connectors.errors import NotSent, RequestRefused
from services.connectors.multipart import MAX_FILE_BYTES


async def fetch_file(tenants: Tenants, workspace_id: UUID, file: str) -> bytes:
    """What is in a file of a workspace. Raises NotSent if it may be had later, RequestRefused if never."""
    deps = await tenants.of(workspace_id)
    if deps is None:
        raise RequestRefused("file", "file_gone")
    try:
        return (await deps.slack.file(file, limit=MAX_FILE_BYTES)).content
    except RateLimited as error:
        raise NotSent("file", retry_after=error.retry_after.total_seconds()) from None
    except SlackUnavailable:
        raise NotSent("file") from None
    except SlackError as error:
        is_large = isinstance(error, FileRefused) and error.code == "too_large"
        raise RequestRefused("file", "file_large" if is_large else "file_gone") from None
