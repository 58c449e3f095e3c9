"""The pages of an installation: plain HTML, nothing fetched, no script."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 17px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem;
  color: #1d1c1d; }}
h1 {{ font-size: 1.6rem; }}
dt {{ font-family: ui-monospace, monospace; font-size: .9rem; margin-top: .6rem; }}
dd {{ margin: 0; color: #454245; }}
.button {{ display: inline-block; background: #1f4e5f; color: #fff; padding: .7rem 1.3rem; border-radius: .4rem;
  text-decoration: none; font-weight: 600; }}
.button:focus-visible, a:focus-visible {{ outline: 3px solid #1264a3; outline-offset: 2px; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #1a1d21; color: #e8e8e8; }} dd {{ color: #b9babd; }}
  a:not(.button) {{ color: #6cb5f0; }} }}
</style>
<main>
<h1>{title}</h1>
{body}
</main>
</html>
"""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def install_page(authorize_url: str, scopes: Mapping[str, str]) -> web.Response:
    """The button that leads to Slack, what it will ask for, and why."""
    items = "\n".join(f"<dt>{escape(scope)}</dt><dd>{escape(why)}</dd>" for scope, why in scopes.items())
    return _page(
        "Add Mudda to Slack",
        "<p>Mudda turns a civic issue, stated in Slack, into a plan that people review and approve; then it "
        "carries the plan out.</p>\n"
        f'<p><a class="button" href="{escape(authorize_url)}">Add to Slack</a></p>\n'
        "<p>Slack will ask whether Mudda may have these permissions, and needs a person who may install apps "
        f"there. Mudda uses them for this, and for nothing else:</p>\n<dl>\n{items}\n</dl>",
    )


def installed_page(name: str, address: str, more: str = "") -> web.Response:
    """It worked; where to go now. `more` is a sentence that names what is still to be done."""
    return _page(
        f"Mudda is in {name}",
        "<p>Invite it to a channel with <code>/invite @mudda</code>, and say <code>/mudda help</code> there.</p>\n"
        + (f"<p>{escape(more)}</p>\n" if more else "")
        + f'<p><a class="button" href="{escape(address)}">Open Slack</a></p>',
    )


def refused_page(title: str, why: str, *, status: int, again: bool = True) -> web.Response:
    """It did not work, and why."""
    link = '\n<p><a href="/slack/install">Start again</a></p>' if again else ""
    return _page(title, f"<p>{escape(why)}</p>{link}", status=status)


def _page(title: str, body: str, *, status: int = 200) -> web.Response:
    return web.Response(
        text=_PAGE.format(title=escape(title), body=body), status=status, content_type="text/html", headers=HEADERS
    )
