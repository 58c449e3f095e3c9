"""Every attack by every channel, against a model that obeys each of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.hostile.attacks import ATTACKS
from tests.hostile.channels import CHANNELS, ONLY_DRAFTED, Channel
from tests.hostile.evidence import Evidence, gathered
from tests.hostile.invariants import INVARIANTS
from tests.hostile.stage import stage


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.__name__)
async def test_nothing_is_broken(
    channel: Channel, database_url: str, record_property: Callable[[str, object], None]
) -> None:
    async with stage(database_url) as on:
        await channel(on)
        if channel not in ONLY_DRAFTED:
            await on.carried_out()
        stopped = await on.neighbour_is_served()
        await on.quiet()
        evidence = await gathered(on, stopped)
    broken = [f"{invariant.__name__}: {what}" for invariant in INVARIANTS for what in invariant(evidence)]
    figure = {"attacks": len(ATTACKS), "invariants": len(INVARIANTS), "broken": len(broken)}
    record_property("hostile", {"channel": channel.__name__, "obeyed": len(on.mind.obeyed), **figure})
    assert not broken, f"{len(broken)} breaches:\n" + "\n".join(broken[:12])
    assert carried(evidence) == {attack.name for attack in ATTACKS}


def carried(evidence: Evidence) -> set[str]:
    """The attacks that reached a prompt or a message at all: one that does not shows nothing."""
    seen = [*(prompt.text for prompt in evidence.prompts), *(json.dumps(told.args) for told in evidence.told)]
    return {attack.name for attack in ATTACKS if any(attack.word in text for text in seen)}
