"""Slack's Web API: who and what there is in a workspace. The calls that say something are in `slack.py`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.metrics import Metrics
from bot.slack.errors import translated

# Before an ack: Slack waits for 3 s, and a trigger is good for no longer.
MODAL_SECONDS = 2.0

# A channel that is made private is taken for public for so long at most.
KIND_SECONDS = 300.0

# In what language somebody reads Slack is remembered for so long; that Slack did not say it, for a shorter time.
LOCALE_SECONDS = 3_600.0
NO_LOCALE_SECONDS = 60.0

# So many people are remembered at most: about 10 MB.
MAX_LOCALES = 50_000

# A word in the right language is worth so long a wait, and no longer.
LOCALE_WAIT_SECONDS = 0.5

# It looks like a person to users.info.
SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is, in which workspace, and what it may do there."""

    team_id: str
    team_name: str
    bot_id: str
    bot_user_id: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """Who reads along in a channel: those who were let in, or everybody; and people of other organisations."""

    is_private: bool
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is: `is_admin` of the workspace or its owner, `is_stranger` of another organisation."""

    is_admin: bool
    is_stranger: bool


class Directory:
    """Looks up people, groups and channels, as the app of one token. `clock` says for how long they are known."""

    def __init__(
        self, client: AsyncWebClient, metrics: Metrics, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.client = client
        self._metrics = metrics
        self._clock = clock
        self._kinds: dict[str, tuple[ChannelKind, float]] = {}
        self._locales: dict[str, tuple[str | None, float]] = {}
        self._changes = 0

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

    async def person(self, user: str) -> Person:
        """What Slack says of a person."""
        found = (await self._called("users.info", self.client.users_info(user=user)))["user"]
        return Person(
            is_admin=bool(found.get("is_admin") or found.get("is_owner")),
            is_stranger=bool(found.get("is_stranger")),
        )

    async def locale(self, user: str) -> str | None:
        """In what language a person reads Slack ("de-DE"), remembered; None where Slack does not say it soon.

        One that was known is kept for as long as Slack does not say another.
        """
        now = self._clock()
        known, until = self._locales.get(user, (None, now))
        if until <= now:
            changes = self._changes
            found = await self._asked_locale(user)
            known = found or known
            seconds = NO_LOCALE_SECONDS if found is None else LOCALE_SECONDS
            if len(self._locales) >= MAX_LOCALES:
                self._locales.clear()
            # What changes while it is asked for may have been said as it was before.
            self._locales[user] = (known, now + (seconds if changes == self._changes else 0.0))
        return known

    def forget_locale(self, user: str) -> None:
        """It may not be what it was: it is asked for anew when it is needed next."""
        if user in self._locales:
            self._locales[user] = (self._locales[user][0], self._clock())
        self._changes += 1

    async def _asked_locale(self, user: str) -> str | None:
        call = asyncio.wait_for(self.client.users_info(user=user, include_locale=True), LOCALE_WAIT_SECONDS)
        try:
            return str((await self._called("users.info", call))["user"].get("locale") or "") or None
        except SlackError:
            return None

    async def is_member(self, user: str, team: str, enterprise: str | None) -> bool:
        """Whether a person is of this workspace, or of its organisation; of one that is not known: no."""
        try:
            person = (await self._called("users.info", self.client.users_info(user=user)))["user"]
        except (RateLimited, SlackUnavailable):
            raise
        except SlackError:
            return False
        of = (person.get("enterprise_user") or {}).get("enterprise_id")
        return person.get("team_id") == team or (enterprise is not None and of == enterprise)

    async def is_colleague(self, user: str, team: str) -> bool:
        """Whether somebody is a full member of the workspace: no app, no guest, nobody from elsewhere or gone.

        Asked before an ack, so it takes no longer than a form may.
        """
        call = asyncio.wait_for(self.client.users_info(user=user), MODAL_SECONDS)
        try:
            person = (await self._called("users.info", call))["user"]
        except SlackUnavailable:
            raise
        except SlackError:
            return False
        teams = (person.get("team_id"), *((person.get("enterprise_user") or {}).get("teams") or ()))
        unfit = ("deleted", "is_bot", "is_stranger", "is_restricted", "is_ultra_restricted")
        return user != SLACKBOT and team in teams and not any(person.get(name) for name in unfit)

    async def channel_name(self, channel: str) -> str | None:
        """What a channel is called, without the #; None for a direct message."""
        answer = await self._called("conversations.info", self.client.conversations_info(channel=channel))
        name: str | None = answer["channel"].get("name")
        return name

    async def channel_kind(self, channel: str) -> ChannelKind:
        """Who reads along in a channel; one that the bot may not see is private. It is remembered for a while."""
        now = self._clock()
        known, until = self._kinds.get(channel, (None, now))
        if known is None or until < now:
            known = await self._asked_kind(channel)
            self._kinds[channel] = (known, now + KIND_SECONDS)
        return known

    async def _asked_kind(self, channel: str) -> ChannelKind:
        call = self.client.conversations_info(channel=channel)
        try:
            found = (await self._called("conversations.info", call))["channel"]
        except (RateLimited, SlackUnavailable):
            raise
        except SlackError:
            return ChannelKind(is_private=True, is_shared=False)
        return ChannelKind(
            is_private=not found.get("is_channel") or bool(found.get("is_private")),
            is_shared=bool(found.get("is_ext_shared")),
        )

    async def group_handle(self, group: str) -> str | None:
        """What follows the @ of a user group."""
        answer = await self._called("usergroups.list", self.client.usergroups_list())
        return next((str(each["handle"]) for each in answer["usergroups"] if each["id"] == group), None)

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
