"""The towns of the sandbox: workspaces of one Slack, with people and channels of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import aiohttp

from bot.sandbox.slack.state.model import Team
from bot.sandbox.slack.state.workspace import (
    DEFAULT_CHANNELS,
    DEFAULT_GROUPS,
    DEFAULT_PEOPLE,
    DEFAULT_TEAM,
    Setup,
)
from bot.workspaces.oauth import INSTALL_PATH

TEAMS = (
    DEFAULT_TEAM,
    Team("T0OGDEN002", "Ogdenville", "ogdenville"),
    Team("T0SHELB003", "Shelbyville", "shelbyville"),
    Team("T0CAPIT004", "Capital City", "capital-city"),
)


def town_setup(number: int) -> Setup:
    """The workspace of a town, counted from 0. In each the ids are others, as in Slack."""
    if number == 0:
        return Setup()
    mark = f"{number + 1}"
    return replace(
        Setup(),
        team=TEAMS[number],
        people=tuple(replace(person, id=_own(person.id, mark)) for person in DEFAULT_PEOPLE),
        groups=tuple(
            replace(group, id=_own(group.id, mark), users=tuple(_own(user, mark) for user in group.users))
            for group in DEFAULT_GROUPS
        ),
        channels=tuple((_own(channel, mark), *rest) for channel, *rest in DEFAULT_CHANNELS),  # type: ignore[misc]
    )


def _own(slack_id: str, mark: str) -> str:
    return slack_id[:-1] + mark


async def install(bot_url: str, team_id: str) -> str:
    """Install the app in a workspace as a person does, from the page with the button; what the last page says."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        back = await agree(browser, await button(browser, bot_url), team_id)
        return await (await browser.get(back)).text()


async def button(browser: aiohttp.ClientSession, bot_url: str) -> str:
    """Where the button of the install page leads. Raises ValueError if there is none."""
    page = await (await browser.get(f"{bot_url}{INSTALL_PATH}")).text()
    found = re.search(r'class="button" href="([^"]+)"', page)
    if found is None:
        raise ValueError("the page has no button")
    return unescape(found[1])


async def agree(browser: aiohttp.ClientSession, address: str, owner: str, answer: str = "allow") -> str:
    """Answer Slack's page; where it sends the browser. Raises ValueError if it sends it nowhere."""
    form = {"owner": owner, "answer": answer}
    async with browser.post(address, data=form, allow_redirects=False) as response:
        if response.status != 302:
            raise ValueError(await response.text())
        return response.headers["Location"]
