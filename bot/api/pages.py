"""/openapi.json, and /docs: the same as a page to read, without a script and without anything from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import yaml
from aiohttp import web

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1d1c1d}"
    "code,h2{font-family:ui-monospace,monospace}h2{font-size:1.1rem;border-top:1px solid #ddd;padding-top:1rem}"
    "td,th{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0}@media(prefers-color-scheme:dark)"
    "{body{background:#1a1d21;color:#e8e8e8}}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@cache
def document() -> Mapping[str, Any]:
    """The OpenAPI document."""
    text = files("bot.api").joinpath("openapi.yaml").read_text("utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


async def openapi(_: web.Request) -> web.Response:
    """The OpenAPI document as JSON; for everybody, since it is in the sources."""
    return web.json_response(document(), headers={"Cache-Control": "max-age=3600"})


async def docs(_: web.Request) -> web.Response:
    """The page."""
    return web.Response(
        text=_page(),
        content_type="text/html",
        headers={"Content-Security-Policy": _POLICY, "Cache-Control": "max-age=3600"},
    )


@cache
def _page() -> str:
    info = document()["info"]
    operations = "".join(
        "".join(_operation(method, path, operation))
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(
        f"<details><summary><code>{escape(name)}</code></summary><pre>{escape(json.dumps(schema, indent=2))}</pre>"
        "</details>"
        for name, schema in document()["components"]["schemas"].items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{escape(info["title"])}: the HTTP API</title><style>{_STYLE}</style>'
        f"</head><body><h1>{escape(info['title'])}: the HTTP API</h1><p>{escape(info['description'])}</p>"
        f'<p>As a document: <a href="/openapi.json">/openapi.json</a></p>{operations}<h2>Schemas</h2>{schemas}'
        "</body></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2>{escape(method.upper())} {escape(path)}</h2><p>{escape(operation['summary'])}. "
    yield f"{escape(operation.get('description', ''))}</p><table>"
    for given in operation.get("parameters", ()):
        parameter = _resolved(given)
        yield f"<tr><td><code>{escape(parameter['name'])}</code></td><td>in {escape(parameter['in'])}</td>"
        yield f"<td>{escape(parameter.get('description', ''))}</td></tr>"
    for status, given in operation["responses"].items():
        yield f"<tr><td><code>{escape(status)}</code></td><td>answer</td>"
        yield f"<td>{escape(_resolved(given)['description'])}</td></tr>"
    yield "</table>"


def _resolved(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference of the document leads to."""
    found: Any = given
    if "$ref" in found:
        place = str(found["$ref"]).removeprefix("#/").split("/")
        found = document()
        for part in place:
            found = found[part]
    return dict(found)
