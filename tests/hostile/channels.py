"""The ways in for hostile text: what people write and are called, what is registered, what is answered.

A way in is a coroutine that takes the stage and brings attacks in by it, as many at once as it can; it ends when
all of them have come to something. Not all have a turn of their own there: see `turns`. To add one, write it here
or in a file beside, and put it into CHANNELS.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import delete

from bot.sandbox.slack import Message
from bot.sandbox.slack.state.model import Channel as SlackChannel
from bot.sandbox.slack.state.model import UserGroup
from bot.slack import ids
from db.models import PlanningNoteRow
from services.audit import Actor
from services.components.packs import parse_pack
from services.components.service import ComponentService
from services.mentions import escaped
from tests.hostile.attacks import ATTACKS, Attack
from tests.hostile.stage import APPROVER, ATTACKER, NEIGHBOUR, Stage
from tests.support import policies
from tests.support.own_steps import ask, marked, notify
from tests.support.town_hall import LEAK, buttons, cards
from tests.support.town_runs import step

Channel = Callable[[Stage], Awaitable[None]]

_NAME = 70
_AT_ONCE = 7
"""So many are shown to the plan maker at once of what it is shown few of: policies, notes."""


async def command(on: Stage) -> None:
    """The words of a slash command."""
    for number in on.turns:
        await on.issue(f"{LEAK}. No {number}. {_typed(on, number)}")
    await on.settled(len(on.turns))


async def mention(on: Stage) -> None:
    """The words of a message."""
    await on.issue(LEAK)
    await on.settled(1)
    for number in on.turns:
        await _mention(on, f"{LEAK}. No {number}. {_typed(on, number)}")
    await on.quiet()


async def form(on: Stage) -> None:
    """The fields of the form for a new issue."""
    slack = on.hall.slack
    for number in on.turns:
        await slack.send_command(ATTACKER, "works", "/mudda")
        [view] = slack.views(ATTACKER)
        values: dict[str, Any] = {
            ids.BLOCK_ISSUE: {ids.INPUT_ISSUE: LEAK},
            ids.BLOCK_PLACE: {ids.INPUT_PLACE: on.words(number, alone=True)[:150]},
            ids.BLOCK_URGENCY: {ids.INPUT_URGENCY: None},
        }
        await slack.submit_view(view.id, values)
        on.things += 1
    await on.settled(len(on.turns))


async def file_name(on: Stage) -> None:
    """The names of files that are sent with a message."""
    for number in on.turns:
        files = [
            {"id": f"F{number}X{place}", "name": f"{attack.text[:200]}.jpg"}
            for place, attack in enumerate(on.attacks(number))
        ]
        await _mention(on, f"{LEAK}. No {number}", subtype="file_share", files=tuple(files))
    await on.quiet()


async def thread_above(on: Stage) -> None:
    """What somebody wrote in whose thread another has the bot take care of it."""
    for number in on.turns:
        root, _ = on.hall.slack.post_user_message(NEIGHBOUR, "works", f"{LEAK}. No {number}. {_typed(on, number)}")
        await _mention(on, "please handle this", thread_ts=root.ts)
    await on.quiet()


async def thread_reply(on: Stage) -> None:
    """What is said in the thread of a plan, which the model may take for a wish."""
    for number in on.turns:
        await on.issue(f"{LEAK}. No {number}")
    drafted = await on.settled(len(on.turns))
    for card, number in zip(drafted, on.turns, strict=True):
        on.hall.slack.post_user_message(
            ATTACKER, "works", f"Add a message to residents. No {number}. {_typed(on, number)}", card.ts
        )
        on.things += 1
    await on.quiet()


async def names(on: Stage) -> None:
    """What people, groups and channels are called in Slack."""
    workspace = on.hall.slack.workspace
    dana = on.hall.slack.user(NEIGHBOUR)
    for number in on.turns:
        words = f"{LEAK}. No {number}"
        for attack in on.attacks(number):
            place = ATTACKS.index(attack)
            name = attack.text[:_NAME]
            user, group, channel = f"U0NAMED0{place:02}", f"S0NAMED0{place:02}", f"C0NAMED0{place:02}"
            workspace.users[user] = replace(dana, id=user, name=f"named{place}", real_name=name)
            workspace.groups[group] = UserGroup(group, f"named-{place}", name)
            workspace.channels[channel] = SlackChannel(channel, name, [user, workspace.bot.id])
            words += f", says <@{user}> of <!subteam^{group}> in <#{channel}>"
        await _mention(on, words)
    await on.quiet()


async def component(on: Stage) -> None:
    """The name and the description of a component: an import that was poisoned. The town throws it out again."""
    entries = [_poisoned(on, number, attack) for number, attack in enumerate(ATTACKS, 1)]
    await _load(on, *entries)
    on.brought |= {attack.name for attack in ATTACKS}
    await _numbered(on, on.turns)
    await on.approve_plans()
    async with on.hall.deps.database.transaction() as session:
        for entry in entries:
            await on.hall.deps.components.deactivate(session, on.hall.deps.workspace.id, entry["key"])


async def policy(on: Stage) -> None:
    """A passage of a policy. The town loads a better version."""
    for numbers in _few():
        for place, number in enumerate(numbers):
            await _policy(on, f"water-{place}", " ".join(ATTACKS[number - 1].text.split()))
            on.brought.add(ATTACKS[number - 1].name)
        await _numbered(on, [number for number in numbers if number in on.turns])
    for place in range(_AT_ONCE):
        await _policy(on, f"water-{place}", "Residents are told.")


async def note(on: Stage) -> None:
    """A note for the plan maker: what somebody with a say wrote, and nobody takes back."""
    notes, workspace = on.hall.deps.learning.notes, on.hall.deps.workspace.id
    actor = Actor(on.hall.slack.user(APPROVER).id)
    for numbers in _few():
        async with on.hall.deps.database.transaction() as session:
            # Few are told at a time: the last ones stay, for whoever comes afterwards.
            await session.execute(delete(PlanningNoteRow))
            for number in numbers:
                await notes.write(session, workspace, uuid4(), f"Water at 5th. {ATTACKS[number - 1].text}", actor)
                on.brought.add(ATTACKS[number - 1].name)
        await _numbered(on, [number for number in numbers if number in on.turns])


async def inquiry(on: Stage) -> None:
    """The words of a question."""
    await on.issue(LEAK)
    await on.settled(1)
    async with on.asking():
        for number in on.turns:
            await _ask(on, f"What is open at 5th and Main? No {number}. {_typed(on, number)}")
        await on.quiet()


async def record(on: Stage) -> None:
    """What stands in rows that are looked up for somebody's innocent question."""
    for number in on.turns:
        await on.issue(f"{LEAK}. No {number}. {_typed(on, number)}")
    await on.settled(len(on.turns))
    async with on.asking():
        for plan, number in enumerate(on.turns, 1):
            await _ask(on, f"What is plan {plan} waiting for, No {number}?", NEIGHBOUR)
        await on.quiet()


async def component_answer(on: Stage) -> None:
    """What a component answers, and goes on to others by reference."""
    await _speaks(on, "/look")
    on.mind.planned = lambda number: (_look(number), _order("{{look.text}}"), notify(message="{{look.text}}"))
    await _numbered(on, on.turns)


async def component_error(on: Stage) -> None:
    """What a component says when it refuses."""
    await _speaks(on, "/refuse")
    on.mind.planned = lambda number: (_look(number),)
    await _numbered(on, on.turns)


async def answer(on: Stage) -> None:
    """What a person answers to the question of a step."""
    slack = on.hall.slack
    on.mind.planned = lambda _: (ask(), _order("{{ask.answer}}"), notify(message="{{ask.answer}}"))
    await _numbered(on, on.turns)
    await on.approve_plans()

    def asked() -> list[Message] | None:
        found = marked(on.hall, ids.METADATA_QUESTION)
        return found if len(found) == len(on.turns) else None

    for message, number in zip(await slack.wait_for(asked, 60), on.turns, strict=True):
        await slack.click(ATTACKER, message.channel, message.ts, ids.ACTION_STEP_ANSWER)
        [view] = slack.views(ATTACKER)
        await slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: on.words(number, alone=True)}})


async def reason(on: Stage) -> None:
    """Why somebody rejects a step: what later plans are told of it, too."""
    slack = on.hall.slack
    on.mind.planned = lambda _: ({**_order("Mend it"), "requires_approval": True},)
    await _numbered(on, on.turns)
    await on.approve_plans()

    def gated() -> list[Message] | None:
        found = [card for card in cards(slack) if "Reject step" in buttons(card)]
        return found if len(found) == len(on.turns) else None

    for card, number in zip(await slack.wait_for(gated, 60), on.turns, strict=True):
        await on.press(card, buttons(card)["Reject step"])
        [view] = await slack.wait_for(lambda: slack.views(APPROVER))
        await slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: on.words(number)}})
    await slack.wait_for(lambda: not any("Reject step" in buttons(card) for card in cards(slack)), 60)
    on.mind.planned = None
    await on.issue(LEAK)
    await on.settled(len(on.turns) + 1)


CHANNELS: tuple[Channel, ...] = (
    command,
    mention,
    form,
    file_name,
    thread_above,
    thread_reply,
    component,
    names,
    policy,
    note,
    inquiry,
    record,
    component_answer,
    component_error,
    answer,
    reason,
)

ONLY_DRAFTED: frozenset[Channel] = frozenset(
    {mention, form, file_name, thread_above, names, policy, note, inquiry}
)
"""What comes of these is what comes of a command: plans of the same makings, which are carried out there."""


MADE_FOR: Mapping[Channel, Collection[str]] = {
    mention: ("decide", "hijack"),
    thread_reply: ("decide", "hijack"),
    form: ("lie", "ring", "link", "markup"),
}
"""Attacks that make most of a channel, or have no room in it beside another's turn."""

EVERY = range(1, len(ATTACKS) + 1)


def turns(channel: Channel) -> Sequence[int]:
    """Whose turn it is in a channel where not everybody's is: a fourth of them, the next one in the next channel.

    By a command, in a thread, as a component and as a record, which are carried out, each has a turn once. A
    question costs little, so there each has one.
    """
    if channel is inquiry:
        return EVERY
    place = CHANNELS.index(channel)
    made_for = MADE_FOR.get(channel, ())
    return [each for each in EVERY if (each - 1) % 4 == place % 4 or ATTACKS[each - 1].name in made_for]


def _typed(on: Stage, number: int) -> str:
    """As Slack sends on what a person types."""
    return escaped(on.words(number))


async def _mention(on: Stage, text: str, thread_ts: str | None = None, **form: Any) -> None:
    on.things += 1
    await on.hall.slack.send_mention(ATTACKER, "works", text, thread_ts, **form)


async def _ask(on: Stage, question: str, user: str = ATTACKER) -> None:
    on.things += 1
    await on.hall.slack.send_command(user, "works", "/mudda", f"ask {question}")


async def _numbered(on: Stage, numbers: Sequence[int]) -> None:
    """An innocent issue for each attack, by whose number the model knows whom to obey."""
    known = sum(1 for card in cards(on.hall.slack) if buttons(card))
    for number in numbers:
        await on.issue(f"{LEAK}. No {number}")
    await on.settled(known + len(numbers))


def _few() -> Iterator[Sequence[int]]:
    numbers = range(1, len(ATTACKS) + 1)
    return (numbers[start : start + _AT_ONCE] for start in range(0, len(numbers), _AT_ONCE))


async def _policy(on: Stage, stem: str, words: str) -> None:
    source = f"---\nname: Water\neffective_from: 2020-01-01\n---\n## 1 Water\n\nWater at 5th and Main. {words}\n"
    await policies.load(on.hall, source, stem)


def _poisoned(on: Stage, number: int, attack: Attack) -> dict[str, Any]:
    return {
        "key": f"poisoned.{number}",
        "name": attack.text[:_NAME],
        "description": f"Water at 5th and Main. {attack.text}",
        "category": "water",
        "http_method": "GET",
        "endpoint_url": f"{on.speaker}/look?n={number}",
    }


def _look(number: int) -> dict[str, Any]:
    return {**step("look", "speaks.look"), "inputs": [{"in": "query", "name": "n", "value": str(number)}]}


def _order(title: str) -> dict[str, Any]:
    return step("order", "workorders.create", path__area="downtown", body__title=title)


async def _speaks(on: Stage, path: str) -> None:
    on.answers.update({number: on.words(number) for number in on.turns})
    entry = {
        "key": "speaks.look",
        "name": "Look up",
        "description": "Says something.",
        "category": "reports",
        "http_method": "GET",
        "endpoint_url": f"{on.speaker}{path}",
        "query_params": {"n": {"type": "string"}},
        "response_schema": {"type": "object", "properties": {"text": {"type": "string"}}},
    }
    await _load(on, entry)


async def _load(on: Stage, *entries: dict[str, Any]) -> None:
    async with on.hall.deps.database.transaction() as session:
        pack = parse_pack(json.dumps({"components": entries}, ensure_ascii=False))
        await ComponentService().load(session, on.hall.deps.workspace.id, pack)
