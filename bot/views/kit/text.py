"""Foreign text on its way into Slack: cleaned, cut, escaped, and counted the way Slack may count it.

Foreign is all that a person, a model or an API wrote. It goes into plain_text and rich_text, where Slack parses
nothing; `escape` is for the places that are always parsed.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from datetime import date as calendar_day
from datetime import datetime
from functools import cache
from string import Formatter
from typing import Literal

from bot.languages import _, day, ngettext, spoken
from services.formats.storable import seen

ELLIPSIS = "…"

# A card is drawn on the event loop, over and over until it fits, so no more of a text is looked at than may be
# shown: this many characters for each one that is (part of a hostile text may be what can't be shown), and for
# what stands on one line no more than the longest of these places takes.
_FAR = 4
_ONE_LINE = 2_000
_HEAVIEST = len("&amp;")
"""What a character weighs at most."""

# Control characters, which Slack drops or refuses, and lone surrogates, which no UTF-8 can hold.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85]")
_CAMEL_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_USER = re.compile(r"[UW][A-Z0-9]{1,20}")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,20}")
_GROUP = re.compile(r"S[A-Z0-9]{1,20}")
_LINK = re.compile(r"https://[A-Za-z0-9.-]{1,100}(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]{0,500})?")


def clean(text: str) -> str:
    """The text without what can't be shown; what it says stays as it is."""
    if text.isprintable():
        return text.strip()  # Most texts are, and what can't be shown never is: this is a tenth of the work.
    return seen(_UNSHOWABLE.sub("", _LINE_ENDS.sub("\n", text))).strip()


def one_line(text: str) -> str:
    """The text on one line, its end left out where it is far longer than any place for one."""
    line = " ".join(clean(text[:_ONE_LINE]).split())
    return line if len(text) <= _ONE_LINE else line + ELLIPSIS


def escape(text: str) -> str:
    """The text for a place that is parsed as mrkdwn: no mention, channel, date or link can come out of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def weight(text: str) -> int:
    """How long a text is at most, however Slack counts: UTF-16 units, after escaping."""
    units = len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
    return units + 4 * text.count("&") + 3 * (text.count("<") + text.count(">"))


def fits(text: str, limit: int) -> bool:
    """Whether `clip` would leave the text whole."""
    if len(text) * _HEAVIEST <= limit:
        return True
    beginning, is_all = _beginning(text, limit)
    return is_all and weight(beginning) <= limit


def clip(text: str, limit: int) -> str:
    """The cleaned text if it weighs no more than `limit`, else its beginning and an ellipsis."""
    if len(text) * _HEAVIEST <= limit:
        return clean(text)  # Nearly all are far shorter than their place, and need not be counted.
    beginning, is_all = _beginning(text, limit)
    if is_all and weight(beginning) <= limit:
        return beginning
    kept = _within(beginning, limit - weight(ELLIPSIS))
    return _whole_words(beginning[:kept], beginning[kept:]) + ELLIPSIS


def parts(text: str, longest: int) -> Iterator[str]:
    """All of the cleaned text in parts that weigh at most `longest`, cut at a line's end where one is near."""
    rest = clean(text)
    while rest:
        kept = _within(rest, longest)
        end = rest.rfind("\n", kept // 2, kept + 1) if kept < len(rest) else -1
        part = rest[: end if end > 0 else kept]
        yield part
        rest = rest[len(part) :].removeprefix("\n")


def join(words: Sequence[str], *, most: int = 5, last: Literal["and", "or"] = "and") -> str:
    """A list as it is said: "a, b and c", or "a, b and 7 more"; of what can be chosen, "a, b or c"."""
    shown = list(words)
    if len(words) > most:
        shown = [*words[: most - 1], _("{count} more", count=len(words) - most + 1)]
    if len(shown) < 2:
        return "".join(shown)
    ends = {"all": ", ".join(shown[:-1]), "last": shown[-1]}
    return _("{all} or {last}", **ends) if last == "or" else _("{all} and {last}", **ends)


def in_quotes(text: str) -> str:
    """A text in quotation marks: “water main”."""
    return _("“{text}”", text=text)


def on_day(value: calendar_day) -> str:
    """A day: "2026-01-31" in English, else as people write it."""
    return value.isoformat() if spoken().code == "en" else day(value)


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 step", "1,200 steps"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def kilobytes(size: int) -> str:
    """About how much so many bytes are: "less than 1 kB", "1,480 kB"."""
    return _("{size} kB", size=round(size / 1_000)) if size >= 1_000 else _("less than 1 kB")


def spaced(name: str) -> str:
    """The name of a field in words: `work_order_id` and `workOrderId` are "work order id"."""
    return _CAMEL_HUMP.sub(" ", name).replace("_", " ").replace("-", " ").lower()


def lasted(seconds: float) -> str:
    """How long something took: "41 s", "3 min 20 s", "2 h 5 min", "3 days 4 h"; "less than 1 s"."""
    whole = max(0, round(seconds))
    if whole < 1:
        return _("less than 1 s")
    days, hours, minutes = whole // 86_400, whole // 3_600 % 24, whole // 60 % 60
    parts = [
        (days, ngettext("{count} day", "{count} days", days)),
        (hours, _("{hours} h", hours=hours)),
        (minutes, _("{minutes} min", minutes=minutes)),
        (whole % 60, _("{seconds} s", seconds=whole % 60)),
    ]
    first = next(index for index, (amount, _words) in enumerate(parts) if amount)
    return " ".join(words for amount, words in parts[first : first + 2] if amount)


def sentences(parts: Iterable[str]) -> str:
    """The sentences that are not empty, one after the other."""
    return " ".join(part for part in parts if part)


@cache
def names_in(sentence: str) -> frozenset[str]:
    """The names of the values that a sentence of ours says: "{who} for {absent}" has two."""
    return frozenset(name for _text, name, _spec, _conversion in Formatter().parse(sentence) if name)


def is_user(user_id: str) -> bool:
    """Whether this is a Slack user id, and so may be mentioned."""
    return _USER.fullmatch(user_id) is not None


def is_channel(channel_id: str) -> bool:
    """Whether this is the id of a Slack conversation, and so may be linked."""
    return _CHANNEL.fullmatch(channel_id) is not None


def is_group(group_id: str) -> bool:
    """Whether this is the id of a Slack user group, and so may be mentioned."""
    return _GROUP.fullmatch(group_id) is not None


def is_link(url: str) -> bool:
    """Whether this is an https address of ordinary characters and length, and so may be linked to."""
    return _LINK.fullmatch(url) is not None


def mention(user_id: str) -> str:
    """Mrkdwn that names a person by their Slack id."""
    return f"<@{user_id}>" if is_user(user_id) else _("someone")


def channel(channel_id: str) -> str:
    """Mrkdwn that names a channel by its Slack id; a direct message has no name to show."""
    return f"<#{channel_id}>" if channel_id[:1] == "C" and is_channel(channel_id) else _("a private conversation")


def date(moment: datetime) -> str:
    """Mrkdwn that shows a moment in the time zone of whoever reads it."""
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time}}|{spelled(moment)}>"


def spelled(moment: datetime) -> str:
    """A moment for where Slack can't show it in somebody's time zone: "2026-01-31 10:42 UTC"."""
    # By `strftime` this takes a tenth of what the rest of a card does.
    day = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    return f"{day} {moment.hour:02}:{moment.minute:02} {moment.tzname() or ''}"


def _within(text: str, room: int) -> int:
    """How many characters of the text weigh no more than `room`."""
    # No character weighs less than one, and most weigh no more.
    most = min(len(text), max(room, 0))
    if weight(text[:most]) <= room:
        return most
    # To weigh a beginning a dozen times is faster than each character once.
    lengths = range(1, most + 1)
    return bisect(lengths, room, key=lambda length: weight(text[:length]))


def _beginning(text: str, limit: int) -> tuple[str, bool]:
    """As much of the text, cleaned, as `limit` can need, and whether that is all. Keeps long texts cheap."""
    enough = _FAR * limit + 200
    return clean(text[:enough]), len(text) <= enough


def _whole_words(kept: str, following: str) -> str:
    """End at a word's end if one is near; scripts without spaces are cut where they are."""
    if not following[:1].isspace() and (space := kept.rfind(" ")) > len(kept) - 20 and space > 0:
        kept = kept[:space]
    return kept.rstrip()
