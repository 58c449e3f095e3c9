"""Calling the town as its component pack says, and a clock to set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession, encode_basic_auth
from jsonschema import Draft202012Validator

from bot.sandbox.town import Town, sandbox_pack
from services.components.definitions import ApiKeyAuth, BasicAuth, BearerAuth, ComponentDefinition
from services.components.packs import parse_pack

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


class Caller:
    """Calls components as their definitions in the sandbox's pack say, and checks the answers against them."""

    def __init__(self, town: Town, http: ClientSession) -> None:
        self.town = town
        self.definitions = {item.key: item for item in parse_pack(sandbox_pack(town.url))}
        self._http = http

    async def __call__(
        self,
        key: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        **path: str,
    ) -> Any:
        component = self.definitions[key]
        answer = await self.send(key, body, query=query, idempotency_key=idempotency_key, **path)
        assert answer[0] in (200, 201), answer
        Draft202012Validator(component.response_schema).validate(answer[1])
        return answer[1]

    async def send(
        self,
        key: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        **path: str,
    ) -> tuple[int, Any]:
        component = self.definitions[key]
        content = dict(body or {})
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        headers |= self._credentials(component, content)
        form = component.body_format == "form"
        async with self._http.request(
            component.http_method,
            component.endpoint_url.format(**path),
            params=query,
            headers=headers,
            data=content if form and content else None,
            json=content if not form and content else None,
        ) as response:
            return response.status, await response.json()

    def _credentials(self, component: ComponentDefinition, content: dict[str, Any]) -> dict[str, str]:
        auth = component.auth
        if isinstance(auth, BearerAuth):
            return {"Authorization": f"Bearer {self._secret(auth.token)}"}
        if isinstance(auth, BasicAuth):
            return {"Authorization": encode_basic_auth(auth.username, self._secret(auth.password))}
        if isinstance(auth, ApiKeyAuth) and auth.location == "header":
            return {auth.name: self._secret(auth.value)}
        if isinstance(auth, ApiKeyAuth):
            content[auth.name] = self._secret(auth.value)
        return {}

    def _secret(self, name: str) -> str:
        return self.town.environment[name.removeprefix("env:")]
