"""Installing by OAuth: what works, and everything that must not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from sqlalchemy import select
from yarl import URL

from bot.sandbox.slack.faults import ErrorWord, Hold, ServerError
from bot.sandbox.towns import agree, button
from bot.workspaces.oauth import COOKIE
from db.models import Installation, Workspace
from tests.support.town_hall import LEAK, cards
from tests.support.towns import TEAMS, Towns, two_towns
from tests.support.waiting import happened

SPRINGFIELD, OGDENVILLE = (team.id for team in TEAMS)


def browsing() -> aiohttp.ClientSession:
    """A browser with cookies of its own."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


@pytest.fixture
async def towns(database_url: str) -> AsyncIterator[Towns]:
    """A bot that is installed nowhere yet."""
    async with two_towns(database_url, with_app=False) as running:
        yield running


async def installations(towns: Towns) -> list[Installation]:
    async with towns.database.transaction() as session:
        return list((await session.scalars(select(Installation))).all())


async def test_the_page_says_what_it_asks_for_and_why(towns: Towns) -> None:
    async with browsing() as browser:
        answer = await browser.get(f"{towns.url}/slack/install")
        page = await answer.text()
        leads_to = await button(browser, towns.url)
    assert "Add to Slack" in page
    assert "ask a person in a direct message" in page
    assert leads_to.startswith(f"{towns.slacks[0].url}/oauth/v2/authorize?")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    cookie = answer.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/slack/oauth_redirect")


async def test_a_workspace_that_installs_it_is_served(towns: Towns) -> None:
    ogdenville = towns.slacks[1]
    refused = await ogdenville.send_command("priya", "works", "/mudda", "help")
    assert "not installed" in str(refused.attempts[-1].body)
    assert "Mudda is in Ogdenville" in await towns.install(OGDENVILLE)
    await ogdenville.send_command("priya", "works", "/mudda", LEAK)
    await ogdenville.wait_for(lambda: cards(ogdenville))
    assert cards(towns.slacks[0]) == []


async def test_the_token_is_sealed_and_bound_to_its_row(towns: Towns, caplog: pytest.LogCaptureFixture) -> None:
    for team in (SPRINGFIELD, OGDENVILLE):
        await towns.install(team)
    first, second = await installations(towns)
    assert first.token is not None
    assert "xoxb" not in first.token
    async with towns.database.transaction() as session:
        row = await session.get(Installation, second.id)
        assert row is not None
        row.token = first.token
    assert await towns.bot.tenants.of_team(first.owner_id) is not None
    assert await towns.bot.tenants.of_team(second.owner_id) is None
    assert "MUDDA_SECRET_KEY" in caplog.text
    assert "xoxb" not in caplog.text


async def test_an_installation_done_again_replaces_the_token(towns: Towns) -> None:
    await towns.install(SPRINGFIELD)
    before = towns.slacks[0].bot_token
    await towns.slacks[0].send_command("priya", "works", "/mudda", LEAK)
    await towns.slacks[0].wait_for(lambda: cards(towns.slacks[0]))
    await towns.install(SPRINGFIELD)
    assert towns.slacks[0].bot_token != before
    await towns.slacks[0].send_command("priya", "works", "/mudda", LEAK)
    await towns.slacks[0].wait_for(lambda: len(cards(towns.slacks[0])) == 2)
    assert len(await installations(towns)) == 1


async def test_an_installation_done_again_is_not_removed_for_the_token_before(towns: Towns) -> None:
    await towns.install(SPRINGFIELD)
    [found] = await towns.rows(Workspace)
    asked = Hold()
    towns.slacks[0].faults.script("auth.test", [asked])
    asking = asyncio.create_task(towns.bot.tenants.refused(found.id))
    await happened(asked.reached)
    await towns.install(SPRINGFIELD)
    asked.released.set()
    await asking
    assert await towns.bot.tenants.of(found.id) is not None
    [row] = await installations(towns)
    assert row.token is not None


@pytest.mark.parametrize("wrong", ["no state", "forged", "another browser", "no browser"])
async def test_a_state_that_is_not_good_installs_nothing(towns: Towns, wrong: str) -> None:
    async with browsing() as browser, browsing() as other:
        back = await agree(browser, await button(browser, towns.url), SPRINGFIELD)
        if wrong == "another browser":
            await button(other, towns.url)
        address = {"no state": back.split("&state=")[0], "forged": back[:-6] + "AAAAAA"}.get(wrong, back)
        answer = await (other if "browser" in wrong else browser).get(address)
        assert (answer.status, "Nothing was installed" in await answer.text()) == (400, True)
    assert await installations(towns) == []


async def test_a_state_is_good_once(towns: Towns) -> None:
    async with browsing() as browser:
        back = await agree(browser, await button(browser, towns.url), SPRINGFIELD)
        cookies = {COOKIE: browser.cookie_jar.filter_cookies(URL(back))[COOKIE].value}
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        assert (await browser.get(back)).status == 200
    fresh = towns.registry.code(OGDENVILLE, "U0PRIYA001", "", datetime.now(UTC).timestamp())
    again = URL(back).update_query(code=fresh)
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        assert (await browser.get(again)).status == 400
    assert [row.owner_id for row in await installations(towns)] == [SPRINGFIELD]


async def test_a_person_who_says_no_is_told_so(towns: Towns) -> None:
    async with browsing() as browser:
        back = await agree(browser, await button(browser, towns.url), SPRINGFIELD, "cancel")
        answer = await browser.get(back)
        assert (answer.status, "nothing was installed" in await answer.text()) == (403, True)
    assert await installations(towns) == []


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (ErrorWord("invalid_code"), 400, "did not take the code"),
        (ErrorWord("code_already_used"), 400, "did not take the code"),
        (ErrorWord("bad_client_secret"), 400, "did not take the code"),
        (ServerError(503), 503, "does not answer"),
    ],
)
async def test_what_slack_refuses_is_said(
    towns: Towns, fault: ErrorWord | ServerError, status: int, said: str
) -> None:
    towns.slacks[0].faults.script("oauth.v2.access", [fault])
    async with browsing() as browser:
        back = await agree(browser, await button(browser, towns.url), SPRINGFIELD)
        answer = await browser.get(back)
        assert answer.status == status
        assert said in await answer.text()
    assert await installations(towns) == []


async def test_a_workspace_that_may_not_install_it_is_refused_and_its_token_given_back(database_url: str) -> None:
    async with two_towns(database_url, with_app=False, slack_allowed_teams=f"{SPRINGFIELD}, T9") as towns:
        assert "other workspaces only" in await towns.install(OGDENVILLE)
        assert towns.slacks[1].bot_token == ""
        assert "Mudda is in Springfield" in await towns.install(SPRINGFIELD)
        assert [row.owner_id for row in await installations(towns)] == [SPRINGFIELD]


async def test_a_token_that_slack_does_not_take_back_is_kept_by_nobody_either(database_url: str) -> None:
    async with two_towns(database_url, with_app=False, slack_allowed_teams=SPRINGFIELD) as towns:
        towns.slacks[0].faults.script("auth.revoke", [ErrorWord("fatal_error")])
        towns.slacks[1].faults.script("auth.revoke", [ErrorWord("not_allowed_token_type")])
        assert "other workspaces only" in await towns.install(OGDENVILLE)
        assert await installations(towns) == []


async def test_a_name_that_is_markup_is_shown_as_text(towns: Towns) -> None:
    team = towns.slacks[1].workspace.team
    towns.slacks[1].workspace.team = type(team)(team.id, "<b>&", team.domain)
    assert "Mudda is in &lt;b&gt;&amp;" in await towns.install(OGDENVILLE)
