"""Bodies that are almost what their type says: JSON that is not strict, and XML as fields."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.formats import strict_json
from services.formats.strict_json import MAX_DEPTH, NotJson

_GUARD = re.compile(r"\A\s*\)\]\}',?\s*\n")
"""What some servers put before JSON so that no page can load it as a script."""

_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*"'
    r"|(?P<constant>-?\b(?:NaN|Infinity)\b)"
    r"|(?P<zeros>(?<![\w.+-])-?0\d+(?:\.\d+)?(?![\w.]))",
    re.DOTALL,
)


def loose_json(text: str) -> Any:
    """The value of JSON with a guard before it, or with NaN and infinities, which become null. Raises NotJson.

    A number with leading zeros is hardly a number: as a text it keeps them.
    """
    return strict_json.loads(_TOKEN.sub(_strict, _GUARD.sub("", text)))


def _strict(token: re.Match[str]) -> str:
    if token["constant"]:
        return "null"
    return f'"{token["zeros"]}"' if token["zeros"] else token[0]


def xml_fields(text: str) -> Any:
    """XML as a JSON value: elements by their names, without namespaces, those that are repeated as lists.

    Attributes are members named `@name`, and the text beside them is `#text`. Raises NotJson, also for what could
    be an attack: entities are not expanded.
    """
    try:
        # As text: what a document says of its encoding was true of the bytes that it came as.
        root = fromstring(text, forbid_dtd=True)
        return {_name(root.tag): _value(root, MAX_DEPTH)}
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise NotJson("not_json") from None


def _value(element: Element, depth: int) -> Any:
    if not depth:
        raise NotJson("too_deep")
    text = (element.text or "").strip()
    members: dict[str, Any] = {f"@{_name(name)}": value for name, value in element.attrib.items()}
    lists: set[str] = set()
    for child in element:
        name, value = _name(child.tag), _value(child, depth - 1)
        if name in lists:
            members[name].append(value)
        elif name in members:
            members[name] = [members[name], value]
            lists.add(name)
        else:
            members[name] = value
    if not members:
        return text or None
    return {**members, "#text": text} if text else members


def _name(tag: object) -> str:
    return str(tag).rpartition("}")[2]
