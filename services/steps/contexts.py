"""What a call may use beside its request: its component's sealed secrets, opened for it, and people's files."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from db.errors import DATABASE_ERRORS
from db.session import Database
from services.components.definitions import ComponentDefinition, OAuth2Auth
from services.components.secret_names import named_secrets
from services.connectors.connector import CallContext
from services.connectors.errors import NotSent, RequestRefused
from services.workspaces.component_secrets import ComponentSecrets
from services.workspaces.renewed_tokens import AccessToken, RenewedTokens, Turn

logger = logging.getLogger("mudda.secrets")

FetchFile = Callable[[UUID, str], Awaitable[bytes]]
"""The file of an id, in the keeping of a workspace. Raises CallError."""


_KEPT = 1_000
"""Definitions of which it is remembered whether they name sealed secrets."""

_PAUSES = (0.0, 0.5, 2.0, 5.0)
"""What was renewed is worth some tries to keep it: the refresh token that there was may be good no more."""


async def _nowhere(workspace_id: UUID, file: str) -> bytes:
    raise RequestRefused("file", "file_gone")


class CallContexts:
    """Makes contexts, holding no session once one is made. One per process."""

    def __init__(self, database: Database, secrets: ComponentSecrets, tokens: RenewedTokens) -> None:
        self._database = database
        self._secrets = secrets
        self._tokens = tokens
        self._fetch: FetchFile = _nowhere
        # By the id of a definition, which is kept beside it, so that no other gets the same.
        self._known: dict[int, tuple[ComponentDefinition, bool]] = {}

    def fetch_with(self, fetch: FetchFile) -> None:
        """Say where people's files are to be had."""
        self._fetch = fetch

    async def of(self, workspace_id: UUID, definition: ComponentDefinition) -> CallContext:
        """That of a call. What is sealed is read only for a component that names some. Raises NotSent."""
        files, tokens = partial(self._fetch, workspace_id), None
        if self._tokens.can_keep and isinstance(definition.auth, OAuth2Auth) and definition.auth.refresh_token:
            tokens = _Keeper(self._database.of(workspace_id), self._tokens, workspace_id)
        if not self._has_sealed(definition):
            return CallContext(files=files, tokens=tokens)
        try:
            async with self._database.of(workspace_id).reading() as session:
                opened = await self._secrets.opened(session, workspace_id, definition.key)
        except DATABASE_ERRORS:
            # Nothing has left, and that is certain: a step that is not safe to repeat is not in doubt for this.
            raise NotSent("secret") from None
        return CallContext(opened, files, tokens)

    def _has_sealed(self, definition: ComponentDefinition) -> bool:
        """Whether a component names sealed secrets. Runs use the same definitions again and again."""
        if id(definition) not in self._known:
            if len(self._known) >= _KEPT:
                self._known = {}
            _, sealed = named_secrets(definition)
            self._known[id(definition)] = (definition, bool(sealed))
        return self._known[id(definition)][1]


class _Keeper:
    """The tokens of a workspace, in a session of their own each time: none is open while a token is asked for."""

    def __init__(self, database: Database, tokens: RenewedTokens, workspace_id: UUID) -> None:
        self._database = database
        self._tokens = tokens
        self._workspace_id = workspace_id

    @property
    def owner(self) -> str:
        return str(self._workspace_id)

    async def take(self, client: str, is_enough: Callable[[AccessToken], bool]) -> AccessToken | Turn | None:
        try:
            async with self._database.transaction() as session:
                now = datetime.now(UTC)
                return await self._tokens.take(session, self._workspace_id, client, is_enough, now)
        except DATABASE_ERRORS:
            # With a refresh token that may have been used, a server could end all that came of it.
            raise NotSent("secret") from None

    async def keep(self, client: str, claim: UUID, token: AccessToken | None) -> None:
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            try:
                async with self._database.transaction() as session:
                    now = datetime.now(UTC)
                    await self._tokens.keep(session, self._workspace_id, client, claim, token, now)
            except DATABASE_ERRORS as error:
                logger.warning("What a token was renewed to is not kept yet: %s", type(error).__name__)
            else:
                return
        logger.error("What a token was renewed to could not be kept; this process alone can use it")
