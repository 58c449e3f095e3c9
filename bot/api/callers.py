"""Who calls: a token presented as bearer, known for a while, with the parts of its workspace."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from bot.api.limits import RateLimiter
from bot.api.problems import forbidden, too_many, unauthorized
from bot.deps import Deps, utc_now
from bot.workspaces.tenants import Tenants
from db.session import Database
from services.access import tokens
from services.access.tokens import Right, Token
from services.queries.records import NOBODY, Eyes

KNOWN_SECONDS = 60.0
"""For so long a token is not looked up again. One that is revoked is forgotten at once."""

MAX_KNOWN = 1_000
_BEARER = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may ask: by a token, or a person whom Slack speaks for. `user` is in whose name is acted."""

    deps: Deps
    rights: frozenset[Right]
    user: str | None
    sees_private: bool = False
    token: Token | None = None

    def needs(self, right: Right) -> None:
        """Raise Problem unless the caller has the right."""
        if right not in self.rights:
            raise forbidden(f"This token has no right to {right.value}.", "missing_right")

    async def eyes(self, session: AsyncSession) -> Eyes:
        """What they may see: a token what everybody may, or all; a person what they see in Slack."""
        if self.token is not None:
            return Eyes(NOBODY, self.sees_private)
        now = self.deps.now() if self.user else None
        viewer = await self.deps.queries.viewer(session, self.deps.workspace.id, self.user or "", now=now)
        return Eyes(viewer, self.sees_private)


@dataclass(slots=True)
class Callers:
    """Finds them. `database` sees all workspaces: whose a token is is not known before it is looked up.

    What is known is kept while `is_listening`, since a token that was revoked must not be good for a minute more.
    """

    database: Database
    tenants: Tenants
    limiter: RateLimiter
    _known: dict[str, tuple[Token, float]] = field(default_factory=dict)
    _changes: int = 0

    def forget(self) -> None:
        """Look every token up again."""
        self._changes += 1
        self._known.clear()

    async def by_token(self, authorization: str, *, is_listening: bool) -> Caller:
        """The caller who presents this header. Raises Problem."""
        presented = _BEARER.fullmatch(authorization)
        if presented is None or not tokens.may_be_token(presented[1]):
            raise unauthorized()
        token = await self._token(presented[1], is_listening=is_listening)
        deps = None if token is None else await self.tenants.of(token.workspace_id)
        if token is None or deps is None:
            raise unauthorized()
        self.limit(token.id)
        return Caller(deps, token.rights, token.user, token.sees_private, token)

    def limit(self, key: object) -> None:
        """Count a request of somebody. Raises Problem."""
        if seconds := self.limiter.seconds_to_wait(key):
            raise too_many(seconds)

    async def _token(self, presented: str, *, is_listening: bool) -> Token | None:
        key = tokens.hash_of(presented)
        now = asyncio.get_running_loop().time()
        known, until = self._known.get(key, (None, 0.0))
        moment = utc_now()
        if known is not None and now < until and (known.expires_at is None or moment < known.expires_at):
            return known
        changes = self._changes
        async with self.database.transaction() as session:
            token = await tokens.use(session, presented, moment)
        if token is not None and is_listening and changes == self._changes:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[key] = (token, now + KNOWN_SECONDS)
        return token
