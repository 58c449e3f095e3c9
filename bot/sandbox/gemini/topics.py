"""What the Gemini stand-in knows of towns: which words belong together, and which of them are urgent."""

from __future__ import annotations

from bot.sandbox.gemini.reading import Report, word_set

_TOPICS: dict[str, frozenset[str]] = {
    name: word_set(members)
    for name, members in {
        "water": "water leak leaking flood flooding burst pipe main hydrant sewer sewage drain drainage wet",
        "road": "road street pothole asphalt pavement traffic lane closure detour sinkhole bridge crossing",
        "light": "streetlight lamp light lighting dark outage bulb out electric",
        "waste": "garbage trash waste rubbish litter dump dumping bin recycling refuse collection",
        "green": "tree branch park grass hedge playground leaf stump",
        "noise": "noise loud music barking",
        "animal": "animal dog cat rat raccoon wildlife pest",
        "graffiti": "graffiti vandalism paint tag",
        "snow": "snow ice icy plow plough gritting salt",
        "power": "power electricity cable wire spark transformer",
    }.items()
}

_DANGER = word_set(
    "accident blocked burst cable collapse collapsed danger dangerous emergency explosion fire flood flooding gas "
    "hurt injured sewage sinkhole spark water"
)
_GRAVE = word_set("burst collapse collapsed explosion fire flood flooding gas gushing hurt injured pouring")
_EMERGENCY = ("emergency", "critical", "urgent", "high", "1")
_HIGH = ("high", "urgent", "critical", "emergency", "1")
_NORMAL = ("normal", "medium", "standard", "routine", "low", "3")


def topics(about: frozenset[str]) -> frozenset[str]:
    """The names of the topics that some words touch."""
    return frozenset(name for name, members in _TOPICS.items() if members & about)


def related(report: Report) -> frozenset[str]:
    """The words of an issue, and those that go with its topics."""
    return report.words.union(*(_TOPICS[name] | {name} for name in topics(report.words)))


def is_grave(report: Report) -> bool:
    """Whether it is bad enough for measures that hit everybody."""
    return bool(report.words & _GRAVE)


def is_urgent(report: Report) -> bool:
    """Whether people may come to harm."""
    return urgencies(report) in (_EMERGENCY, _HIGH) or report.urgency.strip().lower() in _HIGH


def urgencies(report: Report) -> tuple[str, ...]:
    """How urgent an issue is: the words that say so, the best first and the reporter's own before all."""
    stated = report.urgency.strip().lower()
    if not stated:
        return _EMERGENCY if is_grave(report) else _HIGH if report.words & _DANGER else _NORMAL
    return (stated, *(_HIGH if stated in _HIGH else _NORMAL))
