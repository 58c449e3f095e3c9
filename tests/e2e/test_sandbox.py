"""`mudda sandbox` as a newcomer meets it: one URL, a command, a card with a plan, and a decision."""

from __future__ import annotations

import signal
import tempfile

import psutil
import pytest
from playwright.async_api import Browser, expect

from tests.support.bot_process import bot_process
from tests.support.browser import opened_page
from tests.support.sandbox import ISSUE, sandbox, sandbox_process, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_command_becomes_a_plan_that_can_be_discarded_and_ctrl_c_ends_everything(browser: Browser) -> None:
    async with sandbox_process() as (bot, url):
        async with opened_page(browser, url) as page:
            await expect(page.get_by_test_id("banner")).to_contain_text("stand-in")
            await say(page, f"/mudda {ISSUE}")
            card = page.get_by_test_id("messages").get_by_test_id("message")
            await expect(card).to_contain_text(ISSUE)
            await expect(card).to_contain_text("Sends:")
            assert await card.get_by_test_id("task").count() > 2
            await card.get_by_role("button", name="Discard").click()
            await page.get_by_test_id("confirm-ok").click()
            await expect(card).to_contain_text("Discarded by")
            await expect(card.get_by_role("button", name="Discard")).to_have_count(0)
            await expect(page.get_by_test_id("messages").get_by_test_id("message")).to_have_count(1)
        home = psutil.Process(bot.process.pid).environ()["MUDDA_HOME"]
        assert servers(home)
        bot.send_signal(signal.SIGINT)
        assert await bot.finished() == 0
        assert servers(home) == []


async def test_a_mention_is_answered_in_its_thread(database_url: str, browser: Browser) -> None:
    async with sandbox(database_url) as (_, url), opened_page(browser, url) as page:
        await say(page, f"@mudda {ISSUE}")
        await page.get_by_test_id("thread-link").click()
        await expect(page.get_by_test_id("thread-pane")).to_contain_text("Approve and run")


def servers(directory: str) -> list[int]:
    """The PostgreSQL servers that run in a directory."""
    return [
        process.pid
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "postgres" and any(directory in part for part in process.info["cmdline"] or ())
    ]


@pytest.mark.soak
async def test_what_was_said_is_there_again_until_it_is_to_begin_fresh(browser: Browser) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-sandbox-") as home:
        async with sandbox_process(home) as (_, url), opened_page(browser, url) as page:
            await say(page, f"/mudda {ISSUE}")
            await expect(page.get_by_role("button", name="Discard")).to_be_visible()
        async with sandbox_process(home) as (bot, url), opened_page(browser, url) as page:
            card = page.get_by_test_id("messages").get_by_test_id("message")
            await expect(card).to_have_count(1)
            await card.get_by_role("button", name="Discard").click()
            await page.get_by_test_id("confirm-ok").click()
            await expect(card).to_contain_text("Discarded by")
            # A second one says where the first is.
            async with bot_process("sandbox", env={"MUDDA_HOME": home}) as second:
                assert await second.finished() == 2
                assert f"A sandbox runs already: {url}." in second.output
        assert "Traceback" not in bot.output
        async with sandbox_process(home, "--fresh") as (_, url), opened_page(browser, url) as page:
            await expect(page.get_by_test_id("composer")).to_be_visible()
            await expect(page.get_by_test_id("messages").get_by_test_id("message")).to_have_count(0)
