"""`mudda components lint --suggest FILE | --accept FILE`: better words, proposed to a file and taken from it.

A person stands between: nothing is changed by what the model proposes until they have read it and say so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.cli.command import CommandFailed
from bot.config import Settings
from db.session import Database
from services import workspaces
from services.ai.errors import GeminiError
from services.ai.wording import AT_ONCE, Asked, Wording, Wordsmith
from services.audit import OPERATOR
from services.components.linting import Lint, lint
from services.components.pack_files import as_yaml
from services.components.registry import EditRefused, RegistryService
from services.components.service import ComponentService
from services.components.specs import ComponentSpec
from services.errors import NotFound
from services.formats.strict_yaml import MAX_BYTES, YamlFaults, read_yaml

if TYPE_CHECKING:
    from services.ai.gemini import GeminiClient

HEAD = """\
# Words that a model proposes for components that are hard to choose by. Read them, change what is not right, and
# take out what you don't want; then: mudda components lint --accept {file}
"""


class _Proposal(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    key: str
    name: str
    description: str
    was: dict[str, str]


@asynccontextmanager
async def gemini_of(settings: Settings) -> AsyncIterator[GeminiClient]:
    """The model that proposes. Raises CommandFailed without a key."""
    if settings.gemini_api_key is None:
        raise CommandFailed("GEMINI_API_KEY is missing, and --suggest asks the model.")
    from services.ai.gemini import GeminiClient

    client = GeminiClient(
        settings.gemini_api_key.get_secret_value(),
        settings.gemini_model,
        endpoint=settings.gemini_api_endpoint,
        timeout=settings.gemini_timeout_seconds,
        max_concurrency=1,
        sdk=settings.gemini_sdk,
        thinking=settings.gemini_thinking,
    )
    try:
        yield client
    finally:
        await client.aclose(grace=2.0)


async def suggest(
    specs: Sequence[ComponentSpec], wordsmith: Wordsmith, path: Path, said: Callable[[Lint], str]
) -> str:
    """Write words for what lint finds to a file, and change nothing else. Raises CommandFailed."""
    wrong: dict[str, list[str]] = defaultdict(list)
    for each in lint(specs):
        wrong[each.key].append(said(each))
    if not wrong:
        return f"{len(specs)} components, and all of them are described well enough to choose by."
    _check_free(path)
    asked = [Asked(spec, tuple(wrong[spec.key])) for spec in specs if spec.key in wrong]
    found: dict[str, Wording] = {}
    tokens = 0
    try:
        for at in range(0, len(asked), AT_ONCE):
            words, usages = await wordsmith.propose(asked[at : at + AT_ONCE])
            found |= words
            tokens += sum(usage.total_tokens for usage in usages)
    except GeminiError as error:
        raise CommandFailed(f"The model did not answer ({error.outcome}). Nothing was written.") from error
    proposals = [
        _proposal(each.component, found[each.component.key]) for each in asked if each.component.key in found
    ]
    if not proposals:
        raise CommandFailed("The model proposed nothing that is any use. Nothing was written.")
    text = HEAD.format(file=path) + as_yaml({"wordings": proposals})
    _write(path, text)
    return (
        f"{len(proposals)} of {len(asked)} components have a proposal in {path} ({tokens:,} tokens). Nothing is "
        "changed: read it, and take it with --accept."
    )


async def accept(database: Database, team_id: str, path: Path) -> str:
    """Give components the words that are in a file, on record and all at once. Raises CommandFailed.

    One whose words have changed since they were proposed for is left as it is, and named.
    """
    proposals = _read(path)
    registry, components = RegistryService(), ComponentService()
    changed, left = [], []
    async with database.transaction() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
        except NotFound:
            raise CommandFailed(f"There are no components in {team_id}.") from None
        for each in sorted(proposals, key=lambda proposal: proposal.key):
            try:
                known = await components.get(session, workspace_id, each.key)
                entry = await registry.get(session, workspace_id, known.id)
                is_same = each.was == {"name": entry.definition.name, "description": entry.definition.description}
                words = {"name": each.name, "description": each.description}
                if not is_same:
                    left.append(f"  left     {each.key}: its words have changed since")
                elif await registry.edit(session, workspace_id, known.id, entry.stamp, words, OPERATOR):
                    changed.append(f"  changed  {each.key}")
            except NotFound:
                left.append(f"  left     {each.key}: there is no such component")
            except EditRefused as error:
                fields = ", ".join(sorted(error.fields))
                raise CommandFailed(f"{path}: {each.key}: {fields} can't be that. Nothing was changed.") from error
    return "\n".join([f"{len(changed)} changed, {len(left)} left as they are.", *changed, *left])


def _proposal(spec: ComponentSpec, words: Wording) -> dict[str, Any]:
    was = {"name": spec.name, "description": spec.description}
    return {"key": spec.key, "name": words.name, "description": words.description, "was": was}


def _check_free(path: Path) -> None:
    """What a person may have put right in a file is not written over."""
    if path.exists():
        raise CommandFailed(f"{path} is there already. Nothing was written.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error


def _read(path: Path) -> list[_Proposal]:
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error
    try:
        plain = read_yaml(source).plain()
        stated = plain.get("wordings") if isinstance(plain, dict) else None
        found = [_Proposal.model_validate(each) for each in stated or []]
    except (YamlFaults, ValidationError, TypeError) as error:
        raise CommandFailed(f"{path}: this is not what --suggest writes. Nothing was changed.") from error
    if not found:
        raise CommandFailed(f"{path}: there are no wordings in it. Nothing was changed.")
    return found
