"""Installing by OAuth: a page with the button, Slack's own page, and back here with a code that is good once.

The flow: https://docs.slack.dev/authentication/installing-with-oauth. The state is sealed, good for
ten minutes, bound to the browser by a cookie, and taken once, whichever replica it comes to.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode, urljoin

from aiohttp import web
from sqlalchemy.dialects.postgresql import insert

from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.slack.client import Slack
from bot.slack.scopes import BOT_SCOPES
from bot.workspaces.pages import install_page, installed_page, refused_page
from db.errors import DATABASE_ERRORS
from db.models import InboxEntry
from db.session import Database
from services.workspaces.installations import Grant, InstallationService
from services.workspaces.secrets import SealBroken, SecretBox

logger = logging.getLogger("mudda.oauth")

INSTALL_PATH, REDIRECT_PATH = "/slack/install", "/slack/oauth_redirect"
COOKIE = "mudda-oauth"
STATE_SECONDS = 600
LOOPBACK = ("127.0.0.1", "localhost", "::1")

STALE = "This link is too old, was used already, or began in another browser. Nothing was installed."
AWAY = "Slack, or the database, does not answer. Nothing was installed; try again in a minute."


@dataclass(frozen=True, slots=True)
class OAuth:
    """The two handlers. `allowed` are the workspaces and organisations that may install; empty: any."""

    client_id: str
    client_secret: str
    slack: Slack
    slack_api_url: str
    database: Database
    installations: InstallationService
    box: SecretBox
    allowed: frozenset[str]

    def routes(self) -> list[web.RouteDef]:
        """For the aiohttp application."""
        return [web.get(INSTALL_PATH, self.install), web.get(REDIRECT_PATH, self.redirect)]

    async def install(self, request: web.Request) -> web.Response:
        """`GET /slack/install`."""
        browser = secrets.token_urlsafe(24)
        query = {
            "client_id": self.client_id,
            "scope": ",".join(BOT_SCOPES),
            "state": self.box.seal(secrets.token_urlsafe(24), owner=_digest(browser), purpose="oauth_state"),
        }
        page = install_page(f"{urljoin(self.slack_api_url, '/oauth/v2/authorize')}?{urlencode(query)}", BOT_SCOPES)
        page.set_cookie(
            COOKIE,
            browser,
            max_age=STATE_SECONDS,
            path=REDIRECT_PATH,
            httponly=True,
            # Behind a proxy the request itself does not say that the browser came by https.
            secure=request.url.host not in LOOPBACK,
            samesite="Lax",
        )
        return page

    async def redirect(self, request: web.Request) -> web.Response:
        """`GET /slack/oauth_redirect`: Slack sends the browser here, with a code or with the reason why not."""
        try:
            answer = await self._answer(request.query, request.cookies.get(COOKIE, ""))
        except (SlackUnavailable, RateLimited, *DATABASE_ERRORS) as error:
            logger.warning("An installation could not be finished: %s", type(error).__name__)
            answer = refused_page("Not now", AWAY, status=503)
        answer.del_cookie(COOKIE, path=REDIRECT_PATH)
        return answer

    async def _answer(self, query: Mapping[str, str], browser: str) -> web.Response:
        if not await self._take(query.get("state", ""), browser):
            return refused_page("Start again", STALE, status=400)
        if "error" in query:
            logger.info("An installation was refused in Slack")
            why = "Slack did not give its permission, so nothing was installed."
            return refused_page("Mudda was not installed", why, status=403)
        try:
            grant = await self.slack.exchange(self.client_id, self.client_secret, query.get("code", ""))
        except SlackUnavailable:
            raise
        except SlackError as error:
            logger.warning("Slack did not take the code of an installation: %s", error.code)
            why = f"Slack did not take the code that it gave ({error.code}). Nothing was installed."
            return refused_page("Start again", why, status=400)
        return await self._installed(grant)

    async def _installed(self, grant: Grant) -> web.Response:
        if self.allowed and not self.allowed & {grant.owner_id, grant.enterprise_id, *grant.teams}:
            logger.warning("The installation in %s was refused: SLACK_ALLOWED_TEAMS", grant.owner_id)
            # Whether Slack takes it back or not: nothing of it is kept here.
            with suppress(SlackError):
                await self.slack.of_workspace(grant.token, None).revoke()
            why = "This Mudda serves other workspaces only; ask whoever runs it. Nothing was installed."
            return refused_page("Not for this workspace", why, status=403, again=False)
        async with self.database.transaction() as session:
            await self.installations.save(session, grant, datetime.now(UTC))
        logger.info("The app was installed in %s", grant.owner_id)
        if grant.is_org_wide:
            address = (
                f"https://app.slack.com/manage/{grant.owner_id}/integrations/profile/{grant.app_id}/workspaces/add"
            )
            return installed_page(
                "your organisation", address, "It is in no workspace yet: choose those that it may work in."
            )
        [(team, name)] = grant.teams.items()
        return installed_page(name, f"https://app.slack.com/client/{team}")

    async def _take(self, state: str, browser: str) -> bool:
        """Whether a state is ours, this browser's, fresh, and came for the first time."""
        try:
            nonce = self.box.open(
                state, owner=_digest(browser), purpose="oauth_state", max_age_seconds=STATE_SECONDS
            )
        except SealBroken:
            return False
        async with self.database.transaction() as session:
            once = insert(InboxEntry).values(key=f"oauth:{_digest(nonce)}", kind="oauth_state")
            taken = await session.execute(once.on_conflict_do_nothing().returning(InboxEntry.key))
            return taken.scalar() is not None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
