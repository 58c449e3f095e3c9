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
    "maybe_sent": "{component} gave no answer{because}. Mudda can't tell whether the call arrived.",
    "interrupted": "Mudda was interrupted while it called {component}, and can't tell whether the call arrived.",
    "unresolved_reference": "It needs {reference}, which is missing. Nothing was sent.",
    "secret_missing": "The password or key {name} is not set. Nothing was sent. Whoever runs Mudda can set it.",
    "address_refused": (
        "Mudda may not call the address{host}{because}. Nothing was sent. Whoever runs Mudda can allow it."
    ),
    "redirect_refused": "{component} pointed to another address{host}. Mudda does not follow such links.",
    "input_misfit": "The value for {name} is not what {component} takes{at}{wanted}. Nothing was sent.",
    "origin_refused": (
        "The value for {name} comes from {origins}; {component} takes it only from {allowed}. Nothing was sent."
    ),
    "condition_undecided": (
        "Its condition compares {found} with {other}, which can't be compared. Nothing was sent."
    ),
    "request_refused": "The value for {name} can't be sent{because}. Nothing was sent.",
    "not_pollable": "It would ask {component} again and again, which is not allowed. Nothing was sent.",
    "call_not_supported": "Mudda can't call components of this kind yet. Nothing was sent.",
    "answered_error": "{component} {answered}{partly}.",
    "token_refused": (
        "{component} did not let Mudda in. Nothing was sent. Whoever runs Mudda should check its access."
    ),
    "channel_unreachable": "Mudda can't post there. Invite it to the channel, then retry.",
    "slack_refused": "Slack did not take it{because}.",
    "nobody_reached": "Nobody who was to be asked could be reached{because}.",
    "group_empty": "Nobody is in the group that was to be asked.",
    "too_many_people": (
        "Too many people would be asked at once{number}, so nobody was. Name fewer people or a smaller group."
    ),
    "wait_ended": "It did not happen in the time allowed.",
    "rejected": "Rejected, so nothing was sent.",
    "gate_timeout": "Time ran out before anybody decided. Nothing was sent.",
    "component_missing": "Its component is no longer there. Nothing was sent.",
    "internal": "Something went wrong inside Mudda.",
}
"""A sentence for each code; what stands in braces is filled in by `explain`."""

UNKNOWN = "Something went wrong with this step."
"""For a code that a later version wrote."""

_REFUSED = "refused it"
_STATUSES = {
    400: (_REFUSED, ""),
    401: (_REFUSED, "Mudda's password or key is wrong"),
    403: (_REFUSED, "Mudda lacks permission"),
    404: ("found no such thing", "not found"),
    405: (_REFUSED, "not possible at that address"),
    408: ("took too long", "timeout"),
    409: (_REFUSED, "conflict"),
    410: ("no longer has it", "gone"),
    413: (_REFUSED, "too large"),
    415: (_REFUSED, "wrong format"),
    422: (_REFUSED, "not valid"),
    429: (_REFUSED, "too many calls"),
    503: ("is not available right now", ""),
    504: ("took too long", "timeout"),
}
"""What a component did, and what its status means, where that says more."""

_FOR_OPERATORS = (401, 403)
_ANSWERED = ("http_status", "answered_error")
REASONS = {
    "timeout": "it took too long",
    "dns": "its name is unknown",
    "connection": "the connection failed",
    "tls": "its certificate is not valid",
    "token": "it gave Mudda no access token",
    "not_http": "its answer could not be read",
    "unreadable": "its answer could not be read",
    "secret": "its password or key could not be read just now",
    "file": "the file could not be fetched from Slack",
    "not_a_file": "it is no file that a person has sent",
    "file_gone": "the file is no longer there",
    "file_large": "the file is too large",
    "bad_certificate": "it is no certificate with its key",
    "loopback": "it leads back to Mudda's own machine",
    "unspecified": "it leads back to Mudda's own machine",
    "private": "it is inside a private network",
    "link_local": "it is inside a private network",
    "metadata": "it is inside a private network",
    "multicast": "it is no ordinary address",
    "reserved": "it is no ordinary address",
    "numeric": "it is written in a way that hides where it leads",
    "bad_host": "it is not a valid host name",
    "bad_scheme": "it is not a web address",
    "missing": "it is missing",
    "unfit": "it is of the wrong kind",
    "user_not_found": "there is no such person",
    "users_not_found": "there is no such person",
    "user_disabled": "the person's account is closed",
    "user_not_visible": "Mudda can't see the person",
    "cannot_dm_bot": "that is an app, not a person",
    "no_such_subteam": "there is no such group",
    "subteam_not_found": "there is no such group",
    "plan_upgrade_required": "there are no groups in this workspace",
    "messages_tab_disabled": "Mudda may not write to people; whoever runs Mudda can allow it",
    "missing_scope": "Mudda may not do that; whoever runs Mudda can allow it",
    "empty": "it is empty",
    "dot_segment": "it would lead to another address",
    "not_a_text": "it is a list or a set of values, not a text",
    "not_an_object": "it is not a set of named values",
    "not_json": "it is of the wrong kind",
    "too_deep": "it is nested too deep",
    "clash": "two values are given for one place",
    "bad_name": "its name is not allowed",
    "control_character": "it has characters that can't be sent",
}
"""What a reason means. One that is not here is left to the details."""

WARNINGS: Mapping[str, str] = {
    "not_json": "The answer is not in the format it claims to be in.",
    "too_large": "The answer was too long. Only its beginning was kept.",
    "binary": "The answer is not text, so it was not kept.",
    "bad_text": "The answer has characters that could not be read.",
    "bad_encoding": "The answer is not compressed the way it says. It was read as it came.",
    "cut": "The answer was cut off. This is its beginning.",
    "not_strict": "The answer has mistakes in its format. It was read as far as possible.",
    "mismatch": "The answer is not quite what was promised{at}.",
    "unjudged": ("The answer could not be checked: it is too long, or nothing says what it should look like."),
    "not_asked": "One person who was to be asked could not be reached{because}.",
}
"""A sentence for each thing that can be odd about an answer, or about who was asked for one."""

ODD = "Something about the answer is not as expected."
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
            "answered": _answered(error.get("status"), error.get("message")),
            "because": _because(error.get("reason")),
            "partly": f", and with that: {_quoted(str(error['data']), _SAID)}" if error.get("data") else "",
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
    is_told = error.get("code") in _ANSWERED or not isinstance(message, str) or not message.strip()
    said = "" if is_told else f" It said: {_quoted(str(message), _SAID)}"
    advice = " Whoever runs Mudda should check its access." if error.get("status") in _FOR_OPERATORS else ""
    return f"{told[:1].upper()}{told[1:]}{advice}{_patience(error.get('retry_after'))}{said}"


def caution(warning: Mapping[str, Any]) -> str:
    """What is odd about an answer, as one sentence."""
    at = f", at {_quoted(str(warning['at']))}" if warning.get("at") else ""
    facts = {"at": at, "because": _because(warning.get("reason"))}
    return WARNINGS.get(str(warning.get("code")), ODD).format_map(facts)


def _patience(asked: Any) -> str:
    """For how long a component asks to be left alone, where that was too long to wait for."""
    return (
        f" Try again in {lasted(asked)} at the earliest." if isinstance(asked, int | float) and asked > 0 else ""
    )


def _answered(status: Any, message: Any) -> str:
    """What it did, with what it said: "refused it: “The crew is at WO-7” (409, conflict)"."""
    said = f": {_quoted(str(message), _SAID)}" if isinstance(message, str) and message.strip() else ""
    if not isinstance(status, int):
        return f"answered with an error{said}"
    verb, meaning = _STATUSES.get(status, (_REFUSED if 400 <= status < 500 else "failed", ""))
    return f"{verb}{said} ({status}{f', {meaning}' if meaning else ''})"


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
