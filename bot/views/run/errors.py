"""Why a step went wrong, in words that a clerk understands, and what its warnings mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from bot.languages import N_, Sentence, _, number
from bot.views.kit.text import clip, lasted, names_in, one_line, sentences
from bot.views.plan import steps as plan_steps
from bot.views.plan.faults import demand
from bot.views.plan.origins import makers

SENTENCES: Mapping[str, Sentence] = {
    "http_status": N_("{component} answered with an error."),
    "answered_error": N_("{component} answered with an error."),
    "not_sent": N_("{component} could not be reached. Nothing was sent."),
    "maybe_sent": N_("{component} gave no answer. Mudda can't tell whether the call arrived."),
    "interrupted": N_(
        "Mudda was interrupted while it called {component}, and can't tell whether the call arrived."
    ),
    "unresolved_reference": N_("It needs {reference}, which is missing. Nothing was sent."),
    "secret_missing": N_(
        "The password or key {name} is not set. Nothing was sent. Whoever runs Mudda can set it."
    ),
    "address_refused": N_("Mudda may not call the address. Nothing was sent. Whoever runs Mudda can allow it."),
    "redirect_refused": N_("{component} pointed to another address. Mudda does not follow such links."),
    "input_misfit": N_("The value for {name} is not what {component} takes. Nothing was sent."),
    "origin_refused": N_(
        "The value for {name} comes from {origins}; {component} takes it only from {allowed}. Nothing was sent."
    ),
    "condition_undecided": N_(
        "Its condition compares {found} with {other}, which can't be compared. Nothing was sent."
    ),
    "request_refused": N_("The value for {name} can't be sent. Nothing was sent."),
    "not_pollable": N_("It would ask {component} again and again, which is not allowed. Nothing was sent."),
    "call_not_supported": N_("Mudda can't call components of this kind yet. Nothing was sent."),
    "token_refused": N_(
        "{component} did not let Mudda in. Nothing was sent. Whoever runs Mudda should check its access."
    ),
    "channel_unreachable": N_("Mudda can't post there. Invite it to the channel, then retry."),
    "slack_refused": N_("Slack did not take it."),
    "nobody_reached": N_("Nobody who was to be asked could be reached."),
    "group_empty": N_("Nobody is in the group that was to be asked."),
    "too_many_people": N_(
        "Too many people would be asked at once, so nobody was. Name fewer people or a smaller group."
    ),
    "wait_ended": N_("It did not happen in the time allowed."),
    "rejected": N_("Rejected, so nothing was sent."),
    "gate_timeout": N_("Time ran out before anybody decided. Nothing was sent."),
    "component_missing": N_("Its component is no longer there. Nothing was sent."),
    "internal": N_("Something went wrong inside Mudda."),
}
"""A sentence for each code; what stands in braces is filled in by `explain_error`."""

FULLER: Mapping[str, tuple[Sentence, ...]] = {
    "not_sent": (N_("{component} could not be reached, since {reason}. Nothing was sent."),),
    "maybe_sent": (N_("{component} gave no answer, since {reason}. Mudda can't tell whether the call arrived."),),
    "address_refused": (
        N_(
            "Mudda may not call the address {host}, since {reason}. Nothing was sent. Whoever runs Mudda can "
            "allow it."
        ),
        N_("Mudda may not call the address {host}. Nothing was sent. Whoever runs Mudda can allow it."),
        N_("Mudda may not call the address, since {reason}. Nothing was sent. Whoever runs Mudda can allow it."),
    ),
    "redirect_refused": (N_("{component} pointed to another address {host}. Mudda does not follow such links."),),
    "input_misfit": (
        N_("The value for {name} is not what {component} takes there ({at}): {wanted}. Nothing was sent."),
        N_("The value for {name} is not what {component} takes: {wanted}. Nothing was sent."),
        N_("The value for {name} is not what {component} takes there ({at}). Nothing was sent."),
    ),
    "request_refused": (N_("The value for {name} can't be sent, since {reason}. Nothing was sent."),),
    "slack_refused": (N_("Slack did not take it, since {reason}."),),
    "nobody_reached": (N_("Nobody who was to be asked could be reached, since {reason}."),),
    "too_many_people": (
        N_(
            "Too many people would be asked at once, {people} where {most} may be, so nobody was. Name fewer "
            "people or a smaller group."
        ),
    ),
}
"""The same with all that may be known of it, the fullest first: the first is said of which everything is known."""

UNKNOWN = N_("Something went wrong with this step.")
"""For a code that a later version wrote."""

_REFUSED = N_("{component} refused it ({status})."), N_("{component} refused it: {said} ({status}).")
_FAILED = N_("{component} failed ({status})."), N_("{component} failed: {said} ({status}).")
_LATE = N_("{component} took too long ({status})."), N_("{component} took too long: {said} ({status}).")
_NOT_FOUND = (
    N_("{component} found no such thing ({status})."),
    N_("{component} found no such thing: {said} ({status})."),
)
_GONE = (
    N_("{component} no longer has it ({status})."),
    N_("{component} no longer has it: {said} ({status})."),
)
_NOT_AVAILABLE = (
    N_("{component} is not available right now ({status})."),
    N_("{component} is not available right now: {said} ({status})."),
)
_ERROR_SAID = N_("{component} answered with an error: {said}.")
"""What a component did, alone and with what it said."""

_STATUSES: Mapping[int, tuple[tuple[Sentence, Sentence], str]] = {
    400: (_REFUSED, ""),
    401: (_REFUSED, N_("Mudda's password or key is wrong")),
    403: (_REFUSED, N_("Mudda lacks permission")),
    404: (_NOT_FOUND, N_("not found")),
    405: (_REFUSED, N_("not possible at that address")),
    408: (_LATE, N_("timeout")),
    409: (_REFUSED, N_("conflict")),
    410: (_GONE, N_("gone")),
    413: (_REFUSED, N_("too large")),
    415: (_REFUSED, N_("wrong format")),
    422: (_REFUSED, N_("not valid")),
    429: (_REFUSED, N_("too many calls")),
    503: (_NOT_AVAILABLE, ""),
    504: (_LATE, N_("timeout")),
}
"""What a component did, and what its status means, where that says more."""

_FOR_OPERATORS = (401, 403)
_ANSWERED = ("http_status", "answered_error")
REASONS: Mapping[str, Sentence] = {
    "timeout": N_("it took too long"),
    "dns": N_("its name is unknown"),
    "connection": N_("the connection failed"),
    "tls": N_("its certificate is not valid"),
    "token": N_("it gave Mudda no access token"),
    "not_http": N_("its answer could not be read"),
    "unreadable": N_("its answer could not be read"),
    "secret": N_("its password or key could not be read just now"),
    "file": N_("the file could not be fetched from Slack"),
    "not_a_file": N_("it is no file that a person has sent"),
    "file_gone": N_("the file is no longer there"),
    "file_large": N_("the file is too large"),
    "bad_certificate": N_("it is no certificate with its key"),
    "loopback": N_("it leads back to Mudda's own machine"),
    "unspecified": N_("it leads back to Mudda's own machine"),
    "private": N_("it is inside a private network"),
    "link_local": N_("it is inside a private network"),
    "metadata": N_("it is inside a private network"),
    "multicast": N_("it is no ordinary address"),
    "reserved": N_("it is no ordinary address"),
    "numeric": N_("it is written in a way that hides where it leads"),
    "bad_host": N_("it is not a valid host name"),
    "bad_scheme": N_("it is not a web address"),
    "missing": N_("it is missing"),
    "unfit": N_("it is of the wrong kind"),
    "user_not_found": N_("there is no such person"),
    "users_not_found": N_("there is no such person"),
    "user_disabled": N_("the person's account is closed"),
    "user_not_visible": N_("Mudda can't see the person"),
    "cannot_dm_bot": N_("that is an app, not a person"),
    "no_such_subteam": N_("there is no such group"),
    "subteam_not_found": N_("there is no such group"),
    "plan_upgrade_required": N_("there are no groups in this workspace"),
    "messages_tab_disabled": N_("Mudda may not write to people; whoever runs Mudda can allow it"),
    "missing_scope": N_("Mudda may not do that; whoever runs Mudda can allow it"),
    "empty": N_("it is empty"),
    "dot_segment": N_("it would lead to another address"),
    "not_a_text": N_("it is a list or a set of values, not a text"),
    "not_an_object": N_("it is not a set of named values"),
    "not_json": N_("it is of the wrong kind"),
    "too_deep": N_("it is nested too deep"),
    "clash": N_("two values are given for one place"),
    "bad_name": N_("its name is not allowed"),
    "control_character": N_("it has characters that can't be sent"),
}
"""What a reason means. One that is not here is left to the details."""

WARNINGS: Mapping[str, Sentence] = {
    "not_json": N_("The answer is not in the format it claims to be in."),
    "too_large": N_("The answer was too long. Only its beginning was kept."),
    "binary": N_("The answer is not text, so it was not kept."),
    "bad_text": N_("The answer has characters that could not be read."),
    "bad_encoding": N_("The answer is not compressed the way it says. It was read as it came."),
    "cut": N_("The answer was cut off. This is its beginning."),
    "not_strict": N_("The answer has mistakes in its format. It was read as far as possible."),
    "mismatch": N_("The answer is not quite what was promised."),
    "unjudged": N_("The answer could not be checked: it is too long, or nothing says what it should look like."),
    "not_asked": N_("One person who was to be asked could not be reached."),
}
"""A sentence for each thing that can be odd about an answer, or about who was asked for one."""

FULLER_WARNINGS: Mapping[str, tuple[Sentence, ...]] = {
    "mismatch": (N_("The answer is not quite what was promised, at {at}."),),
    "not_asked": (N_("One person who was to be asked could not be reached, since {reason}."),),
}
"""The same with all that may be known of it."""

ODD = N_("Something about the answer is not as expected.")
"""For a warning that a later version wrote."""

_SAID = 200
_NAMED = 60


def explain_error(error: Mapping[str, Any], component: str, numbers: Mapping[str, int]) -> str:
    """What went wrong, as plain sentences. `component` is its name, `numbers` are the steps' by their ids.

    Facts are taken as they come: a row may be older or newer than this code.
    """
    code, status, message = str(error.get("code")), error.get("status"), error.get("message")
    said = message if isinstance(message, str) and message.strip() else ""
    if code in _ANSWERED:
        told = _answered(_quoted(component), status, said)
    else:
        plain, fuller = SENTENCES.get(code, UNKNOWN), FULLER.get(code, ())
        wanted = frozenset[str]().union(*map(names_in, (plain, *fuller)))
        told = _told(plain, fuller, _facts(error, component, numbers, wanted))
    return sentences(
        [
            f"{told[:1].upper()}{told[1:]}",
            _("Whoever runs Mudda should check its access.") if status in _FOR_OPERATORS else "",
            _patience(error.get("retry_after")),
            _("It said: {said}", said=_quoted(said, _SAID)) if said and code not in _ANSWERED else "",
            _("With that it sent {data}.", data=_quoted(str(error["data"]), _SAID)) if error.get("data") else "",
        ]
    )


def caution(warning: Mapping[str, Any]) -> str:
    """What is odd about an answer, as one sentence."""
    code = str(warning.get("code"))
    facts = {"at": _quoted(str(warning["at"])) if warning.get("at") else "", "reason": _reason(warning)}
    return _told(WARNINGS.get(code, ODD), FULLER_WARNINGS.get(code, ()), facts)


def _told(plain: Sentence, fuller: Iterable[Sentence], facts: Mapping[str, str]) -> str:
    """The fullest sentence of which all facts are known; `plain` names none that may be missing."""
    known = {name for name, value in facts.items() if value}
    chosen = next((each for each in fuller if names_in(each) <= known), plain)
    return _(chosen, **facts)


def _facts(
    error: Mapping[str, Any], component: str, numbers: Mapping[str, int], wanted: Collection[str]
) -> dict[str, str]:
    """What a sentence may name, of that what is wanted; empty where it is not known."""
    facts: dict[str, Callable[[], str]] = {
        "component": lambda: _quoted(component),
        "reason": lambda: _reason(error),
        "reference": lambda: _reference(str(error.get("reference") or "?"), numbers),
        "name": lambda: _quoted(_bare(str(error.get("name") or "?"))),
        "host": lambda: _quoted(str(error["host"])) if error.get("host") else "",
        "people": lambda: _count(error.get("people")),
        "most": lambda: _count(error.get("most")),
        "at": lambda: _quoted(str(error["at"])) if error.get("at") else "",
        "wanted": lambda: demand(error.get("keyword"), error.get("expected")),
        "origins": lambda: makers(error.get("origins")),
        "allowed": lambda: makers(error.get("allowed"), last="or"),
        "found": lambda: _quoted(str(error.get("found") or "?")),
        "other": lambda: _quoted(str(error.get("other") or "?")),
    }
    return {name: fact() for name, fact in facts.items() if name in wanted}


def _patience(asked: Any) -> str:
    """For how long a component asks to be left alone, where that was too long to wait for."""
    if not isinstance(asked, int | float) or asked <= 0:
        return ""
    return _("Try again in {time} at the earliest.", time=lasted(asked))


def _answered(component: str, status: Any, said: str) -> str:
    """What it did, with what it said: "“Crews” refused it: “The crew is at WO-7” (409, conflict)."."""
    quoted = _quoted(said, _SAID) if said else ""
    if not isinstance(status, int):
        words = _ERROR_SAID if said else SENTENCES["http_status"]
        return _(words, component=component, said=quoted)
    did, meaning = _STATUSES.get(status, (_REFUSED if 400 <= status < 500 else _FAILED, ""))
    why = f"{status}, {_(meaning)}" if meaning else str(status)
    words = did[1] if said else did[0]
    return _(words, component=component, said=quoted, status=why)


def _count(value: Any) -> str:
    return number(value) if isinstance(value, int) else ""


def _reason(error: Mapping[str, Any]) -> str:
    words = REASONS.get(str(error.get("reason")))
    return _(words) if words else ""


def _reference(reference: str, numbers: Mapping[str, int]) -> str:
    whole = reference if reference.startswith("{{") else f"{{{{{reference}}}}}"
    words = plan_steps.in_words(whole, numbers)
    return clip(one_line(words[1:-1]), _NAMED) if words.startswith("[") else _quoted(reference)


def _bare(name: str) -> str:
    """An input's own name, without the place that it goes to: `path.area` is "area"."""
    place, _dot, rest = name.partition(".")
    return rest if rest and place in ("path", "query", "header", "body", "variable") else name


def _quoted(text: str, limit: int = _NAMED) -> str:
    return _("“{text}”", text=clip(one_line(text), limit))
