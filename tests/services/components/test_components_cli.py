from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.cli import components as components_cli
from bot.cli.command import CommandFailed
from bot.sandbox.town import sandbox_pack
from db.models import AuditEvent
from db.session import Database

PACK = """\
components:
  - key: water.stop
    name: 停水
    description: Stops the water.
    category: water
    http_method: POST
    endpoint_url: https://water.example/stop
    approval: step
  - {key: works.get, name: Look up, description: Looks up., endpoint_url: "https://works.example/"}
"""


class PackFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.write(PACK)

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")


@pytest.fixture
def pack(tmp_path: Path) -> PackFile:
    return PackFile(tmp_path / "pack.yaml")


async def test_load_says_what_is_new_and_what_has_changed(database: Database, pack: PackFile) -> None:
    assert await components_cli.load(database, "T7", pack.path) == (
        "T7: 2 new, 0 changed, 0 as they were, of 2 in the file.\n  new      water.stop\n  new      works.get"
    )
    pack.write(PACK.replace("Looks up.", "Looks it up."))
    assert await components_cli.load(database, "T7", pack.path) == (
        "T7: 0 new, 1 changed, 1 as they were, of 2 in the file.\n  changed  works.get"
    )


async def test_a_load_that_changes_something_is_on_record(database: Database, pack: PackFile) -> None:
    await components_cli.load(database, "T7", pack.path)
    await components_cli.load(database, "T7", pack.path)
    pack.write(PACK.replace("Looks up.", "Looks it up."))
    await components_cli.load(database, "T7", pack.path)
    async with database.reading() as session:
        events = (await session.scalars(select(AuditEvent).order_by(AuditEvent.created_at))).all()
    assert [(event.actor, event.action, event.channel_id, event.facts) for event in events] == [
        ("operator", "components.loaded", None, {"created": ["water.stop", "works.get"], "updated": []}),
        ("operator", "components.loaded", None, {"created": [], "updated": ["works.get"]}),
    ]


async def test_list_is_a_table(database: Database, pack: PackFile) -> None:
    await components_cli.load(database, "T7", pack.path)
    assert (await components_cli.list_(database, "T7")).splitlines() == [
        "KEY         NAME     TYPE  METHOD  APPROVAL  CATEGORY  STATE",
        "water.stop  停水     REST  POST    step      water     active",
        "works.get   Look up  REST  GET     none                active",
    ]


async def test_an_empty_list_says_how_to_add_some(database: Database) -> None:
    assert await components_cli.list_(database, "T7") == (
        "There are no components in T7 yet. Add some with\n  mudda components load FILE --workspace T7"
    )


async def test_a_faulty_file_loads_nothing_and_names_every_fault(database: Database, pack: PackFile) -> None:
    pack.write(PACK.replace("key: works.get", "key: Works").replace("step", "never"))
    with pytest.raises(CommandFailed) as caught:
        await components_cli.load(database, "T7", pack.path)
    assert str(caught.value).splitlines() == [
        f"{pack.path}:8: water.stop, approval: must be one of 'none', 'plan' or 'step'",
        f"{pack.path}:9: Works, key: must be 1 to 64 of a-z, 0-9, “_”, “.” and “-”",
        "Nothing was loaded.",
    ]
    assert "no components" in await components_cli.list_(database, "T7")


async def test_a_file_that_can_not_be_read_is_named(database: Database, tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "gone.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(CommandFailed, match=f"{path}: {reason}"):
            await components_cli.load(database, "T7", path)


async def test_the_sandbox_pack_can_be_loaded_and_listed(database: Database, pack: PackFile) -> None:
    pack.write(sandbox_pack("http://127.0.0.1:1"))
    await components_cli.load(database, "T7", pack.path)
    listed = await components_cli.list_(database, "T7")
    assert "workorders.create" in listed
    assert "water.shut_off" in listed
