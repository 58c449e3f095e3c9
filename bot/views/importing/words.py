"""Why operations can't be imported, what is cut of them, and when a component is asked about, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.languages import N_, Sentence, _
from services.components.openapi.model import CutCode, Reason
from services.components.openapi.model import DocumentFaultCode as Fault

GATES: Mapping[str, Sentence] = {
    "none": N_("is called without asking"),
    "plan": N_("is approved with its plan"),
    "step": N_("asks before each call"),
}

REASONS: Mapping[Reason, Sentence] = {
    Reason.AGAINST_SCHEMA: N_("Not written as OpenAPI has it"),
    Reason.METHOD: N_("Uses a method that is never called"),
    Reason.NO_SERVER: N_("Says no address to call"),
    Reason.SERVER_VARIABLE: N_("Its address has a variable without a value"),
    Reason.COOKIE: N_("Needs a cookie"),
    Reason.PARAMETER_PLACE: N_("Needs an input in a place that is not supported"),
    Reason.PARAMETER_STYLE: N_("Needs an input in a style that is not supported"),
    Reason.HEADER: N_("Needs a header that Mudda sets itself"),
    Reason.BODY_TYPE: N_("Needs a body that is neither JSON nor a form"),
    Reason.BODY_OF_GET: N_("Needs a body where none can be sent"),
    Reason.AUTH: N_("Needs a way to sign in that is not supported"),
    Reason.REMOTE_REFERENCE: N_("Refers to another document, which is not fetched"),
    Reason.DANGLING_REFERENCE: N_("Refers to something that is not there"),
    Reason.CIRCULAR_REFERENCE: N_("Refers only to itself"),
    Reason.TOO_LARGE: N_("Takes more inputs than fit"),
    Reason.DEFINITION: N_("Breaks a rule for components"),
    Reason.ADDRESS: N_("Its address must not be called"),
    Reason.KEY_TAKEN: N_("Another component has its name"),
}

CUTS: Mapping[CutCode, Sentence] = {
    CutCode.RECURSIVE: N_("Descriptions that contain themselves, cut where they repeat"),
    CutCode.DEPTH: N_("Parts that are nested too deep"),
    CutCode.PROPERTIES: N_("More fields than fit"),
    CutCode.NODES: N_("More descriptions than fit"),
    CutCode.BYTES: N_("Descriptions shortened to fit"),
    CutCode.ENUM: N_("Long lists of choices"),
    CutCode.KEYWORD: N_("Rules that are not taken over"),
    CutCode.TEXT: N_("Long texts, shortened"),
    CutCode.HEADER: N_("Optional headers that Mudda sets itself"),
    CutCode.COOKIE: N_("Optional cookies"),
    CutCode.PARAMETER: N_("Inputs that are sent nowhere"),
    CutCode.BODY: N_("Optional bodies that are neither JSON nor a form"),
    CutCode.RESPONSE: N_("Answers that are not JSON"),
    CutCode.NO_ID: N_("Operations without an id, named after their path"),
    CutCode.DUPLICATE_ID: N_("Operations that share an id, named after their path"),
    CutCode.PLACEHOLDER: N_("Inputs of an address that are not described, taken for text"),
}

DOCUMENT_FAULTS: Mapping[Fault, Callable[[Mapping[str, Any]], str]] = {
    Fault.TOO_LARGE: lambda d: _(
        "It is larger than {size} MB, which is the most I read.", size=d["limit"] // 2**20
    ),
    Fault.NOT_UTF8: lambda _d: _("It is not UTF-8 text."),
    Fault.NOT_JSON: lambda d: _("Line {line} is not JSON.", line=str(d["line"])),
    Fault.NOT_YAML: lambda d: _("Line {line} is not YAML.", line=str(d["line"])),
    Fault.DUPLICATE_MEMBER: lambda d: _("“{member}” is in it twice in one place.", member=d["member"]),
    Fault.TOO_DEEP: lambda _d: _("It is nested too deep."),
    Fault.EXPANDS_TOO_FAR: lambda _d: _("With its aliases written out, it would be too large."),
    Fault.UNKNOWN_TAG: lambda d: _("Line {line} has a tag that I don't read.", line=str(d.get("line", 1))),
    Fault.NOT_OPENAPI: lambda _d: _("It is not an OpenAPI document."),
    Fault.SWAGGER: lambda _d: _("It is Swagger 2.0. Convert it to OpenAPI 3 first, and send that."),
    Fault.UNKNOWN_VERSION: lambda d: _(
        "It is OpenAPI {version}; I read 3.0, 3.1 and 3.2.", version=str(d["version"])
    ),
    Fault.AGAINST_SCHEMA: lambda d: _("{place} is not written as OpenAPI has it.", place=str(d["at"])),
    Fault.NO_OPERATIONS: lambda _d: _("There are no operations in it."),
    Fault.TOO_MANY_OPERATIONS: lambda d: _("It has more than {limit} operations.", limit=int(d["limit"])),
    Fault.TOO_SLOW: lambda d: _("I could not read it within {limit} seconds.", limit=int(d["limit"])),
    Fault.UNREADABLE: lambda _d: _("I can't read it: it takes too much memory."),
}

OPEN311: Mapping[str, Sentence] = {
    "bad_url": N_("This is not an address that can be called."),
    "bad_key": N_("A key must not stand in a form: write where it is, as env:NAME or secret:NAME."),
    "bad_prefix": N_("No components can be named after this address."),
    "address": N_("{where} must not be called: its address is private or not allowed here."),
    "unreachable": N_("I can't reach {where}."),
    "redirect": N_("{where} leads to another place. Give the address that it leads to."),
    "slow": N_("{where} takes too long to answer."),
    "too_large": N_("{where} answers with more than a megabyte."),
    "entities": N_("{where} answers with XML that I don't read, because it declares things of its own."),
    "page": N_("{where} answers with a web page and not with Open311."),
    "unreadable": N_("{where} answers with something else than Open311."),
    "jurisdiction": N_("{where} does not know this jurisdiction."),
    "not_found": N_("There is nothing at {where}."),
    "key_refused": N_("{where} wants a key before it says anything."),
    "refused": N_("{where} refuses to answer."),
    "no_services": N_("{where} has no service that a request could be filed for."),
    "too_many": N_("{where} has more services than can be offered."),
    "taken": N_("Another endpoint's components have the same names."),
}
