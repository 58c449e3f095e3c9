"""Where one repair does not help, other plans are asked for at once, and the best of all goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from bot.sandbox.gemini.faults import BrokenJson, Fault, Fine, Hang, Hold, Slow, Status, Text
from bot.sandbox.gemini.server import GeminiStandIn
from services.ai.errors import GeminiMalformed, GeminiTimeout, GeminiUnavailable, PlanRejected
from services.ai.gemini import GeminiClient, RetryPolicy
from services.ai.service import AIService, Draft
from services.learning.memory import NOTHING, Memory, PlanningNote
from services.plans.model import Issue
from services.states import Phase
from tests.support.pack import COMPONENTS
from tests.support.waiting import happened

ISSUE = Issue("Water is coming up through the road at 5th and Main", reporter="U1", channel="C1")
SELECTOR, PLANNER, REPAIR = ("selector", "ok"), ("planner", "ok"), ("repair", "ok")
USED = ("open311.list_services", "open311.find_nearby")


@pytest.fixture
async def service(gemini: GeminiStandIn) -> AsyncIterator[AIService]:
    retries = RetryPolicy(attempts=2, base=0.01, least=0.05)
    client = GeminiClient("key", "gemini-3.8-flash", endpoint=gemini.url, max_concurrency=2, retries=retries)
    yield AIService(client)
    await client.aclose(grace=0)


def broken(name: str, faults: int) -> Text:
    """A plan of this name with so many faults: components that nobody knows."""
    steps = [{"step_id": f"s{n}", "component_id": f"nobody.knows_{n}"} for n in range(faults)]
    return Text(json.dumps({"workflow_name": name, "steps": steps}))


def good(name: str, *components: str) -> Text:
    """A valid plan of this name; each component that was selected and is not among these is warned of."""
    steps = [{"step_id": f"s{n}", "component_id": key} for n, key in enumerate(components)]
    return Text(json.dumps({"workflow_name": name, "steps": steps}))


def invalid_twice(gemini: GeminiStandIn, samples: Sequence[Fault], first: int = 4, repaired: int = 3) -> None:
    """The first plan is invalid, and it still is when it comes back from the repair."""
    gemini.script(Text(json.dumps({"selected_component_ids": USED})), agent="selector")
    gemini.script(broken("first", first), *samples, agent="planner")
    gemini.script(broken("repaired", repaired), agent="repair")


class Drafted:
    """A draft that was asked for: what came of it, and what was told and spent on the way."""

    def __init__(self) -> None:
        self.phases: list[tuple[Phase, Mapping[str, Any]]] = []
        self.result: Draft | None = None
        self.accounts: list[tuple[str, str]] = []

    async def tell(self, phase: Phase, facts: Mapping[str, Any]) -> None:
        self.phases.append((phase, facts))

    @property
    def name(self) -> str:
        assert self.result is not None
        return self.result.plan.workflow_name


async def drafted(service: AIService, seconds: float | None = None, memory: Memory = NOTHING) -> Drafted:
    made = Drafted()
    deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
    made.result = await service.draft(ISSUE, COMPONENTS, deadline=deadline, on_phase=made.tell, memory=memory)
    made.accounts = [(usage.agent, usage.outcome) for usage in made.result.usages]
    return made


async def test_a_valid_sample_is_the_plan(gemini: GeminiStandIn, service: AIService) -> None:
    invalid_twice(gemini, [broken("other", 1), good("sample", *USED)])
    made = await drafted(service)
    assert made.name == "sample"
    assert made.result is not None
    assert made.result.report.ok
    assert made.accounts == [SELECTOR, PLANNER, REPAIR, PLANNER, PLANNER]
    assert [phase.value for phase, _ in made.phases][-2:] == ["sampling", "checking"]
    assert made.phases[-2][1] == {"samples": 2, "faults": 3}


async def test_samples_are_asked_the_first_question_and_at_the_same_time(
    gemini: GeminiStandIn, service: AIService
) -> None:
    holds = [Hold(), Hold()]
    invalid_twice(gemini, holds)
    async with asyncio.TaskGroup() as group, asyncio.timeout(10):
        task = group.create_task(drafted(service))
        for hold in holds:
            await happened(hold.reached)
        assert gemini.running == 2
        for hold in holds:
            hold.released.set()
    assert task.result().result is not None
    first, *samples = [asked.prompt for asked in gemini.transcript if asked.agent == "planner"]
    assert samples == [first, first]


async def test_one_sample_is_made_without_notes(gemini: GeminiStandIn, service: AIService) -> None:
    invalid_twice(gemini, [broken("other", 1), good("sample", *USED)])
    await drafted(service, memory=Memory(notes=(PlanningNote("Obey me"),)))
    first, *samples = [asked.prompt for asked in gemini.transcript if asked.agent == "planner"]
    assert "Obey me" in first
    assert sorted("Obey me" in prompt for prompt in samples) == [False, True]


async def test_what_is_no_plan_is_asked_for_again_without_notes(gemini: GeminiStandIn, service: AIService) -> None:
    gemini.script(Text(json.dumps({"selected_component_ids": USED})), agent="selector")
    gemini.script(*[Text('{"steps": 5}')] * 2, good("second", *USED), agent="planner")
    made = await drafted(service, memory=Memory(notes=(PlanningNote("Obey me"),)))
    assert made.name == "second"
    *before, last = [asked.prompt for asked in gemini.transcript if asked.agent == "planner"]
    assert all("Obey me" in prompt for prompt in before)
    assert "Obey me" not in last


async def test_what_is_no_plan_is_a_failure_where_there_are_no_notes(
    gemini: GeminiStandIn, service: AIService
) -> None:
    gemini.script(Text(json.dumps({"selected_component_ids": USED})), agent="selector")
    gemini.script(*[Text('{"steps": 5}')] * 2, agent="planner")
    with pytest.raises(GeminiMalformed):
        await drafted(service)


async def test_of_far_too_many_steps_a_repair_is_shown_no_more_than_may_be(
    gemini: GeminiStandIn, service: AIService
) -> None:
    gemini.script(Text(json.dumps({"selected_component_ids": USED})), agent="selector")
    gemini.script(broken("endless", 3_000), agent="planner")
    gemini.script(good("short", *USED), agent="repair")
    assert (await drafted(service)).name == "short"
    repair = next(asked.prompt for asked in gemini.transcript if asked.agent == "repair")
    assert "nobody.knows_5" in repair
    assert "nobody.knows_2999" not in repair


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (good("better", *USED), good("worse", USED[0])),
        (good("better", *USED), good("worse", *USED, USED[1])),
        (good("better", USED[0]), good("worse", *USED, "nobody.knows")),
    ],
    ids=["fewer warnings", "fewer steps", "valid, with more warnings"],
)
async def test_of_two_samples_the_better_is_shown(
    gemini: GeminiStandIn, service: AIService, better: Text, worse: Text, after: int
) -> None:
    samples = [better, worse]
    invalid_twice(gemini, samples[after:] + samples[:after])
    assert (await drafted(service)).name == "better"


@pytest.mark.parametrize(
    ("first", "repaired", "samples", "best"),
    [
        (4, 3, (2, 1), "sample 1"),
        (4, 3, (1, 2), "sample 0"),
        (4, 1, (2, 3), "repaired"),
        (1, 4, (2, 3), "first"),
        (2, 2, (2, 2), "repaired"),
    ],
)
async def test_without_a_valid_one_the_best_of_all_is_repaired(
    gemini: GeminiStandIn, service: AIService, first: int, repaired: int, samples: tuple[int, int], best: str
) -> None:
    invalid_twice(gemini, [broken(f"sample {n}", faults) for n, faults in enumerate(samples)], first, repaired)
    made = await drafted(service)
    assert f'"workflow_name":"{best}"' in gemini.transcript[-1].prompt
    assert made.accounts == [SELECTOR, PLANNER, REPAIR, PLANNER, PLANNER, REPAIR]
    repairs = [facts for phase, facts in made.phases if phase is Phase.REPAIRING]
    assert [(facts["repairs"], facts["faults"]) for facts in repairs] == [
        (1, first),
        (2, min(first, repaired, *samples)),
    ]


@pytest.mark.parametrize(("last", "best", "faults"), [(4, "sample", 2), (1, "last", 1), (2, "last", 2)])
async def test_what_is_still_invalid_is_rejected_by_the_best_of_all_plans(
    gemini: GeminiStandIn, service: AIService, last: int, best: str, faults: int
) -> None:
    invalid_twice(gemini, [broken("sample", 2), broken("other", 5)])
    gemini.script(broken("last", last), agent="repair")
    with pytest.raises(PlanRejected) as caught:
        await drafted(service)
    assert (caught.value.plan.workflow_name, len(caught.value.faults)) == (best, faults)
    assert len(caught.value.usages) == len(gemini.transcript) == 6


@pytest.mark.parametrize(
    ("fault", "accounts"),
    [
        (Status(500), [("planner", "unavailable")]),
        (Status(403), [("planner", "refused")]),
        (BrokenJson(), [("planner", "malformed")] * 2),
    ],
    ids=["out of order", "refused", "of no use"],
)
@pytest.mark.parametrize("valid", [True, False])
async def test_a_sample_that_fails_is_paid_for_and_left_out(
    gemini: GeminiStandIn, fault: Fault, accounts: list[tuple[str, str]], valid: bool
) -> None:
    # One call at a time, so that the first sample gets the fault each time that it asks.
    retries = RetryPolicy(attempts=1, base=0.01, least=0.05)
    client = GeminiClient("key", "m", endpoint=gemini.url, max_concurrency=1, retries=retries)
    invalid_twice(gemini, [fault, good("sample", *USED) if valid else broken("sample", 1), fault])
    made = await drafted(AIService(client))
    await client.aclose()
    if valid:
        assert made.name == "sample"
    else:
        assert '"workflow_name":"sample"' in gemini.transcript[-1].prompt
    spent = [SELECTOR, PLANNER, REPAIR, PLANNER, *accounts, *([] if valid else [REPAIR])]
    assert sorted(made.accounts) == sorted(spent)
    assert made.result is not None
    assert made.result.model == "rule-based-stand-in"


async def test_without_any_sample_the_repaired_plan_is_repaired_once_more(
    gemini: GeminiStandIn, service: AIService
) -> None:
    invalid_twice(gemini, [Status(500)] * 4)
    made = await drafted(service)
    assert '"workflow_name":"repaired"' in gemini.transcript[-1].prompt
    assert made.accounts == [SELECTOR, PLANNER, REPAIR, *[("planner", "unavailable")] * 2, REPAIR]
    assert [phase.value for phase, _ in made.phases][-3:] == ["sampling", "repairing", "checking"]


async def test_a_last_repair_that_fails_says_why(gemini: GeminiStandIn, service: AIService) -> None:
    invalid_twice(gemini, [broken("sample", 1), broken("other", 1)])
    gemini.script(Status(500), Status(500), agent="repair")
    with pytest.raises(GeminiUnavailable) as caught:
        await drafted(service)
    assert len(caught.value.usages) == 6


async def test_a_sample_that_hangs_leaves_time_for_the_last_repair(
    gemini: GeminiStandIn, service: AIService
) -> None:
    invalid_twice(gemini, [Hang(), broken("sample", 1)])
    made = await drafted(service, seconds=4)
    assert made.accounts == [SELECTOR, PLANNER, REPAIR, PLANNER, ("planner", "timeout"), REPAIR]
    assert '"workflow_name":"sample"' in gemini.transcript[-1].prompt


async def test_with_too_little_time_no_sample_begins(gemini: GeminiStandIn) -> None:
    # Half of what is left is less than any call may begin with.
    retries = RetryPolicy(attempts=1, least=1_000)
    client = GeminiClient("key", "m", endpoint=gemini.url, timeout=2_000, retries=retries)
    invalid_twice(gemini, [])
    made = await drafted(AIService(client), seconds=1_500)
    await client.aclose()
    assert made.accounts == [SELECTOR, PLANNER, REPAIR, REPAIR]
    assert Phase.SAMPLING not in [phase for phase, _ in made.phases]


async def test_no_sample_begins_that_takes_longer_than_there_is_time_for(
    gemini: GeminiStandIn, service: AIService
) -> None:
    gemini.script(Slow(2), agent="selector")
    invalid_twice(gemini, [])
    made = await drafted(service, seconds=5)
    assert made.accounts == [SELECTOR, PLANNER, REPAIR, REPAIR]


async def test_who_stops_a_draft_stops_its_samples(gemini: GeminiStandIn, service: AIService) -> None:
    holds = [Hold(), Hold()]
    invalid_twice(gemini, holds)
    task = asyncio.create_task(drafted(service))
    for hold in holds:
        await happened(hold.reached)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for hold in holds:
        hold.released.set()
    await gemini.until(lambda stand_in: stand_in.running == 0)
    assert len(gemini.transcript) == 5


async def test_a_repair_that_helps_asks_for_no_other_plan(gemini: GeminiStandIn, service: AIService) -> None:
    gemini.script(broken("first", 2), agent="planner")
    gemini.script(Fine(), agent="repair")
    made = await drafted(service)
    assert made.accounts == [SELECTOR, PLANNER, REPAIR]


async def test_a_deadline_that_has_passed_is_one_for_the_repair_too(
    gemini: GeminiStandIn, service: AIService
) -> None:
    gemini.script(broken("first", 2), agent="planner")
    gemini.script(Hang(), agent="repair")
    with pytest.raises(GeminiTimeout):
        await drafted(service, seconds=1)
    assert len([asked for asked in gemini.transcript if asked.agent == "planner"]) == 1
