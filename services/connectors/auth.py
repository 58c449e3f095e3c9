"""Credentials: taken from where they are kept when a request is sent, and at no other time."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote_plus, urlencode
from uuid import UUID

from yarl import URL

from services.components.definitions import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    CertificateAuth,
    OAuth2Auth,
    SignedAuth,
)
from services.connectors.certificates import ClientCertificates
from services.connectors.errors import AddressRefused, MaybeSent, NotSent, TokenRefused
from services.connectors.network.transport import RawResponse, SendProgress, Transport
from services.connectors.redaction import redacting
from services.connectors.responses.response import read_body, retry_after
from services.connectors.secret_values import Secrets, SecretValues, is_named
from services.connectors.signing import Signer
from services.formats.text import clip
from services.workspaces.renewed_tokens import AccessToken, Turn

__all__ = ["Authenticator", "Credentials", "Secrets", "TokenKeeper"]

_BASIC = "Basic "
_ASKS_FOR_PATIENCE = 429
# A token that doesn't say how long it lives is used for the calls of the moment.
_UNSTATED_LIFE = timedelta(seconds=60)
# It must still be good when the request arrives, by a clock that is not ours.
_MARGIN = timedelta(seconds=30)
_LONGEST_LIFE = 86_400.0
# While another worker renews a token it is looked for so often; and neither takes longer than the other.
_LOOK_SECONDS = 0.2
_RENEWAL_SECONDS = 25.0
_LAST_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request has to bring, by where it goes. `kept`: a token among it is from an earlier request.

    `secrets` are the texts in it that nobody else may see. `signer` signs what is sent, `tls` is what the
    connection is made with.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    members: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    kept: bool = False
    signer: Signer | None = None
    tls: ssl.SSLContext | None = None


_NOTHING = Credentials()


class TokenKeeper(Protocol):
    """Keeps what a refresh token was renewed to, for all workers. Raises NotSent where that can't be told."""

    @property
    def owner(self) -> str:
        """Whose it is."""

    async def take(self, client: str, is_enough: Callable[[AccessToken], bool]) -> AccessToken | Turn | None:
        """The token that is kept, if it `is_enough`; else the turn to renew it; None while another has that."""

    async def keep(self, client: str, claim: UUID, token: AccessToken | None) -> None:
        """End a turn with what came of it; None: the last one stays."""


@dataclass(frozen=True, slots=True)
class _Client:
    """Who asks for a token. Of two workspaces with the same pack each may have secrets of its own."""

    auth: OAuth2Auth
    id: str
    secret: str = field(repr=False)
    refresh: str | None = field(repr=False)
    owner: str = ""

    @property
    def fingerprint(self) -> str:
        """What it is known by where nobody is to read of it more than that it is another one."""
        said = [self.auth.model_dump(mode="json"), self.id, self.secret, self.refresh]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


class Authenticator:
    """Makes credentials. An access token is kept until shortly before it expires."""

    def __init__(self, secrets: Secrets, transport: Transport, now: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._transport = transport
        self._now = now
        self._tokens: dict[_Client, AccessToken] = {}
        self._turns: defaultdict[_Client, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._certificates = ClientCertificates()
        self._renewing: set[asyncio.Task[tuple[AccessToken, bool]]] = set()

    def values(self, sealed: Mapping[str, str]) -> SecretValues:
        """All secrets that a call may use; `sealed` are those that are kept for its component."""
        return SecretValues(self._secrets, sealed)

    async def credentials(
        self, auth: Auth, values: SecretValues, keeper: TokenKeeper | None = None
    ) -> Credentials:
        """What `auth` asks for. Raises SecretMissing, TokenRefused, AddressRefused, RequestRefused and NotSent."""
        match auth:
            case BearerAuth():
                return _bearer(values.secret(auth.token))
            case BasicAuth():
                password = values.secret(auth.password)
                basic = _basic(f"{values.text(auth.username)}:{password}")
                return Credentials(
                    headers={"Authorization": basic}, secrets=(password, basic.removeprefix(_BASIC))
                )
            case ApiKeyAuth():
                return _api_key(auth, values.secret(auth.value))
            case OAuth2Auth():
                return await self._token(_client(auth, values, keeper), keeper)
            case SignedAuth():
                secret = values.secret(auth.secret)
                return Credentials(secrets=(secret,), signer=Signer(auth, secret, self._now()))
            case CertificateAuth():
                certificate, key = values.secret(auth.certificate), values.secret(auth.key)
                authority = values.secret(auth.authority) if auth.authority else ""
                tls = await self._certificates.context(certificate, key, authority)
                return Credentials(secrets=(key, certificate), tls=tls)
        return _NOTHING

    async def check(self, auth: Auth, values: SecretValues) -> Credentials:
        """What `auth` asks for, as far as that takes no request: no access token is asked for.

        Raises SecretMissing, AddressRefused, RequestRefused and NotSent.
        """
        if not isinstance(auth, OAuth2Auth):
            return await self.credentials(auth, values)
        _client(auth, values)
        await self._transport.check(_url(auth.token_url))
        return Credentials()

    def forget(
        self, auth: Auth, values: SecretValues, refused: Credentials, keeper: TokenKeeper | None = None
    ) -> bool:
        """Drop a token that was refused. Whether another is worth a try: not if this one was new."""
        if isinstance(auth, OAuth2Auth):
            client = _client(auth, values, keeper)
            token = self._tokens.get(client)
            if token is not None and _bearer(token.value).headers == refused.headers:
                # What it is renewed with may be new since the secret was set, and is needed for the next one.
                self._tokens[client] = replace(token, good_until=self._now())
        return refused.kept

    async def aclose(self) -> None:
        """Let tokens that are being renewed be kept: what they were renewed with may be good no more."""
        if self._renewing:
            await asyncio.wait(self._renewing, timeout=_LAST_SECONDS)

    async def _token(self, client: _Client, keeper: TokenKeeper | None) -> Credentials:
        # One asks, the others wait for what it gets.
        async with self._turns[client]:
            token = self._tokens.get(client)
            if token is not None and token.good_until > self._now():
                return replace(_bearer(token.value), kept=True)
            if keeper is None or client.refresh is None:
                new, is_kept = await self._fetch(client, token), False
            else:
                # It goes on when the call's time is up: what has been renewed must not be lost.
                renewing = asyncio.create_task(self._renewed(client, token, keeper))
                self._renewing.add(renewing)
                renewing.add_done_callback(self._ended)
                new, is_kept = await asyncio.shield(renewing)
            self._tokens[client] = new
            return replace(_bearer(new.value), kept=is_kept)

    async def _renewed(
        self, client: _Client, former: AccessToken | None, keeper: TokenKeeper
    ) -> tuple[AccessToken, bool]:
        """The token that another worker got, or a new one that all will use; and whether it is the former."""
        name = client.fingerprint

        def is_enough(token: AccessToken) -> bool:
            return token.good_until > self._now() and (former is None or token.value != former.value)

        try:
            async with asyncio.timeout(_RENEWAL_SECONDS):
                while (found := await keeper.take(name, is_enough)) is None:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise NotSent("token") from None
        if isinstance(found, AccessToken):
            return found, True
        token = None
        try:
            async with asyncio.timeout(_RENEWAL_SECONDS):
                token = await self._fetch(client, found.token or former)
        except TimeoutError:
            raise NotSent("token") from None
        finally:
            await keeper.keep(name, found.claim, token)
        return token, False

    def _ended(self, renewing: asyncio.Task[tuple[AccessToken, bool]]) -> None:
        self._renewing.discard(renewing)
        if not renewing.cancelled():
            # Whoever waited for it may be gone, and then nobody else hears of its failure.
            renewing.exception()

    async def _fetch(self, client: _Client, former: AccessToken | None) -> AccessToken:
        auth = client.auth
        # Both halves are encoded before they are joined (RFC 6749, section 2.3.1).
        basic = _basic(f"{quote_plus(client.id)}:{quote_plus(client.secret)}")
        # A server may give a new refresh token with each access token, and take the old one no more.
        refresh = (former.refresh if former else None) or client.refresh
        wanted = {
            "refresh_token": refresh or "",
            "scope": auth.scope,
            "audience": auth.audience,
            "resource": auth.resource,
        }
        grant = "refresh_token" if refresh else "client_credentials"
        form = {"grant_type": grant} | {name: value for name, value in wanted.items() if value}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if auth.credentials_in == "header":
            headers["Authorization"] = basic
        else:
            form |= {"client_id": client.id, "client_secret": client.secret}
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
        secrets = (client.secret, basic.removeprefix(_BASIC), *([refresh] if refresh else []))
        return self._read(received, secrets, refresh)

    def _read(self, received: RawResponse, secrets: tuple[str, ...], refresh: str | None) -> AccessToken:
        status = received.status
        if status == _ASKS_FOR_PATIENCE or status >= 500:
            after = retry_after(received.headers.get("Retry-After"), self._now())
            raise NotSent("token", status=status, retry_after=after)
        body, _ = read_body(received.data, content_type="application/json", cut=received.cut)
        members: dict[str, Any] = body if isinstance(body, dict) else {}
        value = members.get("access_token")
        if status not in (200, 201) or not isinstance(value, str) or not value:
            error = redacting(secrets)(members.get("error"))
            raise TokenRefused(status=status, error=clip(error) if isinstance(error, str) else "")
        given = members.get("refresh_token")
        # One that is given to a client of its own credentials is for another grant, and not needed.
        kept = given if refresh and isinstance(given, str) and given else refresh
        return AccessToken(value, self._now() + _life(members.get("expires_in")), kept)


def filled(values: Mapping[str, str], secrets: SecretValues) -> tuple[dict[str, str], tuple[str, ...]]:
    """A component's own values with the secrets that they name (`env:X`), and those. Raises SecretMissing."""
    named = {name: secrets.secret(value) for name, value in values.items() if is_named(value)}
    return {**values, **named}, tuple(named.values())


def _client(auth: OAuth2Auth, values: SecretValues, keeper: TokenKeeper | None = None) -> _Client:
    refresh = values.secret(auth.refresh_token) if auth.refresh_token else None
    owner = keeper.owner if keeper is not None and refresh else ""
    return _Client(auth, values.text(auth.client_id), values.secret(auth.client_secret), refresh, owner)


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
