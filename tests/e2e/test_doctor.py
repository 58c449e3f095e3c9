"""`mudda doctor`: each thing that `mudda serve` needs is tried, and what is wrong is said in plain lines."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import pytest

from bot.sandbox.gemini.faults import Status
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import SlackStandIn
from bot.sandbox.slack.faults import ErrorWord
from db.session import Database
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentService
from tests.support.bot_process import bot_process, serve_env
from tests.support.commands import command

NOBODY = "http://127.0.0.1:1"


async def examined(env: Mapping[str, str]) -> tuple[int, list[str]]:
    """The command's status, and the lines that it printed."""
    status, said = await command("doctor", env=env)
    return status, said.splitlines()


def by_subject(lines: list[str]) -> dict[str, str]:
    """What is said of each subject."""
    said = [line for line in lines if line[:5].strip() in ("ok", "warn", "wrong")]
    return {line[7:].split(": ")[0]: f"{line[:5].strip()} {line.split(': ', 1)[1]}" for line in said}


async def test_all_is_well(database_url: str) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        env = serve_env(slack, gemini.url, database_url)
        async with bot_process("doctor", env=env) as process:
            assert await process.finished() == 0, process.output
        found = by_subject(process.output.splitlines())
        assert slack.bot_token not in process.output
    assert set(found) == {"Mudda", "Settings", "Database", "Slack", "Gemini"}
    assert all(line.startswith("ok") for line in found.values())
    assert found["Database"] == "ok the one of DATABASE_URL; its tables are up to date"


@pytest.mark.parametrize(
    ("changed", "subject", "said"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "Slack", "wrong it does not take SLACK_BOT_TOKEN (invalid_auth)."),
        ({"SLACK_SIGNING_SECRET": ""}, "Settings", "wrong SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN"),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "Socket Mode", "wrong Slack does not take SLACK_APP_TOKEN"),
        (
            {"DATABASE_URL": "postgresql://postgres@127.0.0.1:1/none"},
            "Database",
            "wrong DATABASE_URL: no database",
        ),
        ({"GEMINI_API_ENDPOINT": NOBODY}, "Gemini", "wrong it does not answer (ClientConnectorError)."),
        ({"GEMINI_MODEL": "none/such"}, "Gemini", "wrong there is no model none/such (GEMINI_MODEL)."),
        (
            {"GEMINI_MODEL": "none/such", "GEMINI_SDK": "genai"},
            "Gemini",
            "wrong there is no model none/such (GEMINI_MODEL).",
        ),
    ],
)
async def test_what_is_wrong_is_said(database_url: str, changed: dict[str, str], subject: str, said: str) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        status, lines = await examined(serve_env(slack, gemini.url, database_url) | changed)
    assert status == 1
    found = by_subject(lines)
    assert found[subject].startswith(said)
    assert [name for name, line in found.items() if line.startswith("wrong")] == [subject]


async def test_scopes_that_the_app_lacks_are_named(database_url: str) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        slack.scopes = slack.scopes - {"users:read"}
        _, lacking = await examined(serve_env(slack, gemini.url, database_url))
        slack.faults.script("auth.test", [ErrorWord("account_inactive")])
        status, gone = await examined(serve_env(slack, gemini.url, database_url))
    assert status == 1
    assert (
        by_subject(lacking)["Slack"]
        == "wrong the app lacks scopes: users:read. Add them, and install the app again."
    )
    assert by_subject(gone)["Slack"] == "wrong it does not take SLACK_BOT_TOKEN (account_inactive)."


@pytest.mark.parametrize("sdk", ["generativeai", "genai"])
async def test_another_model_than_is_set_is_warned_of(database_url: str, sdk: str) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        gemini.model = "gemini-3.5-flash-lite"
        env = serve_env(slack, gemini.url, database_url) | {"GEMINI_MODEL": "gemini-9", "GEMINI_SDK": sdk}
        status, lines = await examined(env)
        [asked] = gemini.transcript
    assert status == 0
    assert (
        by_subject(lines)["Gemini"]
        == "warn the model gemini-9 was asked, and gemini-3.5-flash-lite answered (GEMINI_MODEL)."
    )
    assert (asked.model, asked.store) == ("gemini-9", False)


async def test_a_model_that_ends_and_what_the_model_refuses_are_said(database_url: str) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        gemini.script(Status(400, word="FAILED_PRECONDITION"))
        env = serve_env(slack, gemini.url, database_url) | {"GEMINI_MODEL": "models/gemini-3.5-flash"}
        status, lines = await examined(env)
    assert status == 1
    ended, refused = lines[-2:]
    assert ended.startswith(
        "warn   Gemini: the model models/gemini-3.5-flash (GEMINI_MODEL) has ended on 2026-10-08"
    )
    assert refused.endswith("was asked a word. Gemini does not serve the account that it is asked for.")


async def test_a_secret_that_a_component_lacks_is_named(
    database: Database, database_url: str, workspace_id: UUID
) -> None:
    def component(key: str, token: str) -> ComponentDefinition:
        members = {"name": "A", "description": "A.", "endpoint_url": "https://a.example/"}
        return ComponentDefinition.model_validate(
            {"key": key, **members, "auth": {"type": "bearer", "token": token}}
        )

    named = {
        "a.set": "env:SLACK_ALERTS_TOKEN",
        "a.unset": "env:SLACK_WORKS_TOKEN",
        "a.ours": "env:SLACK_BOT_TOKEN",
    }
    async with database.transaction() as session:
        definitions = [component(key, token) for key, token in named.items()]
        await ComponentService().load(session, workspace_id, definitions)
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        env = serve_env(slack, gemini.url, database_url) | {"SLACK_ALERTS_TOKEN": "alerts"}
        status, lines = await examined(env)
    assert status == 1
    said = [line for line in lines if "Components: " in line]
    assert [line.split("Components: ")[1].replace(" in T0001", "") for line in said] == [
        "a.ours needs SLACK_BOT_TOKEN, which is a setting of Mudda's own: no component is given it.",
        "a.unset needs SLACK_WORKS_TOKEN, which is not set.",
    ]
