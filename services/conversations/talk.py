"""A thread as an issue: what was written first, what was said below it, by whom, and what was sent along."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from services.ai.intents import Line
from services.jobs import AnswerFile
from services.mentions import escaped, parts_of, readable

MAX_ROOT = 6_000
MAX_REPLY = 1_000
MAX_REPLIES = 6_000
"""Characters of the first message, of each reply, and of all replies: more makes no issue clearer."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """What stands between the words of people in an issue: in whose language it is, whoever writes it down says.

    `attached` takes the names of files, `left_out` how many replies were.
    """

    attached: Callable[[str], str]
    left_out: Callable[[int], str]
    below: str
    someone: str


def _left_out(count: int) -> str:
    return "(1 earlier reply was left out)" if count == 1 else f"({count:,} earlier replies were left out)"


ENGLISH = Phrases("(Attached: {})".format, _left_out, "Said below it:", "Someone")
"""For the model."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread. `markup` is Slack's own form of it; `files` are the names of what was sent along.

    `user` is empty where another app wrote it, which then is called `app`. `is_mine`: the bot wrote it.
    `attached` are those of its files that can be fetched.
    """

    ts: str
    user: str
    app: str
    markup: str
    files: tuple[str, ...] = ()
    is_mine: bool = False
    attached: tuple[AnswerFile, ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether there is neither a word nor a file in it."""
        return not self.markup and not self.files


@dataclass(frozen=True, slots=True)
class Talk:
    """A thread: its first message, if that is still there, and its replies in order; `more` were not read."""

    root: Said | None
    replies: tuple[Said, ...] = ()
    more: int = 0

    @property
    def reporter(self) -> str:
        """Who wrote the first message; empty where that was no person, or it is gone."""
        return "" if self.root is None or self.root.is_mine else self.root.user

    def authors(self) -> Iterator[str]:
        """The ids of the people who wrote in it, each once, those of what is shown last at the end."""
        said = [*([self.root] if self.root else []), *self.replies]
        return iter(dict.fromkeys(each.user for each in said if each.user and not each.is_mine))

    @property
    def attached(self) -> tuple[AnswerFile, ...]:
        """What was sent along, that of the first message first, each once."""
        said = [*([self.root] if self.root else []), *self.replies]
        files = [file for each in said if not each.is_mine for file in each.attached]
        return tuple({file.id: file for file in files}.values())


def issue_markup(talk: Talk, names: Mapping[str, str], phrases: Phrases = ENGLISH) -> str:
    """The issue that a thread is, in Slack's markup, with the authors of the replies by name.

    What does not fit is left out from the middle, since the newest says what there is to do, and it is said so.
    """
    root = talk.root if talk.root and not talk.root.is_mine and not talk.root.says_nothing else None
    replies = [each for each in talk.replies if not each.is_mine and not each.says_nothing]
    if root is not None and not root.markup and root.user:
        # A picture first, and what it is about after that: as one message.
        words = next((each for each in replies if each.user == root.user and each.markup), None)
        if words is not None:
            root = replace(words, files=(*root.files, *words.files))
            replies.remove(words)
    shown = _newest(replies)
    left_out = talk.more + len(replies) - len(shown)
    lines = [_spoken(each, names, phrases) for each in shown]
    if left_out:
        lines = [phrases.left_out(left_out), *lines]
    if root is None:
        return "\n".join(lines)
    first = with_files(_cut(root.markup, MAX_ROOT), root.files, phrases)
    return "\n".join([first, "", phrases.below, *lines]) if lines else first


def lines_above(talk: Talk, names: Mapping[str, str]) -> tuple[Line, ...]:
    """What stands above the last message of a thread, for the model that judges what was meant by that."""
    said = [*([talk.root] if talk.root else []), *talk.replies[:-1]]
    return tuple(
        Line(
            "Mudda" if each.is_mine else _name(each, names, ENGLISH),
            _readable(with_files(each.markup, each.files, ENGLISH)),
        )
        for each in said
        if not each.says_nothing
    )


def _newest(replies: Sequence[Said]) -> list[Said]:
    shown: list[Said] = []
    room = MAX_REPLIES
    for reply in reversed(replies):
        room -= min(len(reply.markup), MAX_REPLY)
        if room < 0:
            break
        shown.insert(0, reply)
    return shown


def _spoken(said: Said, names: Mapping[str, str], phrases: Phrases) -> str:
    words = with_files(_cut(said.markup, MAX_REPLY), said.files, phrases)
    return f"{escaped(_name(said, names, phrases))}: {words}"


def _name(said: Said, names: Mapping[str, str], phrases: Phrases) -> str:
    return names.get(said.user) or said.app or phrases.someone


def _cut(markup: str, most: int) -> str:
    """As much of it, and never a part of a mark or of an entity."""
    if len(markup) <= most:
        return markup
    cut = markup[: most - 1]
    for opening, closing in (("<", ">"), ("&", ";")):
        begun = cut.rfind(opening)
        if begun > cut.rfind(closing) and begun > most - 300:
            cut = cut[:begun]
    return f"{cut.rstrip()}…"


def with_files(markup: str, files: Iterable[str], phrases: Phrases) -> str:
    """What was said, and the names of the files that were sent with it."""
    names = ", ".join(map(escaped, files))
    return f"{markup}\n{phrases.attached(names)}".strip() if names else markup


def _readable(markup: str) -> str:
    return readable(parts_of(markup))
