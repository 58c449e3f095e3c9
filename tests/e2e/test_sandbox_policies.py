"""Policies in the page: what a step follows can be read, and a rule stops the run at a gate."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import opened_page
from tests.support.policies import load
from tests.support.town_hall import LEAK, town_hall

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RUN_MS = 90_000


async def test_a_cited_policy_is_read_and_an_enforced_one_stops_the_run(
    database_url: str, browser: Browser
) -> None:
    async with town_hall(database_url) as hall:
        await load(hall)
        slack = hall.slack
        url = f"{slack.url}/#/{slack.user('marco').id}/{slack.channel('works').id}"
        async with opened_page(browser, url) as page:
            await slack.send_command("priya", "works", "/mudda", LEAK)
            card = page.get_by_test_id("messages").get_by_test_id("message").first
            await expect(card).to_contain_text("Follows: Road works, 3.1 Work orders.", timeout=RUN_MS)

            await card.get_by_role("combobox").select_option(label="3.1 Work orders")
            modal = page.get_by_role("dialog")
            await expect(modal).to_contain_text("Version 1 · in force from 2020-01-01")
            await expect(modal).to_contain_text("Create a work order for water on a road <!channel> & *at once*.")
            await modal.get_by_role("button", name="Close").first.click()

            await card.get_by_role("button", name="Approve and run").click()
            await page.get_by_test_id("confirm-ok").click()
            await expect(card.get_by_role("button", name="Approve step").first).to_be_visible(timeout=RUN_MS)
            await expect(card).to_contain_text("Create a work order")
            assert hall.town.received("workorders.create") == []
