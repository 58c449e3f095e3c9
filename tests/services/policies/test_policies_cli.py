from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from bot.cli import policies as cli
from bot.cli.command import CommandFailed
from db.models import Workspace
from db.session import Database

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ROADS = "# Road works\n\n## 1 Closures\n\nOnly if need be.\n"
UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    return written(tmp_path / "roads.md", ROADS)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


async def test_load_list_show_remove(database: Database, roads: Path) -> None:
    assert await cli.load(database, "T7", roads) == (
        "T7: roads is version 1 of Road works (1 passages, 0 checks)."
    )
    checks = 'checks:\n  - {passage: "1", component: r.c, forbidden: true}\n'
    written(roads.with_suffix(".checks.yaml"), checks)
    assert await cli.load(database, "T7", roads) == (
        "T7: roads is version 2 of Road works (1 passages, 1 checks).\n"
        "Its checks name what this workspace does not have: r.c."
    )
    assert (await cli.load(database, "T7", roads)).startswith("T7: roads is as it was: version 2 of Road works")
    listed = (await cli.list_(database, "T7", NOON, UTC_ZONE)).splitlines()
    assert [line.split()[0:4] for line in listed[1:]] == [
        ["roads", "2", "Road", "works"],
        ["roads", "1", "Road", "works"],
    ]
    assert [line.split("  ")[-1] for line in listed] == ["STATE", "in force", "replaced"]
    assert await cli.show(database, "T7", "roads") == ROADS.rstrip("\n")
    assert await cli.remove(database, "T7", "roads", NOON) == (
        "T7: roads is out of force. Plans that cite it can still be read."
    )
    assert "removed" in await cli.list_(database, "T7", NOON, UTC_ZONE)


@pytest.mark.parametrize(("zone", "state"), [("Pacific/Kiritimati", "in force"), ("Pacific/Pago_Pago", "to come")])
async def test_days_are_those_of_the_town(database: Database, roads: Path, zone: str, state: str) -> None:
    written(roads, "---\neffective_from: 2026-06-02\n---\nText.")
    await cli.load(database, "T7", roads)
    async with database.transaction() as session:
        await session.execute(update(Workspace).values(settings={"time_zone": zone}))
    assert (await cli.list_(database, "T7", NOON, UTC_ZONE)).endswith(state)


async def test_what_is_not_there_is_said(database: Database, roads: Path) -> None:
    assert await cli.list_(database, "T7", NOON, UTC_ZONE) == (
        "There are no policies in T7 yet. Add some with\n  mudda policies load FILE --workspace T7"
    )
    for lost in (cli.show(database, "T7", "x"), cli.remove(database, "T7", "x", NOON)):
        with pytest.raises(CommandFailed, match="T7 has no such policy: x"):
            await lost
    with pytest.raises(CommandFailed, match="No such file"):
        await cli.load(database, "T7", roads.with_name("none.md"))


async def test_a_faulty_policy_is_not_loaded(database: Database, roads: Path) -> None:
    written(roads, "---\nowner: me\n---\ntext")
    beside = written(roads.with_suffix(".checks.yaml"), "checks:\n  - {passage: text, component: a}\n")
    with pytest.raises(CommandFailed) as caught:
        await cli.load(database, "T7", roads)
    assert str(caught.value).splitlines() == [
        f"{roads}:2: owner: there is no such member",
        f"{beside}:2: A check asks for one thing: "
        "needs_gate, needs_before, forbidden_hours, needs_when or forbidden",
        "Nothing was loaded.",
    ]
    written(roads, "x" * 5_000_000)
    with pytest.raises(CommandFailed, match=r"There is more here than 1,024 KiB; split it"):
        await cli.load(database, "T7", roads)
    assert "no policies" in await cli.list_(database, "T7", NOON, UTC_ZONE)
