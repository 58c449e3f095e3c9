"""The town's fault switch: what is set holds until it is set otherwise, for one API or for all."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.sandbox.town import Town
from bot.sandbox.town.switch import ALL, KINDS


async def status(town: Town, http: aiohttp.ClientSession, timeout: float = 5) -> int:  # noqa: ASYNC109
    """What a look-up of the open reports is answered."""
    async with http.get(f"{town.url}/open311/v2/requests.json", timeout=aiohttp.ClientTimeout(timeout)) as answer:
        return answer.status


@pytest.mark.parametrize("route", ["open311.find_requests", ALL])
async def test_what_is_set_holds_until_it_is_set_otherwise(route: str) -> None:
    async with Town() as town, aiohttp.ClientSession() as http:
        assert await status(town, http) == 200
        town.switch.set(route, "refuse")
        assert [await status(town, http), await status(town, http)] == [422, 422]
        town.switch.set(route, "reset")
        with pytest.raises(aiohttp.ClientConnectionError):
            await status(town, http)
        town.switch.set(route, "hang")
        with pytest.raises(TimeoutError):
            await status(town, http, 0.3)
        town.switch.set(route, "")
        assert await status(town, http) == 200


async def test_what_is_slow_takes_effect_and_is_answered_late() -> None:
    async with Town() as town, aiohttp.ClientSession() as http:
        town.switch.set(ALL, "slow")
        late = asyncio.create_task(status(town, http, 60))
        [received] = await town.wait_for("open311.find_requests")
        assert not late.done()
        assert received.status == 200
        # What waits is answered when the town ends, and here that is sooner.
        await town.stop()
        assert await late == 200


async def test_all_clears_what_was_set_for_one_and_nobody_knows_others() -> None:
    town = Town()
    town.switch.set("water.shut_off", "hang")
    town.switch.set(ALL, "refuse")
    assert town.switch.now == {ALL: "refuse"}
    assert town.switch.fault("water.shut_off") is KINDS["refuse"]
    assert town.switch.fault("") is None
    for route, kind in (("nobody.knows", "hang"), (ALL, "melt")):
        with pytest.raises(KeyError):
            town.switch.set(route, kind)
