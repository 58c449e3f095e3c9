"""What to look up for a question by plain rules: for when the model can't be had, and for the model's stand-in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from services.formats.text import search_words
from services.queries.lookups.rows import Wanted

_NUMBER = re.compile(r"#\s?(\d{1,9})\b|\bplan (?:number |no\.? )?(\d{1,9})\b", re.IGNORECASE)
_PERSON = re.compile(r"\b[UW][A-Z0-9]{6,20}\b")
_MENTIONED = re.compile(r"@[\w.-]+|<@[^>]*>")
_LAST_DAYS = re.compile(r"\blast (\d{1,3}) days\b")
_SMALL = frozenset(
    search_words(
        "a about all also an and any anybody anyone are as at been being but by can could decide decided did "
        "do does done ever for from get give gone had has have here how i in is it its just last long made "
        "many may me month much my near now of often on once one or our please plan plans say says see show "
        "since so some take takes tell that the them there these they this those time times to today town "
        "tell under until up us was we week were what when where which who whom whose why will with year "
        "yesterday you your been number not "
    )
)
_STATES = {
    "open": "open",
    "unfinished": "open",
    "running": "running",
    "waiting": "waiting",
    "failed": "failed",
    "stuck": "failed",
    "done": "done",
    "finished": "done",
    "completed": "done",
    "cancelled": "cancelled",
    "discarded": "discarded",
    "drafted": "drafting",
    "review": "to_review",
    "reviewed": "to_review",
}
_DECISIONS = {
    "approve": "approved",
    "approved": "approved",
    "agreed": "approved",
    "reject": "rejected",
    "rejected": "rejected",
    "refused": "rejected",
    "skip": "skipped",
    "skipped": "skipped",
    "discard": "discarded",
    "discarded": "discarded",
    "retried": "retried",
    "stopped": "stopped",
    "cancelled": "stopped",
}


def look_ups_for(question: str, today: date, plan: int | None = None, people: Sequence[str] = ()) -> list[Wanted]:
    """What to look up; nothing where no rule fits.

    `plan` is the number of the plan in whose thread it was asked, `people` are the Slack ids of those who are
    mentioned.
    """
    said = _MENTIONED.sub("", question.casefold())
    words = set(search_words(said))
    who = next(iter([*people, *_PERSON.findall(question)]), "me" if words & {"i", "me", "my"} else "")
    period = _period(said, today)
    if named := _NUMBER.search(question):
        return [Wanted("plan", {"number": named[1] or named[2]})]
    if what := _rule(said, words):
        return [_wanted(what, said, words, who, period)]
    if plan is not None:
        return [Wanted("plan", {"number": str(plan)})]
    state = _state(words)
    if state or words & {"plans", "plan", "issues", "reported", "reports", "happening", "going"}:
        given = {"state": state or "any", "text": _place(said) or subject(said), "reporter": who, **period}
        return [Wanted("plans", _given(given))]
    return []


def fewer_words(wanted: Wanted) -> Wanted | None:
    """The same look-up with the longest of its words alone; None if it has no more than one."""
    for name in ("text", "component"):
        words = wanted.arguments.get(name, "").split()
        if len(words) > 1:
            return Wanted(wanted.name, {**wanted.arguments, name: max(words, key=len)})
    return None


def _rule(said: str, words: set[str]) -> str:
    """Which look-up a question is one for."""
    if words & {"tokens", "token", "cost", "costs", "spent", "budget"}:
        return "tokens"
    if words & {"policy", "policies", "rule", "rules", "allowed", "forbidden"}:
        return "policies"
    if words & {"fail", "fails", "failures", "failing", "failure"} or ("often" in words and "failed" in words):
        return "failures"
    if "how long" in said or words & {"median", "average"}:
        return "durations"
    if words & {"approvers"} or re.search(r"\bwho (?:may|can|must|has to|is allowed to)\b", said):
        return "approvers"
    if words & _DECISIONS.keys() and words & {"who", "did", "when", "i"}:
        return "decisions"
    if words & {"component", "components", "api", "apis", "sends"}:
        return "components"
    if re.search(r"\bwait(?:s|ing)? (?:for|on) (?:me|us|people|anybody|anyone|a person|approval|<?@)", said):
        return "waiting"
    if words & {"awaited", "overdue"} or "longest" in words:
        return "waiting"
    return "counts" if "how many" in said or "per month" in said or "who reported" in said else ""


def _wanted(what: str, said: str, words: set[str], who: str, period: dict[str, str]) -> Wanted:
    match what:
        case "tokens":
            given = period
        case "policies" | "components":
            given = {
                "text": subject(said, {"policy", "policies", "rule", "rules", "component", "components", "api"})
            }
        case "failures":
            given = {"component": subject(said, {"fail", "fails", "failed", "failing", "failure", "failures"})}
            given |= period
        case "durations":
            given = {"text": _place(said), **period}
        case "decisions":
            kind = next(_DECISIONS[word] for word in search_words(said) if word in _DECISIONS)
            given = {"what": kind, "person": who, "text": subject(said, set(_DECISIONS)), **period}
        case "waiting":
            given = {"person": who}
        case "counts":
            given = {"by": _by(said), "state": _state(words), "text": _place(said), "reporter": who, **period}
        case _:
            given = {}
    return Wanted(what, _given(given))


def subject(said: str, known: set[str] | frozenset[str] = frozenset()) -> str:
    """The words of a question that say what it is about."""
    said = _LAST_DAYS.sub("", said)
    words = [word for word in search_words(said) if word not in _SMALL and word not in known]
    return " ".join(word for word in words if word not in _STATES and not word.startswith(("issue", "report")))[
        :100
    ]


def _place(said: str) -> str:
    """What stands behind in, at, on or near: "Ward 4", "5th and Main"."""
    said = re.sub(r"\b(?:this|last) (?:month|week|year)\b|\btoday\b|\byesterday\b", "", _LAST_DAYS.sub("", said))
    found = re.search(r"\b(?:in|at|on|near|along)\s+(?:the\s+)?([^?.,;!]{2,60})", said)
    return " ".join(found[1].split()) if found and found[1].strip() not in ("town", "all", "total") else ""


def _by(said: str) -> str:
    if "who reported" in said or "reporter" in said:
        return "reporter"
    if "month" in said and "this month" not in said and "last month" not in said:
        return "month"
    return "place" if "where" in said or "place" in said else "state"


def _state(words: set[str]) -> str:
    return next((state for word, state in _STATES.items() if word in words), "")


def _period(said: str, today: date) -> dict[str, str]:
    """The days that a question is about, as far as it says."""
    first = today.replace(day=1)
    if named := _LAST_DAYS.search(said):
        return _days(today - timedelta(days=int(named[1])), None)
    if "this month" in said:
        return _days(first, None)
    if "last month" in said:
        end = first - timedelta(days=1)
        return _days(end.replace(day=1), end)
    monday = today - timedelta(days=today.weekday())
    if "this week" in said:
        return _days(monday, None)
    if "last week" in said:
        return _days(monday - timedelta(days=7), monday - timedelta(days=1))
    if "this year" in said:
        return _days(today.replace(month=1, day=1), None)
    if "yesterday" in said:
        return _days(today - timedelta(days=1), today - timedelta(days=1))
    return _days(today, None) if "today" in said else {}


def _days(since: date, until: date | None) -> dict[str, str]:
    return {"since": since.isoformat(), **({"until": until.isoformat()} if until else {})}


def _given(arguments: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in arguments.items() if value and (name, value) != ("state", "any")}
