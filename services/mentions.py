"""People, groups, channels and links in what somebody wrote in Slack, as readers outside Slack can read them.

The text of an issue keeps Slack's own marks (`<@U…|dana>`, `<#C…|water>`, `<!subteam^S…|@crew>`, `<https://…|here>`),
because a plan may ask those people and needs their ids. A city's API, a text message and a heading get names.
"""

from __future__ import annotations

import re

_MARK = re.compile(r"<(?:([@#])([A-Z0-9]+)|!([^|<>]+)|((?:https?|mailto|tel):[^|<>\s]+))(?:\|([^<>]*))?>")
_ADDRESS_SCHEMES = ("mailto:", "tel:")


def readable(text: str) -> str:
    """The text with the name in the place of each mark; a link is its address."""
    return _MARK.sub(_name, text)


def _name(mark: re.Match[str]) -> str:
    sign, _, special, link, label = mark.groups()
    if sign == "@":
        return f"@{label.lstrip('@')}" if label else "someone"
    if sign == "#":
        return f"#{label.lstrip('#')}" if label else "a channel"
    if link:
        scheme = next((scheme for scheme in _ADDRESS_SCHEMES if link.startswith(scheme)), "")
        return str(link).removeprefix(scheme)
    if special.startswith("subteam^"):
        return label or "a group"
    return label or f"@{special}"
