"""The transport over `google-generativeai`, the SDK that was asked for: blocking calls, on threads of their own.

asyncio's own thread pool has cpu+4 threads, six on two cores: two hundred answers of a second each would take
half a minute through it. Here as many calls run at once as there may be connections, and no more.

The threads are started with the transport. Starting one takes the interpreter away from the event loop, and
starting all of them in the middle of a rush blocks it for as long as the rush lasts.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import requests
from google.ai.generativelanguage import GenerativeServiceClient
from google.api_core.exceptions import GoogleAPICallError
from google.protobuf.json_format import ParseError

from services.ai.errors import GeminiTimeout
from services.ai.transports.connections import mount
from services.ai.transports.transport import (
    PICTURE,
    Failure,
    Outcome,
    Request,
    Target,
    api_failure,
    no_connection,
    unreadable,
)

with warnings.catch_warnings():
    # The package says on import that its upstream has ended. We know; that is why it stays behind this file.
    warnings.filterwarnings(
        "ignore", message=r"\s*All support for the `google.generativeai` package", category=FutureWarning
    )
    import google.generativeai

# The SDK brings eighty thousand objects that live as long as the process. A full garbage collection walks over
# all of them while the event loop stands still, for 50 ms and more; frozen, they are left out of it.
gc.collect()
gc.freeze()

sdk: Any = google.generativeai  # declares itself typed, and hardly is


class GenerativeaiTransport:
    """Sends each request on a thread, which can't be cancelled: its connection can be cut."""

    def __init__(self, target: Target) -> None:
        self._target = target
        options = {"api_key": target.api_key, "api_endpoint": target.endpoint}
        self._client = GenerativeServiceClient(transport="rest", client_options=options)
        self._rest = _untyped(self._client.transport)
        self._connections = mount(self._rest._session, target.connections, by_proxy=not target.is_loopback)
        self._threads = _start_threads(target.connections)

    def start(self, request: Request, limit: float) -> asyncio.Future[Outcome]:
        """Send a request; it is over when its thread is free again."""
        return asyncio.get_running_loop().run_in_executor(self._threads, self._ask, request, limit)

    def abandon(self, outcome: asyncio.Future[Outcome]) -> None:
        """Leave the thread to itself: it ends with its request."""

    def cut(self) -> None:
        """Cut every connection."""
        self._connections.cut()

    async def aclose(self) -> None:
        """End the threads."""
        await asyncio.to_thread(self._threads.shutdown)
        self._rest.close()

    def _ask(self, request: Request, limit: float) -> Outcome:
        """The blocking call, on a thread."""
        model = sdk.GenerativeModel(
            self._target.model,
            system_instruction=request.system,
            generation_config={"response_mime_type": "application/json", "response_schema": request.schema},
        )
        # The SDK has one client for the whole process, unless a model is handed its own.
        model._client = self._client
        try:
            parts = [*({"mime_type": PICTURE, "data": each} for each in request.pictures), request.prompt]
            response = model.generate_content(parts, request_options={"timeout": limit, "retry": None})
            return dict(response.to_dict())
        except GoogleAPICallError as exc:
            return api_failure(int(exc.code or 0), _body(exc), str(exc.message), self._target.api_key)
        except requests.ReadTimeout:
            return Failure(GeminiTimeout("answer"), again=True)
        except (requests.RequestException, OSError) as exc:
            return no_connection(exc)
        except (ParseError, ValueError, AttributeError, TypeError) as exc:
            # What the SDK stumbles over when the answer is not the API's.
            return unreadable(exc)


def _untyped(part: Any) -> Any:
    """What the SDK's types don't tell of."""
    return part


def _body(exc: GoogleAPICallError) -> object:
    """The JSON of an error. The SDK keeps its details, and drops the name of its status."""
    try:
        return exc.response.json()
    except (ValueError, AttributeError):
        return None


START_SECONDS = 10.0
"""For which the threads wait for one another, at the start."""


def _start_threads(number: int) -> ThreadPoolExecutor:
    threads = ThreadPoolExecutor(number, thread_name_prefix="gemini")
    # An executor starts a thread only when none is idle: keep each one busy until all are there.
    all_there = threading.Barrier(number, timeout=START_SECONDS)
    started = [threads.submit(all_there.wait) for _ in range(number)]
    # Where the machine has no room for so many, those that there are go without the others.
    with suppress(threading.BrokenBarrierError):
        for each in started:
            each.result()
    return threads
