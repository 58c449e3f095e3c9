"""`mudda eval`: with the stand-in that it brings, and with a key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.sandbox.gemini.faults import Cycle, Status
from bot.sandbox.gemini.server import GeminiStandIn
from services.ai.usage import STAND_IN_MODEL
from tests.support.bot_process import bot_process
from tests.support.commands import command

NOT_A_MODEL = "A STAND-IN ANSWERED, NOT A MODEL."
KEY = "secret-key-of-nobody"


async def said(*arguments: str, status: int = 0, env: dict[str, str] | None = None) -> str:
    ended, output = await command("eval", *arguments, env=env)
    assert ended == status, output
    return output


def with_key(gemini: GeminiStandIn) -> dict[str, str]:
    return {"GEMINI_API_KEY": KEY, "GEMINI_API_ENDPOINT": gemini.url, "GEMINI_MODEL": "gemini-3.8-flash"}


async def test_without_a_key_the_stand_in_answers_and_is_not_praised(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    async with bot_process("eval", "--limit", "6", "--concurrency", "2", "--json", str(file), env={}) as process:
        assert await process.finished() == 0, process.output
    output = process.output
    assert NOT_A_MODEL in output
    assert "6 issues, 6 towns, " in output
    assert "   6/6  " in output
    document = json.loads(file.read_text())
    assert (document["model"], document["is_stand_in"], len(document["results"])) == (STAND_IN_MODEL, True, 6)
    compared = await said("--compare", str(file), str(file))
    assert "Issues in both: 6" in compared
    assert "In A a stand-in answered by rules" in compared


async def test_with_a_key_the_model_is_asked_and_what_it_costs_is_said_before(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    async with GeminiStandIn() as gemini:
        gemini.script(Cycle(), agent="planner")
        chosen = ("--towns", "rheinfurt", "--languages", "fr", "--limit", "3")
        output = await said(*chosen, "--model", "gemini-4-argon", "--json", str(file), env=with_key(gemini))
        assert {(asked.model, asked.key) for asked in gemini.transcript} == {("gemini-4-argon", KEY)}
        assert gemini.most_at_once <= 4
    assert output.index("3 issues for gemini-4-argon: 6 calls and about") < output.index("   1/3  ")
    assert "2 of 3" in output
    results = json.loads(file.read_text())["results"]
    assert [result["language"] for result in results] == ["fr"] * 3
    assert sorted(result["repairs"] for result in results) == [0, 0, 1]
    # It called itself what it is, whatever was asked for.
    assert NOT_A_MODEL in output
    assert KEY not in output + file.read_text()


async def test_a_key_that_is_refused_throughout_is_said_and_no_table_printed(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    async with GeminiStandIn() as gemini:
        gemini.script(*[Status(403, reason="API_KEY_INVALID", message=f"No such key: {KEY}")] * 2)
        output = await said("--limit", "2", "--json", str(file), status=1, env=with_key(gemini))
    assert "No issue was answered. Of the first it was said: 403 API_KEY_INVALID" in output
    assert "SHARE" not in output
    assert KEY not in output
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--towns", "nowhere"), "--towns: there is no nowhere; there are kisima, millbrook, "),
        (("--languages", "xx"), "--languages: there is no xx; there are "),
        (("--towns", "kisima", "--languages", "ja"), "No issue of these towns is in these languages."),
        (("--model", "gemini-4-argon"), "--model needs GEMINI_API_KEY"),
        (("--json", "/no/such/folder/a.json"), "--json: can't write to /no/such/folder."),
        (("--limit", "0"), "must be a whole number above 0"),
    ],
)
async def test_arguments_that_can_not_be_used_are_named(arguments: tuple[str, ...], line: str) -> None:
    output = await said(*arguments, status=2)
    assert line in output
    assert "1/" not in output.replace(line, "")


async def test_a_file_that_is_no_evaluation_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"format": "other"}')
    assert f"{file}: this is not what `mudda eval --json` writes" in await said(
        "--compare", str(file), str(file), status=1
    )
    assert "No such file" in await said("--compare", str(tmp_path / "none"), str(file), status=1)
