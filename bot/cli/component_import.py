"""`mudda components import FILE|URL`: what an OpenAPI document would bring, and bringing it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from bot.cli.command import CommandFailed, Commands, add_workspace_option, open_database, team_of
from bot.cli.component_import_text import fetch_refusal, names_of, preview_lines, refusal, result_lines
from bot.config import Settings, component_secret
from db.session import Database
from services import audit, workspaces
from services.components.importing import EntryState, ImportPreview, ImportService
from services.components.openapi.apart import DocumentReader
from services.components.openapi.model import ApiDocument, DocumentRefused, ReadingOptions
from services.components.openapi.reading import MAX_JSON_BYTES
from services.connectors.documents import FetchRefused, fetch_document, refused_origins
from services.connectors.errors import CallError
from services.errors import NotFound

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,23}")
_RESERVED = ("slack", "wait")


def add(actions: Commands) -> None:
    """Add the command."""
    parser = actions.add_parser(
        "import", help="add or update components from an OpenAPI document, after a preview"
    )
    parser.add_argument("source", metavar="FILE|URL", help="OpenAPI 3.0, 3.1 or 3.2, as JSON or YAML")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="tags, operations, operationIds or keys; default: all",
    )
    parser.add_argument("--server", default="", metavar="URL", help="instead of the servers of the document")
    parser.add_argument("--as", dest="name", default="", metavar="NAME", help="what the keys begin with")
    parser.add_argument("--deactivate-gone", action="store_true", help="take out of use what is no longer in it")
    parser.add_argument("--dry-run", action="store_true", help="show the preview, change nothing")
    add_workspace_option(parser)
    parser.set_defaults(run=_run)


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    if options.name and (not _NAME.fullmatch(options.name) or options.name in _RESERVED):
        raise CommandFailed(
            f"--as {options.name}: must be 1 to 24 of a-z, 0-9, “_” and “-”, and not slack or wait"
        )
    source, where = await _source(options.source, settings.allowed_hosts)
    reading = ReadingOptions(where=where, server=options.server, source=options.name)
    document = await read(source, reading, options.source)
    refused = await refused_origins(document.origins, allowed_hosts=settings.allowed_hosts)
    async with open_database(settings) as database:
        team_id = await team_of(settings, options)
        preview = await preview_of(database, team_id, document, refused)
        chosen = _chosen(preview, options.only)
        print("\n".join(preview_lines(preview, component_secret)))
        if options.dry_run:
            return 0
        print(f"\n{await carry_out(database, team_id, document, chosen, refused, options.deactivate_gone)}")
    return 0


async def read(source: bytes, reading: ReadingOptions, name: str) -> ApiDocument:
    """What a document says. Raises CommandFailed."""
    try:
        return await DocumentReader().read(source, reading)
    except DocumentRefused as error:
        raise CommandFailed(f"{name}: {refusal(error)}.\nNothing was imported.") from error


async def preview_of(
    database: Database, team_id: str, document: ApiDocument, refused: Mapping[str, str]
) -> ImportPreview:
    """What importing a document would do in a team's workspace."""
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
        except NotFound:
            workspace_id = uuid4()  # in a workspace that there is not yet, nothing is registered
        return await ImportService().preview(session, workspace_id, document, refused_origins=refused)


async def carry_out(
    database: Database,
    team_id: str,
    document: ApiDocument,
    chosen: Collection[str] | None,
    refused: Mapping[str, str],
    deactivate_gone: bool,
) -> str:
    """Import a document into a team's workspace in one transaction, and say what came of it."""
    async with database.transaction() as session:
        result = await ImportService().carry_out(
            session,
            await workspaces.ensure(session, team_id),
            document,
            chosen=chosen,
            refused_origins=refused,
            actor=audit.OPERATOR,
            deactivate_gone=deactivate_gone,
        )
    return "\n".join(result_lines(team_id, result))


async def _source(source: str, allowed_hosts: Collection[str]) -> tuple[bytes, str]:
    """The bytes of a document, and its URL if it has one. Raises CommandFailed."""
    if source.startswith(("http://", "https://")):
        try:
            return await fetch_document(source, allowed_hosts=allowed_hosts, limit=MAX_JSON_BYTES), source
        except (CallError, FetchRefused) as error:
            shown = re.sub(r"//[^/@]*@", "//", source)
            raise CommandFailed(f"{shown}: {fetch_refusal(error)}.\nNothing was imported.") from error
    return _read_file(Path(source)), ""


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_JSON_BYTES + 1)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error


def _chosen(preview: ImportPreview, only: Sequence[str]) -> Collection[str] | None:
    """The operations that `--only` means; None without it. Raises CommandFailed for a name that means nothing."""
    if not only:
        return None
    named = names_of(entry for entry in preview.entries if entry.state != EntryState.REFUSED)
    if unknown := [name for name in only if name.lower() not in named]:
        raise CommandFailed(f"--only {', '.join(unknown)}: there is nothing of that name that could be imported")
    return set().union(*(named[name.lower()] for name in only))
