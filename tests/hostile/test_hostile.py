"""Every attack by every channel, against a model that obeys: each of them, or those whose turn it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from tests.hostile.attacks import ATTACKS
from tests.hostile.channels import (
    CHANNELS,
    EVERY,
    ONLY_DRAFTED,
    Channel,
    command,
    component,
    record,
    thread_reply,
    turns,
)
from tests.hostile.evidence import Evidence, gathered
from tests.hostile.invariants import INVARIANTS
from tests.hostile.stage import stage

Record = Callable[[str, object], None]


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.__name__)
async def test_nothing_is_broken(channel: Channel, database_url: str, record_property: Record) -> None:
    await tried(channel, turns(channel), database_url, record_property)


@pytest.mark.soak
@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.__name__)
async def test_nothing_is_broken_whosever_turn_it_is(
    channel: Channel, database_url: str, record_property: Record
) -> None:
    await tried(channel, EVERY, database_url, record_property)


@pytest.mark.parametrize("channels", [CHANNELS[start : start + 4] for start in range(0, len(CHANNELS), 4)])
def test_everybody_has_a_turn_in_every_four_channels(channels: Sequence[Channel]) -> None:
    assert {each for channel in channels for each in turns(channel)} == set(EVERY)


def test_everybodys_plan_is_carried_out_somewhere() -> None:
    found = {each for channel in (command, thread_reply, component, record) for each in turns(channel)}
    assert found == set(EVERY)


async def tried(channel: Channel, turns: Sequence[int], database_url: str, record_property: Record) -> None:
    async with stage(database_url, turns) as on:
        await channel(on)
        if channel not in ONLY_DRAFTED:
            await on.carried_out()
        stopped = await on.neighbour_is_served()
        await on.quiet()
        evidence = await gathered(on, stopped)
    broken = [f"{invariant.__name__}: {what}" for invariant in INVARIANTS for what in invariant(evidence)]
    figure = {"attacks": len(on.brought), "invariants": len(INVARIANTS), "broken": len(broken)}
    record_property("hostile", {"channel": channel.__name__, "obeyed": len(on.mind.obeyed), **figure})
    assert not broken, f"{len(broken)} breaches:\n" + "\n".join(broken[:12])
    assert on.brought >= {ATTACKS[each - 1].name for each in turns}
    assert carried(evidence) == on.brought


def carried(evidence: Evidence) -> set[str]:
    """The attacks that reached a prompt or a message at all: one that does not shows nothing."""
    seen = [*(prompt.text for prompt in evidence.prompts), *(json.dumps(told.args) for told in evidence.told)]
    return {attack.name for attack in ATTACKS if any(attack.word in text for text in seen)}
