"""The manifest is one that Slack takes, asks for no more than it needs, and names what the bot answers to."""

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.sandbox.slack.state.functions import FUNCTIONS
from bot.sandbox.slack.state.workspace import DEFAULT_COMMANDS, DEFAULT_SHORTCUTS
from bot.slack import ids
from bot.slack.envelopes import LIFECYCLE_EVENTS
from bot.slack.scopes import BOT_SCOPES
from bot.views.messages.prompts import prompts
from bot.workspaces.oauth import REDIRECT_PATH

ROOT = Path(__file__).parents[2]
SCHEMA = Path(__file__).parent / "data" / "slack-manifest.schema.2.0.0.json"

EVENTS = {
    "app_home_opened",
    "app_mention",
    "message.im",
    "message.channels",
    "message.groups",
    "reaction_added",
    "agent_session_stopped",
    "function_executed",
    "entity_details_requested",
    "user_change",
    *LIFECYCLE_EVENTS,
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    return document


def test_the_manifest_is_valid(manifest: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    errors = [f"{error.json_path}: {error.message}" for error in Draft7Validator(schema).iter_errors(manifest)]
    assert errors == []


def test_the_schema_refuses_what_slack_refuses(manifest: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    manifest = json.loads(json.dumps(manifest))
    manifest["features"]["slash_commands"][0]["command"] = "mudda"
    assert not Draft7Validator(schema).is_valid(manifest)


def test_commands_are_those_of_the_code(manifest: dict[str, Any]) -> None:
    in_code = {value for name, value in vars(ids).items() if name.startswith("COMMAND_")}
    commands = [command["command"] for command in manifest["features"]["slash_commands"]]
    assert sorted(commands) == sorted(in_code)


def test_shortcuts_are_those_of_the_code_and_of_the_sandbox(manifest: dict[str, Any]) -> None:
    in_code = {value for name, value in vars(ids).items() if name.startswith("SHORTCUT_")}
    shortcuts = [
        (each["callback_id"], each["name"], each["description"], each["type"] == "message")
        for each in manifest["features"]["shortcuts"]
    ]
    assert {each[0] for each in shortcuts} == in_code
    assert [astuple(shortcut) for shortcut in DEFAULT_SHORTCUTS] == shortcuts


def test_the_sandbox_has_the_commands_of_the_manifest(manifest: dict[str, Any]) -> None:
    commands = [
        (command["command"], command["description"], command["usage_hint"], command["should_escape"])
        for command in manifest["features"]["slash_commands"]
    ]
    assert [astuple(command) for command in DEFAULT_COMMANDS] == commands


def test_scopes_and_events_are_as_few_as_needed(manifest: dict[str, Any]) -> None:
    assert set(manifest["oauth_config"]["scopes"]) == {"bot"}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == set(BOT_SCOPES)
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == EVENTS


def test_all_urls_are_the_one_endpoint(manifest: dict[str, Any]) -> None:
    settings = manifest["settings"]
    urls = [command["url"] for command in manifest["features"]["slash_commands"]]
    urls += [settings["event_subscriptions"]["request_url"], settings["interactivity"]["request_url"]]
    assert set(urls) == {"https://YOUR-HOST/slack/events"}
    assert len(urls) == 5
    assert manifest["oauth_config"]["redirect_urls"] == [f"https://YOUR-HOST{REDIRECT_PATH}"]


def test_its_direct_message_is_that_of_an_agent_and_takes_messages(manifest: dict[str, Any]) -> None:
    assert manifest["features"]["app_home"]["messages_tab_read_only_enabled"] is False
    suggested = {
        (each["title"], each["message"]) for each in manifest["features"]["agent_view"]["suggested_prompts"]
    }
    assert suggested == set(prompts(waiting=0, is_admin=False))


def test_steps_of_workflows_are_those_of_the_code_and_decide_nothing(manifest: dict[str, Any]) -> None:
    declared = manifest["functions"]
    assert declared.keys() == {ids.FUNCTION_DRAFT, ids.FUNCTION_RUN} == FUNCTIONS.keys()
    for name, function in FUNCTIONS.items():
        given, results = declared[name]["input_parameters"], declared[name]["output_parameters"]
        assert declared[name]["title"] == function.title
        assert {key: each["type"] for key, each in given["properties"].items()} == function.inputs
        assert {key: each["type"] for key, each in results["properties"].items()} == function.outputs
        assert tuple(given["required"]) == function.required_inputs
        assert tuple(results["required"]) == function.required_outputs
        # Whoever runs a workflow, or made it, has not seen the plan.
        assert not [key for key in given["properties"] if "appro" in key or "decide" in key]
    assert manifest["settings"]["org_deploy_enabled"] is True
    assert manifest["settings"]["function_runtime"] == "remote"


def test_socket_mode_is_off_and_buttons_are_on(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["socket_mode_enabled"] is False
    assert manifest["settings"]["interactivity"]["is_enabled"] is True


def test_ids_are_unique_and_fit() -> None:
    for prefix, limit in (("ACTION_", 255), ("VIEW_", 255), ("BLOCK_", 255), ("INPUT_", 255), ("COMMAND_", 32)):
        values = [value for name, value in vars(ids).items() if name.startswith(prefix)]
        assert len(values) == len(set(values))
        assert all(0 < len(value) <= limit for value in values)
