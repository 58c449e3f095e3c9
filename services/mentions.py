"""What somebody wrote in Slack, as typed parts: words, people, groups, channels and links.

Slack sends markup: `&`, `<` and `>` of the words are escaped, and whatever is more than words stands between angle
brackets (`<@U…|dana>`, `<#C…|water>`, `<!subteam^S…|@crew>`, `<https://…|here>`). A card shows the parts as Slack
does; a city's API, a text message, a heading and the model get names.

Markup: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, TypeAdapter


class PartKind(StrEnum):
    """What a part of a text is."""

    WORDS = "words"
    PERSON = "person"
    GROUP = "group"
    CHANNEL = "channel"
    LINK = "link"


class Part(BaseModel):
    """A part of a text. `text` is how it reads outside Slack; `id` is Slack's, and empty for words and links."""

    model_config = ConfigDict(frozen=True)

    kind: PartKind
    text: str
    id: str = ""


PARTS = TypeAdapter(tuple[Part, ...])
"""To and from the JSON in which parts are kept."""

_MARK = re.compile(r"<(?:([@#])([A-Z0-9]+)|!([^|<>]+)|((?:https?|mailto|tel):[^|<>\s]+))(?:\|([^<>]*))?>")
_GROUP = "subteam^"
_ADDRESS_SCHEMES = ("mailto:", "tel:")
_NAMELESS = {PartKind.PERSON: "someone", PartKind.GROUP: "a group", PartKind.CHANNEL: "a channel"}


def parts_of(markup: str, names: Mapping[str, str] | None = None) -> tuple[Part, ...]:
    """The parts of Slack's markup.

    `names` are those of people, groups and channels, by id; what is not among them is called what Slack wrote.
    """
    return tuple(part for part in _parts(markup, names or {}) if part.text)


def _parts(markup: str, names: Mapping[str, str]) -> Iterator[Part]:
    end = 0
    for mark in _MARK.finditer(markup):
        yield _words(markup[end : mark.start()])
        yield _part(mark, names)
        end = mark.end()
    yield _words(markup[end:])


def _words(markup: str) -> Part:
    text = markup.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return Part(kind=PartKind.WORDS, text=text)


def _part(mark: re.Match[str], names: Mapping[str, str]) -> Part:
    sign, of_id, special, address, label = mark.groups()
    if sign:
        return _named(PartKind.PERSON if sign == "@" else PartKind.CHANNEL, sign, of_id, label, names)
    if special and special.startswith(_GROUP):
        return _named(PartKind.GROUP, "@", special.removeprefix(_GROUP), label, names)
    if special:
        return _words(label or f"@{special}")
    address = _words(address).text
    scheme = next((scheme for scheme in _ADDRESS_SCHEMES if address.startswith(scheme)), "")
    return Part(kind=PartKind.LINK, text=address.removeprefix(scheme))


def _named(kind: PartKind, sign: str, of_id: str, label: str | None, names: Mapping[str, str]) -> Part:
    name = (names.get(of_id) or _words(label or "").text).lstrip(sign)
    return Part(kind=kind, text=f"{sign}{name}" if name else _NAMELESS[kind], id=of_id)


def escaped(text: str) -> str:
    """Words as Slack's markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def readable(parts: Sequence[Part]) -> str:
    """The text of the parts, as readers outside Slack can read it."""
    return "".join(part.text for part in parts)


def is_marked(parts: Sequence[Part]) -> bool:
    """Whether there is more in it than words."""
    return any(part.kind != PartKind.WORDS for part in parts)


def trimmed(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts without the blanks around the whole, as `readable(parts).strip()`."""
    kept = list(parts)
    if kept and kept[0].kind == PartKind.WORDS:
        kept[0] = kept[0].model_copy(update={"text": kept[0].text.lstrip()})
    if kept and kept[-1].kind == PartKind.WORDS:
        kept[-1] = kept[-1].model_copy(update={"text": kept[-1].text.rstrip()})
    return tuple(part for part in kept if part.text)
