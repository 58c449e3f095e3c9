"""Credentials: taken from the environment when a request is sent, and at no other time."""

from __future__ import annotations

import asyncio
import base64
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from yarl import URL

from services.components.definitions import ApiKeyAuth, Auth, BasicAuth, BearerAuth, OAuth2Auth
from services.connectors.errors import AddressRefused, MaybeSent, NotSent, SecretMissing, TokenRefused
from services.connectors.network.transport import RawResponse, SendProgress, Transport
from services.connectors.redaction import redacted
from services.connectors.responses.response import read_body, retry_after
from services.formats.text import clip

Secrets = Callable[[str], str | None]
"""The secret of a name, None if there is none; such as `os.environ.get`."""

_ENVIRONMENT = "env:"
_NAMED = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_BASIC = "Basic "
_ASKS_FOR_PATIENCE = 429
# A token that doesn't say how long it lives is used for the calls of the moment.
_UNSTATED_LIFE = timedelta(seconds=60)
# It must still be good when the request arrives, by a clock that is not ours.
_MARGIN = timedelta(seconds=30)
_LONGEST_LIFE = 86_400.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request has to bring, by where it goes. `kept`: a token among it is from an earlier request.

    `secrets` are the texts in it that nobody else may see.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    members: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    kept: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    good_until: datetime


class Authenticator:
    """Makes credentials. An access token is kept until shortly before it expires."""

    def __init__(self, secrets: Secrets, transport: Transport, now: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._transport = transport
        self._now = now
        self._tokens: dict[OAuth2Auth, _Token] = {}
        self._turns: defaultdict[OAuth2Auth, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def credentials(self, auth: Auth) -> Credentials:
        """What `auth` asks for. Raises SecretMissing, TokenRefused, AddressRefused, RequestRefused and NotSent."""
        if isinstance(auth, BearerAuth):
            return _bearer(self._secret(auth.token))
        if isinstance(auth, BasicAuth):
            password = self._secret(auth.password)
            basic = _basic(f"{self._text(auth.username)}:{password}")
            return Credentials(headers={"Authorization": basic}, secrets=(password, basic.removeprefix(_BASIC)))
        if isinstance(auth, ApiKeyAuth):
            return _api_key(auth, self._secret(auth.value))
        if isinstance(auth, OAuth2Auth):
            return await self._token(auth)
        return Credentials()

    async def check(self, auth: Auth) -> Credentials:
        """What `auth` asks for, as far as that takes no request: no access token is asked for.

        Raises SecretMissing, AddressRefused and NotSent.
        """
        if not isinstance(auth, OAuth2Auth):
            return await self.credentials(auth)
        self._text(auth.client_id)
        self._secret(auth.client_secret)
        await self._transport.check(_url(auth.token_url))
        return Credentials()

    def filled(self, values: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """A component's own values with the secrets that they name (`env:X`), and those. Raises SecretMissing."""
        named = {name: self._secret(value) for name, value in values.items() if _NAMED.fullmatch(value)}
        return {**values, **named}, tuple(named.values())

    def forget(self, auth: Auth, refused: Credentials) -> bool:
        """Drop a token that was refused. Whether another is worth a try: not if this one was new."""
        if isinstance(auth, OAuth2Auth):
            token = self._tokens.get(auth)
            if token is not None and _bearer(token.value).headers == refused.headers:
                del self._tokens[auth]
        return refused.kept

    def _text(self, value: str) -> str:
        return self._secret(value) if value.startswith(_ENVIRONMENT) else value

    def _secret(self, value: str) -> str:
        name = value.removeprefix(_ENVIRONMENT)
        secret = self._secrets(name)
        if not secret:
            raise SecretMissing(name)
        return secret

    async def _token(self, auth: OAuth2Auth) -> Credentials:
        # One asks, the others wait for what it gets.
        async with self._turns[auth]:
            token = self._tokens.get(auth)
            if token is not None and token.good_until > self._now():
                return replace(_bearer(token.value), kept=True)
            token = self._tokens[auth] = await self._fetch(auth)
            return _bearer(token.value)

    async def _fetch(self, auth: OAuth2Auth) -> _Token:
        client, secret = self._text(auth.client_id), self._secret(auth.client_secret)
        # Both halves are encoded before they are joined (RFC 6749, section 2.3.1).
        basic = _basic(f"{quote_plus(client)}:{quote_plus(secret)}")
        wanted = {"scope": auth.scope, "audience": auth.audience, "resource": auth.resource}
        form = {"grant_type": "client_credentials"} | {name: value for name, value in wanted.items() if value}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if auth.credentials_in == "header":
            headers["Authorization"] = basic
        else:
            form |= {"client_id": client, "client_secret": secret}
        try:
            received = await self._transport.send(
                "POST",
                _url(auth.token_url),
                headers=headers,
                data=urlencode(form).encode(),
                progress=SendProgress(),
            )
        except (NotSent, MaybeSent) as error:
            # Whatever became of the token, the component has not been asked.
            raise NotSent("token", status=error.status) from None
        return self._read(received, (secret, basic.removeprefix(_BASIC)))

    def _read(self, received: RawResponse, secrets: tuple[str, ...]) -> _Token:
        status = received.status
        if status == _ASKS_FOR_PATIENCE or status >= 500:
            after = retry_after(received.headers.get("Retry-After"), self._now())
            raise NotSent("token", status=status, retry_after=after)
        body, _ = read_body(received.data, content_type="application/json", cut=received.cut)
        members: dict[str, Any] = body if isinstance(body, dict) else {}
        value = members.get("access_token")
        if status not in (200, 201) or not isinstance(value, str) or not value:
            error = redacted(members.get("error"), secrets)
            raise TokenRefused(status=status, error=clip(error) if isinstance(error, str) else "")
        return _Token(value, self._now() + _life(members.get("expires_in")))


def _url(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        raise AddressRefused("", "bad_host") from None


def _life(expires_in: Any) -> timedelta:
    """How long a token may be used; some servers send the number as a text."""
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError, OverflowError):
        return _UNSTATED_LIFE
    if not 0 <= seconds <= _LONGEST_LIFE:
        seconds = _LONGEST_LIFE if seconds > 0 else 0.0
    return max(timedelta(), timedelta(seconds=seconds) - _MARGIN)


def _bearer(token: str) -> Credentials:
    return Credentials(headers={"Authorization": f"Bearer {token}"}, secrets=(token,))


def _basic(pair: str) -> str:
    return f"{_BASIC}{base64.b64encode(pair.encode()).decode()}"


def _api_key(auth: ApiKeyAuth, key: str) -> Credentials:
    if auth.location == "header":
        return Credentials(headers={auth.name: key}, secrets=(key,))
    if auth.location == "query":
        return Credentials(query=((auth.name, key),), secrets=(key,))
    return Credentials(members={auth.name: key}, secrets=(key,))
