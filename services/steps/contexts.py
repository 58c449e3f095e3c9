"""What a call may use beside its request: its component's sealed secrets, opened for it, and people's files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from db.session import DATABASE_ERRORS, Database
from services.components.definitions import ComponentDefinition
from services.components.secret_names import named_secrets
from services.connectors.connector import CallContext
from services.connectors.errors import NotSent, RequestRefused
from services.workspaces.component_secrets import ComponentSecrets

FetchFile = Callable[[UUID, str], Awaitable[bytes]]
"""The file of an id, in the keeping of a workspace. Raises CallError."""


async def _nowhere(workspace_id: UUID, file: str) -> bytes:
    raise RequestRefused("file", "file_gone")


class CallContexts:
    """Makes contexts, holding no session once one is made. One per process."""

    def __init__(self, database: Database, secrets: ComponentSecrets) -> None:
        self._database = database
        self._secrets = secrets
        self._fetch: FetchFile = _nowhere

    def fetch_with(self, fetch: FetchFile) -> None:
        """Say where people's files are to be had."""
        self._fetch = fetch

    async def of(self, workspace_id: UUID, definition: ComponentDefinition) -> CallContext:
        """That of a call. What is sealed is read only for a component that names some. Raises NotSent."""
        files = partial(self._fetch, workspace_id)
        _, sealed = named_secrets(definition)
        if not sealed:
            return CallContext(files=files)
        try:
            async with self._database.of(workspace_id).reading() as session:
                return CallContext(await self._secrets.opened(session, workspace_id, definition.key), files)
        except DATABASE_ERRORS:
            # Nothing has left, and that is certain: a step that is not safe to repeat is not in doubt for this.
            raise NotSent("secret") from None
