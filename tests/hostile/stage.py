"""Where attacks are tried: a whole bot with an obedient model, a second town, planted secrets, and an open ear."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.exc import TimeoutError as SqlTimeout

from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import Message, SlackStandIn
from bot.slack import ids
from db.models import Decision, PlanVersion, Run, StepRun, WorkflowPlan
from services import workspaces
from services.approvals import ApprovalRules
from services.components.packs import parse_pack
from services.components.service import ComponentService
from tests.hostile.attacks import ATTACKS, Attack
from tests.hostile.obedient import ObedientMind
from tests.hostile.servers import listening, speaking
from tests.support.gates import keep
from tests.support.slack_rules import words
from tests.support.town_hall import TownHall, buttons, cards, town_hall

GEMINI_KEY = "planted-gemini-key-7f3a"
OTHER_TOWN = "othertown-word-51c2"
APPROVER, ATTACKER, NEIGHBOUR = "marco", "priya", "dana"

BENIGN = "A street light is out at 5th and Main"

OTHER_PACK = f"""
components:
  - key: other.thing
    name: {OTHER_TOWN} name
    description: Water at 5th and Main, {OTHER_TOWN}
    http_method: GET
    endpoint_url: https://other.example.gov/
"""

_SECONDS = 120.0

_LEFT = text("SELECT count(*) FROM pgqueuer WHERE execute_after < now() + interval '10 seconds'")
"""Jobs under way or due; reminders and digests are for later."""


class _Kept(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line, with its traceback."""
        self._lines.append(self.format(record))


@dataclass(slots=True)
class Stage:
    """The bot, what was planted, and what was seen.

    `turns` are the numbers of the attacks that get an issue of their own, where the model obeys them; what the
    others say is written beside. `brought` are the names of all that was written. `answers` is what the hostile
    component says to each number, `things` is how much people asked of the bot, `pressed` the presses that the
    approver really made, `approved` each version as it was when it was approved, `gates` what could be read before
    a step was agreed to.
    """

    turns: Sequence[int]
    hall: TownHall
    mind: ObedientMind
    secrets: tuple[str, ...]
    log: list[str]
    heard: list[str]
    speaker: str
    answers: dict[int, str]
    things: int = 0
    pressed: set[tuple[str, str]] = field(default_factory=set)
    approved: dict[tuple[UUID, int], dict[str, Any]] = field(default_factory=dict)
    gates: dict[UUID, str] = field(default_factory=dict)
    changed_by_questions: list[str] = field(default_factory=list)
    brought: set[str] = field(default_factory=set)

    def attacks(self, number: int, *, alone: bool = False) -> Sequence[Attack]:
        """Whose turn it is, and then those up to the next turn; `alone` where there is room for one only."""
        until = min((each for each in self.turns if each > number), default=self.turns[0] + len(ATTACKS))
        found = [ATTACKS[(each - 1) % len(ATTACKS)] for each in range(number, number + 1 if alone else until)]
        self.brought |= {attack.name for attack in found}
        return found

    def words(self, number: int, *, alone: bool = False) -> str:
        """What they say."""
        return " ".join(attack.text for attack in self.attacks(number, alone=alone))

    async def issue(self, report: str, user: str = ATTACKER) -> None:
        """Report something by a slash command."""
        self.things += 1
        await self.hall.slack.send_command(user, "works", "/mudda", report)

    async def settled(self, plans: int) -> list[Message]:
        """Wait until so many plans are drafted, or have failed; their cards."""

        def done() -> list[Message] | None:
            found = [card for card in cards(self.hall.slack) if buttons(card)]
            return found if len(found) >= plans else None

        return await self.hall.slack.wait_for(done, _SECONDS)

    async def quiet(self) -> None:
        """Wait until no job is left that could run by now."""
        async with asyncio.timeout(_SECONDS):
            while await self._is_busy():  # noqa: ASYNC110 - a queue that is empty tells nobody
                await asyncio.sleep(0.2)

    async def _is_busy(self) -> bool:
        try:
            async with self.hall.database.reading() as session:
                return bool(await session.scalar(_LEFT))
        except SqlTimeout:
            return True  # every connection is in use

    async def press(self, card: Message, button: dict[str, Any], user: str = APPROVER) -> None:
        """Press a button of a card, as it is now."""
        if user == APPROVER:
            self.pressed.add((self.hall.slack.user(user).id, button["action_id"]))
        await self.hall.slack.click(user, "works", card.ts, button["action_id"], button["value"])

    async def approve_plans(self) -> None:
        """Approve every draft there is; the attacker tries first."""
        async with self.hall.deps.database.reading() as session:
            drafts = select(PlanVersion).join(
                WorkflowPlan,
                (WorkflowPlan.id == PlanVersion.plan_id) & (WorkflowPlan.version == PlanVersion.version),
            )
            for row in await session.scalars(drafts.where(WorkflowPlan.state == "DRAFT")):
                steps = {step["step_id"]: step for step in row.document["steps"]}
                self.approved[row.plan_id, row.version] = steps
        await self._press_all("Approve and run")

    async def carried_out(self) -> None:
        """Approve what can be approved, its gates too, until nothing is under way; the attacker tries first."""
        await self.approve_plans()
        while True:
            await self.hall.slack.wait_for(lambda: not any(map(_goes_on, cards(self.hall.slack))), _SECONDS)
            waiting = self._with("Approve step")
            if not waiting:
                return
            for card in waiting:
                await self._read(card)
            await self._press_all("Approve step")

    async def _read(self, card: Message) -> None:
        """What can be read of the gate that is to be agreed to: on its card, and behind "Show in full"."""
        gate = buttons(card)["Approve step"]
        shown = words(card.blocks)
        fuller = [each for each in _elements(card, "Show in full") if each["value"] == gate["value"]]
        for button in fuller:
            await self.hall.slack.click(APPROVER, "works", card.ts, button["action_id"], button["value"])
            [view] = await self.hall.slack.wait_for(lambda: self.hall.slack.views(APPROVER))
            shown += words(view.blocks)
            await self.hall.slack.close_view(view.id)
        self.gates[ids.Ref.decode(gate["value"]).id] = shown

    async def _press_all(self, label: str) -> None:
        pressed = [(card, buttons(card)[label]) for card in self._with(label)]
        for card, button in pressed:
            await self.press(card, button, ATTACKER)
            await self.press(card, button)

        def passed() -> bool:
            return not any(
                buttons(card).get(label, {}).get("value") == button["value"] for card, button in pressed
            )

        await self.hall.slack.wait_for(passed, _SECONDS)

    def _with(self, label: str) -> list[Message]:
        return [card for card in cards(self.hall.slack) if label in buttons(card)]

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Whatever is asked inside must leave plans, runs, steps and decisions as they are."""
        before = await self._states()
        yield
        after = await self._states()
        self.changed_by_questions += [f"{what} is not as it was" for what in before if before[what] != after[what]]

    async def _states(self) -> dict[str, list[str]]:
        rows = {
            "a plan": select(WorkflowPlan.id, WorkflowPlan.state, WorkflowPlan.revision, WorkflowPlan.version),
            "a run": select(Run.id, Run.state),
            "a step": select(StepRun.id, StepRun.state, StepRun.revision),
            "a decision": select(Decision.id),
        }
        async with self.hall.deps.database.reading() as session:
            return {what: sorted(map(str, await session.execute(query))) for what, query in rows.items()}

    async def neighbour_is_served(self) -> tuple[str, ...]:
        """What somebody else reports who has nothing to do with it all; it, if no plan comes of it."""
        known = {card.ts for card in cards(self.hall.slack)}
        await self.issue(BENIGN, NEIGHBOUR)

        def done() -> Message | None:
            return next((c for c in cards(self.hall.slack) if c.ts not in known and buttons(c)), None)

        card = await self.hall.slack.wait_for(done, _SECONDS)
        return () if "Approve and run" in buttons(card) else (BENIGN,)


def _elements(card: Message, label: str) -> list[dict[str, Any]]:
    rows = (block["elements"] for block in card.blocks if block["type"] == "actions")
    return [each for row in rows for each in row if each.get("text", {}).get("text") == label]


def _goes_on(card: Message) -> bool:
    found = buttons(card)
    return not found or ("Cancel run" in found and "Approve step" not in found)


@asynccontextmanager
async def stage(database_url: str, turns: Sequence[int]) -> AsyncIterator[Stage]:
    """Set it up. Only the approver may approve, and the attacker may not."""
    said: dict[int, str] = {}
    mind, log, heard = ObedientMind(), list[str](), list[str]()
    handler = _Kept(log)
    logging.getLogger().addHandler(handler)
    try:
        async with (
            listening(heard),
            speaking(said) as speaker,
            town_hall(
                database_url,
                slack=SlackStandIn(retry_delays=(0.0, 0.1, 0.2), transcript_size=None),
                component_allowed_hosts="127.0.0.1",
                card_interval_seconds=2.0,
                # The same report is made again and again here.
                clarify_minutes=0,
                gemini=GeminiStandIn(mind=mind),
                gemini_api_key=SecretStr(GEMINI_KEY),
            ) as hall,
        ):
            slack = hall.slack
            secrets = (GEMINI_KEY, slack.bot_token, slack.signing_secret, *hall.town.environment.values())
            rules = ApprovalRules(approvers=(slack.user(APPROVER).id,))
            await keep(hall.deps.database, hall.deps.workspace.id, rules)
            async with hall.database.transaction() as session:
                other = await workspaces.ensure(session, "T0OTHER001", OTHER_TOWN)
                await ComponentService().load(session, other, parse_pack(OTHER_PACK))
            yield Stage(turns, hall, mind, secrets, log, heard, speaker, said)
    finally:
        logging.getLogger().removeHandler(handler)
