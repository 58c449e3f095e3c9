"""A real Chromium for tests that look at a page: found on the machine, never downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    async_playwright,
    expect,
)

from bot.sandbox.slack.state.workspace import DEFAULT_CHANNELS

WORKS = DEFAULT_CHANNELS[0][0]

# Longer than a machine takes that does much else at the same time: what is awaited comes as soon as it may.
expect.set_options(timeout=20_000)


NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRED = "MUDDA_REQUIRE_BROWSER"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str:
    """The path of a Chromium. Where there is none the test skips and says so, or fails if one is required."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    reason = f"NO BROWSER: none of {', '.join(NAMES)} is installed, so the sandbox's page is NOT tested."
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{reason} {REQUIRED}=1 asks for it.", pytrace=False)
    pytest.skip(f"{reason} Install chromium; {REQUIRED}=1 makes this a failure.")


@asynccontextmanager
async def launched_chromium() -> AsyncIterator[Browser]:
    """A headless Chromium; skips or fails the test where none is installed."""
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened_page(
    browser: Browser,
    url: str,
    *,
    width: int = 1280,
    height: int = 800,
    color_scheme: Literal["light", "dark"] = "light",
) -> AsyncIterator[Page]:
    """A page at `url` in a profile of its own.

    Fails, when it is closed, if the page threw an error or broke its content policy in the meantime.
    """
    context: BrowserContext = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=color_scheme, locale="en-GB"
    )
    page = await context.new_page()
    page.set_default_timeout(30_000)
    faults: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            faults.append(message.text)

    def on_error(error: Error) -> None:
        faults.append(str(error))

    page.on("console", on_console)
    page.on("pageerror", on_error)
    try:
        await page.goto(url)
        yield page
    finally:
        await context.close()
    assert not faults, f"The page went wrong: {faults}"


def messages(page: Page) -> Locator:
    return page.get_by_test_id("messages").get_by_test_id("message")


async def say(page: Page, text: str) -> None:
    await page.get_by_test_id("composer").fill(text)
    await page.keyboard.press("Enter")
