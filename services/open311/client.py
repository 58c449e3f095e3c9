"""A client for what an Open311 endpoint says of itself: discovery, services and definitions.

It calls by the connector, so that the rules for addresses and the limits of size and time are those of any call.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from services.connectors import CallError, Connector, PreparedRequest, Response, WarningCode
from services.connectors.errors import AddressRefused, RedirectRefused
from services.connectors.responses.georeport import errors_in
from services.connectors.secret_values import is_named
from services.formats.text import clip
from services.open311.model import Attribute, Discovery, Format, LeftOut, Open311Refused, Service, Source, Town

MAX_SERVICES = 1_000
MAX_VALUES = 300
MAX_ATTRIBUTES = 100

_CALL_SECONDS = 30.0
_ALL_SECONDS = 180.0
_AT_ONCE = 4
_MOST_CHARACTERS = 1_000
_ENTITIES = re.compile(r"<!(DOCTYPE(?!\s+html)|ENTITY)", re.IGNORECASE)
# Another format would be no better.
_FOR_ANY_FORMAT = frozenset({"address", "unreachable", "too_large", "entities", "key_refused", "slow"})
_TYPES = ("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist")


class GeoReportClient:
    """Reads endpoints. Raises Open311Refused, of which the reason names what is wrong."""

    def __init__(self, connector: Connector, *, seconds: float = _ALL_SECONDS) -> None:
        self._connector = connector
        self._seconds = seconds

    async def read(self, source: Source) -> Town:
        """All that components are made of, or nothing."""
        _check(source)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._read(source)
        except TimeoutError:
            raise Open311Refused("slow", source.base_url) from None

    async def changeset(self, source: Source) -> str:
        """What discovery says of when the services changed last; empty if it says nothing."""
        _check(source)
        return (await self._discovery(source)).changeset

    async def _read(self, source: Source) -> Town:
        said = await self._discovery(source)
        base_url = said.base_url or source.base_url
        used, listed = await self._services(source, base_url, _formats(source, said))
        services, left_out = _read_services(listed)
        if source.only:
            services = [service for service in services if service.code in source.only]
        if not services:
            raise Open311Refused("no_services", base_url)
        if len(services) > MAX_SERVICES:
            raise Open311Refused("too_many", base_url, detail=str(len(services)))
        asking = [service for service in services if service.has_definition]
        limit = asyncio.Semaphore(_AT_ONCE)
        found = await _gathered(self._attributes(source, base_url, used, service, limit) for service in asking)
        attributes = {
            service.code: read for service, read in zip(asking, found, strict=True) if isinstance(read, tuple)
        }
        gone = [each for each in found if isinstance(each, LeftOut)]
        names = {each.name for each in gone}
        kept = tuple(service for service in services if service.code not in names)
        if not kept:
            raise Open311Refused("no_services", base_url)
        return Town(base_url, used, said.changeset, kept, attributes, (*left_out, *gone))

    async def _discovery(self, source: Source) -> Discovery:
        """What discovery says; where there is none, and nobody said that there is, that is nothing."""
        stated = source.discovery_url
        for url in [stated] if stated else _where_discovery_is(source.base_url):
            try:
                body = await self._get(url, source.jurisdiction)
            except Open311Refused as refusal:
                if stated or refusal.reason in _FOR_ANY_FORMAT - {"key_refused"}:
                    raise
                continue
            if isinstance(body, dict) and ("endpoints" in body or "changeset" in body):
                return _read_discovery(body, source)
            if stated:
                raise Open311Refused("unreadable", stated)
        return Discovery()

    async def _services(
        self, source: Source, base_url: str, formats: Sequence[Format]
    ) -> tuple[Format, list[Any]]:
        """The list of services, and the format in which there is one; XML is the one that all must have."""
        refused: Open311Refused | None = None
        for format_ in formats:
            url = f"{base_url}/services.{format_}"
            try:
                body = await self._get(url, source.jurisdiction)
            except Open311Refused as refusal:
                if refusal.reason in _FOR_ANY_FORMAT:
                    raise
                refused = refusal
                continue
            if isinstance(body, list):
                return format_, body
            refused = Open311Refused("unreadable", url)
        raise refused or Open311Refused("unreadable", base_url)

    async def _attributes(
        self, source: Source, base_url: str, format_: Format, service: Service, limit: asyncio.Semaphore
    ) -> tuple[Attribute, ...] | LeftOut:
        """What a service asks; how it is left out, where that can't be known."""
        url = f"{base_url}/services/{quote(service.code, safe='')}.{format_}"
        try:
            async with limit:
                body = await self._get(url, source.jurisdiction)
        except Open311Refused as refusal:
            if refusal.reason in ("not_found", "jurisdiction"):
                return LeftOut(service.code, "vanished")
            if refusal.reason in ("refused", "page", "unreadable"):
                return LeftOut(service.code, "no_definition")
            raise
        if isinstance(body, list) and len(body) == 1 and isinstance(body[0], dict):
            body = body[0]
        if not isinstance(body, dict):
            return LeftOut(service.code, "no_definition")
        return tuple(_read_attributes(body.get("attributes", ())))

    async def _get(self, url: str, jurisdiction: str) -> Any:
        """The body of an answer, as GeoReport has it. Raises Open311Refused."""
        query = (("jurisdiction_id", jurisdiction),) if jurisdiction else ()
        request = PreparedRequest("GET", url, query=query, response_format="georeport")
        try:
            answer = await self._connector.call(
                request, idempotency_key="open311", timeout=_CALL_SECONDS, repeatable=True
            )
        except CallError as error:
            raise _not_called(error, url) from None
        return _body(answer, url, has_jurisdiction=bool(jurisdiction))


def _check(source: Source) -> None:
    try:
        parts = urlsplit(source.url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise Open311Refused("bad_url", source.url) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise Open311Refused("bad_url", source.url)
    if re.search(r'[\s\\<>"^`{|}?]', source.url):
        raise Open311Refused("bad_url", source.url)
    if not re.fullmatch(r"[a-z0-9_-]{1,32}", source.key_prefix):
        raise Open311Refused("bad_prefix", source.base_url)
    if source.api_key and not is_named(source.api_key):
        raise Open311Refused("bad_key", source.base_url)


def _where_discovery_is(base_url: str) -> Iterator[str]:
    """Beside the services, or a level above them, where it tells of test endpoints, too."""
    yield f"{base_url}/discovery.json"
    yield f"{base_url}/discovery.xml"
    above = base_url.rpartition("/")[0]
    if urlsplit(above).hostname:
        yield f"{above}/discovery.json"


def _formats(source: Source, said: Discovery) -> Sequence[Format]:
    if source.format:
        return [source.format]
    if said.formats and "json" not in said.formats:
        return ["xml"]
    return ["json", "xml"]


async def _gathered(readings: Iterator[Any]) -> list[Any]:
    """All of them, or the first thing that went wrong, with nothing left running."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(reading) for reading in readings]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _not_called(error: CallError, where: str) -> Open311Refused:
    if isinstance(error, AddressRefused):
        return Open311Refused("address", where, detail=error.reason)
    if isinstance(error, RedirectRefused):
        return Open311Refused("redirect", where, status=error.status, detail=error.host)
    return Open311Refused("unreachable", where, detail=str(getattr(error, "reason", error.code)))


def _body(answer: Response, where: str, *, has_jurisdiction: bool) -> Any:
    body, status = answer.body, answer.status
    if any(warning.code is WarningCode.TOO_LARGE for warning in answer.warnings):
        raise Open311Refused("too_large", where)
    if isinstance(body, str) and _ENTITIES.search(body[:_MOST_CHARACTERS]):
        raise Open311Refused("entities", where)
    if status < 300:
        if isinstance(body, str):
            raise Open311Refused("page" if body.lstrip().startswith("<") else "unreadable", where, status=status)
        return body
    said = "; ".join(clip(str(error["description"])) for error in errors_in(body)[:3])
    if status in (401, 403):
        raise Open311Refused("key_refused", where, status=status, detail=said)
    if status in (404, 410):
        reason = "jurisdiction" if has_jurisdiction and said else "not_found"
        raise Open311Refused(reason, where, status=status, detail=said)
    raise Open311Refused("refused", where, status=status, detail=said)


def _read_discovery(body: Mapping[str, Any], source: Source) -> Discovery:
    """The endpoint that is meant: where only discovery was named, that of GeoReport v2 which is in use."""
    endpoints = [each for each in body.get("endpoints", ()) if isinstance(each, Mapping) and each.get("url")]
    if source.discovery_url is None:
        endpoints = [each for each in endpoints if str(each["url"]).rstrip("/") == source.base_url] or endpoints[
            :1
        ]
        base_url = ""
    else:
        endpoints = [each for each in endpoints if "v2" in str(each.get("specification", "")).lower()] or endpoints
        endpoints.sort(key=lambda each: str(each.get("type", "")).lower() != "production")
        if not endpoints:
            raise Open311Refused("unreadable", source.discovery_url)
        base_url = str(endpoints[0]["url"]).strip().rstrip("/")
        _check(Source(base_url))
    chosen: Mapping[str, Any] = endpoints[0] if endpoints else {}
    said = " ".join(str(each).lower() for each in chosen.get("formats", ()))
    formats: tuple[Format, ...] = (*(("json",) if "json" in said else ()), *(("xml",) if "xml" in said else ()))
    changeset = str(chosen.get("changeset") or body.get("changeset") or "")
    return Discovery(base_url, formats, clip(changeset))


def _read_services(listed: Sequence[Any]) -> tuple[list[Service], list[LeftOut]]:
    services: dict[str, Service] = {}
    left_out = []
    for item in listed:
        code, name = _line(item.get("service_code")), _line(item.get("service_name"))
        if not code:
            left_out.append(LeftOut(name, "no_code"))
        elif code in services:
            left_out.append(LeftOut(code, "repeated"))
        else:
            services[code] = Service(
                code=code,
                name=name or code,
                description=_line(item.get("description")),
                group=_line(item.get("group")),
                kind=_line(item.get("type")).lower() or "realtime",
                has_definition=item.get("metadata") is True,
            )
    return list(services.values()), left_out


def _read_attributes(listed: Any) -> Iterator[Attribute]:
    seen: set[str] = set()
    for item in listed if isinstance(listed, list) else ():
        if not isinstance(item, Mapping):
            continue
        code = _line(item.get("code"))
        is_variable = item.get("variable") is not False
        if (is_variable and not code) or (code and code in seen) or len(seen) >= MAX_ATTRIBUTES:
            continue
        seen.add(code)
        datatype = _line(item.get("datatype")).lower()
        values = item.get("values", ())
        yield Attribute(
            code=code,
            datatype=datatype if datatype in _TYPES else "string",
            description=_line(item.get("description")),
            hint=_line(item.get("datatype_description")),
            required=item.get("required") is True,
            variable=is_variable,
            values=dict(_read_values(values)) if isinstance(values, list) and len(values) <= MAX_VALUES else {},
        )


def _read_values(values: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for value in values:
        key = _line(value.get("key")) if isinstance(value, Mapping) else ""
        if key:
            yield key, _line(value.get("name"))


def _line(value: Any) -> str:
    """A text of an endpoint as one line that is not too long; what is no text says nothing."""
    return clip(" ".join(value.split()), _MOST_CHARACTERS) if isinstance(value, str) else ""
