"""Words that pictures, reports and the messages with them share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_time

from bot.languages import N_, _, day, spoken
from bot.slack.messages import Element
from bot.views.kit.text import channel, clip, escape, is_user, mention, one_line
from services.jobs import PictureKind
from services.queries.snapshots import PlanSnapshot

_TITLE = 120
_USER = re.compile(r"<@(?P<marked>[UW][A-Z0-9]{1,20})(?:\|[^<>]*)?>|\b(?P<bare>[UW][A-Z0-9]{8,20})\b")
_FILES = {PictureKind.GRAPH: "graph", PictureKind.REPORT: "report"}
_MAKING = {
    PictureKind.GRAPH: N_(
        "Making the graph of plan #{number}. It comes in the thread of the plan's card, in {channel}."
    ),
    PictureKind.REPORT: N_(
        "Making the report of plan #{number}. It comes in the thread of the plan's card, in {channel}."
    ),
}
_COMMENTS = {
    PictureKind.GRAPH: N_("Graph of plan #{number}, {title}, for {who}."),
    PictureKind.REPORT: N_("Report of plan #{number}, {title}, for {who}."),
}
_NOT_SENT = {
    PictureKind.GRAPH: N_("The graph could not be sent. {why}"),
    PictureKind.REPORT: N_("The report could not be sent. {why}"),
}
_WHY = {
    "missing_scope": N_("Mudda was installed before it could send files. Ask an admin to install it again."),
    "storage_limit_reached": N_("This Slack workspace has no room left for files."),
}

Names = Mapping[str, str]
"""What people and channels are called, by Slack's ids, without @ and #."""


def local(moment: datetime, zone: ZoneInfo) -> str:
    """A moment in a zone: "28 Nov 2026, 14:05", in German "28.11.2026, 14:05"."""
    there = moment.astimezone(zone)
    if spoken().code == "en":
        return f"{there.day} {there:%b %Y, %H:%M}"
    return f"{day(there)}, {format_time(there, 'short', locale=spoken().locale)}"


def who(user: str | None, names: Names) -> str:
    """A person by name: "@Leela"; nobody's name is an id."""
    if not user or not is_user(user):
        return _("someone")
    return f"@{one_line(names[user])}" if names.get(user) else _("someone whose name Slack does not tell")


def named(text: str, names: Names) -> str:
    """The text with the names of those whose ids stand in it."""

    def name(found: re.Match[str]) -> str:
        user = found["marked"] or found["bare"]
        return who(user, names) if user in names else found[0]

    return _USER.sub(name, text)


def flat(elements: Iterable[Element], names: Names, zone: ZoneInfo) -> str:
    """Runs of rich text as plain words."""
    return "".join(_flat(element, names, zone) for element in elements)


def _flat(element: Element, names: Names, zone: ZoneInfo) -> str:
    match element["type"]:
        case "user":
            return who(element["user_id"], names)
        case "date":
            return local(datetime.fromtimestamp(element["timestamp"], zone), zone)
    return str(element["text"])


def title_of(number: int, title: str) -> str:
    """A plan by number and title, as plain text."""
    return f"#{number} {clip(one_line(title), _TITLE)}"


def file_name(kind: PictureKind, snapshot: PlanSnapshot) -> str:
    """What the file is called: "plan-12-run-1-report.pdf"."""
    run = f"-run-{snapshot.run.number}" if snapshot.run else ""
    return f"plan-{snapshot.number}{run}-{_FILES[kind]}.{'png' if kind is PictureKind.GRAPH else 'pdf'}"


def being_made(kind: PictureKind, number: int, channel_id: str) -> str:
    """The sign that it is being made, and where it will be, as mrkdwn."""
    return _(_MAKING[kind], number=str(number), channel=channel(channel_id))


def comment(kind: PictureKind, number: int, title: str, user: str) -> str:
    """What stands with the file in the thread, as mrkdwn."""
    name = escape(clip(one_line(title), _TITLE))
    return _(_COMMENTS[kind], number=str(number), title=name, who=mention(user))


def too_large(number: int, steps: int) -> str:
    """Where no picture could be read, as mrkdwn."""
    return _(
        "Plan #{number} has {count} steps, too many for one picture that can be read. "
        "“Show all” and “Details” list them.",
        number=str(number),
        count=steps,
    )


def cannot_upload(kind: PictureKind, reason: str) -> str:
    """Where Slack takes no file, as mrkdwn; `reason` is Slack's own word."""
    why = _("This Slack workspace does not let Mudda send such a file.")
    return _(_NOT_SENT[kind], why=_(_WHY[reason]) if reason in _WHY else why)
