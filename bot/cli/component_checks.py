"""What `mudda doctor` says of components: secrets that are not there or not kept, hosts that do not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import select

from bot.cli.secrets import secrets_of
from bot.config import Settings, component_secret
from db.models import Component, Workspace
from db.session import Database, ReadSession
from services.components.secret_names import named_secrets
from services.components.service import ComponentService
from services.health.hosts import closed_hosts

MOST = 20
"""So many lines of a kind; a list of hundreds helps nobody."""


async def missing_secrets(settings: Settings, database: Database) -> list[str]:
    """A line for each secret that an active component names and that there is none of, or that can't be opened."""
    async with database.reading() as session:
        return [line async for line in _missing(settings, session)][:MOST]


async def lost_tokens(settings: Settings, database: Database) -> list[str]:
    """A line for each active component whose renewed tokens can't be kept, since there is no key to seal with."""
    if settings.mudda_secret_key is not None:
        return []
    async with database.reading() as session:
        query = (
            select(Component.key, Workspace.team_id)
            .join(Workspace, Workspace.id == Component.workspace_id)
            .where(Component.is_active, Component.auth["refresh_token"].as_string().is_not(None))
            .order_by(Workspace.team_id, Component.key)
            .limit(MOST)
        )
        return [
            f"{key} in {team} signs in with a refresh token. Without MUDDA_SECRET_KEY one that is renewed is lost "
            "when the bot restarts, and no other worker knows it."
            for key, team in await session.execute(query)
        ]


async def silent_hosts(database: Database) -> list[str]:
    """A line for each host that is left alone at the moment, since it does not answer."""
    async with database.reading() as session:
        return [
            f"{each.host} does not answer ({each.reason}) since {each.since:%Y-%m-%d %H:%M} UTC; "
            f"tried again at {each.closed_until:%H:%M:%S} UTC."
            for each in (await closed_hosts(session))[:MOST]
        ]


async def _missing(settings: Settings, session: ReadSession) -> AsyncIterator[str]:
    secrets, components = secrets_of(settings), ComponentService()
    for workspace_id, team in await session.execute(select(Workspace.id, Workspace.team_id)):
        keys = await session.scalars(
            select(Component.key)
            .where(Component.workspace_id == workspace_id, Component.is_active)
            .order_by(Component.key)
        )
        kept = {(line.component, line.name): line.opens for line in await secrets.list(session, workspace_id)}
        for key in keys.all():
            definition = (await components.get(session, workspace_id, key)).definition
            of_environment, sealed = named_secrets(definition)
            for name in sorted(of_environment):
                if not component_secret(name):
                    is_ours = name.lower() in Settings.model_fields
                    why = "a setting of Mudda's own: no component is given it" if is_ours else "not set"
                    yield f"{key} in {team} needs {name}, which is {why}."
            for name in sorted(sealed):
                if (key, name) not in kept:
                    yield f"{key} in {team} needs secret:{name}: “mudda secrets set {key} {name}” keeps it."
                elif not kept[key, name]:
                    yield f"{key} in {team}: no key of MUDDA_SECRET_KEY opens secret:{name}. Set it again."
