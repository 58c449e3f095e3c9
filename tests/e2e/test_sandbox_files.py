"""The file chooser of the sandbox's page, and mentions of groups, in Chromium."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, Page, expect

from bot.sandbox.slack import SlackStandIn
from tests.support.blocks import plain
from tests.support.browser import WORKS, messages, say
from tests.support.tiny_bot import Payload, TinyBot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
FORM = {
    "type": "modal",
    "callback_id": "photo",
    "title": plain("Answer"),
    "submit": plain("Answer"),
    "blocks": [
        {
            "type": "input",
            "block_id": "photo",
            "label": plain("Your photo"),
            "element": {"type": "file_input", "action_id": "files", "filetypes": ["jpg", "png"], "max_files": 2},
        }
    ],
}


def named(name: str, content: bytes = PNG) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


async def test_photos_are_chosen_taken_back_and_sent(page: Page, slack: SlackStandIn, bot: TinyBot) -> None:
    async def open_form(command: Payload) -> None:
        await bot.client.views_open(trigger_id=command["trigger_id"], view=FORM)

    bot.on("command", open_form)
    await say(page, "/mudda")
    modal = page.get_by_test_id("modal")
    chooser = modal.get_by_label("Your photo")
    await expect(chooser).to_have_attribute("accept", ".jpg,.png")
    await page.get_by_test_id("modal-submit").click()
    error = modal.get_by_test_id("field-error").filter(visible=True)
    await expect(error).to_have_text("Please complete this required field.")
    await chooser.set_input_files([named("one.png"), named("plan.pdf")])
    await expect(modal.get_by_test_id("file")).to_have_text(["one.png", "plan.pdf"])
    await page.get_by_test_id("modal-submit").click()
    await expect(error).to_have_text("Please choose files of these types: jpg, png.")
    await modal.get_by_role("button", name="Remove plan.pdf").click()
    await chooser.set_input_files([named("Leak <2>.PNG")])
    await expect(modal.get_by_test_id("file")).to_have_text(["one.png", "Leak <2>.PNG"])
    await page.get_by_test_id("modal-submit").click()
    await expect(modal).to_have_count(0)
    files = (await bot.next("view_submission"))["view"]["state"]["values"]["photo"]["files"]["files"]
    assert [(file["name"], file["mimetype"], file["size"]) for file in files] == [
        ("one.png", "image/png", len(PNG)),
        ("Leak <2>.PNG", "image/png", len(PNG)),
    ]


async def test_a_file_that_is_too_large_is_refused_in_words(page: Page, bot: TinyBot) -> None:
    async def open_form(command: Payload) -> None:
        await bot.client.views_open(trigger_id=command["trigger_id"], view=FORM)

    bot.on("command", open_form)
    await say(page, "/mudda")
    await page.get_by_label("Your photo").set_input_files([named("huge.png", b"x" * 10_000_001)])
    await expect(page.get_by_test_id("toast")).to_contain_text("That file is too large: 10 MB at most.")
    await expect(page.get_by_test_id("file")).to_have_count(0)


async def test_the_permalink_of_a_file_leads_to_the_file_itself(
    page: Page, slack: SlackStandIn, bot: TinyBot
) -> None:
    file = slack.upload("priya", "leak.png", PNG)
    url = f"https://springfield.slack.com/files/{file.user}/{file.id}/leak.png"
    link = {"type": "link", "url": url, "text": "leak.png"}
    section = {"type": "rich_text_section", "elements": [link]}
    await bot.client.chat_postMessage(
        channel=WORKS, text="A photo", blocks=[{"type": "rich_text", "elements": [section]}]
    )
    async with page.context.expect_page() as opening:
        await messages(page).get_by_role("link", name="leak.png").click()
    opened = await opening.value
    assert opened.url == f"{slack.url}/files/{file.user}/{file.id}/leak.png"
    shown = opened.locator("img")
    await expect(shown).to_have_count(1)
    assert await shown.evaluate("image => image.naturalWidth") == 1


async def test_a_group_is_offered_and_named(page: Page, slack: SlackStandIn) -> None:
    await page.get_by_test_id("composer").type("Ask @water")
    await expect(page.get_by_test_id("suggestion")).to_contain_text("Water crew")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(messages(page)).to_contain_text("Ask @water-crew")
    assert slack.messages("works")[0].text == "Ask <!subteam^S0WATERCRW|@water-crew>"
