"""The only caller of Slack's Web API. Its failures become SlackErrors that say what can be done about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.metrics import Metrics
from bot.slack.errors import translated
from bot.slack.messages import Message
from services.workspaces.installations import Grant

# A call that takes longer is as good as lost; the lease of a redraw is twice this.
TIMEOUT_SECONDS = 10.0

# Before an ack: Slack waits for 3 s, and a trigger is good for no longer.
MODAL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is, in which workspace, and what it may do there."""

    team_id: str
    team_name: str
    bot_id: str
    bot_user_id: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is: `is_admin` of the workspace or its owner, `is_stranger` of another organisation."""

    is_admin: bool
    is_stranger: bool


class Slack:
    """Slack's Web API, as far as this bot needs it."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession, metrics: Metrics) -> None:
        self.client = client
        self._session = session
        self._metrics = metrics

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

    async def teams(self) -> Mapping[str, str]:
        """The workspaces of an organisation that have the app, with their names."""
        found: dict[str, str] = {}
        cursor = ""
        while True:
            answer = await self._called("auth.teams.list", self.client.auth_teams_list(cursor=cursor, limit=1000))
            found |= {str(team["id"]): str(team["name"]) for team in answer["teams"]}
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return found

    async def revoke(self) -> None:
        """Give the token back: nobody can use it any more."""
        await self._called("auth.revoke", self.client.auth_revoke())

    async def identity(self) -> Identity:
        """Ask who the token is."""
        answer = await self._called("auth.test", self.client.auth_test())
        scopes = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes", "")
        return Identity(
            team_id=answer["team_id"],
            team_name=answer["team"],
            bot_id=answer["bot_id"],
            bot_user_id=answer["user_id"],
            scopes=frozenset(filter(None, (scope.strip() for scope in scopes.split(",")))),
        )

    async def check_app_token(self, token: str) -> None:
        """Ask for an address of Socket Mode, as any client does before it connects."""
        await self._called("apps.connections.open", self.client.apps_connections_open(app_token=token))

    async def open_dm(self, user: str) -> str:
        """The channel of the direct message with a person, opened if there was none."""
        answer = await self._called("conversations.open", self.client.conversations_open(users=user))
        return str(answer["channel"]["id"])

    async def user_group(self, group: str) -> tuple[str, ...]:
        """The ids of the members of a user group."""
        answer = await self._called("usergroups.users.list", self.client.usergroups_users_list(usergroup=group))
        return tuple(map(str, answer["users"]))

    async def person_name(self, user: str) -> str | None:
        """What people see a person called: the display name, or the full name of who has set none."""
        person = (await self._called("users.info", self.client.users_info(user=user)))["user"]
        profile = person.get("profile") or {}
        name: str | None = profile.get("display_name") or profile.get("real_name") or person.get("real_name")
        return name

    async def channel_name(self, channel: str) -> str | None:
        """What a channel is called, without the #; None for a direct message."""
        answer = await self._called("conversations.info", self.client.conversations_info(channel=channel))
        name: str | None = answer["channel"].get("name")
        return name

    async def group_handle(self, group: str) -> str | None:
        """What follows the @ of a user group."""
        answer = await self._called("usergroups.list", self.client.usergroups_list())
        return next((str(each["handle"]) for each in answer["usergroups"] if each["id"] == group), None)

    async def post(self, channel: str, message: Message, *, thread_ts: str | None = None) -> str:
        """Post a message and return its ts. If this raises SlackUnavailable it may be there all the same."""
        answer = await self._called(
            "chat.postMessage",
            self.client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                metadata=message.metadata,
                thread_ts=thread_ts,
                unfurl_links=False,
                unfurl_media=False,
            ),
        )
        return str(answer["ts"])

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Redraw a message in place."""
        await self._called(
            "chat.update",
            self.client.chat_update(channel=channel, ts=ts, text=message.text, blocks=message.blocks),
        )

    async def permalink(self, channel: str, ts: str) -> str:
        """The address of a message in Slack."""
        call = self.client.chat_getPermalink(channel=channel, message_ts=ts)
        answer = await self._called("chat.getPermalink", call)
        return str(answer["permalink"])

    async def delete(self, channel: str, ts: str) -> None:
        """Take back a message of ours."""
        await self._called("chat.delete", self.client.chat_delete(channel=channel, ts=ts))

    async def find(
        self, channel: str, mark: Mapping[str, Any], *, thread_ts: str | None, since: datetime
    ) -> str | None:
        """The ts of a message that an earlier try may have posted, found by its metadata, or None."""
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
                if message.get("metadata") == mark:
                    return str(message["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None

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

    async def person(self, user: str) -> Person:
        """What Slack says of a person."""
        found = (await self._called("users.info", self.client.users_info(user=user)))["user"]
        return Person(
            is_admin=bool(found.get("is_admin") or found.get("is_owner")),
            is_stranger=bool(found.get("is_stranger")),
        )

    async def is_private(self, channel: str) -> bool:
        """Whether only some people can see a channel: whatever is not known to be public is."""
        try:
            answer = await self._called("conversations.info", self.client.conversations_info(channel=channel))
        except (RateLimited, SlackUnavailable):
            raise
        except SlackError:
            # A private channel is none that the bot may ask about: that would take another scope.
            return True
        found = answer["channel"]
        return bool(found.get("is_private") or found.get("is_im") or found.get("is_mpim"))

    async def push_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Open a modal on top of the one that the trigger comes from; three at most."""
        call = self.client.views_push(trigger_id=trigger_id, view=dict(view))
        await self._called("views.push", asyncio.wait_for(call, MODAL_SECONDS))

    async def _called(self, method: str, call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
        metrics = self._metrics
        with metrics.timed(metrics.slack_calls, metrics.slack_seconds, method) as outcome:
            try:
                return await call
            except SlackApiError as error:
                refused = translated(method, error)
                outcome.append(type(refused).__name__)
                raise refused from error
            except (TimeoutError, aiohttp.ClientError, SlackClientError, OSError) as error:
                outcome.append(SlackUnavailable.__name__)
                raise SlackUnavailable(method, type(error).__name__) from error


@asynccontextmanager
async def slack_client(token: str | None, base_url: str, metrics: Metrics) -> AsyncIterator[Slack]:
    """A client over one shared HTTP session.

    It retries nothing by itself: a post that was cut off after Slack took it would be posted twice. What is to
    be tried again is a job, and that looks first whether the post is there.
    """
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
        base = base_url if base_url.endswith("/") else base_url + "/"
        client = AsyncWebClient(token=token, base_url=base, session=session, retry_handlers=[])
        yield Slack(client, session, metrics)
