"""Show graph and Report in the sandbox's page: a picture in the thread, and a file."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import opened_page
from tests.support.sandbox import sandbox, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RUN_MS = 90_000
ISSUE = "The streetlight on Oak Street has gone out"


async def test_a_graph_and_a_report_come_into_the_thread(database_url: str, browser: Browser) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url) as page:
        await say(page, f"/mudda {ISSUE}")
        card = page.get_by_test_id("messages").get_by_test_id("message").first
        await expect(card.get_by_role("button", name="Approve and run")).to_be_visible(timeout=RUN_MS)
        await page.get_by_test_id("user-switch").get_by_role("button", name="Marco Bellini").click()
        await card.get_by_test_id("overflow").click()
        await page.get_by_role("menuitem", name="Show graph").click()
        said = page.get_by_test_id("messages").get_by_text("Making the graph of plan #1.")
        await expect(said).to_be_visible(timeout=RUN_MS)
        await card.get_by_test_id("thread-link").click()
        picture = page.get_by_test_id("attached-picture")
        await expect(picture).to_be_visible(timeout=RUN_MS)
        await expect(picture).to_have_attribute("alt", re.compile(r"^Graph of plan #1 .*1\. "))
        assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300

        await card.get_by_role("button", name="Approve and run").click()
        await page.get_by_test_id("confirm-ok").click()
        report = card.get_by_role("button", name="Report")
        while not await report.is_visible():
            gate = card.get_by_role("button", name="Approve step").first
            await expect(report.or_(gate).first).to_be_visible(timeout=RUN_MS)
            if await gate.is_visible():
                await gate.click()
                await expect(gate).to_be_hidden(timeout=RUN_MS)
        await report.click()
        file = page.get_by_test_id("attached-file").filter(has_text="PDF")
        await expect(file).to_be_visible(timeout=RUN_MS)
        path = await file.get_by_role("link").get_attribute("href")
        answer = await page.request.get(f"{url}{path}")
        assert (await answer.body())[:5] == b"%PDF-"
