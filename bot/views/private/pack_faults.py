"""What is wrong with a pack of components, in words: for whoever sent it, and for who loads it by command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.languages import N_, Sentence, _
from bot.views.private.yaml_faults import YAML_SENTENCES
from services.components.packs import PackFault, PackFaultCode
from services.components.refusals import DefinitionFaultCode as Definition

_TYPES: Mapping[str, Sentence] = {
    "text": N_("must be text (in quotes, if it looks like something else)"),
    "bool": N_("must be true or false"),
    "integer": N_("must be a whole number"),
    "number": N_("must be a number"),
    "mapping": N_("must be a mapping of names to values"),
    "list": N_("must be a list"),
}


def pack_fault(fault: PackFault) -> str:
    """A fault as a clause; it begins small, for a name may stand before it."""
    return _CLAUSES[fault.code](fault.detail)


def _type(detail: Mapping[str, Any]) -> str:
    expected = str(detail["expected"])
    return _(_TYPES[expected]) if expected in _TYPES else _("must be {kind}", kind=expected)


def _range(detail: Mapping[str, Any]) -> str:
    if "minimum" in detail:
        return _("must be at least {least}", least=f"{detail['minimum']:g}")
    return _("must be at most {most}", most=f"{detail['maximum']:g}")


def _origins(detail: Mapping[str, Any]) -> str:
    return _("must be one of {allowed}, or a list of them", allowed=", ".join(detail["allowed"]))


_CLAUSES: Mapping[Any, Callable[[Mapping[str, Any]], str]] = {
    **YAML_SENTENCES,
    PackFaultCode.NOT_A_PACK: lambda _d: _("a pack is a mapping with the member “components”"),
    PackFaultCode.EMPTY_PACK: lambda _d: _("there are no components in this pack"),
    PackFaultCode.DUPLICATE_KEY: lambda d: _(
        "this key is taken by a component in line {line}", line=str(d["first_line"])
    ),
    Definition.UNKNOWN_MEMBER: lambda _d: _("there is no such member"),
    Definition.MISSING_MEMBER: lambda _d: _("this member is missing"),
    Definition.WRONG_TYPE: _type,
    Definition.NOT_ALLOWED: lambda d: _("must be one of {allowed}", allowed=d["allowed"]),
    Definition.OUT_OF_RANGE: _range,
    Definition.TOO_LONG: lambda d: _("must have at most {limit} characters", limit=d["limit"]),
    Definition.BLANK: lambda _d: _("must not be empty"),
    Definition.CONTROL_CHARACTER: lambda _d: _("must be one line without control characters"),
    Definition.BAD_KEY: lambda _d: _("must be 1 to 64 of a-z, 0-9, “_”, “.” and “-”"),
    Definition.RESERVED_KEY: lambda d: _(
        "keys that begin with “{prefix}” are for Mudda's own components", prefix=d["prefix"]
    ),
    Definition.BAD_URL: lambda _d: _("this is not a URL that can be called"),
    Definition.URL_SCHEME: lambda _d: _("the URL must begin with http:// or https://"),
    Definition.URL_USERINFO: lambda _d: _("a URL must not hold a user name or password; “auth” is for that"),
    Definition.URL_FRAGMENT: lambda _d: _("a URL with a fragment (#…) can't be called"),
    Definition.PLACEHOLDER_OUTSIDE_PATH: lambda _d: _("a {placeholder} may only stand in the path of the URL"),
    Definition.PLACEHOLDER_UNDECLARED: lambda d: _(
        "{placeholder} of the URL is not declared here", placeholder=f"{{{d['name']}}}"
    ),
    Definition.PATH_PARAM_UNUSED: lambda _d: _("the URL has no such {placeholder}"),
    Definition.PATH_PARAM_OPTIONAL: lambda _d: _("a path parameter is always required"),
    Definition.BAD_SCHEMA: lambda d: _("this is not a JSON Schema: {problem}", problem=d["problem"]),
    Definition.REMOTE_REFERENCE: lambda d: _(
        "{reference} leads out of this schema, which is not followed", reference=d["reference"]
    ),
    Definition.DANGLING_REFERENCE: lambda d: _("{reference} leads to no schema", reference=d["reference"]),
    Definition.CIRCULAR_REFERENCE: lambda d: _("{reference} leads back to itself", reference=d["reference"]),
    Definition.BAD_ORIGIN: _origins,
    Definition.ORIGIN_NOT_FOLLOWED: lambda _d: _(
        "“from” is not looked for here: put it into a property or an item"
    ),
    Definition.BAD_HEADER: lambda _d: _("this can't be the name of a header"),
    Definition.RESERVED_HEADER: lambda _d: _("this header is set by Mudda itself, or by “auth”"),
    Definition.BAD_TEMPLATE: lambda d: _(
        "this is no GraphQL operation that can be sent: {problem}", problem=d["problem"]
    ),
    Definition.NOT_ONE_OPERATION: lambda d: _(
        "a template has one operation, and this has {count}", count=d["count"]
    ),
    Definition.SUBSCRIPTION: lambda _d: _("a subscription never ends: use a query or a mutation"),
    Definition.NOT_A_VARIABLE: lambda _d: _("the template has no such variable"),
    Definition.LITERAL_SECRET: lambda _d: _(
        "a secret must not stand in a file: write env:NAME and set NAME, or secret:NAME and keep it with "
        "“mudda secrets set”"
    ),
}
