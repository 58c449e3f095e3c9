"""The sandbox's page, driven in Chromium against the Slack stand-in and an app of a few lines."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Browser, Page, expect

from bot.sandbox.slack import SlackStandIn
from tests.support.blocks import ACTIONS, FORM, PLAN, confirmed, plain
from tests.support.browser import WORKS, messages, opened_page, say
from tests.support.tiny_bot import Payload, TinyBot
from tests.support.waiting import happened

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ISSUE = "Water is coming up through the road at 5th and Main"


def page_of(user: str, browser: Browser, slack: SlackStandIn) -> AbstractAsyncContextManager[Page]:
    return opened_page(browser, f"{slack.url}/#/{slack.user(user).id}/{slack.channel('works').id}")


async def test_a_message_shows_at_once_on_everybodys_page(
    page: Page, browser: Browser, slack: SlackStandIn
) -> None:
    async with page_of("marco", browser, slack) as marcos:
        await expect(marcos.get_by_test_id("empty")).to_be_visible()
        await say(page, "Anyone near the *library*?")
        await expect(page.get_by_test_id("composer")).to_have_value("")
        for one in (page, marcos):
            await expect(messages(one)).to_have_count(1)
            await expect(messages(one).get_by_test_id("message-name")).to_have_text("Priya Raman")
            await expect(messages(one).locator("strong")).to_have_text("library")


async def test_a_new_message_is_read_aloud_to_others_but_not_to_its_author(
    page: Page, browser: Browser, slack: SlackStandIn
) -> None:
    async with page_of("marco", browser, slack) as marcos:
        await expect(marcos.get_by_test_id("empty")).to_be_visible()
        await say(page, "Road closed")
        await expect(marcos.get_by_test_id("announcer")).to_have_text("Priya Raman: Road closed")
    await expect(page.get_by_test_id("announcer")).to_be_empty()


async def test_shift_enter_makes_a_new_line_and_the_button_sends(page: Page, slack: SlackStandIn) -> None:
    await page.get_by_test_id("composer").type("one")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("two")
    await page.get_by_test_id("send").click()
    await expect(messages(page)).to_have_count(1)
    assert slack.messages("works")[0].text == "one\ntwo"


async def test_a_command_reaches_the_app_signed(page: Page, bot: TinyBot) -> None:
    async def answer(command: Payload) -> None:
        await bot.client.chat_postMessage(channel=command["channel_id"], text="Drafting a plan…")

    bot.on("command", answer)
    await say(page, f"/mudda {ISSUE}")
    command = await bot.next("command")
    assert (command["command"], command["text"]) == ("/mudda", ISSUE)
    await expect(messages(page).get_by_test_id("message-content")).to_have_text("Drafting a plan…")
    await expect(messages(page)).to_contain_text("MuddaAPP")
    assert bot.refused == 0


async def test_a_command_that_fails_says_so_and_gives_the_text_back(
    page: Page, slack: SlackStandIn, bot: TinyBot
) -> None:
    slack.request_url = f"{slack.url}/nobody-listens-here"
    await say(page, f"/mudda {ISSUE}")
    await expect(page.get_by_test_id("toast")).to_be_visible()
    await expect(page.get_by_test_id("composer")).to_have_value(f"/mudda {ISSUE}")
    await expect(messages(page)).to_contain_text('/mudda failed with the error "dispatch_failed"')
    await expect(messages(page).get_by_test_id("only-you")).to_be_visible()
    assert bot.unseen("command") == 0


async def test_a_completed_mention_becomes_an_app_mention(page: Page, slack: SlackStandIn, bot: TinyBot) -> None:
    composer = page.get_by_test_id("composer")
    await composer.type("@mu")
    await expect(page.get_by_test_id("suggestion")).to_contain_text(["Mudda"])
    await page.keyboard.press("Enter")
    await expect(composer).to_have_value("@mudda ")
    await composer.type(ISSUE)
    await page.keyboard.press("Enter")
    mention = await bot.next("app_mention")
    assert mention["text"] == f"<@{slack.user('mudda').id}> {ISSUE}"
    await expect(messages(page).locator(".mention")).to_have_text("@Mudda")


async def test_suggestions_are_chosen_with_the_arrow_keys_and_closed_with_escape(page: Page) -> None:
    composer = page.get_by_test_id("composer")
    suggestions = page.get_by_role("listbox", name="Suggestions")
    await composer.type("/")
    await expect(suggestions.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await expect(composer).to_have_value("/components ")
    await composer.fill("")
    await composer.type("ask @pri")
    await expect(suggestions).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(suggestions).to_be_hidden()
    await expect(composer).to_have_value("ask @pri")


async def test_the_bot_is_invited_with_slacks_own_command(page: Page, slack: SlackStandIn) -> None:
    await page.get_by_test_id("channel-town-square").click()
    await page.get_by_test_id("composer").type("/inv")
    await page.keyboard.press("Enter")
    await page.keyboard.type("@mudda")
    await page.keyboard.press("Enter")
    await expect(messages(page)).to_contain_text("@Mudda has joined the channel")
    assert slack.user("mudda").id in slack.channel("town-square").members


async def test_a_click_is_sent_once_and_the_button_is_inert_until_it_is_acked(page: Page, bot: TinyBot) -> None:
    release = asyncio.Event()

    async def redraw(action: Payload) -> None:
        await happened(release)
        await bot.client.chat_update(channel=action["channel"]["id"], ts=action["message"]["ts"], text="Approved")

    bot.on("block_actions", redraw)
    await bot.client.chat_postMessage(channel=WORKS, text="Plan", blocks=[ACTIONS])
    approve = page.get_by_role("button", name="Approve and run")
    await approve.click()
    await expect(approve).to_be_disabled()
    await approve.dispatch_event("click")
    # Longer than a second: it shows that something is under way.
    await expect(approve).to_have_attribute("data-slow", "")
    release.set()
    await expect(approve).to_have_count(0)
    await expect(messages(page)).to_contain_text("Approved")
    await expect(messages(page)).to_contain_text("(edited)")
    clicked = await bot.next("block_actions")
    assert clicked["actions"][0]["value"] == "plan-1"
    assert bot.unseen("block_actions") == 0


async def test_a_confirmation_is_asked_first(page: Page, bot: TinyBot) -> None:
    await bot.client.chat_postMessage(channel=WORKS, text="Plan", blocks=[ACTIONS])
    discard = page.get_by_role("button", name="Discard", exact=True)
    dialog = page.get_by_test_id("confirm")
    await discard.click()
    await expect(dialog).to_contain_text("Plan #1 will be closed")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(discard).to_be_focused()
    assert bot.unseen("block_actions") == 0
    await discard.click()
    await page.get_by_test_id("confirm-ok").click()
    assert (await bot.next("block_actions"))["actions"][0]["action_id"] == "discard"


async def test_menus_send_what_was_chosen(page: Page, bot: TinyBot) -> None:
    await bot.client.chat_postMessage(channel=WORKS, text="Plan", blocks=[ACTIONS])
    await page.get_by_test_id("select").select_option("high")
    assert (await bot.next("block_actions"))["actions"][0]["selected_option"]["value"] == "high"
    await page.get_by_test_id("overflow").click()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    assert (await bot.next("block_actions"))["actions"][0]["selected_option"]["value"] == "dry"


async def test_a_form_shows_errors_at_their_fields_and_is_sent_when_right(page: Page, bot: TinyBot) -> None:
    async def open_form(command: Payload) -> None:
        await bot.client.views_open(trigger_id=command["trigger_id"], view=FORM)

    async def check(submission: Payload) -> Payload | None:
        text = submission["view"]["state"]["values"]["issue"]["text"]["value"]
        if len(text) < 5:
            return {"response_action": "errors", "errors": {"issue": "Please say a little more."}}
        return None

    bot.on("command", open_form)
    bot.on("view_submission", check)
    await say(page, "/mudda")
    modal = page.get_by_test_id("modal")
    issue = modal.get_by_label("What happened?")
    await expect(issue).to_be_focused()
    await page.get_by_test_id("modal-submit").click()
    error = modal.get_by_test_id("field-error").filter(visible=True)
    await expect(error).to_have_text("Please complete this required field.")
    assert bot.unseen("view_submission") == 0
    await issue.fill("wet")
    await page.get_by_test_id("modal-submit").click()
    await expect(error).to_have_text("Please say a little more.")
    await expect(issue).to_be_focused()
    await issue.fill(ISSUE)
    await modal.get_by_label("Department").select_option("water")
    await modal.get_by_label("Now").check()
    await modal.get_by_label("The reporter").check()
    await modal.get_by_label("Since").fill("2026-03-01")
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_have_count(0)
    await bot.next("view_submission")
    values = (await bot.next("view_submission"))["view"]["state"]["values"]
    assert values["issue"]["text"]["value"] == ISSUE
    assert values["department"]["choice"]["selected_option"]["value"] == "water"
    assert values["urgency"]["choice"]["selected_option"]["value"] == "now"
    assert [option["value"] for option in values["tell"]["choices"]["selected_options"]] == ["reporter"]
    assert values["since"]["date"]["selected_date"] == "2026-03-01"


async def test_escape_closes_a_form_and_what_was_typed_survives_an_update(
    page: Page, slack: SlackStandIn, bot: TinyBot
) -> None:
    async def open_form(action: Payload) -> None:
        await bot.client.views_open(trigger_id=action["trigger_id"], view=FORM)

    bot.on("block_actions", open_form)
    await bot.client.chat_postMessage(channel=WORKS, text="Plan", blocks=[ACTIONS])
    opener = page.get_by_role("button", name="Request changes")
    await opener.click()
    modal = page.get_by_test_id("modal")
    await modal.get_by_label("What happened?").fill("Half a sent")
    [view] = slack.views("priya")
    await bot.client.views_update(view_id=view.id, view={**FORM, "title": plain("Report it now")})
    await expect(modal.get_by_role("heading")).to_have_text("Report it now")
    await expect(modal.get_by_label("What happened?")).to_have_value("Half a sent")
    await expect(modal.get_by_label("What happened?")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)
    await expect(opener).to_be_focused()


async def test_a_reply_stands_in_the_thread_and_is_counted_in_the_channel(page: Page, slack: SlackStandIn) -> None:
    slack.post_user_message("marco", "works", "Water at the library?")
    await messages(page).hover()
    await page.get_by_test_id("reply-in-thread").click()
    pane = page.get_by_test_id("thread-pane")
    await expect(pane.get_by_test_id("thread-composer")).to_be_focused()
    await page.keyboard.type("On my way.")
    await page.keyboard.press("Enter")
    await expect(pane.get_by_test_id("message")).to_have_count(2)
    await expect(messages(page)).to_have_count(1)
    await expect(page.get_by_test_id("thread-link")).to_contain_text("1 reply")
    await page.keyboard.press("Escape")
    await expect(pane).to_be_hidden()
    await page.get_by_test_id("thread-link").click()
    await expect(pane).to_contain_text("On my way.")
    assert [reply.text for reply in slack.messages("works", thread_ts=slack.messages("works")[0].ts)] == [
        "On my way."
    ]


async def test_what_is_for_one_person_only_shows_to_them_only(
    page: Page, browser: Browser, slack: SlackStandIn, bot: TinyBot
) -> None:
    async with page_of("marco", browser, slack) as marcos:
        await bot.client.chat_postEphemeral(channel=WORKS, user=slack.user("priya").id, text="For you")
        await bot.client.chat_postMessage(channel=WORKS, text="For all")
        await expect(messages(page)).to_have_count(2)
        await expect(messages(page).filter(has_text="For you").get_by_test_id("only-you")).to_be_visible()
        await expect(messages(marcos)).to_have_count(1)
        await expect(messages(marcos)).to_contain_text("For all")


async def test_another_person_can_be_switched_to(page: Page, slack: SlackStandIn, bot: TinyBot) -> None:
    await bot.client.chat_postEphemeral(channel=WORKS, user=slack.user("priya").id, text="For priya")
    await expect(messages(page)).to_have_count(1)
    await page.get_by_test_id("user-switch").get_by_role("button", name="Marco Bellini").click()
    await expect(page.get_by_test_id("current-user")).to_have_text("You are Marco Bellini")
    await expect(messages(page)).to_have_count(0)
    await say(page, "Marco here")
    await expect(messages(page).get_by_test_id("message-name")).to_have_text("Marco Bellini")
    assert slack.messages("works")[0].user == slack.user("marco").id
    await page.reload()
    await expect(page.get_by_test_id("current-user")).to_have_text("You are Marco Bellini")


async def test_a_plan_shows_the_state_of_each_task_and_stays_folded_when_it_is_redrawn(
    page: Page, bot: TinyBot
) -> None:
    posted = await bot.client.chat_postMessage(channel=WORKS, text="Plan", blocks=[PLAN])
    states = page.get_by_test_id("task").get_by_role("img")
    await expect(states).to_have_count(4)
    assert [await state.get_attribute("aria-label") for state in await states.all()] == [
        "Done",
        "In progress",
        "Failed",
        "To do",
    ]
    await page.get_by_test_id("plan-toggle").click()
    await expect(states.first).to_be_hidden()
    await bot.client.chat_update(
        channel=posted["channel"], ts=posted["ts"], text="Plan", blocks=[{**PLAN, "title": "Done in 41 s"}]
    )
    await expect(page.get_by_test_id("plan-toggle")).to_have_text("Done in 41 s")
    await expect(states.first).to_be_hidden()


async def test_a_reader_at_the_end_stays_there_and_one_further_up_is_left_alone(
    page: Page, slack: SlackStandIn, bot: TinyBot
) -> None:
    for number in range(40):
        slack.post_user_message("marco", "works", f"Report {number}: " + "water on the road " * 12)
    last, jump = messages(page).last, page.get_by_test_id("messages").get_by_test_id("jump")
    await expect(last).to_contain_text("Report 39")
    await expect(last).to_be_in_viewport(ratio=1)
    await last.hover()
    await last.get_by_test_id("reply-in-thread").click()  # makes the column narrower and its text longer
    await expect(page.get_by_test_id("thread-composer")).to_be_focused()
    await expect(last).to_be_in_viewport(ratio=1)
    await expect(jump).to_be_hidden()
    await page.get_by_test_id("messages").hover()
    await page.mouse.wheel(0, -600)
    await expect(last).not_to_be_in_viewport()
    await bot.client.chat_postMessage(channel=WORKS, text="One more")
    await expect(jump).to_be_visible()
    await expect(last).not_to_be_in_viewport()
    await jump.click()
    await expect(last).to_be_in_viewport(ratio=1)
    await expect(jump).to_be_hidden()


async def test_nothing_but_the_keyboard_is_needed(page: Page, bot: TinyBot) -> None:
    async def answer(command: Payload) -> None:
        await bot.client.chat_postMessage(
            channel=command["channel_id"], text="Plan", blocks=[confirmed("Discard")]
        )

    bot.on("command", answer)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # the link that skips to the composer
    await expect(page.get_by_test_id("composer")).to_be_focused()
    await page.keyboard.type("/mu")
    await page.keyboard.press("Enter")
    await page.keyboard.type(ISSUE)
    await page.keyboard.press("Enter")
    discard = page.get_by_role("button", name="Discard", exact=True)
    await expect(discard).to_be_visible()
    await page.keyboard.press("Shift+Tab")  # shortcuts
    await page.keyboard.press("Shift+Tab")  # attach a file
    await page.keyboard.press("Shift+Tab")  # the message's menu
    await page.keyboard.press("Shift+Tab")  # reply in thread
    await page.keyboard.press("Shift+Tab")  # add a reaction
    await page.keyboard.press("Shift+Tab")
    await expect(discard).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("confirm-cancel")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("confirm-ok")).to_be_focused()
    await page.keyboard.press("Tab")  # the focus stays inside
    await expect(page.get_by_test_id("confirm-cancel")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    assert (await bot.next("block_actions"))["actions"][0]["action_id"] == "discard"


async def test_the_page_fits_a_phone(browser: Browser, slack: SlackStandIn, bot: TinyBot) -> None:
    await bot.client.chat_postMessage(channel=WORKS, text="Plan", blocks=[PLAN, ACTIONS])
    async with opened_page(browser, slack.url, width=390, height=844) as phone:
        await expect(phone.get_by_role("button", name="Approve and run")).to_be_in_viewport()
        assert await phone.evaluate("document.documentElement.scrollWidth") == 390
        await phone.get_by_test_id("menu").click()
        await phone.get_by_test_id("channel-council").click()
        await expect(phone.get_by_test_id("channel-title")).to_have_text("#council")
        await expect(phone.get_by_test_id("sidebar")).not_to_be_in_viewport()


async def test_the_banner_and_the_empty_channel_say_what_to_do(page: Page) -> None:
    await expect(page.get_by_test_id("banner")).to_have_text("A rule-based stand-in plans here.")
    await page.get_by_test_id("example").click()
    await expect(page.get_by_test_id("composer")).to_have_value(f"/mudda {ISSUE}")
