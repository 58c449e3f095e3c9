"""The app as Slack knows it: its client id, where it is installed, and the page on which people agree to that.

Several stand-ins that are given the same `AppRegistry` are workspaces of one Slack: a call with the token of one
of them may come to any of them, as all of Slack has one address.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state.model import Json
from bot.slack.scopes import BOT_SCOPES

if TYPE_CHECKING:
    from bot.sandbox.slack.methods import Context
    from bot.sandbox.slack.webapi import WebApi

CLIENT_ID, CLIENT_SECRET = "1000.2000", "stand-in-client-secret"
CODE_SECONDS = 600

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Install Mudda</title>
<link rel="stylesheet" href="/static/css/base.css">
<main style="max-width: 34rem; margin: 3rem auto; padding: 0 1rem">
<h1>Mudda is requesting permission to access a Slack workspace</h1>
<form method="post">
<p><label>Workspace <select name="owner">{owners}</select></label></p>
<p>Mudda will be able to:</p><ul>{scopes}</ul>
<p><button name="answer" value="cancel">Cancel</button> <button name="answer" value="allow">Allow</button></p>
</form></main></html>
"""


@dataclass(frozen=True, slots=True)
class _Code:
    owner: str
    user: str
    scope: str
    until: float


@dataclass(slots=True)
class AppRegistry:
    """One app, in any number of workspaces. `redirect_url` is where people are sent with a code.

    `revoked` are the tokens that were good once.
    """

    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    redirect_url: str | None = None
    revoked: set[str] = field(default_factory=set)
    _apis: dict[str, WebApi] = field(default_factory=dict)
    _codes: dict[str, _Code] = field(default_factory=dict)

    def add(self, api: WebApi) -> None:
        """A workspace of this Slack."""
        self._apis[api.context.workspace.team.id] = api

    def api_of(self, token: str | None, team_id: str | None) -> WebApi | None:
        """The workspace that a token is for. One of an organisation is for several, of which the call says one."""
        found = [api for api in self._apis.values() if token in api.tokens]
        named = [api for api in found if api.context.workspace.team.id == team_id]
        return next(iter([*named, *found]), None)

    def routes(self) -> list[web.RouteDef]:
        """The page, and its two buttons."""
        return [web.get("/oauth/v2/authorize", self._page), web.post("/oauth/v2/authorize", self._answer)]

    def owners(self) -> Iterator[tuple[str, str]]:
        """Who can be asked: workspaces, and organisations, with their names."""
        for team_id, api in self._apis.items():
            yield team_id, api.context.workspace.team.name
        organisations = {api.context.workspace.enterprise_id for api in self._apis.values()} - {None}
        for enterprise_id in organisations:
            yield str(enterprise_id), f"All of the organisation {enterprise_id}"

    def code(self, owner: str, user: str, scope: str, now: float) -> str:
        """A code, as somebody gets it who agrees."""
        code = f"{owner}.{secrets.token_hex(16)}"
        self._codes[code] = _Code(owner, user, scope, now + CODE_SECONDS)
        return code

    def access(self, context: Context, args: Json) -> Json:
        """oauth.v2.access: a token for a code, once."""
        if args.get("client_id") != self.client_id:
            raise SlackError("invalid_client_id")
        if args.get("client_secret") != self.client_secret:
            raise SlackError("bad_client_secret")
        code = self._codes.pop(str(args.get("code")), None)
        if code is None or code.until < context.workspace.clock():
            raise SlackError("invalid_code")
        return self._install(code)

    def _install(self, code: _Code) -> Json:
        is_org_wide = code.owner not in self._apis
        token = f"xoxb-{code.owner}-{secrets.token_hex(12)}"
        apis = [api for api in self._apis.values() if self._is_for(api, code.owner)]
        for api in apis:
            self.revoked |= api.tokens
            api.tokens.clear()
            api.tokens.add(token)
            api.context.workspace.is_org_wide = is_org_wide
        workspace = apis[0].context.workspace
        enterprise_id = workspace.enterprise_id
        return {
            "access_token": token,
            "token_type": "bot",
            "scope": code.scope,
            "bot_user_id": workspace.bot.id,
            "app_id": workspace.app_id,
            "team": None if is_org_wide else {"id": workspace.team.id, "name": workspace.team.name},
            "enterprise": {"id": enterprise_id, "name": enterprise_id} if enterprise_id else None,
            "is_enterprise_install": is_org_wide,
            "authed_user": {"id": code.user},
        }

    def _is_for(self, api: WebApi, owner: str) -> bool:
        workspace = api.context.workspace
        return owner == workspace.team.id or (owner == workspace.enterprise_id and not workspace.is_kept_out)

    def teams_of(self, token: str) -> list[Json]:
        """The workspaces that a token is for."""
        workspaces = [api.context.workspace for api in self._apis.values() if token in api.tokens]
        return [{"id": workspace.team.id, "name": workspace.team.name} for workspace in workspaces]

    def revoke(self, token: str) -> None:
        """Take a token back, wherever it is good."""
        self.revoked.add(token)
        for api in self._apis.values():
            api.tokens.discard(token)

    async def _page(self, request: web.Request) -> web.Response:
        if request.query.get("client_id") != self.client_id:
            return web.Response(text="invalid_client_id", status=400)
        owners = "".join(
            f'<option value="{escape(owner)}">{escape(name)}</option>' for owner, name in self.owners()
        )
        asked = request.query.get("scope", "").split(",")
        scopes = "".join(f"<li>{escape(BOT_SCOPES.get(scope, scope))}</li>" for scope in asked)
        return web.Response(text=_PAGE.format(owners=owners, scopes=scopes), content_type="text/html")

    async def _answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        state = {"state": request.query.get("state", "")}
        if self.redirect_url is None:
            return web.Response(text="redirect_uri did not match any configured URIs", status=400)
        if form.get("answer") != "allow":
            raise web.HTTPFound(f"{self.redirect_url}?{urlencode({'error': 'access_denied', **state})}")
        owner = str(form.get("owner"))
        if owner not in dict(self.owners()):
            return web.Response(text="invalid_team", status=400)
        api = self._apis.get(owner) or next(iter(self._apis.values()))
        workspace = api.context.workspace
        code = self.code(owner, workspace.people[0].id, request.query.get("scope", ""), workspace.clock())
        raise web.HTTPFound(f"{self.redirect_url}?{urlencode({'code': code, **state})}")
