"""A town's API in the page: an address is given, two operations are chosen, one is edited, a plan calls them."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import messages, opened_page, say
from tests.support.stand_in_plans import script_plan
from tests.support.town_hall import LEAK, town_hall
from tests.support.town_runs import step

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RUN_MS = 90_000


async def test_an_api_is_imported_looked_after_planned_with_and_called(
    database_url: str, browser: Browser
) -> None:
    async with town_hall(database_url) as hall:
        slack, marco = hall.slack, hall.slack.user("marco").id
        works = f"{slack.url}/#/{marco}/{slack.channel('works').id}"
        async with opened_page(browser, works) as page:
            await say(page, "/mudda components add")
            modal = page.get_by_test_id("modal")
            await modal.get_by_label("Its address").fill(f"{hall.town.url}/openapi.json")
            await page.get_by_test_id("modal-submit").click()
            await expect(modal).to_have_count(0)
        async with opened_page(browser, f"{slack.url}/#/{marco}/{slack.dm('marco').id}") as page:
            preview = messages(page).first
            await expect(preview).to_contain_text("12 new", timeout=RUN_MS)
            await preview.get_by_role("button", name="Choose operations…").click()
            modal = page.get_by_test_id("modal")
            await modal.get_by_label("Words to look for").fill("work order")
            await modal.get_by_role("button", name="Search").click()
            await expect(modal).to_contain_text("6 operations, page 1 of 1")
            for name in ("Open a work order for an area", "Read one work order"):
                await modal.get_by_label(name).check()
            await page.get_by_test_id("modal-submit").click()
            await expect(preview).to_contain_text("2 components of Town API were added", timeout=RUN_MS)
        async with opened_page(browser, works) as page:
            await say(page, "/mudda components town.create_order")
            listed = messages(page).first
            await expect(listed).to_contain_text("Open a work order for an area")
            await listed.locator("select").first.select_option(label="Open a work order for an area")
            modal = page.get_by_test_id("modal")
            await expect(modal).to_contain_text("Last 30 days")
            await expect(modal).to_contain_text("None that you can see.")
            await modal.get_by_role("button", name="Edit").click()
            await modal.get_by_label("Seconds until a call is given up").fill("61")
            await page.get_by_test_id("modal-submit").click()
            told = messages(page).filter(has_text="→ 61").first
            await expect(told).to_contain_text("is changed", timeout=RUN_MS)
            await told.get_by_role("button", name="Undo").click()
            await page.get_by_test_id("modal-submit").click()
            await expect(messages(page).filter(has_text="is taken back").first).to_be_visible(timeout=RUN_MS)
        order = step(
            "order", "town.create_order", after="look", path__area="downtown", body__title="Mend the main"
        )
        look = step("look", "town.get_order", path__work_order_id="{{order.work_order_id}}")
        script_plan(hall.gemini, {"workflow_name": "Stop it", "description": "Mend it.", "steps": [order, look]})
        async with opened_page(browser, works) as page:
            await slack.send_command("priya", "works", "/mudda", LEAK)
            card = messages(page).last
            await card.get_by_role("button", name="Approve and run").click(timeout=RUN_MS)
            await page.get_by_test_id("confirm-ok").click()
            await expect(card).to_contain_text("Done in", timeout=RUN_MS)
        assert [each.title for each in hall.town.works.orders.values()] == ["Mend the main"]
