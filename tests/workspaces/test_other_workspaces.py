"""Another workspace's ids, in everything that takes one: a plain sentence, and nothing is done or told.

What there is to try is read off the registrations: a listener, a job or a command that is added is tried, too.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic_core import PydanticUndefined

from bot.__main__ import parser
from bot.app import LISTENERS
from bot.cli import export, webhooks
from bot.cli.command import CommandFailed
from bot.errors import SlackError
from bot.jobs import HANDLERS
from bot.jobs.registry import Handler
from bot.listeners.paging import buttons_of
from bot.sandbox.slack import Message, SlackStandIn
from bot.sandbox.slack.outbound.delivery import Delivery
from bot.slack import ids
from bot.views.private.notes import Note, note_text
from db.queue import Job
from services.errors import NotFound
from services.jobs import AnswerStep, JobDeferral
from tests.support.other_town import MINE, THEIRS, Untouched, form, press, settled, their_ids, values_of
from tests.support.town_hall import LEAK, buttons, cards
from tests.support.towns import Towns, two_towns


class Registrations:
    """Takes what listeners register, as Bolt's app would."""

    def __init__(self) -> None:
        self.found: set[tuple[str, str]] = set()

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        def register(name: str | re.Pattern[str]) -> Callable[[Any], Any]:
            self.found.add((kind, name if isinstance(name, str) else name.pattern))
            return lambda listener: listener

        return register


def registered() -> set[tuple[str, str]]:
    registrations = Registrations()
    for module in LISTENERS:
        module.register(registrations)
    return registrations.found


WITHOUT_IDS = {
    ("command", ids.COMMAND_MUDDA): "words",
    ("command", ids.COMMAND_COMPONENTS): "words",
    ("event", "app_mention"): "words",
    ("event", "message"): "words",
    ("event", "reaction_added"): "a message of the workspace that it is sent from",
    ("shortcut", ids.SHORTCUT_PLAN): "a message of the workspace that it is sent from",
    ("shortcut", ids.SHORTCUT_REPORT): "nothing: it opens a form",
    ("view", ids.VIEW_NEW_ISSUE): "words, and the channel that it was opened in",
    ("event", "app_home_opened"): "who looks at their Home",
    ("event", "function_executed"): "words, or the number of a plan in the workspace that runs the workflow",
    ("event", "entity_details_requested"): "a plan: tried in tests/jobs/test_work_objects.py",
    ("event", "user_change"): "a person about whom something has changed",
    ("event", "agent_session_stopped"): "a thread, and who wants no answer there any more",
    ("view", ids.VIEW_APPROVALS): "the rules of the workspace that it is sent from",
    ("view", ids.VIEW_NOTIFICATIONS): "what a person sets for themselves",
    ("view", ids.VIEW_SETTINGS): "the settings of the workspace that it is sent from",
    ("action", ids.ACTION_HOME_ISSUE): "nothing: it opens a form",
    ("action", ids.ACTION_HOME_SETTINGS): "nothing: it opens a form",
    ("action", ids.ACTION_HOME_APPROVERS): "nothing: it opens a form",
    ("action", ids.ACTION_COMPONENTS_ADD): "nothing: it opens a form",
    ("view", ids.VIEW_ADD_COMPONENTS): "an address",
    **dict.fromkeys(
        (
            ("action", ids.ACTION_IMPORT_NEW),
            ("action", ids.ACTION_IMPORT_CHANGED),
            ("action", ids.ACTION_IMPORT_CHOOSE),
            ("action", ids.ACTION_IMPORT_CANCEL),
            ("action", ids.ACTION_CHOICES_SEARCH),
            ("action", buttons_of(ids.ACTION_CHOICES_PAGE).pattern),
            ("view", ids.VIEW_CHOICES),
        ),
        "a preview, which answers in its own message: below",
    ),
}
"""What takes no id of ours, and what it takes instead."""


@pytest.fixture
async def towns(database_url: str) -> AsyncIterator[Towns]:
    """Both have a plan on a card; that of the other town is approved, and waits at a gate."""
    async with two_towns(database_url) as running:
        for slack in running.slacks:
            await slack.send_command("priya", "works", "/mudda", LEAK)
            await slack.wait_for(partial(decidable, slack))
        theirs = running.slacks[THEIRS]
        await theirs.click("marco", "works", cards(theirs)[0].ts, ids.ACTION_APPROVE)
        await theirs.wait_for(lambda: "Cancel run" in buttons(cards(theirs)[0]))
        await theirs.send_mention("priya", "works", "flooding")
        await settled(running)
        yield running


def decidable(slack: SlackStandIn) -> list[Message]:
    return [card for card in cards(slack) if buttons(card)]


def said(towns: Towns, delivery: Delivery) -> list[str]:
    """What the person was told: privately, or in the form."""
    return [*delivery.errors.values(), *answers(towns)]


def answers(towns: Towns) -> list[str]:
    return [message.text for message in towns.slacks[MINE].ephemerals("works", "marco")]


async def told(towns: Towns, delivery: Delivery, before: int) -> str:
    """Wait for what the person is told of a press; there is exactly one sentence for each."""
    slack = towns.slacks[MINE]
    assert delivery.acked
    await slack.wait_for(lambda: len(said(towns, delivery)) > before)
    return said(towns, delivery)[-1]


async def answered(towns: Towns, presses: Sequence[Delivery]) -> list[str]:
    """Press all of them at once; what the person is told, exactly one sentence for each."""
    slack, before = towns.slacks[MINE], len(answers(towns))
    await asyncio.gather(*map(slack.deliver, presses))
    assert all(delivery.acked for delivery in presses)
    await slack.wait_for(lambda: len(answers(towns)) >= before + len(presses))
    return answers(towns)[before:]


REFUSALS = {
    note_text(note)
    for note in (Note.NOT_FOUND, Note.RUN_NOT_FOUND, Note.MALFORMED, Note.QUESTION_OVER, Note.NOTE_GONE)
}


async def test_every_button(towns: Towns) -> None:
    actions = sorted(name for kind, name in registered() - WITHOUT_IDS.keys() if kind == "action")
    paging = [name for name in actions if "page" in name or name == ids.ACTION_WORKFLOWS_FILTER]
    assert len(actions) > 15
    targets = await their_ids(towns)
    async with Untouched(towns):
        for action in sorted(set(actions) - set(paging)):
            presses = [
                press(towns, action, value)
                for target in (targets["plan"], targets["run"], targets["step"], targets["heard"])
                for value in values_of(action, ids.Ref(target, 1))
            ]
            assert set(await answered(towns, presses)) <= REFUSALS, action
            assert towns.slacks[MINE].views("marco") == []
    assert len(paging) == 5


async def test_every_form(towns: Towns) -> None:
    forms = sorted(name for kind, name in registered() - WITHOUT_IDS.keys() if kind == "view")
    assert len(forms) >= 4
    targets = await their_ids(towns)
    async with Untouched(towns):
        for name in forms:
            for target in (targets["plan"], targets["run"], targets["step"]):
                delivery = await form(towns, name, ids.Ref(target, 1).encode())
                before = len(said(towns, delivery))
                await towns.slacks[MINE].deliver(delivery)
                assert await told(towns, delivery, before) in REFUSALS, name


def given(handler: Handler[Any], workspace: UUID, targets: dict[str, Any]) -> Job:
    """A job of this kind about another town's things: every field that has no default gets something."""
    values: dict[str, Any] = {}
    for name, field in handler.job.model_fields.items():
        if name in targets:
            values[name] = targets[name]
        elif field.is_required() and name != "workspace":
            values[name] = SAMPLES[name]
    job: Job = handler.job(**values | OWN_SAMPLES.get(handler.job.entrypoint, {}) | {"workspace": workspace})
    return job


SAMPLES: dict[str, Any] = {
    "key": "click:1",
    "about": UUID(int=1),
    "delivery": UUID(int=1),
    "cancels": False,
    "view": "V0SAMPLE01",
    "ticked": (),
    "component": UUID(int=1),
    "shown": "",
    "texts": {},
    "change": "",
    "is_active": False,
    "name": "TOKEN",
    "sealed": "",
    "key_id": "",
    "source": "command",
    "channel": "C0WORKS001",
    "message_ts": "1.1",
    "reporter": "U0PRIYA001",
    "user": "U0PRIYA001",
    "text": LEAK,
    "revision": 1,
    "draft": 1,
    "generation": 0,
    "attempt": 1,
    "answer": "yes",
    "ts": "1.1",
    "failed_at": "2027-01-01T00:00:00Z",
    "approvers": (),
    "quorum": 1,
    "remind_after_minutes": 60,
    "limit_outcome": "wait",
    "listing": "workflows",
    "picture": "graph",
    "number": 1,
    "file": "F0GRAPH001",
    "title": "A graph",
    "since": "2027-01-01T00:00:00Z",
    "search": "",
    "page": 1,
    "note": "help",
    "response_url": "http://127.0.0.1:1/none",
    "where": "mention",
    "markup": LEAK,
    "kind": "help",
    "choice": "issue",
    "files": (),
    "thread_ts": "1.1",
    "inquiry": "what is open?",
    "wish": "the crew first",
    "mode": "each",
    "at": "2027-01-01T00:00:00Z",
    "person": "U0DANA0001",
    "reminder": 1,
    "nudge": 1,
    "by": "U0DANA0001",
    "outcome": "failed",
    "step_id": "a",
    "to_version": 1,
    "to": "C0WATER001",
    "from_channel": "C0WORKS001",
    "from_ts": "1.1",
    "settings": {"default_channel": ""},
    "self_approval": False,
    "execution": "Fx0SAMPLE01",
}
OWN_SAMPLES: dict[str, dict[str, Any]] = {
    "turn_home": {"listing": "reports"},
    "plan_message": {"source": "shortcut"},
    "import_offered": {"choice": "new"},
    "turn_choices": {"shown": ()},
}
DECISIONS = {
    "decide": ["approve", "discard", "try_again"],
    "decide_run": ["cancel", "approve", "skip", "mark_done"],
}


async def test_every_job(towns: Towns) -> None:
    deps = await towns.deps(MINE)
    targets = await their_ids(towns)
    assert len(HANDLERS) > 15
    async with Untouched(towns):
        for handler in HANDLERS:
            for decision in DECISIONS.get(handler.job.entrypoint, [None]):
                job = given(handler, deps.workspace.id, targets | {"decision": decision})
                for run in filter(None, (handler.run, handler.give_up)):
                    # What is not there for this town may end a job, or do nothing.
                    with suppress(NotFound, JobDeferral, SlackError):
                        await run(job, deps)


KNOWN = {*SAMPLES, "workspace", "plan", "run", "step", "target", "heard", "decision", "notification", "gate"}


def test_what_a_job_takes_is_known() -> None:
    """A field that is added without a default is to be given something here."""
    for handler in HANDLERS:
        for name, field in handler.job.model_fields.items():
            assert not field.is_required() or name in KNOWN
            assert field.default is PydanticUndefined or not isinstance(field.default, UUID)
    assert AnswerStep.entrypoint in {handler.job.entrypoint for handler in HANDLERS}


async def test_slash_commands_with_another_towns_numbers(towns: Towns) -> None:
    """Numbers begin at 1 in every town: #2 is theirs only."""
    theirs, mine = towns.slacks[THEIRS], towns.slacks[MINE]
    await theirs.send_command("priya", "works", "/mudda", LEAK)
    await theirs.wait_for(lambda: len([card for card in cards(theirs) if buttons(card)]) == 2)
    await settled(towns)
    async with Untouched(towns):
        for words, refusal in (("#2", "I can't find that"), ("#1.1", "There is no such run")):
            before = len(mine.ephemerals("works", "marco"))
            answer = await mine.send_command("marco", "works", "/workflows", words)
            seen = mine.ephemerals("works", "marco")[before:]
            text_of = str(answer.attempts[-1].body) + "".join(
                str(message.blocks) + message.text for message in seen
            )
            assert refusal in text_of
    assert ("command", ids.COMMAND_WORKFLOWS) in registered() - WITHOUT_IDS.keys()


def commands_about_a_workspace() -> set[str]:
    """The commands of `mudda` that are told which workspace they are about."""
    commands = next(each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    return set(_paths(commands, ""))


def _paths(commands: Any, path: str) -> list[str]:
    found = []
    for name, command in commands.choices.items():
        inner = [action for action in command._actions if isinstance(action, argparse._SubParsersAction)]
        options = {action.dest for action in command._actions}
        found += [f"{path}{name}"] if options & {"workspace", "team"} else []
        for action in inner:
            found += _paths(action, f"{path}{name} ")
    return found


async def test_commands_of_the_shell(towns: Towns) -> None:
    assert commands_about_a_workspace() == {
        "export",  # below: it takes an id beside the workspace
        "components add-open311",
        "components export",
        "components import",
        "components lint",
        "components list",
        "components load",
        "components refresh-open311",
        "components try",
        "plans export",
        "plans import",
        "policies load",
        "policies list",
        "policies show",
        "policies remove",
        "secrets list",
        "secrets remove",
        "secrets set",
        "tokens create",
        "tokens list",
        "tokens revoke",
        "webhooks add",
        "webhooks deliveries",
        "webhooks list",
        "webhooks remove",
        "webhooks retry",  # and this one
        "workspaces show",
        "workspaces set",
        "workspaces export",
        "workspaces purge",
    }
    targets = await their_ids(towns)
    team = towns.slacks[MINE].workspace.team.id
    for name in (*map(str, targets.values()), "1.1", str(uuid4())):
        with pytest.raises(CommandFailed, match="There is no run"):
            await export.export(towns.database, team, name)
        with pytest.raises(CommandFailed, match="There is no such delivery"):
            await webhooks.retry(towns.database, team, name)


def test_every_listener_is_tried_or_takes_no_id() -> None:
    tried = {(kind, name) for kind, name in registered() if kind in ("action", "view")}
    assert registered() - tried - {("command", ids.COMMAND_WORKFLOWS)} <= WITHOUT_IDS.keys()
