"""`mudda components try KEY name=value…`: one call, shown as it is sent and as it is answered, without secrets."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from bot.cli.command import CommandFailed, Commands, add_workspace_option, open_database, team_of, workspace_of
from bot.cli.secrets import secrets_of, tokens_of
from bot.config import Settings, component_secret
from db.session import Database
from services import workspaces
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentService
from services.connectors import CallError, Connector, PreparedRequest, call_component, prepare, preview
from services.connectors.auth import Secrets
from services.connectors.connector import NOTHING, CallContext
from services.connectors.requests import InputValues
from services.errors import NotFound
from services.formats.schemas import stated_types
from services.formats.whole_bodies import as_object, is_whole
from services.steps.contexts import CallContexts

_PLACES = ("path", "query", "header", "body")


def add(actions: Commands) -> None:
    """Add the command."""
    parser = actions.add_parser("try", help="call one component and show request and answer, without secrets")
    parser.add_argument("key", metavar="KEY")
    named = (
        "an input: area=north, or query.area=north where several places have that name; JSON for what is no text"
    )
    parser.add_argument("inputs", nargs="*", metavar="NAME=VALUE", help=named)
    parser.add_argument("--yes", action="store_true", help="send what changes something without asking")
    add_workspace_option(parser)
    parser.set_defaults(run=_run)


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        team = await team_of(settings, options)
        definition = await component(database, team, options.key)
        try:
            request = prepare(definition, inputs_of(definition, options.inputs))
        except CallError as error:
            raise CommandFailed(f"{options.key} can't be called: {_said(error)}") from error
        print(_json(preview(request)))
        if definition.http_method != "GET" and not options.yes and not await _agreed():
            raise CommandFailed("Nothing was sent.")
        contexts = CallContexts(database, secrets_of(settings), tokens_of(settings))
        context = await contexts.of(await workspace_of(database, team), definition)
        # With the database at hand: a token that is renewed for this call is kept for the next one.
        status, text = await call(definition, request, settings, component_secret, context)
    print(text)
    return status


async def component(database: Database, team_id: str, key: str) -> ComponentDefinition:
    """A component of a team's workspace. Raises CommandFailed."""
    try:
        async with database.reading() as session:
            workspace_id = await workspaces.by_team(session, team_id)
            return (await ComponentService().get(session, workspace_id, key)).definition
    except NotFound as error:
        raise CommandFailed(f"There is no component {key} in {team_id}.") from error


def inputs_of(definition: ComponentDefinition, given: Sequence[str]) -> InputValues:
    """The inputs that `name=value` name, each where the component takes it. Raises CommandFailed."""
    body = as_object(definition.request_schema)
    declared: Mapping[str, Mapping[str, Any]] = {
        "path": definition.path_params,
        "query": definition.query_params,
        "header": definition.headers,
        "body": body.get("properties", {}),
    }
    found: dict[str, dict[str, Any]] = {place: {} for place in _PLACES}
    for each in given:
        name, is_one, text = each.partition("=")
        place, dot, rest = name.partition(".")
        places = [place] if dot and place in _PLACES else [place for place in _PLACES if name in declared[place]]
        plain = rest if dot and place in _PLACES else name
        if not is_one or len(places) != 1:
            where = "in no place" if not places else f"in {' and '.join(places)}"
            raise CommandFailed(
                f"{each}: the component takes “{name}” {where}. Write {'|'.join(_PLACES)}.NAME=VALUE."
            )
        found[places[0]][plain] = _value(text, declared[places[0]].get(plain, {}))
    payload: Any = found["body"] or None
    if is_whole(definition.request_schema) and payload is not None:
        payload = payload.get("body")
    return InputValues(path=found["path"], query=found["query"], headers=found["header"], body=payload)


async def call(
    definition: ComponentDefinition,
    request: PreparedRequest,
    settings: Settings,
    secrets: Secrets,
    context: CallContext = NOTHING,
) -> tuple[int, str]:
    """Call a component once: the exit status, and what came back in words."""
    connector = Connector(settings.allowed_hosts, secrets)
    try:
        answer = await call_component(
            request, definition, idempotency_key=str(uuid4()), connector=connector, context=context
        )
    finally:
        await connector.aclose()
    if isinstance(answer, CallError):
        return 1, f"No answer: {_said(answer)}"
    lines = [
        f"{answer.status} in {answer.seconds:.2f} s, {answer.size:,} bytes of {answer.content_type or 'no type'}"
    ]
    lines += [f"warning: {warning.code}" for warning in answer.warnings]
    lines.append(_json(answer.body))
    return (0 if 200 <= answer.status < 300 else 1), "\n".join(lines)


async def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise CommandFailed("This changes something. Nothing was sent: say --yes to send it.")
    return (await asyncio.to_thread(input, "This changes something. Send it? [y/N] ")).strip().lower() in (
        "y",
        "yes",
    )


def _value(text: str, schema: Any) -> Any:
    """A text as the schema wants it: JSON, unless a text will do."""
    types = stated_types(schema)
    if types is None or "string" in types:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _said(error: CallError) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in vars(error).items() if value not in (None, ""))
    return f"{error.code} ({facts})" if facts else error.code


def _json(value: Any) -> str:
    """JSON in which nothing moves the cursor."""
    return json.dumps(value, indent=2, ensure_ascii=True)
