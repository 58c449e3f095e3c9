"""Workspaces come and go: tokens are dropped at once, work ends on record, and a return finds everything again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.gemini.faults import Hold as HoldModel
from bot.sandbox.slack.faults import ErrorWord, Hold
from bot.slack import ids
from db.models import AuditEvent, Installation, Run, WorkflowPlan, Workspace
from services.states import FailureCode, PlanState, RunState
from tests.support.town_hall import LEAK, buttons, cards
from tests.support.towns import TEAMS, Towns, two_towns
from tests.support.waiting import happened

SPRINGFIELD, OGDENVILLE = (team.id for team in TEAMS)
UNINSTALLED: dict[str, Any] = {"type": "app_uninstalled"}


def revoked(bot: str) -> dict[str, Any]:
    return {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}}


@pytest.fixture
async def towns(database_url: str) -> AsyncIterator[Towns]:
    async with two_towns(database_url) as running:
        yield running


async def tokens(towns: Towns) -> dict[str, bool]:
    """By the owner of an installation, whether its token is still there."""
    return {row.owner_id: row.token is not None for row in await towns.rows(Installation)}


async def run_that_waits(towns: Towns, number: int = 0) -> None:
    """A plan that was approved, and waits at a gate."""
    slack = towns.slacks[number]
    await slack.send_command("priya", "works", "/mudda", LEAK)
    card = await slack.wait_for(lambda: next((card for card in cards(slack) if buttons(card)), None))
    await slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
    await slack.wait_for(lambda: "Cancel run" in buttons(cards(slack)[0]))


@pytest.mark.parametrize(
    "events",
    [
        [UNINSTALLED],
        [revoked("U0MUDDABOT")],
        [UNINSTALLED, revoked("U0MUDDABOT")],
        [revoked("U0MUDDABOT"), UNINSTALLED, UNINSTALLED],
    ],
    ids=["only uninstalled", "only revoked", "uninstalled first", "revoked first, and one twice"],
)
async def test_tokens_are_dropped_and_the_other_town_is_not_touched(
    towns: Towns, events: list[dict[str, Any]]
) -> None:
    slack, other = towns.slacks
    for event in events:
        assert (await slack.tell_app(event)).acked
    assert await tokens(towns) == {SPRINGFIELD: False, OGDENVILLE: True}
    await towns.serves(SPRINGFIELD, wanted=False)
    refused = await slack.send_command("priya", "works", "/mudda", LEAK)
    assert "not installed" in str(refused.attempts[-1].body)
    await other.send_command("priya", "works", "/mudda", LEAK)
    await other.wait_for(lambda: cards(other))


@pytest.mark.parametrize(
    "event",
    [
        revoked("U0SOMEBODY"),
        {"type": "tokens_revoked", "tokens": {"oauth": ["U0PRIYA001"]}},
        {"type": "tokens_revoked", "tokens": ["xoxb"]},
        {"type": "tokens_revoked"},
        {"type": "team_access_revoked", "team_ids": ["T0ELSEWHERE"]},
        {"type": "team_access_revoked"},
        {"type": "team_access_granted", "team_ids": "T1"},
    ],
)
async def test_what_is_about_somebody_else_or_malformed_changes_nothing(
    towns: Towns, event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert (await towns.slacks[0].tell_app(event)).acked
    assert await tokens(towns) == {SPRINGFIELD: True, OGDENVILLE: True}
    assert "ERROR" not in {record.levelname for record in caplog.records}


async def test_what_was_under_way_ends_with_a_record(towns: Towns) -> None:
    await run_that_waits(towns)
    await towns.slacks[0].uninstall()
    [run] = await towns.until(Run, lambda runs: runs[0].state == RunState.CANCELLED)
    assert run.ended_by == "mudda"
    actions = [event.action for event in await towns.rows(AuditEvent)]
    assert {"workspace.removed", "run.cancelled"} <= set(actions)


async def test_a_draft_under_way_ends_with_a_reason(towns: Towns) -> None:
    slack = towns.slacks[0]
    hold = HoldModel()
    towns.gemini.script(hold)
    await slack.send_command("priya", "works", "/mudda", LEAK)
    await happened(hold.reached)
    await slack.uninstall()
    await towns.until(WorkflowPlan, lambda plans: [plan.state for plan in plans] == [PlanState.FAILED])
    hold.released.set()
    [plan] = await towns.rows(WorkflowPlan)
    assert plan.failure["code"] == FailureCode.APP_REMOVED


async def test_a_return_finds_everything_again(towns: Towns) -> None:
    await run_that_waits(towns)
    slack = towns.slacks[0]
    await slack.uninstall()
    await towns.until(Run, lambda runs: runs[0].state == RunState.CANCELLED)
    assert "Mudda is in Springfield" in await towns.install(SPRINGFIELD)
    await slack.send_command("priya", "works", "/mudda", LEAK)
    await slack.wait_for(lambda: len(cards(slack)) == 2)
    assert sorted(plan.number for plan in await towns.rows(WorkflowPlan)) == [1, 2]
    [workspace] = [row for row in await towns.rows(Workspace) if row.team_id == SPRINGFIELD]
    assert workspace.removed_at is None
    listing = await slack.send_command("priya", "works", "/components", "")
    assert listing.acked
    await slack.wait_for(lambda: slack.ephemerals("works", "priya"))


async def test_an_event_that_is_older_than_the_installation_means_nothing(towns: Towns) -> None:
    slack = towns.slacks[0]
    late = await slack.tell_app(UNINSTALLED)
    await towns.install(SPRINGFIELD)
    body = json.loads(late.body)
    late.body = json.dumps(body | {"event_time": body["event_time"] - 60, "event_id": "Ev2"}).encode()
    assert (await slack.redeliver(late)).status == 200
    assert await tokens(towns) == {SPRINGFIELD: True, OGDENVILLE: True}


async def test_a_token_that_is_taken_back_between_ack_and_card_is_noticed_unheard(towns: Towns) -> None:
    """Neither event comes: Slack itself is asked, once it refuses the token."""
    slack = towns.slacks[0]
    hold = Hold()
    slack.faults.script("users.info", [hold])
    await slack.send_command("priya", "works", "/mudda", f"{LEAK} <@U0DANA0001>")
    await happened(hold.reached)
    slack.forget_token()
    hold.released.set()
    await towns.until(Workspace, lambda found: any(row.removed_at for row in found if row.team_id == SPRINGFIELD))
    assert await tokens(towns) == {SPRINGFIELD: False, OGDENVILLE: True}
    assert cards(slack) == []


async def test_a_token_that_slack_does_not_know_for_a_moment_is_kept(towns: Towns) -> None:
    """It could not be had back: only what Slack says is gone for good is dropped."""
    slack = towns.slacks[0]
    slack.faults.script("chat.postMessage", [ErrorWord("invalid_auth")])
    slack.faults.script("auth.test", [ErrorWord("invalid_auth")])
    await slack.send_command("priya", "works", "/mudda", LEAK)
    await slack.wait_for(lambda: cards(slack), timeout=20)
    assert await tokens(towns) == {SPRINGFIELD: True, OGDENVILLE: True}


class TestOrganisation:
    """One installation for all workspaces of an organisation."""

    @pytest.fixture
    async def towns(self, database_url: str) -> AsyncIterator[Towns]:
        async with two_towns(database_url, with_app=False, enterprise_id="E0SHELBY1") as running:
            yield running

    async def test_every_workspace_of_it_is_served(self, towns: Towns) -> None:
        assert "manage/E0SHELBY1/integrations" in await towns.install("E0SHELBY1")
        for number, slack in enumerate(towns.slacks):
            await towns.load_pack(number)
            await run_that_waits(towns, number)
            assert len(cards(slack)) == 1
        assert await tokens(towns) == {"E0SHELBY1": True}
        assert {row.team_id for row in await towns.rows(Workspace)} == {SPRINGFIELD, OGDENVILLE}

    async def test_a_workspace_comes_and_goes(self, towns: Towns) -> None:
        slack, other = towns.slacks
        other.workspace.is_kept_out = True
        await towns.install("E0SHELBY1")
        assert {row.team_id for row in await towns.rows(Workspace)} == {SPRINGFIELD}
        await towns.serves(OGDENVILLE, wanted=False)
        await slack.tell_app({"type": "team_access_granted", "team_ids": [OGDENVILLE]})
        await towns.serves(OGDENVILLE, wanted=True)
        await slack.tell_app({"type": "team_access_revoked", "team_ids": [OGDENVILLE]})
        await towns.serves(OGDENVILLE, wanted=False)
        await towns.serves(SPRINGFIELD, wanted=True)
        assert await tokens(towns) == {"E0SHELBY1": True}

    async def test_a_workspace_whose_coming_was_not_heard_of_is_served_all_the_same(self, towns: Towns) -> None:
        other = towns.slacks[1]
        other.workspace.is_kept_out = True
        await towns.install("E0SHELBY1")
        other.workspace.is_org_wide = True
        answer = await other.send_command("priya", "works", "/mudda", "help")
        assert "drafts a plan" in str(answer.attempts[-1].body)

    async def test_the_organisation_takes_it_out_of_all(self, towns: Towns) -> None:
        await towns.install("E0SHELBY1")
        await towns.slacks[0].tell_app(UNINSTALLED)
        assert await tokens(towns) == {"E0SHELBY1": False}
        for team in TEAMS:
            await towns.serves(team.id, wanted=False)
