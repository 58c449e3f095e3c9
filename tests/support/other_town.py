"""Another town, seen from one's own: its ids, whether it was left alone, presses and forms about its things."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from bot.sandbox.slack.outbound.delivery import Delivery, interactive_delivery
from bot.sandbox.slack.outbound.payloads import view_submission
from bot.slack import ids
from db.models import Base, HeardMessage, Notification, Run, StepGate, StepRun
from tests.support.town_hall import cards
from tests.support.towns import Towns

MINE, THEIRS = 1, 0
"""The town that is asked from, and the one whose ids are used."""


async def settled(towns: Towns) -> None:
    """Wait until there is nothing left to do."""
    query = text("SELECT count(*) FROM pgqueuer WHERE execute_after <= now() + interval '5 s'")
    async with asyncio.timeout(20):
        while True:
            async with towns.database.transaction() as session:
                if not await session.scalar(query):
                    return
            await asyncio.sleep(0.05)


async def everything(towns: Towns, workspace_id: UUID) -> dict[str, list[str]]:
    """All rows of a workspace, by table."""
    found = {}
    async with towns.database.of(workspace_id).reading() as session:
        for table in Base.metadata.sorted_tables:
            if "workspace_id" in table.c:
                rows = await session.execute(select(table).order_by(*table.primary_key.columns))
                found[table.name] = [str(row) for row in rows]
    return found


async def their_ids(towns: Towns) -> dict[str, UUID]:
    """Ids of the other town's: a plan, its run, and the step that waits."""
    deps = await towns.deps(THEIRS)
    async with deps.database.reading() as session:
        run = (await session.scalars(select(Run))).one()
        step = (await session.scalars(select(StepRun).where(StepRun.state == "WAITING"))).first()
        heard = await session.scalar(select(HeardMessage.id))
        told = await session.scalar(select(Notification.id))
        gate = await session.scalar(select(StepGate.id))
    assert step is not None
    assert heard is not None
    assert told is not None
    found = {"plan": run.plan_id, "run": run.id, "step": step.id, "target": step.id, "heard": heard}
    return {**found, "notification": told, "gate": gate or told}


class Untouched:
    """What the other town has and has heard, to be compared afterwards."""

    def __init__(self, towns: Towns) -> None:
        self._towns = towns

    async def __aenter__(self) -> None:
        self._workspace = (await self._towns.deps(THEIRS)).workspace.id
        self._rows = await everything(self._towns, self._workspace)
        self._calls = len(self._towns.slacks[THEIRS].transcript)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            await settled(self._towns)
            assert await everything(self._towns, self._workspace) == self._rows
            assert len(self._towns.slacks[THEIRS].transcript) == self._calls


def press(towns: Towns, action: str, value: str) -> Delivery:
    """A press of any button of ours, under the card of one's own town."""
    slack = towns.slacks[MINE]
    delivery = slack.prepare_click("marco", "works", cards(slack)[0].ts, ids.ACTION_DISCARD)
    payload = delivery.context["payload"]
    chosen: dict[str, Any] = {"action_id": action, "value": value}
    if action == ids.ACTION_CARD_PLACE:
        chosen["value"] = f"{value}:{slack.channel('works').id}"
    if action == ids.ACTION_CARD_CHOOSE:
        there = slack.channel("works").id
        chosen |= {"block_id": f"{ids.BLOCK_PLACE_CARD}{value}", "selected_conversation": there}
    payload["actions"] = [payload["actions"][0] | chosen]
    if action == ids.ACTION_VERSION_COMPARE:
        origin = {"channel": slack.channel("works").id, "message_ts": cards(slack)[0].ts}
        payload["view"] = {"private_metadata": json.dumps(origin)}
    return interactive_delivery(payload, delivery.context)


def values_of(action: str, ref: ids.Ref) -> list[str]:
    """What a button of that name may carry about something."""
    choices = {ids.ACTION_PLAN_MORE: ids.PLAN_CHOICES, ids.ACTION_GATE_MORE: ids.GATE_CHOICES}
    if action.startswith(ids.ACTION_CLARIFY_CHOICE):
        return [ids.Numbered(ref, 0).encode()]
    if action in choices:
        return [ids.Choice(name, ref).encode() for name in choices[action]]
    return [ids.VersionRef(ref, 1).encode() if action == ids.ACTION_VERSION_COMPARE else ref.encode()]


async def form(towns: Towns, name: str, ref: str) -> Delivery:
    """A submission of any form of ours that is about something, filled in."""
    slack = towns.slacks[MINE]
    await slack.send_command("marco", "works", "/mudda")
    [view] = slack.views("marco")
    payload = view_submission(slack.workspace, slack.user("marco"), view, slack.workspace.token())
    origin = {"channel": slack.channel("works").id, "message_ts": cards(slack)[0].ts, "step": "a"}
    origin["ref"] = f"{ref}.1" if name == ids.VIEW_COMPARE else ref
    option = {"value": "a", "text": {"type": "plain_text", "text": "1. A"}}
    payload["view"] |= {
        "callback_id": name,
        "private_metadata": json.dumps(origin),
        "state": {
            "values": {
                ids.BLOCK_REASON: {ids.INPUT_REASON: {"type": "plain_text_input", "value": "because"}},
                ids.BLOCK_WISH: {ids.INPUT_WISH: {"type": "plain_text_input", "value": "ask first"}},
                ids.BLOCK_STEP: {ids.INPUT_STEP: {"type": "static_select", "selected_option": option}},
                ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: {"type": "plain_text_input", "value": "yes"}},
                f"{ids.BLOCK_LACK}place": {ids.INPUT_LACK: {"type": "plain_text_input", "value": "Elm Street"}},
                ids.BLOCK_PERSON: {
                    ids.INPUT_PERSON: {"type": "users_select", "selected_user": slack.user("dana").id}
                },
            }
        },
    }
    return interactive_delivery(payload, {"user": view.user, "view_id": view.id})
