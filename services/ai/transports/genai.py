"""The transport over `google-genai`, the newer SDK: asynchronous, and each request can be cancelled.

The SDK is given an HTTP client of our own: which one it takes by itself depends on what else is installed. It
hands back the response as it came, since its own models cost the event loop time and warn of every new word.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp.connector import Connection
from google import genai
from google.genai import errors, types

from services.ai.errors import GeminiTimeout
from services.ai.transports.transport import (
    CONNECT_SECONDS,
    PICTURE,
    Failure,
    Outcome,
    Request,
    Target,
    api_failure,
    no_connection,
    unreadable,
)

# Its objects live as long as the process: a full garbage collection need not walk over them.
gc.collect()
gc.freeze()

API_VERSION = "v1"


class GenaiTransport:
    """Sends each request in a task of its own."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._is_cut = False
        self._running: set[asyncio.Task[Outcome]] = set()
        self._turn = asyncio.Lock()
        self._http = aiohttp.ClientSession(
            connector=_Connector(limit=target.connections), trust_env=not target.is_loopback
        )
        # All is said here, for the SDK looks for what is missing in the environment.
        self._client = genai.Client(
            vertexai=False,
            api_key=target.api_key,
            http_options=types.HttpOptions(
                base_url=target.endpoint,
                api_version=API_VERSION,
                aiohttp_client=self._http,
                # One attempt. Unless it is told, the SDK sends a second request after a lost connection.
                retry_options=types.HttpRetryOptions(attempts=1),
            ),
        )

    def start(self, request: Request, limit: float) -> asyncio.Future[Outcome]:
        """Send a request; it is over when its task is."""
        task = asyncio.create_task(self._ask(request, limit))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def abandon(self, outcome: asyncio.Future[Outcome]) -> None:
        """Cancel the request."""
        outcome.cancel()

    def cut(self) -> None:
        """Cancel every request, with an outcome for whoever waits for it."""
        self._is_cut = True
        for task in self._running:
            task.cancel()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aio.aclose()
        await self._http.close()
        self._client.close()

    async def _ask(self, request: Request, limit: float) -> Outcome:
        try:
            async with asyncio.timeout(limit):
                await self._take_turn()
                response = await self._client.aio.models.generate_content(
                    model=self._target.model, contents=_contents(request), config=self._config(request, limit)
                )
            http = response.sdk_http_response
            return _response(http.body if http and http.body else "")
        except errors.APIError as exc:
            return api_failure(int(exc.code or 0), exc.details, str(exc.message), self._target.api_key)
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as exc:
            return no_connection(exc)
        except TimeoutError:
            return Failure(GeminiTimeout("answer"), again=True)
        except OSError as exc:
            return no_connection(exc)
        except (ValueError, RecursionError, AttributeError, TypeError, aiohttp.ClientError) as exc:
            return unreadable(exc)
        except asyncio.CancelledError as exc:
            if self._is_cut:
                return no_connection(ConnectionAbortedError(str(exc)))
            raise

    async def _take_turn(self) -> None:
        """Let the event loop look round: the SDK takes milliseconds over a request, and sixty in a row add up."""
        async with self._turn:
            await asyncio.sleep(0)

    def _config(self, request: Request, limit: float) -> types.GenerateContentConfig:
        thinking = self._target.thinking
        return types.GenerateContentConfig(
            system_instruction=request.system,
            response_mime_type="application/json",
            response_json_schema=request.schema,  # the other form is taken apart and built anew at each call
            # Google keeps a request and its answer for weeks unless it is told not to.
            store=False,
            thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel(thinking.upper()))
            if thinking
            else None,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            should_return_http_response=True,
            http_options=types.HttpOptions(timeout=max(1, round(limit * 1000))),
        )


class _Connector(aiohttp.TCPConnector):
    """The SDK sets one time for all of a request; a host that is away does not get all of it."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's name
    ) -> Connection:
        return await super().connect(
            req, traces, aiohttp.ClientTimeout(timeout.total, sock_connect=CONNECT_SECONDS)
        )


def _contents(request: Request) -> types.Content:
    pictures = [types.Part.from_bytes(data=each, mime_type=PICTURE) for each in request.pictures]
    return types.Content(role="user", parts=[*pictures, types.Part.from_text(text=request.prompt)])


def _response(body: str) -> Mapping[str, Any]:
    response = _in_snake_case(json.loads(body))
    if not isinstance(response, dict):
        raise TypeError("not an object")
    return response


def _in_snake_case(value: Any) -> Any:
    """A response with its members' names as the other SDK has them. What the model wrote is text in it."""
    if isinstance(value, dict):
        return {re.sub("[A-Z]", _lower, name): _in_snake_case(each) for name, each in value.items()}
    return [_in_snake_case(each) for each in value] if isinstance(value, list) else value


def _lower(letter: re.Match[str]) -> str:
    return "_" + letter[0].lower()
