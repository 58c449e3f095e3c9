"""Asking in the page: what is on record is answered, with a link to the card, and to whoever asked alone."""

from __future__ import annotations

from uuid import UUID

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import select

from db.models import WorkflowPlan
from tests.support.browser import opened_page, say
from tests.support.inquiries import ask
from tests.support.town_hall import TownHall, plan_card, town_hall

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ANSWER_MS = 60_000


async def test_a_question_is_answered_in_the_page(database_url: str, browser: Browser) -> None:
    async with town_hall(database_url) as hall:
        card = await plan_card(hall)
        slack = hall.slack
        url = f"{slack.url}/#/{slack.user('priya').id}/{slack.channel('works').id}"
        async with opened_page(browser, url) as page:
            await say(page, "/mudda ask what is #1 waiting for?")
            messages = page.get_by_test_id("messages").get_by_test_id("message")
            await expect(messages.filter(has_text="Looking…")).to_be_visible(timeout=ANSWER_MS)
            answer = messages.filter(has_text="waits for approval of the plan by anyone").first
            await expect(answer).to_be_visible(timeout=ANSWER_MS)
            await expect(answer.get_by_test_id("only-you")).to_be_visible()
            link = answer.get_by_role("link", name="#1").first
            ts = card.ts.replace(".", "")
            await expect(link).to_have_attribute("href", f"{slack.url}/archives/{card.channel}/p{ts}")

            # In the thread of the card everybody sees it: "Looking…" first, and the answer in its place.
            await ask(hall, "what is it waiting for?", thread_ts=card.ts, plan=await _plan(hall))
            await slack.wait_for(lambda: "waits for approval" in "".join(_replies(hall, card.ts)))
            assert len(_replies(hall, card.ts)) == 1


async def _plan(hall: TownHall) -> UUID:
    async with hall.database.reading() as session:
        return (await session.scalars(select(WorkflowPlan.id))).one()


def _replies(hall: TownHall, thread_ts: str) -> list[str]:
    return [
        each.text
        for each in hall.slack.channel("works").messages.values()
        if each.thread_ts == thread_ts and each.is_reply
    ]
