"""The only caller of Slack's Web API. Its failures become SlackErrors that say what can be done about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.request import getproxies

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SlackError, SlackUnavailable
from bot.metrics import Metrics
from bot.slack.client.addresses import Addresses
from bot.slack.client.agents import AgentCalls
from bot.slack.client.directory import MODAL_SECONDS
from bot.slack.client.writing import write
from bot.slack.files import FetchedFile, fetched, listed
from bot.slack.messages import Message
from services.workspaces.installations import Grant

# A call that takes longer is as good as lost; the lease of a redraw is twice this.
TIMEOUT_SECONDS = 10.0


class Slack(AgentCalls):
    """Slack's Web API, as far as this bot needs it."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession, metrics: Metrics) -> None:
        super().__init__(client, metrics)
        self._session = session
        self._addresses = Addresses()

    def of_workspace(self, token: str, team_id: str | None) -> Slack:
        """The same client, speaking with another token; `team_id` tells workspaces of one organisation apart."""
        client = AsyncWebClient(
            token=token, base_url=self.client.base_url, session=self._session, team_id=team_id, retry_handlers=[]
        )
        return Slack(client, self._session, self._metrics)

    async def exchange(self, client_id: str, client_secret: str, code: str) -> Grant:
        """What an installation gives for its code, which is good once and for ten minutes."""
        # Not the SDK's own method: that warns of how it uses aiohttp (slack_sdk 3.47).
        arguments = {"client_id": client_id, "client_secret": client_secret, "code": code}
        call = self.client.api_call("oauth.v2.access", data=arguments)
        answer = await self._called("oauth.v2.access", call)
        enterprise_id = (answer.get("enterprise") or {}).get("id")
        team: Mapping[str, str] | None = answer.get("team")
        installed = self.of_workspace(str(answer["access_token"]), None)
        identity = await installed.identity()
        return Grant(
            owner_id=team["id"] if team else str(enterprise_id),
            enterprise_id=enterprise_id,
            app_id=str(answer["app_id"]),
            bot_id=identity.bot_id,
            bot_user_id=str(answer["bot_user_id"]),
            token=str(answer["access_token"]),
            scopes=str(answer["scope"]),
            installed_by=str(answer["authed_user"]["id"]),
            teams={team["id"]: team["name"]} if team else await installed.teams(),
        )

    async def revoke(self) -> None:
        """Give the token back: nobody can use it any more."""
        await self._called("auth.revoke", self.client.auth_revoke())

    async def check_app_token(self, token: str) -> None:
        """Ask for an address of Socket Mode, as any client does before it connects."""
        await self._called("apps.connections.open", self.client.apps_connections_open(app_token=token))

    async def file(self, file_id: str, *, limit: int) -> FetchedFile:
        """A file that somebody has sent, of at most so many bytes; a larger one is not fetched.

        Raises FileRefused where it can't be had, among other SlackErrors.
        """
        answer = await self._called("files.info", self.client.files_info(file=file_id))
        file = listed(answer["file"], limit, self.client.base_url)
        content = await fetched(self._session, str(self.client.token), file.url, limit)
        return FetchedFile(file.name, file.mimetype, content)

    async def thread(self, channel: str, thread_ts: str, *, pages: int) -> tuple[list[Mapping[str, Any]], bool]:
        """The messages of a thread, its root first, and whether there are more than fit into so many pages."""
        messages: list[Mapping[str, Any]] = []
        cursor = ""
        for _ in range(pages):
            call = self.client.conversations_replies(channel=channel, ts=thread_ts, limit=999, cursor=cursor)
            answer = await self._called("conversations.replies", call)
            messages += answer["messages"]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return messages, False
        return messages, True

    async def show_status(self, channel: str, thread_ts: str, status: str) -> None:
        """Show below a thread what the bot is about, until it answers there; an empty text takes it away."""
        call = self.client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread_ts, status=status)
        await self._called("assistant.threads.setStatus", call)

    async def post(self, channel: str, message: Message, *, thread_ts: str | None = None) -> str:
        """Post a message and return its ts. If this raises SlackUnavailable it may be there all the same."""
        given = {
            "channel": channel,
            "text": message.text,
            "blocks": message.blocks,
            "metadata": message.sent_metadata,
            "thread_ts": thread_ts,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        answer = await self._called("chat.postMessage", write(self.client, "chat.postMessage", given))
        return str(answer["ts"])

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Redraw a message in place. What it is found again by stays as it is."""
        metadata = message.sent_metadata if message.entities else None
        changed = {
            "channel": channel,
            "ts": ts,
            "text": message.text,
            "blocks": message.blocks,
            "metadata": metadata,
        }
        await self._called("chat.update", write(self.client, "chat.update", changed))

    async def permalink(self, channel: str, ts: str) -> str:
        """The address of a message in Slack."""
        call = self.client.chat_getPermalink(channel=channel, message_ts=ts)
        answer = await self._called("chat.getPermalink", call)
        address = str(answer["permalink"])
        self._addresses.learn(channel, ts, address)
        return address

    def known_permalink(self, channel: str, ts: str) -> str | None:
        """The same of a message that is there and in no thread, if Slack has said lately how that is written."""
        return self._addresses.of(channel, ts)

    async def delete(self, channel: str, ts: str) -> None:
        """Take back a message of ours."""
        await self._called("chat.delete", self.client.chat_delete(channel=channel, ts=ts))

    async def find(
        self, channel: str, mark: Mapping[str, Any], *, thread_ts: str | None, since: datetime
    ) -> str | None:
        """The ts of a message that an earlier try may have posted, found by its metadata, or None."""
        async for message in self._messages(channel, thread_ts=thread_ts, since=since):
            if message.get("metadata") == mark:
                return str(message["ts"])
        return None

    async def find_stream(self, channel: str, task: str, *, thread_ts: str, since: datetime) -> str | None:
        """The ts of a message that an earlier try may have begun to stream, found by the id of a task in it."""
        async for message in self._messages(channel, thread_ts=thread_ts, since=since):
            if any(block.get("task_id") == task for block in message.get("blocks") or ()):
                return str(message["ts"])
        return None

    async def _messages(
        self, channel: str, *, thread_ts: str | None, since: datetime
    ) -> AsyncIterator[Mapping[str, Any]]:
        """The messages of a thread or a channel since then, with their metadata."""
        arguments: dict[str, Any] = {
            "channel": channel,
            # Slack's clock and ours need not agree to the second.
            "oldest": str((since - timedelta(minutes=1)).timestamp()),
            "include_all_metadata": True,
            "limit": 200,
        }
        cursor = ""
        while True:
            if thread_ts is None:
                answer = await self._called(
                    "conversations.history", self.client.conversations_history(**arguments, cursor=cursor)
                )
            else:
                answer = await self._called(
                    "conversations.replies",
                    self.client.conversations_replies(**arguments, ts=thread_ts, cursor=cursor),
                )
            for message in answer["messages"]:
                yield message
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def upload(self, name: str, content: bytes, *, alt: str) -> str:
        """Bring a file to Slack, where nobody sees it yet, and return its id. `alt` says what a picture shows."""
        call = self.client.files_getUploadURLExternal(filename=name, length=len(content), alt_txt=alt or None)
        answer = await self._called("files.getUploadURLExternal", call)
        try:
            async with self._session.post(str(answer["upload_url"]), data=content, allow_redirects=False) as sent:
                status = sent.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SlackUnavailable("upload_url", type(error).__name__) from error
        if status != 200:
            raise SlackUnavailable("upload_url", str(status))
        return str(answer["file_id"])

    async def share(self, file: str, *, title: str, channel: str, thread_ts: str | None, comment: str) -> None:
        """Show a file that was brought to Slack in a channel, with a comment in mrkdwn. That can be done once."""
        call = self.client.files_completeUploadExternal(
            files=[{"id": file, "title": title}],
            channel_id=channel,
            thread_ts=thread_ts,
            initial_comment=comment,
        )
        await self._called("files.completeUploadExternal", call)

    async def is_shared(self, file: str, channel: str, *, thread_ts: str | None, since: datetime) -> bool:
        """Whether a message with this file is there already."""
        async for message in self._messages(channel, thread_ts=thread_ts, since=since):
            if any(each.get("id") == file for each in message.get("files") or ()):
                return True
        return False

    async def tell(
        self,
        channel: str,
        user: str,
        message: Message,
        *,
        thread_ts: str | None = None,
        response_url: str | None = None,
    ) -> None:
        """Say something to one person only; through the response URL where there is one, for that always works."""
        if response_url is not None:
            await self.respond(response_url, message, replace=False)
            return
        await self._called(
            "chat.postEphemeral",
            self.client.chat_postEphemeral(
                channel=channel,
                user=user,
                text=message.text,
                blocks=message.blocks or None,
                thread_ts=thread_ts,
            ),
        )

    async def respond(self, response_url: str, message: Message, *, replace: bool) -> None:
        """Answer at a response URL, privately; `replace` puts it in place of the message that was clicked."""
        body = {
            "response_type": "ephemeral",
            "replace_original": replace,
            "text": message.text,
            **({"blocks": message.blocks} if message.blocks else {}),
        }
        try:
            async with self._session.post(response_url, json=body, allow_redirects=False) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SlackUnavailable("response_url", type(error).__name__) from error
        if status == 429 or status >= 500:
            raise SlackUnavailable("response_url", str(status))
        if status >= 400:
            raise SlackError("response_url", str(status))

    async def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Open a modal; a trigger is good for 3 s and once."""
        call = self.client.views_open(trigger_id=trigger_id, view=dict(view))
        await self._called("views.open", asyncio.wait_for(call, MODAL_SECONDS))

    async def publish_home(self, user: str, view: Mapping[str, Any], view_hash: str | None) -> str:
        """Show a person their Home anew, in place of what `view_hash` names; Slack's name of what is there then.

        Raises HomeOvertaken if there is something else there by now.
        """
        given = {} if view_hash is None else {"hash": view_hash}
        call = self.client.views_publish(user_id=user, view=dict(view), **given)
        return str((await self._called("views.publish", call))["view"]["hash"])

    async def update_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        """Show something else in an open modal. Raises SlackError where it was closed meanwhile."""
        await self._called("views.update", self.client.views_update(view_id=view_id, view=dict(view)))

    async def push_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Open a modal on top of the one that the trigger comes from; three at most."""
        call = self.client.views_push(trigger_id=trigger_id, view=dict(view))
        await self._called("views.push", asyncio.wait_for(call, MODAL_SECONDS))


@asynccontextmanager
async def slack_client(token: str | None, base_url: str, metrics: Metrics) -> AsyncIterator[Slack]:
    """A client over one shared HTTP session.

    It retries nothing by itself: a post that was cut off after Slack took it would be posted twice. What is to
    be tried again is a job, and that looks first whether the post is there.
    """
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    # Where aiohttp looks for proxies it does so for each request, and for passwords in ~/.netrc, on a thread each.
    has_proxies = bool(getproxies())
    async with aiohttp.ClientSession(timeout=timeout, trust_env=has_proxies) as session:
        base = base_url if base_url.endswith("/") else base_url + "/"
        client = AsyncWebClient(token=token, base_url=base, session=session, retry_handlers=[])
        yield Slack(client, session, metrics)
