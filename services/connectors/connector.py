"""The connector: one call of a component, from a prepared request to an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp.abc import AbstractResolver
from yarl import URL

from services.components.definitions import ComponentDefinition
from services.components.response_headers import with_headers
from services.connectors.auth import Authenticator, Credentials, TokenKeeper, filled
from services.connectors.errors import CallError, NotSent, RedirectRefused, RequestRefused
from services.connectors.kinds import KINDS
from services.connectors.multipart import encode_multipart, file_ids
from services.connectors.network.addresses import AddressRules
from services.connectors.network.transport import RawResponse, SendProgress, SocketFactory, Transport
from services.connectors.redaction import Redaction, redacting
from services.connectors.requests import PreparedRequest, check_header, encode_body
from services.connectors.responses.checks import response_warnings
from services.connectors.responses.georeport import as_georeport
from services.connectors.responses.response import Response, ResponseWarning, media_type, read_body, retry_after
from services.connectors.secret_values import Secrets, SecretValues, is_named
from services.connectors.verdicts import is_safe
from services.formats.text import clip

SMALL_BYTES = 50_000
"""To read an answer of so many takes milliseconds, of a megabyte a second; that must not stop all else."""

_UNAUTHORIZED = 401

Files = Callable[[str], Awaitable[bytes]]
"""Fetches the file of an id, as people have sent it. Raises CallError."""


async def _no_files(_: str) -> bytes:
    raise RequestRefused("file", "file_gone")


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a call may use beside its request: what is `sealed` for its component, opened, and people's `files`.

    `tokens` keeps what a refresh token is renewed to; without it that is kept until the process ends.
    """

    sealed: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Files = _no_files
    tokens: TokenKeeper | None = None


NOTHING = CallContext()
"""No secrets but those of the environment, and no files."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Connector:
    """Calls components. Made anywhere, used and closed in one event loop.

    `allowed_hosts` (`name` or `name:port`) may have addresses that are refused otherwise. `secrets` gives the
    value of an environment variable. `resolver` looks hosts up, `socket_factory` makes sockets.
    """

    def __init__(
        self,
        allowed_hosts: Collection[str],
        secrets: Secrets,
        *,
        now: Callable[[], datetime] = _utc_now,
        resolver: AbstractResolver | None = None,
        socket_factory: SocketFactory | None = None,
    ) -> None:
        self._now = now
        self._transport = Transport(AddressRules(allowed_hosts), resolver, socket_factory)
        self._authenticator = Authenticator(secrets, self._transport, now)

    async def call(
        self,
        request: PreparedRequest,
        *,
        idempotency_key: str,
        timeout: float,  # noqa: ASYNC109
        headers: Sequence[str] = (),
        context: CallContext = NOTHING,
        repeatable: bool = False,
    ) -> Response:
        """Send a request and read its answer, whatever its status, within `timeout` seconds.

        The `headers` that are named come with the answer. A `repeatable` request does no harm if it arrives twice.

        The time counts for all of it: an access token, the look-up, the connection and the answer. Raises
        CallError, of which NotSent and MaybeSent tell whether the other side may know of the request.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        progress = SendProgress()
        try:
            async with asyncio.timeout(timeout):
                received, secrets = await self._sent(request, idempotency_key, progress, context, repeatable)
        except TimeoutError:
            raise progress.failure("timeout") from None
        redacted = redacting(secrets)
        answer = await self._answer(received, redacted, loop.time() - started)
        if request.response_format == "georeport":
            small = answer.size <= SMALL_BYTES
            answer = (
                as_georeport(answer, request.query)
                if small
                else await asyncio.to_thread(as_georeport, answer, request.query)
            )
        if not headers:
            return answer
        found = {name.lower(): received.headers.get(name) for name in headers}
        return replace(answer, headers=redacted({name: text for name, text in found.items() if text}))

    async def check(
        self,
        request: PreparedRequest,
        *,
        timeout: float,  # noqa: ASYNC109
        context: CallContext = NOTHING,
    ) -> None:
        """Find what would keep a request from being sent, and send nothing, to nobody.

        Raises CallError: a secret that is missing, an address that is refused, a value that can't be sent.
        """
        try:
            async with asyncio.timeout(timeout):
                values = self._authenticator.values(context.sealed)
                request, _ = _with_own_secrets(request, values)
                credentials = await self._authenticator.check(request.auth, values)
                # Which file it will be is known only in a run.
                url, _, _ = _written(replace(request, files=()), credentials, "", {})
                await self._transport.check(url)
        except TimeoutError:
            raise NotSent("timeout") from None

    async def aclose(self) -> None:
        """Close what is open."""
        await self._authenticator.aclose()
        await self._transport.aclose()

    async def _sent(
        self,
        request: PreparedRequest,
        key: str,
        progress: SendProgress,
        context: CallContext,
        repeatable: bool,
    ) -> tuple[RawResponse, tuple[str, ...]]:
        """What came back, and the secrets that it may quote."""
        values = self._authenticator.values(context.sealed)
        request, own_secrets = _with_own_secrets(request, values)
        files = {found: await context.files(found) for _, found in file_ids(request.body, request.files)}
        sign_in = request.auth, values
        credentials = await self._authenticator.credentials(*sign_in, context.tokens)
        send = partial(self._send, request, key=key, files=files, progress=progress, repeatable=repeatable)
        received = await send(credentials)
        if received.status == _UNAUTHORIZED and self._authenticator.forget(*sign_in, credentials, context.tokens):
            # The token may have been taken back before its time. Nothing was done, so once more does no harm.
            progress.sent, progress.status, progress.on_kept = False, None, False
            credentials = await self._authenticator.credentials(*sign_in, context.tokens)
            received = await send(credentials)
        return received, (*credentials.secrets, *own_secrets)

    async def _send(
        self,
        request: PreparedRequest,
        credentials: Credentials,
        *,
        key: str,
        files: Mapping[str, bytes],
        progress: SendProgress,
        repeatable: bool,
    ) -> RawResponse:
        url, headers, data = _written(request, credentials, key, files)
        return await self._transport.send(
            request.method,
            url,
            headers=headers,
            data=data,
            progress=progress,
            tls=credentials.tls,
            repeatable=repeatable,
        )

    async def _answer(self, received: RawResponse, redacted: Redaction, seconds: float) -> Response:
        headers = received.headers
        if 300 <= received.status < 400:
            host = redacted(_host(headers.get("Location", "")))
            raise RedirectRefused(status=received.status, host=host)
        encoding = headers.get("Content-Encoding", "")
        if len(received.data) <= SMALL_BYTES and not encoding:
            body, warnings = _read(received, redacted)
        else:
            body, warnings = await asyncio.to_thread(_read, received, redacted)
        return Response(
            status=received.status,
            content_type=redacted(media_type(headers.get("Content-Type", ""))),
            body=body,
            seconds=seconds,
            size=len(received.data),
            warnings=warnings,
            retry_after=retry_after(headers.get("Retry-After"), self._now()),
        )


def _read(received: RawResponse, redacted: Redaction) -> tuple[Any, tuple[ResponseWarning, ...]]:
    """The value of an answer without the secrets that it was asked for with, and what is odd about it."""
    body, warnings = read_body(
        received.data,
        content_type=received.headers.get("Content-Type", ""),
        content_encoding=received.headers.get("Content-Encoding", ""),
        cut=received.cut,
    )
    return redacted(body), warnings


def _with_own_secrets(request: PreparedRequest, values: SecretValues) -> tuple[PreparedRequest, tuple[str, ...]]:
    """The request with the secrets that its component's own headers and query name, and those."""
    own = chain(request.fixed_headers.values(), (value for _, value in request.fixed_query if value))
    if not any(map(is_named, own)):
        return request, ()
    headers, of_headers = filled(request.fixed_headers, values)
    texts = {f"{index}": value or "" for index, (_, value) in enumerate(request.fixed_query)}
    found, of_query = filled(texts, values)
    query = tuple(
        (name, None if value is None else found[f"{index}"])
        for index, (name, value) in enumerate(request.fixed_query)
    )
    return replace(request, fixed_headers=headers, fixed_query=query), (*of_headers, *of_query)


def _written(
    request: PreparedRequest, credentials: Credentials, key: str, files: Mapping[str, bytes]
) -> tuple[URL, dict[str, str], bytes | None]:
    """The URL, headers and body of a request as they go over the wire."""
    body = _with_members(request.body, credentials.members)
    if request.body_format == "multipart" and body is not None:
        written: tuple[bytes | None, str] = encode_multipart(body, request.files, files)
    else:
        written = encode_body(body, request.body_format, request.content_type)
    data, content_type = written
    ours = {"Idempotency-Key": key} | ({"Content-Type": content_type} if content_type else {})
    headers = _merged(request.headers, request.fixed_headers, ours, credentials.headers)
    for name, value in headers.items():
        check_header(name, value)
    given = urlencode((*request.query, *credentials.query), quote_via=quote, errors="replace")
    query = "&".join([*map(_own_pair, request.fixed_query), *([given] if given else [])])
    url = URL(f"{request.url}?{query}" if query else request.url, encoded=True)
    if credentials.signer is not None:
        headers = _merged(headers, credentials.signer.headers(request.method, url, data))
    return url, headers, data


def _own_pair(pair: tuple[str, str | None]) -> str:
    """A pair of the component's own query; a name alone stays alone."""
    name, value = pair
    return quote(name, safe="") if value is None else urlencode([(name, value)], quote_via=quote, errors="replace")


def _merged(*parts: Mapping[str, str]) -> dict[str, str]:
    """Headers of which the later replace the earlier; HTTP takes their names in any case."""
    return dict({name.lower(): (name, value) for part in parts for name, value in part.items()}.values())


def _with_members(body: Any, members: Mapping[str, str]) -> Any:
    if not members:
        return body
    if body is not None and not isinstance(body, Mapping):
        raise RequestRefused("body", "not_an_object")
    return {**(body or {}), **members}


def _host(location: str) -> str:
    """The host of a redirect; the rest of it may hold what is nobody's business."""
    try:
        return clip(URL(location).host or "")
    except ValueError:
        return ""


async def call_component(
    request: PreparedRequest,
    definition: ComponentDefinition,
    *,
    idempotency_key: str,
    connector: Connector,
    context: CallContext = NOTHING,
) -> Response | CallError:
    """Call a component; a response that is not what its schema says has a warning with it."""
    kind = KINDS[definition.type]
    try:
        answer = await connector.call(
            kind.wrapped(definition, request, idempotency_key),
            idempotency_key=idempotency_key,
            timeout=definition.timeout_seconds,
            headers=definition.response_headers,
            context=context,
            repeatable=is_safe(definition),
        )
    except CallError as error:
        return error
    said = kind.read(answer, idempotency_key)
    if isinstance(said, CallError) or said.status >= 300:
        return said
    odd = await response_warnings(definition.response_schema, said.body)
    if not odd and not definition.response_headers:
        return said
    body = with_headers(said.body, said.headers) if definition.response_headers else said.body
    return replace(said, body=body, warnings=(*said.warnings, *odd))
