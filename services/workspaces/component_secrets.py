"""ComponentSecrets: what components name as `secret:NAME`, sealed for one workspace, component and name.

A value goes in and is opened for a call, and for nothing else: nothing here gives one to people.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Component, ComponentSecret
from services import audit
from services.audit import Actor
from services.errors import MuddaError, NotFound
from services.workspaces.secrets import SealBroken, SecretBox

logger = logging.getLogger("mudda.secrets")

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
MAX_CHARACTERS = 20_000
"""Of a secret: a certificate with its chain has some thousand."""


class NoSecretKey(MuddaError):
    """There is nothing to seal with: MUDDA_SECRET_KEY is not set."""

    def __init__(self) -> None:
        super().__init__("MUDDA_SECRET_KEY is not set")


class SecretRefused(MuddaError):
    """What was given can't be kept. `reason` is "name", "empty" or "too_long"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as it may be kept and handed on; `key_id` says which key opens it."""

    text: str
    key_id: str


@dataclass(frozen=True, slots=True)
class SecretLine:
    """That there is a secret, who set it, and which key seals it; `opens`: whether one of ours opens it."""

    component: str
    name: str
    key_id: str
    set_by: str
    set_at: datetime
    opens: bool


class ComponentSecrets:
    """Sealed secrets. Every method takes a session and leaves the commit to its caller.

    Without a `box` nothing can be kept or opened.
    """

    def __init__(self, box: SecretBox | None) -> None:
        self._box = box

    async def set(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        component: str,
        name: str,
        value: str,
        actor: Actor,
        now: datetime,
    ) -> None:
        """Keep a secret, in place of what was kept under the name. Raises NoSecretKey, SecretRefused, NotFound."""
        sealed = self.sealed(workspace_id, component, name, value)
        await self.keep(session, workspace_id, component, name, sealed, actor, now)

    @property
    def can_keep(self) -> bool:
        """Whether there is a key to seal with."""
        return self._box is not None

    def sealed(self, workspace_id: UUID, component: str, name: str, value: str) -> SealedSecret:
        """A secret sealed for its component, to be handed to `keep`. Raises NoSecretKey, SecretRefused."""
        if self._box is None:
            raise NoSecretKey
        _check(name, value)
        text = self._box.seal(value, owner=_owner(workspace_id, component), purpose=_purpose(name))
        return SealedSecret(text, self._box.key_id)

    async def keep(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        component: str,
        name: str,
        sealed: SealedSecret,
        actor: Actor,
        now: datetime,
    ) -> None:
        """Keep what was sealed, in place of what was kept under the name. Raises NotFound."""
        subject = await _component(session, workspace_id, component)
        values = {"sealed": sealed.text, "key_id": sealed.key_id, "set_by": actor.user, "set_at": now}
        await session.execute(
            insert(ComponentSecret)
            .values(workspace_id=workspace_id, component_key=component, name=name, **values)
            .on_conflict_do_update(index_elements=["workspace_id", "component_key", "name"], set_=values)
        )
        await _record(session, workspace_id, subject, actor, "component.secret_set", component, name)

    async def remove(
        self, session: AsyncSession, workspace_id: UUID, component: str, name: str, actor: Actor
    ) -> None:
        """Forget a secret. Raises NotFound."""
        subject = await _component(session, workspace_id, component)
        gone = await session.scalar(
            delete(ComponentSecret)
            .where(
                ComponentSecret.workspace_id == workspace_id,
                ComponentSecret.component_key == component,
                ComponentSecret.name == name,
            )
            .returning(ComponentSecret.id)
        )
        if gone is None:
            raise NotFound("secret", name)
        await _record(session, workspace_id, subject, actor, "component.secret_removed", component, name)

    async def list(self, session: AsyncSession, workspace_id: UUID) -> Sequence[SecretLine]:
        """What is kept, by component and name: everything but the values."""
        rows = await session.scalars(
            select(ComponentSecret)
            .where(ComponentSecret.workspace_id == workspace_id)
            .order_by(ComponentSecret.component_key, ComponentSecret.name)
        )
        return [
            SecretLine(
                component=row.component_key,
                name=row.name,
                key_id=row.key_id,
                set_by=row.set_by,
                set_at=row.set_at,
                opens=self._opened(row) is not None,
            )
            for row in rows
        ]

    async def opened(self, session: AsyncSession, workspace_id: UUID, component: str) -> Mapping[str, str]:
        """The secrets of a component by name, for a call of it; without those that can't be opened."""
        rows = await session.scalars(
            select(ComponentSecret).where(
                ComponentSecret.workspace_id == workspace_id, ComponentSecret.component_key == component
            )
        )
        found = {row.name: self._opened(row) for row in rows}
        return {name: value for name, value in found.items() if value is not None}

    async def reseal(self, session: AsyncSession) -> int:
        """Seal every secret of every workspace with the first key; how many there are. Raises SealBroken."""
        rows = (await session.scalars(select(ComponentSecret))).all()
        for row in rows:
            if self._box is None:
                raise SealBroken("there is no key")
            row.sealed, row.key_id = self._box.reseal(row.sealed), self._box.key_id
        return len(rows)

    def _opened(self, row: ComponentSecret) -> str | None:
        owner = _owner(row.workspace_id, row.component_key)
        try:
            return (
                None if self._box is None else self._box.open(row.sealed, owner=owner, purpose=_purpose(row.name))
            )
        except SealBroken as error:
            logger.error("The secret %s of %s can't be opened: %s", row.name, row.component_key, error)
            return None


def _owner(workspace_id: UUID, component: str) -> str:
    return f"{workspace_id}:{component}"


def _purpose(name: str) -> str:
    return f"component_secret:{name}"


def _check(name: str, value: str) -> None:
    if not NAME.fullmatch(name):
        raise SecretRefused("name")
    if not value.strip():
        raise SecretRefused("empty")
    if len(value) > MAX_CHARACTERS:
        raise SecretRefused("too_long")


async def _component(session: AsyncSession, workspace_id: UUID, key: str) -> UUID:
    found = await session.scalar(
        select(Component.id).where(Component.workspace_id == workspace_id, Component.key == key)
    )
    if found is None:
        raise NotFound("component", key)
    return found


async def _record(
    session: AsyncSession, workspace_id: UUID, subject: UUID, actor: Actor, action: str, component: str, name: str
) -> None:
    await audit.record(
        session, workspace_id, subject=subject, actor=actor, action=action, component=component, name=name
    )
