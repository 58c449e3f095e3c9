"""Files are fetched as from Slack: described by files.info, and given to the app's token alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.errors import FileRefused, SlackError
from bot.metrics import Metrics
from bot.sandbox.slack import SlackStandIn
from bot.slack.client import Slack, slack_client

TEXT = b"# Roads\n\nClose the road first.\n"


@pytest.fixture
async def stand_in() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as running:
        yield running


@pytest.fixture
async def slack(stand_in: SlackStandIn) -> AsyncIterator[Slack]:
    async with slack_client(stand_in.bot_token, stand_in.api_url, Metrics()) as client:
        yield client


async def test_a_file_is_fetched_with_the_bots_token(stand_in: SlackStandIn, slack: Slack) -> None:
    file = stand_in.upload("marco", "roads.md", TEXT)
    fetched = await slack.file(file.id, limit=1_000)
    assert (fetched.name, fetched.mimetype, fetched.content) == ("roads.md", "text/markdown", TEXT)


async def test_another_token_gets_a_page_and_not_the_file(stand_in: SlackStandIn, slack: Slack) -> None:
    file = stand_in.upload("marco", "roads.md", TEXT)
    with pytest.raises(SlackError):
        await slack.of_workspace("xoxb-another", None).file(file.id, limit=1_000)


async def test_a_file_that_is_too_large_is_not_fetched(stand_in: SlackStandIn, slack: Slack) -> None:
    file = stand_in.upload("marco", "roads.md", TEXT)
    with pytest.raises(FileRefused) as refused:
        await slack.file(file.id, limit=len(TEXT) - 1)
    assert refused.value.code == "too_large"


async def test_a_file_that_is_not_there_is_an_error_of_slacks(slack: Slack) -> None:
    with pytest.raises(SlackError) as refused:
        await slack.file("F0NOTHERE1", limit=1_000)
    assert refused.value.code == "file_not_found"
