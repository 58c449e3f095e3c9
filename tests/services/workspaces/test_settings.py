"""What a workspace sets for itself: what may be set, on record where it changes; and who may plan then."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from db.models import AuditEvent
from db.session import Database
from services.approvals import ApprovalRules, ApprovalService
from services.audit import Actor
from services.planners import MayNotPlan, check_may_plan, planners
from services.workspaces import settings
from services.workspaces.settings import SettingRefused

ANA, BEN, CAT = "U0ANA00001", "U0BEN00001", "U0CAT00001"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("may_plan", "named", "named"),
        ("planners", f"{ANA}, {BEN},{ANA}", [ANA, BEN]),
        ("default_channel", "C0WORKS01", "C0WORKS01"),
        ("plan_days", "0", 0),
        ("plan_days", "30", 30),
        ("plan_emoji", ":Mudda:", "mudda"),
        ("plan_emoji", "+1", "+1"),
        ("plan_emoji", "off", "off"),
        ("tokens_per_day", "500000", 500_000),
        ("language", "de", "de"),
    ],
)
def test_a_setting_is_read(name: str, text: str, value: Any) -> None:
    assert settings.read(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("may_plan", "nobody"),
        ("planners", "ana"),
        ("planners", "<!channel>"),
        ("default_channel", "D0PRIYA01"),
        ("default_channel", "#works"),
        ("plan_days", "29"),
        ("plan_emoji", "two words"),
        ("plan_emoji", "::"),
        ("plan_emoji", "<!channel>"),
        ("plan_emoji", "x" * 101),
        ("plan_days", "99999"),
        ("plan_days", "٣٦٥"),
        ("tokens_per_day", "-1"),
        ("colour", "red"),
        ("language", "fr"),
    ],
)
def test_what_is_no_setting_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        settings.read(name, text)
    assert refused.value.name == name


async def test_a_change_is_on_record_and_only_once(database: Database, workspace_id: UUID) -> None:
    for _ in range(2):
        async with database.transaction() as session:
            await settings.change(session, workspace_id, {"plan_days": "90", "time_zone": ""}, Actor(ANA))
    async with database.reading() as session:
        assert await settings.current(session, workspace_id) == {"plan_days": 90}
        events = (await session.scalars(select(AuditEvent))).all()
    assert [(event.actor, event.facts) for event in events] == [(ANA, {"plan_days": 90})]
    async with database.transaction() as session:
        await settings.change(session, workspace_id, {"plan_days": ""}, Actor(ANA))
    async with database.reading() as session:
        assert await settings.current(session, workspace_id) == {}
        assert await session.scalar(select(func.count()).select_from(AuditEvent)) == 2


def test_approvers_may_always_plan() -> None:
    assert planners({}, (BEN,)) is None
    assert planners({"may_plan": "approvers"}, (BEN,)) == (BEN,)
    assert planners({"may_plan": "approvers"}, ()) is None
    assert planners({"may_plan": "named", "planners": [CAT]}, (BEN,)) == (BEN, CAT)


async def test_who_may_not_plan_is_told_who_may(database: Database, workspace_id: UUID) -> None:
    approvals = ApprovalService()
    async with database.transaction() as session:
        await approvals.set_settings(session, workspace_id, ApprovalRules((BEN,)), Actor(BEN))
        await settings.change(session, workspace_id, {"may_plan": "approvers"}, Actor(BEN))
        await check_may_plan(session, workspace_id, BEN, approvals)
        with pytest.raises(MayNotPlan) as refused:
            await check_may_plan(session, workspace_id, ANA, approvals)
    assert refused.value.people == (BEN,)
