"""The connector: one call of a component, from a prepared request to an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp.abc import AbstractResolver
from yarl import URL

from services.components.definitions import ComponentDefinition
from services.components.response_headers import with_headers
from services.connectors.auth import Authenticator, Credentials, Secrets
from services.connectors.errors import CallError, NotSent, RedirectRefused, RequestRefused
from services.connectors.network.addresses import AddressRules
from services.connectors.network.transport import RawResponse, SendProgress, SocketFactory, Transport
from services.connectors.redaction import redacted
from services.connectors.requests import PreparedRequest, check_header, encode_body
from services.connectors.responses.checks import response_warnings
from services.connectors.responses.georeport import as_georeport
from services.connectors.responses.response import Response, ResponseWarning, media_type, read_body, retry_after
from services.formats.text import clip

SMALL_BYTES = 50_000
"""To read an answer of so many takes milliseconds, of a megabyte a second; that must not stop all else."""

_UNAUTHORIZED = 401


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
    ) -> Response:
        """Send a request and read its answer, whatever its status, within `timeout` seconds.

        The `headers` that are named come with the answer.

        The time counts for all of it: an access token, the look-up, the connection and the answer. Raises
        CallError, of which NotSent and MaybeSent tell whether the other side may know of the request.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        progress = SendProgress()
        try:
            async with asyncio.timeout(timeout):
                received, secrets = await self._sent(request, idempotency_key, progress)
        except TimeoutError:
            raise progress.failure("timeout") from None
        answer = await self._answer(received, secrets, loop.time() - started)
        if request.response_format == "georeport":
            small = answer.size <= SMALL_BYTES
            answer = (
                as_georeport(answer, request.query)
                if small
                else await asyncio.to_thread(as_georeport, answer, request.query)
            )
        found = {name.lower(): received.headers.get(name) for name in headers}
        return replace(answer, headers=redacted({name: text for name, text in found.items() if text}, secrets))

    async def check(self, request: PreparedRequest, *, timeout: float) -> None:  # noqa: ASYNC109
        """Find what would keep a request from being sent, and send nothing, to nobody.

        Raises CallError: a secret that is missing, an address that is refused, a value that can't be sent.
        """
        try:
            async with asyncio.timeout(timeout):
                request, _ = self._with_own_secrets(request)
                credentials = await self._authenticator.check(request.auth)
                url, _, _ = _written(request, credentials, "")
                await self._transport.check(url)
        except TimeoutError:
            raise NotSent("timeout") from None

    async def aclose(self) -> None:
        """Close what is open."""
        await self._transport.aclose()

    async def _sent(
        self, request: PreparedRequest, key: str, progress: SendProgress
    ) -> tuple[RawResponse, tuple[str, ...]]:
        """What came back, and the secrets that it may quote."""
        request, own_secrets = self._with_own_secrets(request)
        credentials = await self._authenticator.credentials(request.auth)
        received = await self._send(request, credentials, key, progress)
        if received.status == _UNAUTHORIZED and self._authenticator.forget(request.auth, credentials):
            # The token may have been taken back before its time. Nothing was done, so once more does no harm.
            progress.sent, progress.status = False, None
            credentials = await self._authenticator.credentials(request.auth)
            received = await self._send(request, credentials, key, progress)
        return received, (*credentials.secrets, *own_secrets)

    def _with_own_secrets(self, request: PreparedRequest) -> tuple[PreparedRequest, tuple[str, ...]]:
        """The request with the secrets that its component's own headers and query name, and those."""
        headers, of_headers = self._authenticator.filled(request.fixed_headers)
        texts = {f"{index}": value or "" for index, (_, value) in enumerate(request.fixed_query)}
        values, of_query = self._authenticator.filled(texts)
        query = tuple(
            (name, None if value is None else values[f"{index}"])
            for index, (name, value) in enumerate(request.fixed_query)
        )
        return replace(request, fixed_headers=headers, fixed_query=query), (*of_headers, *of_query)

    async def _send(
        self, request: PreparedRequest, credentials: Credentials, key: str, progress: SendProgress
    ) -> RawResponse:
        url, headers, data = _written(request, credentials, key)
        return await self._transport.send(request.method, url, headers=headers, data=data, progress=progress)

    async def _answer(self, received: RawResponse, secrets: tuple[str, ...], seconds: float) -> Response:
        headers = received.headers
        if 300 <= received.status < 400:
            host = redacted(_host(headers.get("Location", "")), secrets)
            raise RedirectRefused(status=received.status, host=host)
        encoding = headers.get("Content-Encoding", "")
        if len(received.data) <= SMALL_BYTES and not encoding:
            body, warnings = _read(received, secrets)
        else:
            body, warnings = await asyncio.to_thread(_read, received, secrets)
        return Response(
            status=received.status,
            content_type=redacted(media_type(headers.get("Content-Type", "")), secrets),
            body=body,
            seconds=seconds,
            size=len(received.data),
            warnings=warnings,
            retry_after=retry_after(headers.get("Retry-After"), self._now()),
        )


def _read(received: RawResponse, secrets: tuple[str, ...]) -> tuple[Any, tuple[ResponseWarning, ...]]:
    """The value of an answer without the secrets that it was asked for with, and what is odd about it."""
    body, warnings = read_body(
        received.data,
        content_type=received.headers.get("Content-Type", ""),
        content_encoding=received.headers.get("Content-Encoding", ""),
        cut=received.cut,
    )
    return redacted(body, secrets), warnings


def _written(
    request: PreparedRequest, credentials: Credentials, key: str
) -> tuple[URL, dict[str, str], bytes | None]:
    """The URL, headers and body of a request as they go over the wire."""
    data, content_type = encode_body(
        _with_members(request.body, credentials.members), request.body_format, request.content_type
    )
    ours = {"Idempotency-Key": key} | ({"Content-Type": content_type} if content_type else {})
    headers = _merged(request.headers, request.fixed_headers, ours, credentials.headers)
    for name, value in headers.items():
        check_header(name, value)
    given = urlencode((*request.query, *credentials.query), quote_via=quote, errors="replace")
    query = "&".join([*map(_own_pair, request.fixed_query), *([given] if given else [])])
    return URL(f"{request.url}?{query}" if query else request.url, encoded=True), headers, data


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
    request: PreparedRequest, definition: ComponentDefinition, *, idempotency_key: str, connector: Connector
) -> Response | CallError:
    """Call a component; a response that is not what its schema says has a warning with it."""
    try:
        answer = await connector.call(
            request,
            idempotency_key=idempotency_key,
            timeout=definition.timeout_seconds,
            headers=definition.response_headers,
        )
    except CallError as error:
        return error
    if answer.status >= 300:
        return answer
    odd = await response_warnings(definition.response_schema, answer.body)
    body = with_headers(answer.body, answer.headers) if definition.response_headers else answer.body
    return replace(answer, body=body, warnings=(*answer.warnings, *odd))
