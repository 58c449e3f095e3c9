"""The rules of rich_text: sections, lists, quotes, preformatted text, and what stands in them."""

from __future__ import annotations

from bot.sandbox.slack.limits.checker import Problems
from bot.sandbox.slack.state.model import Json

_STYLES = frozenset({"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"})
# For each inline element: the strings it must have, and what else it may have.
_INLINE: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "text": (("text",), frozenset({"style"})),
    "link": (("url",), frozenset({"text", "style", "unsafe"})),
    "user": (("user_id",), frozenset({"style"})),
    "usergroup": (("usergroup_id",), frozenset({"style"})),
    "channel": (("channel_id",), frozenset({"style"})),
    "team": (("team_id",), frozenset({"style"})),
    "emoji": (("name",), frozenset({"skin_tone", "unicode", "style", "url"})),
    "broadcast": (("range",), frozenset({"style"})),
    "color": (("value",), frozenset({"style"})),
    "date": (("format",), frozenset({"timestamp", "url", "fallback", "style"})),
}
_CONTAINERS: dict[str, frozenset[str]] = {
    "rich_text_section": frozenset(),
    "rich_text_quote": frozenset({"border"}),
    "rich_text_preformatted": frozenset({"border", "language"}),
    "rich_text_list": frozenset({"style", "indent", "offset", "border"}),
}
_PREFORMATTED_INLINE = frozenset({"text", "link"})
_MANY = 10_000


def check_rich_text(problems: Problems, block: Json, pointer: str) -> None:
    """Check a rich_text block."""
    problems.only(block, pointer, {"type", "block_id", "elements"})
    for element, here in problems.objects(block, "elements", pointer, at_least=1, at_most=_MANY, required=True):
        _check_container(problems, element, here)


def check_rich_text_at(
    problems: Problems, parent: Json, key: str, pointer: str, *, required: bool = False
) -> None:
    """Check that `key` holds a rich_text block and nothing else."""
    value = problems.object_at(parent, key, pointer, required=required)
    if value is None:
        return
    here = f"{pointer}/{key}"
    if problems.kind(value, here, {"rich_text"}):
        check_rich_text(problems, value, here)


def _check_container(problems: Problems, element: Json, pointer: str) -> None:
    kind = problems.kind(element, pointer, _CONTAINERS)
    if kind is None:
        return
    problems.only(element, pointer, {"type", "elements"} | _CONTAINERS[kind])
    children = problems.objects(element, "elements", pointer, at_most=_MANY, required=True)
    if kind == "rich_text_list":
        _check_list(problems, element, pointer, children)
        return
    allowed = _PREFORMATTED_INLINE if kind == "rich_text_preformatted" else _INLINE.keys()
    for child, here in children:
        if problems.kind(child, here, allowed):
            _check_inline(problems, child, here)


def _check_list(problems: Problems, element: Json, pointer: str, children: list[tuple[Json, str]]) -> None:
    problems.one_of(element, "style", pointer, {"bullet", "ordered"}, required=True)
    problems.integer(element, "indent", pointer, at_least=0, at_most=8)
    problems.integer(element, "offset", pointer, at_least=0, at_most=_MANY)
    for child, here in children:
        if problems.kind(child, here, {"rich_text_section"}):
            _check_container(problems, child, here)


def _check_inline(problems: Problems, element: Json, pointer: str) -> None:
    kind = element["type"]
    required, optional = _INLINE[kind]
    problems.only(element, pointer, {"type", *required} | optional)
    for key in required:
        problems.string(element, key, pointer, required=True)
    if kind == "broadcast":
        problems.one_of(element, "range", pointer, {"here", "channel", "everyone"})
    if kind == "date":
        timestamp = element.get("timestamp")
        if not isinstance(timestamp, int) or isinstance(timestamp, bool):
            problems.add(f"{pointer}/timestamp", "must provide an integer")
    if kind == "link":
        problems.string(element, "text", pointer, at_least=0)
    _check_style(problems, element, pointer)


def _check_style(problems: Problems, element: Json, pointer: str) -> None:
    style = problems.object_at(element, "style", pointer)
    if style is None:
        return
    problems.only(style, f"{pointer}/style", _STYLES)
    for key in style:
        problems.boolean(style, key, f"{pointer}/style")
