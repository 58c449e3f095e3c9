"""`mudda components export | lint | schema`: packs as files, and how well a model can choose by them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from bot.cli import component_words
from bot.cli.command import CommandFailed, Commands, add_workspace_option, open_database, team_of
from bot.config import Settings
from db.session import Database
from services import workspaces
from services.ai.wording import Wordsmith
from services.components.definitions import ComponentDefinition, OAuth2Auth
from services.components.linting import Lint, LintCode, lint
from services.components.pack_files import pack_of, pack_schema
from services.components.service import ComponentService
from services.components.specs import ComponentSpec
from services.errors import NotFound
from services.formats.strict_yaml import MAX_BYTES

_SENTENCES: Mapping[LintCode, Callable[[Lint], str]] = {
    LintCode.PLACEHOLDER: lambda _: "its name or description is a placeholder",
    LintCode.TOO_SHORT: lambda _: "its description is too short to choose by",
    LintCode.NAME_REPEATED: lambda _: "its description only repeats its name",
    LintCode.NAME_IS_ID: lambda _: "its name is an id and not words",
    LintCode.TWINS: lambda each: f"it is described nearly as {each.other} is",
    LintCode.BOILERPLATE: lambda each: f"much of its description stands in {each.other} components",
}


def add(actions: Commands) -> None:
    """Add the commands."""
    exporting = actions.add_parser("export", help="write components as a pack that `load` reads")
    exporting.add_argument("keys", nargs="*", metavar="KEY", help="or a pattern such as works.*; all without one")
    exporting.set_defaults(run=_run_export)
    linting = actions.add_parser("lint", help="names and descriptions that a model can't choose by")
    words = linting.add_mutually_exclusive_group()
    words.add_argument(
        "--suggest",
        type=Path,
        metavar="FILE",
        help="write better ones to FILE that the model proposes",
    )
    words.add_argument("--accept", type=Path, metavar="FILE", help="take what is in FILE, once you have read it")
    linting.set_defaults(run=_run_lint)
    for action in (exporting, linting):
        add_workspace_option(action)
    schema = actions.add_parser("schema", help="write the JSON Schema of packs, for editors")
    schema.set_defaults(run=_run_schema)


async def _run_export(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        text = await export(database, await team_of(settings, options), options.keys)
    if len(text.encode()) > MAX_BYTES:
        megabytes = MAX_BYTES // 2**20
        print(f"This is more than the {megabytes} MB that `load` takes: export it in parts.", file=sys.stderr)
    print(text, end="")
    return 0


async def _run_lint(settings: Settings, options: argparse.Namespace) -> int:
    if options.suggest or options.accept:
        print(await _words(settings, options))
        return 0
    async with open_database(settings) as database:
        can_keep = settings.mudda_secret_key is not None
        said, is_well = await lint_of(database, await team_of(settings, options), can_keep=can_keep)
    print(said)
    return 0 if is_well else 1


async def _words(settings: Settings, options: argparse.Namespace) -> str:
    async with open_database(settings) as database:
        team = await team_of(settings, options)
        if options.accept:
            return await component_words.accept(database, team, options.accept)
        specs, _ = await _components(database, team)
    async with component_words.gemini_of(settings) as gemini:
        return await component_words.suggest(specs, Wordsmith(gemini), options.suggest, sentence)


def sentence(found: Lint) -> str:
    """What is wrong with the words of a component, as a clause."""
    return _SENTENCES[found.code](found)


async def _run_schema(_: Settings, __: argparse.Namespace) -> int:
    print(schema_text(), end="")
    return 0


def schema_text() -> str:
    """The JSON Schema of packs as docs/pack.schema.json has it."""
    return json.dumps(pack_schema(), indent=2) + "\n"


async def export(database: Database, team_id: str, keys: Sequence[str]) -> str:
    """The active components of a team's workspace as a pack. Raises CommandFailed for a key of none."""
    specs, definitions = await _components(database, team_id)
    wanted = keys or ["*"]
    if unknown := [key for key in wanted if not any(fnmatchcase(spec.key, key) for spec in specs)]:
        raise CommandFailed(f"There is no component {', '.join(unknown)} in use in {team_id}.")
    return pack_of(each for each in definitions if any(fnmatchcase(each.key, key) for key in wanted))


async def lint_of(database: Database, team_id: str, *, can_keep: bool) -> tuple[str, bool]:
    """What is wrong with the words of a team's components, a line or two each, and whether nothing is.

    `can_keep`: there is a key to seal with, and renewed tokens are kept.
    """
    specs, definitions = await _components(database, team_id)
    renewing = [each.key for each in definitions if isinstance(each.auth, OAuth2Auth) and each.auth.refresh_token]
    lines = [
        f"{key}: its refresh token is lost once it is renewed and the bot restarts: set MUDDA_SECRET_KEY, and it "
        "is kept."
        for key in renewing
        if not can_keep
    ]
    for each in lint(specs):
        lines.append(f"{each.key}: {sentence(each)}.")
        if each.suggestion:
            lines.append(f"  better: {_line(each.suggestion)}")
    if not lines:
        return f"{len(specs)} components, and all of them are described well enough to choose by.", True
    return "\n".join(lines), False


async def _components(
    database: Database, team_id: str
) -> tuple[Sequence[ComponentSpec], Sequence[ComponentDefinition]]:
    service = ComponentService()
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
        except NotFound:
            return (), ()
        specs = await service.all_active(session, workspace_id)
        definitions = await service.definitions(session, workspace_id, [spec.key for spec in specs])
    return specs, [ComponentDefinition.model_validate(definitions[spec.key]) for spec in specs]


def _line(text: str) -> str:
    """A description may say anything, and what is printed must not move the cursor."""
    return "".join(char if char.isprintable() else " " for char in text)
