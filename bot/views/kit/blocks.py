"""Block Kit: the builders that every view is made with, and what a message may weigh."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from string import Formatter
from typing import Literal

from bot.languages import _, number
from bot.slack.messages import Block, Element, Message, as_json
from bot.views.kit.text import clip, escape, is_channel, is_group, is_link, is_user, mention, one_line, spelled

Status = Literal["pending", "in_progress", "complete", "error"]

HEADER = 150
SECTION = 3_000
BUTTON = 75
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
PLAN_TASKS = 50
PEOPLE = 5
LABEL = 100
CONFIRM = 300
FALLBACK = 300
"""Of the text beside the blocks: what a notification shows. (chat.update refuses 4,000 bytes.)"""

MESSAGE_SIZE = 10_500
"""Of all blocks of a message, as `size` counts. Slack publishes no number and answers msg_blocks_too_long.

Reported: about 13,200 characters over all blocks, containers counted in (slackapi/bolt-js #2509, #2867), and
10,600 UTF-8 bytes over the tasks of a plan (openclaw/openclaw #143882). The JSON in bytes is more than either
of them counts, so what stays below the lower figure is safe by both.
"""

EMPTY = "–"


def plainer(message: Message) -> Message:
    """The same in one sentence and its buttons, for when Slack refuses the whole."""
    kept = [block for block in message.blocks if block["type"] == "actions"]
    return Message(message.text, [{"type": "section", "text": plain(message.text)}, *kept], message.metadata)


def plain(text: str, limit: int = SECTION) -> Element:
    """A plain_text object. Slack parses nothing in it, and itself escapes what it keeps: hence the weight."""
    return {"type": "plain_text", "text": clip(text, limit) or EMPTY, "emoji": False}


def mrkdwn(text: str) -> Element:
    """A mrkdwn object, for what we wrote ourselves. Foreign text has no place in it."""
    return {"type": "mrkdwn", "text": text}


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: str) -> Block:
    """A paragraph of our own words, as mrkdwn."""
    return {"type": "section", "text": mrkdwn(text)}


def context(*elements: Element) -> Block:
    """A small grey line."""
    return {"type": "context", "elements": list(elements)}


def actions(*buttons: Element) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def confirm(
    title: str, text: str, *, yes: str, no: str, style: Literal["primary", "danger"] = "danger"
) -> Element:
    """The question that Slack asks before a button counts."""
    return {
        "title": plain(title, 100),
        "text": plain(text, CONFIRM),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
        "style": style,
    }


def button(
    label: str,
    action_id: str,
    value: str,
    *,
    style: Literal["primary", "danger"] | None = None,
    ask: Element | None = None,
) -> Element:
    """A button; `value` comes back as it is."""
    element: Element = {
        "type": "button",
        "text": plain(label, BUTTON),
        "action_id": action_id,
        "value": value,
    }
    if style is not None:
        element["style"] = style
    if ask is not None:
        element["confirm"] = ask
    return element


def overflow(action_id: str, *options: tuple[str, str]) -> Element:
    """A menu behind three dots; each option is a label and the value that comes back. Slack wants 2 to 5."""
    items = [{"text": plain(label, BUTTON), "value": value} for label, value in options]
    return {"type": "overflow", "action_id": action_id, "options": items}


def menu(placeholder: str, action_id: str, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> Element:
    """A menu of options in groups: each group is a label and its options, each of those a label and its value."""
    return {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain(placeholder, 150),
        "option_groups": [
            {
                "label": plain(label, BUTTON),
                "options": [{"text": plain(text, BUTTON), "value": value} for text, value in options],
            }
            for label, options in groups
        ],
    }


def span(text: str, *, bold: bool = False, code: bool = False, italic: bool = False) -> Element:
    """A run of text inside rich text. Nothing in it is parsed; `text` has been cleaned and cut by `clip`."""
    style = {name: True for name, on in (("bold", bold), ("code", code), ("italic", italic)) if on}
    element: Element = {"type": "text", "text": text or EMPTY}
    return {**element, "style": style} if style else element


def typed(text: str) -> list[Element]:
    """Our own words as runs of rich text; what stands between backticks is to be typed as it is."""
    return [span(part, code=index % 2 == 1) for index, part in enumerate(text.split("`")) if part]


def person(user_id: str) -> Element:
    """A person inside rich text."""
    return {"type": "user", "user_id": user_id} if is_user(user_id) else span(_("someone"))


def runs(sentence: str, **values: Element | Sequence[Element] | str | int) -> list[Element]:
    """A sentence as rich text, with people, links, moments and words at their names; bold between asterisks.

    `sentence` is one of our own, said without its values: `runs(_("*Edited by* {who}"), who=person(user))`.
    """
    found: list[Element] = []
    for run in _runs(sentence, values):
        before = found[-1] if found else {}
        if run["type"] == before.get("type") == "text" and run.get("style") == before.get("style"):
            found[-1] = {**run, "text": before["text"] + run["text"]}
        else:
            found.append(run)
    return found


def _runs(sentence: str, values: dict[str, Element | Sequence[Element] | str | int]) -> Iterator[Element]:
    is_bold = False
    for words, name, _spec, _conversion in Formatter().parse(sentence):
        for index, part in enumerate(words.split("*")):
            is_bold = is_bold != (index > 0)
            if part:
                yield span(part, bold=is_bold)
        value = values[name] if name is not None else ()
        match value:
            case str() | int():
                yield span(value if isinstance(value, str) else number(value), bold=is_bold)
            case dict():
                yield value
            case _:
                yield from value


def people(user_ids: Sequence[str], *, last: Literal["and", "or"] = "and") -> list[Element]:
    """Several people inside rich text, as many as a line holds: "@A, @B and @C", or "@A, …, @E and 7 more"."""
    return _listed([[person(user)] for user in user_ids], last)


def acting(people: Sequence[tuple[str, str | None]]) -> list[Element]:
    """Several people inside rich text, each with the absent in whose place they acted: "@A and @B for @C"."""
    return _listed([_acting(user, absent) for user, absent in people], "and")


def _acting(user: str, absent: str | None) -> list[Element]:
    if absent is None:
        return [person(user)]
    return runs(_("{who} for {absent}"), who=person(user), absent=person(absent))


def _listed(items: Sequence[Sequence[Element]], last: Literal["and", "or"]) -> list[Element]:
    shown = list(items[:PEOPLE])
    if len(items) > PEOPLE:
        shown.append([span(_("{count} more", count=len(items) - PEOPLE))])
    if len(shown) < 2:
        return [run for item in shown for run in item]
    before = [run for index, item in enumerate(shown[:-1]) for run in ([span(", "), *item] if index else item)]
    return runs(_("{all} or {last}") if last == "or" else _("{all} and {last}"), all=before, last=shown[-1])


def link(url: str, label: str) -> Element:
    """A link inside rich text, its label to the letter; the label alone where the address is none to link to."""
    words = clip(one_line(label), LABEL) or EMPTY
    return {"type": "link", "url": url, "text": words} if is_link(url) else span(words)


def links(targets: Sequence[tuple[str, str]]) -> list[Element]:
    """Several links, each an address and its label, with commas between them."""
    return [part for url, label in targets for part in (span(", "), link(url, label))][1:]


def paragraph(*runs: Element) -> Element:
    """A paragraph of rich text."""
    return {"type": "rich_text_section", "elements": list(runs)}


def quote(text: str) -> Element:
    """A quotation of words in rich text."""
    return quotation(span(text))


def quotation(*runs: Element) -> Element:
    """A quotation in rich text."""
    return {"type": "rich_text_quote", "elements": list(runs)}


def group(group_id: str) -> Element:
    """A user group inside rich text."""
    return {"type": "usergroup", "usergroup_id": group_id} if is_group(group_id) else span(_("a group"))


def place(channel_id: str) -> Element:
    """A channel inside rich text."""
    return (
        {"type": "channel", "channel_id": channel_id}
        if is_channel(channel_id)
        else span(_("a private conversation"))
    )


def moment(when: datetime) -> Element:
    """A moment inside rich text, in the time zone of whoever reads it."""
    return {
        "type": "date",
        "timestamp": int(when.timestamp()),
        "format": "{date_short_pretty} {time}",
        "fallback": spelled(when),
    }


def bullets(items: Sequence[str]) -> Element:
    """A bulleted list of sentences in rich text."""
    return listed([[span(item)] for item in items])


def listed(items: Sequence[Sequence[Element]]) -> Element:
    """A bulleted list in rich text, each item made of runs."""
    return {"type": "rich_text_list", "style": "bullet", "elements": [paragraph(*runs) for runs in items]}


def stacked(lines: Sequence[Sequence[Element]]) -> list[Element]:
    """Lines of rich text, one under the other in one paragraph."""
    return [element for index, line in enumerate(lines) for element in ([span("\n"), *line] if index else line)]


def preformatted(text: str) -> Element:
    """Text in a box of its own, spaces and line ends kept."""
    return {"type": "rich_text_preformatted", "elements": [span(text)]}


def rich_text(*elements: Element) -> Block:
    """Rich text, where foreign text belongs: it is shown to the letter."""
    return {"type": "rich_text", "elements": list(elements)}


def task_card(
    task_id: str,
    title: str,
    status: Status,
    details: Sequence[Element] = (),
    *,
    output: Sequence[Element] = (),
) -> Block:
    """One task of a plan block; the title is shown to the letter, details and output are runs of rich text."""
    task: Block = {"type": "task_card", "task_id": task_id, "title": title or EMPTY, "status": status}
    if details:
        task["details"] = rich_text(paragraph(*details))
    if output:
        task["output"] = rich_text(paragraph(*output))
    return task


def plan(title: str, tasks: Sequence[Block]) -> Block:
    """A plan: a title and its tasks, at most PLAN_TASKS."""
    return {"type": "plan", "title": title or EMPTY, "tasks": list(tasks)}


def size(blocks: Sequence[Block]) -> int:
    """The UTF-8 bytes of the blocks as JSON, after escaping: more than any way in which Slack may count."""
    return _weight(as_json(blocks))


def seal(blocks: Sequence[Block], name: str) -> list[Block]:
    """The blocks with their ids, which are new whenever the blocks are: Slack asks for that on every update.

    The same blocks get the same ids, so drawing twice is drawing once.
    """
    return sized(blocks, name)[0]


def sized(blocks: Sequence[Block], name: str) -> tuple[list[Block], int]:
    """The blocks with their ids, and their size: a card is turned into JSON once for both."""
    written = as_json(blocks)
    digest = hashlib.sha256(name.encode() + b"\n" + written).hexdigest()[:12]
    ids = [f"{name}.{digest}.{index}" for index in range(len(blocks))]
    sealed = [{**block, "block_id": its} for block, its in zip(blocks, ids, strict=True)]
    return sealed, _weight(written) + sum(len(f',"block_id":"{its}"') for its in ids)


def _weight(written: bytes) -> int:
    """The UTF-8 bytes of a text, after escaping."""
    return len(written) + 4 * written.count(b"&") + 3 * (written.count(b"<") + written.count(b">"))


def fallback(text: str) -> str:
    """The text beside the blocks, for a place that is parsed: foreign text in it is cut and escaped."""
    return escape(clip(text, FALLBACK))


def as_mrkdwn(element: Element) -> str:
    """The same run of rich text for the text beside the blocks."""
    match element["type"]:
        case "user":
            return mention(element["user_id"])
        case "date":
            return str(element["fallback"])
    return escape(element["text"])
