"""`mudda components export | lint | try`, against a town on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.cli import component_files, component_try
from bot.cli import components as components_cli
from bot.cli.command import CommandFailed
from bot.config import Settings
from bot.sandbox.town import Town, sandbox_pack
from db.session import Database
from services.components.packs import parse_pack
from services.connectors import prepare

TEAM = "T0001"


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town() as town:
        yield town


@pytest.fixture
async def loaded(database: Database, town: Town, tmp_path: Path) -> Database:
    """A database with the sandbox's components."""
    path = tmp_path / "pack.yaml"
    path.write_text(sandbox_pack(town.url), encoding="utf-8")
    await components_cli.load(database, TEAM, path)
    return database


async def test_what_is_exported_can_be_loaded_and_is_as_it_was(
    loaded: Database, town: Town, tmp_path: Path
) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(await component_files.export(loaded, TEAM, []), encoding="utf-8")
    assert "0 new, 0 changed" in await components_cli.load(loaded, TEAM, path)
    some = parse_pack(await component_files.export(loaded, TEAM, ["open311.*", "crews.assign"]))
    assert {each.key.partition(".")[0] for each in some} == {"open311", "crews"}
    with pytest.raises(CommandFailed, match="nobody"):
        await component_files.export(loaded, TEAM, ["nobody.*"])


async def test_the_sandbox_s_components_are_described_well(loaded: Database) -> None:
    said, is_well = await component_files.lint_of(loaded, TEAM, can_keep=True)
    assert is_well, said


async def test_one_call_is_shown_without_its_secrets(loaded: Database, town: Town) -> None:
    host = urlsplit(town.url).netloc
    settings = Settings(_env_file=None, component_allowed_hosts=host)
    definition = await component_try.component(loaded, TEAM, "crews.find_available")
    request = prepare(definition, component_try.inputs_of(definition, []))
    status, said = await component_try.call(definition, request, settings, town.environment.get)
    assert (status, said.splitlines()[0][:4]) == (0, "200 ")
    assert [secret for secret in town.environment.values() if secret in said] == []
    nothing: dict[str, str] = {}
    status, said = await component_try.call(definition, request, settings, nothing.get)
    assert (status, said) == (1, "No answer: secret_missing (name TOWN_CREWS_KEY)")
    status, said = await component_try.call(definition, request, Settings(_env_file=None), town.environment.get)
    assert (status, said) == (1, f"No answer: address_refused (host {host.partition(':')[0]}, reason loopback)")


async def test_an_input_goes_where_the_component_takes_it(loaded: Database) -> None:
    definition = await component_try.component(loaded, TEAM, "workorders.create")
    given = component_try.inputs_of(definition, ["area=north", "body.title=12", "priority=high"])
    assert (given.path, given.body) == ({"area": "north"}, {"title": "12", "priority": "high"})
    for wrong in ("nothing=1", "area"):
        with pytest.raises(CommandFailed):
            component_try.inputs_of(definition, [wrong])
    with pytest.raises(CommandFailed, match="nobody"):
        await component_try.component(loaded, TEAM, "nobody.here")
