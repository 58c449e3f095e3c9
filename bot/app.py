"""build_app: the AsyncApp with every listener, ready to be served over HTTP or Socket Mode."""

from __future__ import annotations

import logging
import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.deps import Deps, Workspace
from bot.listeners import (
    agents,
    approvals,
    clarifying,
    components,
    conversations,
    home,
    importing,
    issues,
    notes,
    notifications,
    people,
    pictures,
    places,
    plans,
    policies,
    questions,
    refining,
    runs,
    shortcuts,
    workflows,
)
from bot.slack.dispatch import DEPS
from bot.slack.switchboard import SwitchedApp

logger = logging.getLogger("mudda.unhandled")

ANY = re.compile("")
LISTENERS = (
    issues,
    conversations,
    shortcuts,
    plans,
    refining,
    runs,
    questions,
    approvals,
    notifications,
    notes,
    components,
    importing,
    workflows,
    policies,
    pictures,
    home,
    places,
    agents,
    clarifying,
    people,
)


def build_app(client: AsyncWebClient) -> AsyncApp:
    """Build the Bolt app; `client` is a Web API client without a token, which `_authorize` gives.

    `process_before_response`: what a listener writes is committed before Slack gets its 200, so what was acked is
    never lost, and Bolt's poll for the ack (10 ms) is gone. Signatures are checked before Bolt, in `bot.web`,
    because Bolt logs the whole body of a request that fails, and answers 500 to a malformed timestamp.
    """
    app = SwitchedApp(
        _client,
        # Bolt makes a logger of this name and sets its level; "mudda" is ours.
        name="slack_bolt.mudda",
        # Without a token of its own: which one is used is `authorize`'s answer.
        client=client,
        authorize=_Authorize(),  # type: ignore[no-untyped-call]
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        attaching_conversation_kwargs_enabled=False,
        attaching_function_token_enabled=False,
        logger=logging.getLogger("slack_bolt"),
    )
    for module in LISTENERS:
        module.register(app)
    for kind in (app.event, app.command, app.action, app.view, app.view_closed, app.shortcut, app.options):
        kind(ANY)(ignore)
    return app


class _Authorize(AsyncAuthorize):
    """Who the bot is in the workspace that the dispatcher has found; without a question to anybody."""

    async def __call__(self, *, context: AsyncBoltContext, **_: Any) -> AuthorizeResult:
        workspace: Workspace = context[DEPS].workspace
        return AuthorizeResult(
            enterprise_id=workspace.enterprise_id,
            team_id=workspace.team_id,
            bot_id=workspace.bot_id,
            bot_user_id=workspace.bot_user_id,
            bot_token=workspace.slack.client.token,
        )


def _client(context: AsyncBoltContext) -> AsyncWebClient | None:
    deps: Deps | None = context.get(DEPS)
    return None if deps is None else deps.workspace.slack.client


async def ignore(ack: AsyncAck) -> None:
    """What nobody else listens to is acked, so that Slack does not send it again."""
    logger.debug("Nothing listens to this")
    await ack()
