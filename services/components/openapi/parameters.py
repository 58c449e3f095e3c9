"""Parameters of an operation: those of its path too, by where they go, and how lists and objects are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.components.definitions import RESERVED_HEADERS
from services.components.openapi.converting import Converter
from services.components.openapi.keywords import line
from services.components.openapi.model import CutCode, Cuts, OperationRefused, Reason
from services.components.openapi.references import References, listing, mapping, text

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OURS = frozenset({"accept", "content-type", "authorization"})
"""OpenAPI itself says that these are to be passed over."""

_QUERY_STYLES = {
    ("form", False): "comma",
    ("spaceDelimited", False): "space",
    ("pipeDelimited", False): "pipe",
    ("deepObject", True): "deepObject",
    ("deepObject", False): "deepObject",
    ("form", True): "",
    ("spaceDelimited", True): "",
    ("pipeDelimited", True): "",
}
_TEXT: Mapping[str, Any] = {"type": "string"}


@dataclass(slots=True)
class Parameters:
    """The members of a component that come of parameters, and the path with the names in `path_params`."""

    template: str
    path_params: dict[str, Any] = field(default_factory=dict)
    query_params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    serialization: dict[str, str] = field(default_factory=dict)


def parameters_of(
    template: str,
    levels: Iterable[Any],
    references: References,
    converter: Converter,
    cuts: Cuts,
) -> Parameters:
    """The parameters that are declared on several `levels`, a later one in place of an earlier one.

    Raises OperationRefused for one that is required and can't be given.
    """
    declared: dict[tuple[str, str], dict[str, Any]] = {}
    for level in levels:
        for each in listing(level):
            parameter = references.resolved(each)
            name, place = text(parameter.get("name")), text(parameter.get("in"))
            if name and place:
                declared[(name, place)] = parameter
    names = {name: _placeholder(name) for name in dict.fromkeys(_PLACEHOLDER.findall(template))}
    found = Parameters(_PLACEHOLDER.sub(lambda match: f"{{{names[match[1]]}}}", template))
    for (name, place), parameter in declared.items():
        _add(found, name, place, parameter, names, converter, cuts)
    for name, ours in names.items():
        if ours not in found.path_params:
            cuts.add(CutCode.PLACEHOLDER, "path", name)
            found.path_params[ours] = {**_TEXT, "required": True}
    return found


def _add(
    found: Parameters,
    name: str,
    place: str,
    parameter: Mapping[str, Any],
    names: Mapping[str, str],
    converter: Converter,
    cuts: Cuts,
) -> None:
    where = f"{place}.{name}"
    if place == "path":
        if name in names:
            found.path_params[names[name]] = _in_words(_path_schema(parameter, where, converter))
            found.path_params[names[name]]["required"] = True
        else:
            cuts.add(CutCode.PARAMETER, where)
    elif place == "query":
        schema, way = _query_schema(parameter, where, converter)
        found.query_params[name] = schema
        if way:
            found.serialization[name] = way
    elif place == "header":
        if name.lower() in _OURS:
            return
        if name.lower() in RESERVED_HEADERS:
            _leave_out(parameter, Reason.HEADER, CutCode.HEADER, name, cuts)
        else:
            found.headers[name] = _in_words(_schema(parameter, where, converter))
    else:
        is_cookie = place == "cookie"
        reason = Reason.COOKIE if is_cookie else Reason.PARAMETER_PLACE
        about = name if is_cookie else f"{place} {name}"
        _leave_out(parameter, reason, CutCode.COOKIE if is_cookie else CutCode.PARAMETER, about, cuts)


def _leave_out(parameter: Mapping[str, Any], reason: Reason, code: CutCode, about: str, cuts: Cuts) -> None:
    if parameter.get("required") is True:
        raise OperationRefused(reason, about)
    cuts.add(code, "", about)


def _placeholder(name: str) -> str:
    """A name as it may stand in the URL of a component; what it is called there is nobody else's business."""
    if _NAME.fullmatch(name):
        return name
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name)
    return plain if _NAME.fullmatch(plain) else f"_{plain}"


def _schema(parameter: Mapping[str, Any], where: str, converter: Converter) -> dict[str, Any]:
    """The schema of a parameter as components have it: `required` is a truth value about the parameter itself."""
    content = mapping(parameter.get("content"))
    stated = mapping(next(iter(content.values()), None)).get("schema") if content else parameter.get("schema")
    schema = converter.convert(stated, where) if stated is not None else dict(_TEXT)
    schema.pop("required", None)
    if description := line(parameter.get("description"), converter.words):
        schema["description"] = description
    if parameter.get("required") is True:
        schema["required"] = True
    return schema


def _path_schema(parameter: Mapping[str, Any], where: str, converter: Converter) -> dict[str, Any]:
    style = text(parameter.get("style")) or "simple"
    if style != "simple":
        raise OperationRefused(Reason.PARAMETER_STYLE, f"{where}: {style}")
    return _schema(parameter, where, converter)


def _query_schema(parameter: Mapping[str, Any], where: str, converter: Converter) -> tuple[dict[str, Any], str]:
    schema = _schema(parameter, where, converter)
    if "content" in parameter:
        is_json = "json" in next(iter(mapping(parameter["content"])), "")
        return (schema, "json") if is_json else (_in_words(schema), "")
    style = text(parameter.get("style")) or "form"
    explode = parameter.get("explode", style == "form") is True
    way = _QUERY_STYLES.get((style, explode))
    if way is None:
        raise OperationRefused(Reason.PARAMETER_STYLE, f"{where}: {style}")
    if not way and style == "form" and _may_be(schema, "object"):
        way = "form"
    return schema, way if way in ("", "form") or _may_be(schema, "array") or _may_be(schema, "object") else ""


def _may_be(schema: Mapping[str, Any], kind: str) -> bool:
    types = schema.get("type", ())
    stated = types if isinstance(types, list) else [types] if types else []
    branches = [each for name in ("anyOf", "allOf") for each in listing(schema.get(name))]
    return (
        kind in stated or (kind == "object" and "properties" in schema) or any(_may_be(b, kind) for b in branches)
    )


def _in_words(schema: dict[str, Any]) -> dict[str, Any]:
    """A list or an object where only text has a place: with commas between, as style `simple` writes it."""
    if not (_may_be(schema, "array") or _may_be(schema, "object")):
        return schema
    said = schema.get("description", "")
    way = "Several values have commas between them." if _may_be(schema, "array") else "As name,value,name,value."
    kept = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "string", "description": f"{said} {way}".strip(), **kept}
