"""Why a step went wrong, in words that a clerk understands, and what its warnings mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.views.kit.text import clip, lasted, one_line
from bot.views.plan import steps as plan_steps
from bot.views.plan.faults import demand
from bot.views.plan.origins import makers

SENTENCES: Mapping[str, str] = {
    "http_status": "{component} {answered}.",
    "not_sent": "{component} could not be reached{because}. Nothing was sent.",
    "maybe_sent": "{component} gave no answer{because}. The call may have reached it, or not.",
    "interrupted": "Mudda was interrupted while it called {component}. The call may have reached it, or not.",
    "unresolved_reference": "It needs {reference}, and there is none. Nothing was sent.",
    "secret_missing": "The password or key {name} is not set. Nothing was sent; whoever runs Mudda can set it.",
    "address_refused": (
        "Mudda may not call the address{host}{because}. Nothing was sent; whoever runs Mudda can allow it."
    ),
    "redirect_refused": "{component} pointed to another address{host}, where Mudda does not follow.",
    "input_misfit": "The value for {name} is not what {component} takes{at}{wanted}. Nothing was sent.",
    "origin_refused": (
        "The value for {name} comes from {origins}; {component} takes it only from {allowed}. Nothing was sent."
    ),
    "condition_undecided": (
        "Its condition asks which is greater, {found} or {other}, and there is no telling. Nothing was sent."
    ),
    "request_refused": "The value for {name} can't be sent{because}. Nothing was sent.",
    "not_pollable": "It waits for {component}, which may not be asked again and again. Nothing was sent.",
    "call_not_supported": "Mudda can't call components of this kind yet. Nothing was sent.",
    "token_refused": "{component} did not let Mudda in. Nothing was sent; whoever runs Mudda should look at it.",
    "channel_unreachable": "Mudda can't post there. Invite it to the channel, then retry.",
    "slack_refused": "Slack did not take it{because}.",
    "nobody_reached": "None of those to be asked could be reached{because}.",
    "group_empty": "Nobody is in the group that was to be asked.",
    "too_many_people": (
        "Too many people would be asked at once{number}, so nobody was. Name fewer of them, or a smaller group."
    ),
    "wait_ended": "It did not come about in the time that it was given.",
    "rejected": "Rejected, so nothing was sent.",
    "gate_timeout": "Nobody decided in time, so nothing was sent.",
    "component_missing": "Its component is no longer there. Nothing was sent.",
    "internal": "Something went wrong inside Mudda.",
}
"""A sentence for each code; what stands in braces is filled in by `explain`."""

UNKNOWN = "Something went wrong with this step."
"""For a code that a later version wrote."""

_STATUSES = {
    400: "did not accept what was sent",
    401: "did not accept Mudda's password or key; whoever runs Mudda should look at it",
    403: "does not let Mudda do this; whoever runs Mudda should look at its permissions",
    404: "found no such thing",
    405: "does not do such things at that address",
    408: "waited too long for the call",
    409: "said that this is at odds with what it has already",
    410: "said that this is gone for good",
    413: "said that this is too long",
    415: "did not accept the form of what was sent",
    422: "did not accept what was sent",
    429: "is asked too much just now",
    503: "is not available just now",
}
REASONS = {
    "timeout": "it took too long",
    "dns": "its name is unknown",
    "connection": "the connection failed",
    "tls": "it could not prove that it is who it claims to be",
    "token": "it gave Mudda no pass to come in with",
    "not_http": "what came back could not be read",
    "loopback": "it leads back to Mudda's own machine",
    "unspecified": "it leads back to Mudda's own machine",
    "private": "it leads into a closed network",
    "link_local": "it leads into a closed network",
    "metadata": "it leads into a closed network",
    "multicast": "it is nobody's own address",
    "reserved": "it is nobody's own address",
    "numeric": "it is written in a way that hides where it leads",
    "bad_host": "it is no proper name of a machine",
    "bad_scheme": "it is no web address",
    "missing": "there is none",
    "unfit": "it is not of the kind that is wanted",
    "user_not_found": "there is no such person",
    "users_not_found": "there is no such person",
    "user_disabled": "the person's account is closed",
    "user_not_visible": "Mudda can't see the person",
    "cannot_dm_bot": "that is an app and no person",
    "no_such_subteam": "there is no such group",
    "subteam_not_found": "there is no such group",
    "plan_upgrade_required": "there are no groups in this workspace",
    "messages_tab_disabled": "Mudda may not write to people; whoever runs Mudda can allow it",
    "missing_scope": "Mudda may not do that; whoever runs Mudda can allow it",
    "empty": "it is empty",
    "dot_segment": "it would lead to another address",
    "not_a_text": "it is a list or a set of values where a text belongs",
    "not_an_object": "it is not a set of named values",
    "not_json": "it is not of the kind that is wanted",
    "too_deep": "it is nested too deep",
    "clash": "there are two of them for one place",
    "bad_name": "no value may have that name",
    "control_character": "it has characters that can't be sent",
}
"""What a reason means. One that is not here is left to the details."""

WARNINGS: Mapping[str, str] = {
    "not_json": "The answer is not in the form that it claims to be in.",
    "too_large": "The answer was too long; only its beginning was kept.",
    "binary": "The answer is no text, so it was not kept.",
    "bad_text": "The answer has characters that could not be read.",
    "bad_encoding": "The answer is not packed as it says; it was read as it came.",
    "cut": "The packed answer was cut off; this is its beginning.",
    "not_strict": "The answer has slips in its form; it was read as far as possible.",
    "mismatch": "The answer is not quite what its component promises{at}.",
    "unjudged": (
        "The answer could not be checked: it is too long, or its component does not say clearly what it answers."
    ),
    "not_asked": "One of those to be asked could not be reached{because}.",
}
"""A sentence for each thing that can be odd about an answer, or about who was asked for one."""

ODD = "There is something odd about the answer."
"""For a warning that a later version wrote."""

_SAID = 200
_NAMED = 60


def explain_error(error: Mapping[str, Any], component: str, numbers: Mapping[str, int]) -> str:
    """What went wrong, as plain sentences. `component` is its name, `numbers` are the steps' by their ids.

    Facts are taken as they come: a row may be older or newer than this code.
    """
    told = SENTENCES.get(str(error.get("code")), UNKNOWN).format_map(
        {
            "component": _quoted(component),
            "answered": _answered(error.get("status")),
            "because": _because(error.get("reason")),
            "reference": _reference(str(error.get("reference") or "?"), numbers),
            "name": _quoted(_bare(str(error.get("name") or "?"))),
            "host": f" {_quoted(str(error['host']))}" if error.get("host") else "",
            "number": _number(error),
            "at": f" there ({_quoted(str(error['at']))})" if error.get("at") else "",
            "wanted": _wanted(error),
            "origins": makers(error.get("origins")),
            "allowed": makers(error.get("allowed"), last="or"),
            "found": _quoted(str(error.get("found") or "?")),
            "other": _quoted(str(error.get("other") or "?")),
        }
    )
    message = error.get("message")
    said = f" It said: {_quoted(message, _SAID)}" if isinstance(message, str) and message.strip() else ""
    return f"{told[:1].upper()}{told[1:]}{_patience(error.get('retry_after'))}{said}"


def caution(warning: Mapping[str, Any]) -> str:
    """What is odd about an answer, as one sentence."""
    at = f", at {_quoted(str(warning['at']))}" if warning.get("at") else ""
    facts = {"at": at, "because": _because(warning.get("reason"))}
    return WARNINGS.get(str(warning.get("code")), ODD).format_map(facts)


def _patience(asked: Any) -> str:
    """For how long a component asks to be left alone, where that was too long to wait for."""
    return (
        f" It asks to be left alone for {lasted(asked)}." if isinstance(asked, int | float) and asked > 0 else ""
    )


def _answered(status: Any) -> str:
    if not isinstance(status, int):
        return "answered with an error"
    own = "had a fault of its own" if status >= 500 else "did not do it"
    return f"{_STATUSES.get(status, own)} ({status})"


def _number(error: Mapping[str, Any]) -> str:
    """How many there are, and may be at most: ", 34 where 20 may be"."""
    people, most = error.get("people"), error.get("most")
    return f", {people:,} where {most:,} may be" if isinstance(people, int) and isinstance(most, int) else ""


def _wanted(error: Mapping[str, Any]) -> str:
    words = demand(error.get("keyword"), error.get("expected"))
    return words and f": {words}"


def _because(reason: Any) -> str:
    words = REASONS.get(str(reason))
    return f", since {words}" if words else ""


def _reference(reference: str, numbers: Mapping[str, int]) -> str:
    whole = reference if reference.startswith("{{") else f"{{{{{reference}}}}}"
    words = plan_steps.in_words(whole, numbers)
    return clip(one_line(words[1:-1]), _NAMED) if words.startswith("[") else _quoted(reference)


def _bare(name: str) -> str:
    """An input's own name, without the place that it goes to: `path.area` is "area"."""
    place, _, rest = name.partition(".")
    return rest if rest and place in ("path", "query", "header", "body", "variable") else name


def _quoted(text: str, limit: int = _NAMED) -> str:
    return f"“{clip(one_line(text), limit)}”"
