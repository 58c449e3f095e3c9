"""Where an operation is called: its own servers, those of its path or of the document, variables filled in."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from services.components.openapi.model import OperationRefused, Reason
from services.components.openapi.references import listing, mapping, text
from services.formats.text import clip

_VARIABLE = re.compile(r"\{([^{}]+)\}")
_PORTS = {"http": 80, "https": 443}


def base_url(own: Any, of_path: Any, of_document: Any, *, where: str, server: str) -> str:
    """The URL that paths are appended to, without a slash at its end.

    `server` stands for the servers of the document. A relative one is beside where the document was read from
    (`where`), if that was a URL. Raises OperationRefused where nothing says a host.
    """
    stated = listing(own) or listing(of_path)
    if not stated and not server:
        stated = listing(of_document)
    if not stated and not server:
        raise OperationRefused(Reason.NO_SERVER)
    url = _filled(mapping(stated[0])) if stated else server
    origin = server or where
    url = urljoin(origin, url) if origin.startswith(("http://", "https://")) else url
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in _PORTS and bool(parts.hostname)
    except ValueError:
        is_whole = False
    if not is_whole:
        raise OperationRefused(Reason.NO_SERVER, clip(url, 100))
    return url.rstrip("/")


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or _PORTS[parts.scheme]}"


def _filled(server: dict[str, Any]) -> str:
    variables = mapping(server.get("variables"))

    def value(match: re.Match[str]) -> str:
        stated = mapping(variables.get(match[1]))
        choices = [each for each in listing(stated.get("enum")) if isinstance(each, str)]
        found = stated.get("default", choices[0] if choices else None)
        if found is None or (choices and str(found) not in choices):
            raise OperationRefused(Reason.SERVER_VARIABLE, clip(match[1], 100))
        return str(found)

    return _VARIABLE.sub(value, text(server.get("url")))
