"""Calls that carry a message, of which a run takes half a dozen: as the SDK makes them, at half the cost.

The SDK looks at each block for one of its own classes, and keeps of each request what a retry would need.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.messages import as_json


async def write(client: AsyncWebClient, method: str, arguments: Mapping[str, Any]) -> AsyncSlackResponse:
    """Call a method with arguments in JSON; those that are None are left out. Raises what the SDK raises."""
    session = client.session
    assert session is not None  # noqa: S101 - each of ours has been given one
    given = {**client.default_params, **{name: value for name, value in arguments.items() if value is not None}}
    headers = {
        **client.headers,
        "Authorization": f"Bearer {client.token}",
        "Content-Type": "application/json;charset=utf-8",
    }
    url = f"{client.base_url}{method}"
    async with session.post(url, data=as_json(given), headers=headers, proxy=client.proxy) as answer:
        response = AsyncSlackResponse(
            client=client,
            http_verb="POST",
            api_url=url,
            req_args={},
            data=_read(await answer.read()),
            headers=answer.headers,  # type: ignore[arg-type]  # as the SDK itself has them
            status_code=answer.status,
        )
    response.validate()  # type: ignore[no-untyped-call]
    return response


def _read(content: bytes) -> dict[str, Any]:
    """What was answered; nothing where that is no JSON object, as from a proxy on the way."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
