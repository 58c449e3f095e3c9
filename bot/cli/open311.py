"""`mudda components add-open311 | refresh-open311`: what these commands do, and the text that they print."""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.cli.command import CommandFailed, add_workspace_option, open_database, team_of
from bot.cli.table import table
from bot.config import Settings
from bot.deps import utc_now
from db.session import Database
from services import audit, workspaces
from services.components.service import ComponentService
from services.connectors import Connector
from services.errors import NotFound
from services.open311.client import GeoReportClient
from services.open311.model import LeftOut, Open311Refused, Source
from services.open311.pack import pack_of
from services.open311.presets import Preset, presets
from services.open311.service import Change, Endpoint, Open311Service

_MAX_LISTED = 20


def add_actions(actions: Any) -> None:
    """Add the actions to those of `mudda components`."""
    adding = actions.add_parser("add-open311", help="make components of a town's Open311 endpoint (GeoReport v2)")
    adding.add_argument("url", nargs="?", metavar="URL", help="of its discovery document, or of its services")
    adding.add_argument("--preset", choices=sorted(presets()), metavar="NAME", help="a public endpoint: boston, …")
    adding.add_argument("--jurisdiction", metavar="ID", help="where the endpoint serves several")
    adding.add_argument(
        "--api-key", metavar="env:NAME", help="where the key for filing requests is; or secret:NAME"
    )
    adding.add_argument("--prefix", metavar="PREFIX", help="what the keys of its components begin with")
    adding.add_argument(
        "--service", action="append", default=[], metavar="CODE", help="offer this service only; may be repeated"
    )
    adding.add_argument("--dry-run", action="store_true", help="show what would be added, and add nothing")
    adding.set_defaults(run=_run_add)
    refreshing = actions.add_parser(
        "refresh-open311", help="read the services of all Open311 endpoints again, where they have changed"
    )
    refreshing.add_argument("prefix", nargs="?", metavar="PREFIX", help="of one endpoint only")
    refreshing.add_argument("--all", action="store_true", help="also those that say that nothing has changed")
    refreshing.set_defaults(run=_run_refresh)
    for action in (adding, refreshing):
        add_workspace_option(action)


async def _run_add(settings: Settings, options: argparse.Namespace) -> int:
    source = source_of(options)
    async with _client(settings) as client:
        if options.dry_run:
            print(await preview(client, source))
            return 0
        async with open_database(settings) as database:
            print(await add(database, await team_of(settings, options), client, source, utc_now()))
        preset = presets()[options.preset] if options.preset else None
        if preset and preset.key_from and not source.api_key:
            print(f"A key is to be had from {preset.key_from}")
        place, _, name = source.api_key.partition(":")
        if place == "env" and not os.environ.get(name):
            print(f"{name} is not set here: where the bot runs it must be, or no request can be filed.")
        elif place == "secret":
            print(f"“mudda secrets set KEY {name}” keeps it, for each component that files requests.")
    return 0


async def _run_refresh(settings: Settings, options: argparse.Namespace) -> int:
    async with _client(settings) as client, open_database(settings) as database:
        team_id = await team_of(settings, options)
        print(await refresh(database, team_id, client, utc_now(), prefix=options.prefix, all_=options.all))
    return 0


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[GeoReportClient]:
    connector = Connector(settings.allowed_hosts, os.environ.get)
    try:
        yield GeoReportClient(connector)
    finally:
        await connector.aclose()


def source_of(options: argparse.Namespace) -> Source:
    """What the arguments ask for; a preset says what they leave open. Raises CommandFailed."""
    if not options.url and not options.preset:
        raise CommandFailed("Give the URL of the endpoint, or --preset NAME. Nothing was added.")
    preset: Preset | None = presets()[options.preset] if options.preset else None
    source = preset.source() if preset else Source(options.url)
    given = {
        "url": options.url,
        "jurisdiction": options.jurisdiction,
        "api_key": options.api_key,
        "prefix": options.prefix,
        "only": tuple(options.service),
    }
    return replace(source, **{name: value for name, value in given.items() if value})


async def preview(client: GeoReportClient, source: Source) -> str:
    """What adding an endpoint would add. Raises CommandFailed."""
    try:
        town = await client.read(source)
        pack = pack_of(town, source)
    except Open311Refused as refusal:
        raise _failed(refusal) from None
    lines = [f"{town.base_url} speaks {town.format.upper()} and has {len(town.services)} services. It would add:"]
    lines += table(
        [
            ("  METHOD", "KEY", "NAME"),
            *((f"  {each.http_method}", each.key, each.name) for each in pack.definitions),
        ]
    )
    return "\n".join([*lines, *_left_out(pack.left_out), "Nothing was added."])


async def add(database: Database, team_id: str, client: GeoReportClient, source: Source, now: datetime) -> str:
    """Make the components of an endpoint, all of them or none. Raises CommandFailed."""
    try:
        town = await client.read(source)
        async with database.transaction() as session:
            workspace_id = await workspaces.ensure(session, team_id)
            service = Open311Service(ComponentService())
            change = await service.add(session, workspace_id, source, town, audit.OPERATOR, now)
    except Open311Refused as refusal:
        raise _failed(refusal) from None
    key = "" if source.api_key else "\nRequests are filed without a key; --api-key env:NAME gives one."
    return "\n".join(_changed(team_id, change)) + key


async def refresh(
    database: Database,
    team_id: str,
    client: GeoReportClient,
    now: datetime,
    *,
    prefix: str | None = None,
    all_: bool = False,
) -> str:
    """Read endpoints again whose services have changed, each in a transaction of its own. Raises CommandFailed."""
    service = Open311Service(ComponentService())
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
            known = await service.endpoints(session, workspace_id)
        except NotFound:
            known = ()
    chosen = [endpoint for endpoint in known if prefix in (None, endpoint.prefix)]
    if not chosen:
        raise CommandFailed(
            f"{team_id} has no such Open311 endpoint. Add one with `mudda components add-open311`."
        )
    told: list[str] = []
    refused = False
    for endpoint in chosen:
        try:
            if not all_ and await _is_unchanged(client, endpoint):
                async with database.transaction() as session:
                    await service.note_unchanged(session, workspace_id, endpoint.prefix, now)
                told.append(f"{endpoint.prefix}: nothing has changed since changeset {endpoint.changeset}.")
                continue
            town = await client.read(endpoint.source)
            async with database.transaction() as session:
                change = await service.add(session, workspace_id, endpoint.source, town, audit.OPERATOR, now)
            told += _changed(team_id, change)
        except Open311Refused as refusal:
            refused = True
            told.append(f"{endpoint.prefix}: {sentence(refusal)} Its components stay as they were.")
    if refused:
        raise CommandFailed("\n".join(told))
    return "\n".join(told)


async def _is_unchanged(client: GeoReportClient, endpoint: Endpoint) -> bool:
    changeset = await client.changeset(endpoint.source)
    return bool(changeset) and changeset == endpoint.changeset


def _changed(team_id: str, change: Change) -> Iterator[str]:
    counts = f"{len(change.created)} new, {len(change.updated)} changed, {len(change.removed)} out of use"
    yield (
        f"{team_id}: {change.prefix} has {change.services} services; components: {counts}, "
        f"{len(change.unchanged)} as they were."
    )
    for word, keys in (("new", change.created), ("changed", change.updated), ("out of use", change.removed)):
        yield from (f"  {word:<10} {key}" for key in keys)
    for word, services in (("came", change.came), ("went", change.went)):
        yield from (f"  {word:<10} service {_shown(code)}" for code in services)
    yield from _left_out(change.left_out)
    for use in change.uses:
        codes = ", ".join(map(_shown, use.codes))
        yield f"  look at    plan #{use.number} ({use.state}), {_shown(use.title)}: it uses {codes}, which went"


def _left_out(left_out: tuple[LeftOut, ...]) -> Iterator[str]:
    for each in left_out[:_MAX_LISTED]:
        yield f"  left out   {_shown(each.name) or 'a service without a name'}: {_LEFT_OUT[each.reason]}"
    if len(left_out) > _MAX_LISTED:
        yield f"  left out   {len(left_out) - _MAX_LISTED} more"


_LEFT_OUT = {
    "no_code": "it has no service_code",
    "repeated": "its service_code is listed twice; the first counts",
    "vanished": "it was listed, and has no definition any more",
    "no_definition": "its definition can't be read",
    "too_many_forms": "more services ask questions than get components of their own; name those with --service",
}

_REFUSALS = {
    "bad_url": "This is not a URL that can be called.",
    "bad_key": "A key must not stand in a command: write --api-key env:NAME and set NAME, or secret:NAME.",
    "bad_prefix": "A prefix is 1 to 32 of a-z, 0-9, “_” and “-”.",
    "address": "{where} must not be called: its address is {detail}. COMPONENT_ALLOWED_HOSTS can allow a host.",
    "unreachable": "{where} can't be reached ({detail}).",
    "redirect": "{where} leads to another place ({detail}). Give the URL that it leads to.",
    "slow": "{where} takes too long to say what it has.",
    "too_large": "{where} answers with more than a megabyte.",
    "entities": "{where} answers with XML that declares entities or a document type, which is not read.",
    "page": "{where} answers with a page and not with GeoReport v2.",
    "unreadable": "{where} answers with something else than GeoReport v2.",
    "jurisdiction": "{where} does not know this jurisdiction (404). It says: {detail}",
    "not_found": "There is nothing at {where} ({status}). {detail}",
    "key_refused": "{where} wants a key, or another one ({status}). {detail}",
    "refused": "{where} refuses ({status}). {detail}",
    "no_services": "{where} has no service that a request could be filed for.",
    "too_many": "{where} has {detail} services, which is more than can be offered. Name some with --service CODE.",
    "taken": "There are other components already whose keys begin with {detail}. Give another --prefix.",
}


def sentence(refusal: Open311Refused) -> str:
    """A refusal in words. What the endpoint says must not move the cursor."""
    facts = {"where": refusal.where, "status": refusal.status, "detail": refusal.detail}
    return _shown(_REFUSALS[refusal.reason].format(**facts)).strip()


def _failed(refusal: Open311Refused) -> CommandFailed:
    return CommandFailed(f"{sentence(refusal)}\nNothing was added.")


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
