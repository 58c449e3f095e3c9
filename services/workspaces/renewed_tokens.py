"""RenewedTokens: what a refresh token was renewed to, sealed, for all workers and for after a restart.

A server may give a new refresh token with each access token and take the old one no more. So one at a time renews:
whoever has the turn, for so long as it may take, and the others use what comes of it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import RenewedToken
from services.workspaces.secrets import SealBroken, SecretBox

logger = logging.getLogger("mudda.secrets")

TURN = timedelta(seconds=60)
"""After so long whoever has the turn is taken for gone."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token, and what the next one is asked for with, if that is a refresh token."""

    value: str = field(repr=False)
    good_until: datetime
    refresh: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """It is the caller's turn to renew; `token` is the last one that was kept."""

    claim: UUID
    token: AccessToken | None


class RenewedTokens:
    """Tokens by workspace and `client`, which stands for what they are asked for with.

    Every method takes a session and leaves the commit to its caller. Without a `box` nothing can be kept.
    """

    def __init__(self, box: SecretBox | None) -> None:
        self._box = box

    @property
    def can_keep(self) -> bool:
        """Whether there is a key to seal with."""
        return self._box is not None

    async def take(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        client: str,
        is_enough: Callable[[AccessToken], bool],
        now: datetime,
    ) -> AccessToken | Turn | None:
        """The token that is kept, if it `is_enough`; else the turn to renew it; None while another has that."""
        made = {"workspace_id": workspace_id, "client": client, "renewed_at": now}
        await session.execute(
            insert(RenewedToken).values(made).on_conflict_do_nothing(index_elements=["workspace_id", "client"])
        )
        row = await _locked(session, workspace_id, client)
        token = self._opened(row)
        if token is not None and is_enough(token):
            return token
        if row.claimed_until is not None and row.claimed_until > now:
            return None
        row.claim, row.claimed_until = uuid4(), now + TURN
        return Turn(row.claim, token)

    async def keep(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        client: str,
        claim: UUID,
        token: AccessToken | None,
        now: datetime,
    ) -> None:
        """End a turn with what came of it, unless another has the turn by now; None: the last one stays."""
        row = await _locked(session, workspace_id, client)
        if row.claim != claim:
            return
        row.claim = row.claimed_until = None
        if token is not None and self._box is not None:
            said = json.dumps([token.value, token.good_until.isoformat(), token.refresh])
            row.sealed = self._box.seal(said, owner=str(workspace_id), purpose=_purpose(client))
            row.renewed_at = now

    async def reseal(self, session: AsyncSession) -> int:
        """Seal the tokens of every workspace with the first key; how many there are. Raises SealBroken."""
        rows = (await session.scalars(select(RenewedToken).where(RenewedToken.sealed.is_not(None)))).all()
        for row in rows:
            if self._box is None:
                raise SealBroken("there is no key")
            row.sealed = self._box.reseal(row.sealed or "")
        return len(rows)

    def _opened(self, row: RenewedToken) -> AccessToken | None:
        if self._box is None or row.sealed is None:
            return None
        try:
            said = self._box.open(row.sealed, owner=str(row.workspace_id), purpose=_purpose(row.client))
        except SealBroken as error:
            logger.error("A renewed token can't be opened: %s", error)
            return None
        value, good_until, refresh = json.loads(said)
        return AccessToken(value, datetime.fromisoformat(good_until), refresh)


async def _locked(session: AsyncSession, workspace_id: UUID, client: str) -> RenewedToken:
    query = select(RenewedToken).where(RenewedToken.workspace_id == workspace_id, RenewedToken.client == client)
    rows = await session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return rows.one()


def _purpose(client: str) -> str:
    return f"renewed_token:{client}"
