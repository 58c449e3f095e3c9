"""`mudda components load | list`: what these do, and the text that they print; the others are beside this."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.cli import component_files, component_import, component_try, open311
from bot.cli.command import CommandFailed, Commands, add_workspace_option, open_database, team_of
from bot.cli.table import table
from bot.config import Settings
from bot.views.private.pack_faults import pack_fault
from db.session import Database, ReadSession
from services import audit, workspaces
from services.components.definitions import ComponentDefinition
from services.components.packs import PackFault, PackFaults, parse_pack
from services.components.service import ComponentService, LoadResult
from services.components.specs import ComponentSpec
from services.errors import NotFound
from services.formats.patterns import unread_patterns
from services.formats.strict_json import render_path
from services.formats.strict_yaml import MAX_BYTES

_PAGE_SIZE = 500


def add(commands: Commands) -> None:
    """Add the commands."""
    components = commands.add_parser("components", help="the APIs that plans may use")
    actions = components.add_subparsers(required=True, metavar="ACTION")
    loading = actions.add_parser("load", help="add or update components from a YAML file")
    loading.add_argument("file", type=Path)
    loading.set_defaults(run=_run_load)
    listing = actions.add_parser("list", help="show what is registered")
    listing.set_defaults(run=_run_list)
    for action in (loading, listing):
        add_workspace_option(action)
    for module in (component_import, component_files, component_try):
        module.add(actions)
    open311.add_actions(actions)


async def _run_load(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await load(database, await team_of(settings, options), options.file))
    return 0


async def _run_list(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        print(await list_(database, await team_of(settings, options)))
    return 0


async def load(database: Database, team_id: str, path: Path) -> str:
    """Load a component pack into a team's workspace, all of it or nothing. Raises CommandFailed."""
    definitions = _read(path)
    async with database.transaction() as session:
        workspace_id = await workspaces.ensure(session, team_id)
        result = await ComponentService().load(session, workspace_id, definitions)
        await _record(session, workspace_id, result)
    return "\n".join([_loaded(team_id, result), *_unread(definitions)])


async def list_(database: Database, team_id: str) -> str:
    """All components of a team's workspace as a table, or how to add some."""
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
            specs = await _all(session, workspace_id)
        except NotFound:
            specs = []
    if not specs:
        return (
            f"There are no components in {team_id} yet. Add some with\n"
            f"  mudda components load FILE --workspace {team_id}"
        )
    header = ("KEY", "NAME", "TYPE", "METHOD", "APPROVAL", "CATEGORY", "STATE")
    return "\n".join(table([header, *(_row(spec) for spec in specs)]))


def _read(path: Path) -> tuple[ComponentDefinition, ...]:
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error
    try:
        return parse_pack(source)
    except PackFaults as error:
        lines = [f"{path}:{fault.line}: {sentence(fault)}" for fault in error.faults]
        raise CommandFailed("\n".join([*lines, "Nothing was loaded."])) from error


async def _record(session: AsyncSession, workspace_id: UUID, result: LoadResult) -> None:
    if result.created or result.updated:
        await audit.record(
            session,
            workspace_id,
            subject=workspace_id,
            actor=audit.OPERATOR,
            action="components.loaded",
            created=list(result.created),
            updated=list(result.updated),
        )


def _loaded(team_id: str, result: LoadResult) -> str:
    changes = [("new", result.created), ("changed", result.updated)]
    total = len(result.created) + len(result.updated) + len(result.unchanged)
    return "\n".join(
        [
            f"{team_id}: {len(result.created)} new, {len(result.updated)} changed, "
            f"{len(result.unchanged)} as they were, of {total} in the file.",
            *(f"  {word:<8} {key}" for word, keys in changes for key in keys),
        ]
    )


def _unread(definitions: Iterable[ComponentDefinition]) -> Iterator[str]:
    """A line for each pattern by which values are not checked: it stands well in its schema all the same."""
    for definition in definitions:
        for part in ("path_params", "query_params", "headers", "request_schema", "response_schema"):
            for path in unread_patterns(getattr(definition, part)):
                where = f"{definition.key}: {part}.{render_path(path)}"
                yield f"  note     {where} is a pattern that is not read here; values are not checked by it."


async def _all(session: ReadSession, workspace_id: UUID) -> list[ComponentSpec]:
    service = ComponentService()
    page = await service.list(session, workspace_id, size=_PAGE_SIZE)
    specs = list(page.items)
    for number in range(2, page.pages + 1):
        specs += (await service.list(session, workspace_id, page=number, size=_PAGE_SIZE)).items
    return specs


def _row(spec: ComponentSpec) -> tuple[str, ...]:
    state = "active" if spec.active else "inactive"
    return (spec.key, spec.name, spec.type, spec.http_method, spec.approval.value, spec.category, state)


def sentence(fault: PackFault) -> str:
    """A fault in words, with the component and the member that it is about."""
    _, _, member = fault.member.partition("].")
    names = [fault.component or fault.member.partition(".")[0], member]
    subject = ", ".join(name for name in names if name)
    words = pack_fault(fault)
    text = f"{subject}: {words}" if subject else words[:1].upper() + words[1:]
    # A faulty file may hold anything, and what is printed must not move the cursor.
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
