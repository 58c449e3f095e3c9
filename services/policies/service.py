"""PolicyService: the policies of a workspace, and what of them an issue has to do with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import Select, desc, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from db.models import Component, Policy, PolicyPassage, Workspace
from db.session import ReadSession
from services import audit
from services.audit import Actor
from services.components.builtins import BUILTINS
from services.errors import NotFound
from services.issue_words import issue_query
from services.policies.checks import Check, Target
from services.policies.documents import PolicyDocument, PolicyFaults, conflicts
from services.policies.specs import Citation, CitedPassage, PassageSnapshot, Policies, Rule, citation_id

MAX_SHOWN = 8
"""So many passages go to the plan maker at most."""

MAX_SHOWN_CHARACTERS = 6_000
"""Of all of them together."""


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """What came of a load. `is_new`: there is a new version, and not what there was before.

    `unknown` are the components and categories that its rules name and the workspace does not have.
    """

    key: str
    version: int
    is_new: bool
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """A version of a policy as one line of a list. `replaced`: there is a later version."""

    key: str
    name: str
    version: int
    effective_from: date | None
    effective_until: date | None
    passages: int
    checks: int
    loaded_by: str
    loaded_at: datetime
    removed_at: datetime | None
    replaced: bool


class PolicyService:
    """Policies by workspace. Every method takes a session and leaves the commit to its caller."""

    async def load(
        self, session: AsyncSession, workspace_id: UUID, document: PolicyDocument, actor: Actor
    ) -> LoadedPolicy:
        """Keep a policy as its next version, unless it is the version there is.

        Raises PolicyFaults if it contradicts another policy.
        """
        # One at a time: versions are counted, and two that contradict each other must not both get in.
        await session.execute(select(Workspace.id).where(Workspace.id == workspace_id).with_for_update())
        categories = await _categories(session, workspace_id)
        others = [row for row in await _latest(session, workspace_id) if row.key != document.key]
        rules = [(check, row.name) for row in others if row.removed_at is None for check in _checks(row)]
        if faults := list(conflicts(document, rules, categories)):
            raise PolicyFaults(faults)
        unknown = _unknown(document, categories)
        before = await session.scalar(_versions(workspace_id, document.key).options(undefer(Policy.source)))
        if before is not None and before.removed_at is None and _is_same(before, document):
            return LoadedPolicy(document.key, before.version, is_new=False, unknown=unknown)
        version = 1 if before is None else before.version + 1
        await _insert(session, workspace_id, document, version, actor.user)
        await audit.record(
            session,
            workspace_id,
            subject=workspace_id,
            actor=actor,
            action="policy.loaded",
            policy=document.key,
            version=version,
        )
        return LoadedPolicy(document.key, version, is_new=True, unknown=unknown)

    async def list(self, session: ReadSession, workspace_id: UUID) -> tuple[PolicyLine, ...]:
        """All versions of all policies, by key, the latest first."""
        count = select(func.count()).where(PolicyPassage.policy_id == Policy.id).scalar_subquery()
        of_it = Policy.workspace_id == workspace_id
        query = select(Policy, count).where(of_it).order_by(Policy.key, desc(Policy.version))
        lines: list[PolicyLine] = []
        for row, passages in await session.execute(query):
            replaced = bool(lines) and lines[-1].key == row.key
            lines.append(_line(row, passages, replaced=replaced))
        return tuple(lines)

    async def source(self, session: ReadSession, workspace_id: UUID, key: str, version: int | None) -> str:
        """The text of a version as it was loaded; of the latest where none is named. Raises NotFound."""
        query = _versions(workspace_id, key)
        if version is not None:
            query = query.where(Policy.version == version)
        row = await session.scalar(query.options(undefer(Policy.source)))
        if row is None:
            raise NotFound("policy", key)
        return row.source

    async def remove(
        self, session: AsyncSession, workspace_id: UUID, key: str, actor: Actor, now: datetime
    ) -> int:
        """Put a policy out of force, all versions of it; how many those are. Plans that cite it can still be read.

        Raises NotFound if there is none that is not removed.
        """
        of_it = (Policy.workspace_id == workspace_id, Policy.key == key, Policy.removed_at.is_(None))
        removed = await session.scalars(
            update(Policy).where(*of_it).values(removed_at=now).returning(Policy.version)
        )
        versions = removed.all()
        if not versions:
            raise NotFound("policy", key)
        await audit.record(
            session, workspace_id, subject=workspace_id, actor=actor, action="policy.removed", policy=key
        )
        return len(versions)

    async def for_issue(
        self, session: AsyncSession | ReadSession, workspace_id: UUID, issue_text: str, day: date
    ) -> Policies:
        """The passages that fit an issue best, and all rules, of what is in force on a day of the town."""
        policies = await _in_force(session, workspace_id, day)
        if not policies:
            return Policies()
        query = issue_query(issue_text)
        passages = await session.scalars(
            select(PolicyPassage)
            .where(PolicyPassage.workspace_id == workspace_id, PolicyPassage.policy_id.in_(list(policies)))
            .where(PolicyPassage.search.op("@@")(query))
            .order_by(desc(func.ts_rank(PolicyPassage.search, query)), PolicyPassage.position)
            .limit(4 * MAX_SHOWN)
        )
        shown: list[CitedPassage] = []
        room = MAX_SHOWN_CHARACTERS
        for row in passages:
            if len(shown) < MAX_SHOWN and len(row.text) <= room:
                shown.append(CitedPassage(_citation(policies[row.policy_id], row), row.text))
                room -= len(row.text)
        return Policies(tuple(shown), await _rules(session, workspace_id, policies.values()))

    async def passage(self, session: ReadSession, workspace_id: UUID, passage_id: UUID) -> PassageSnapshot:
        """One passage, be its policy still in force or not. Raises NotFound."""
        query = (
            select(PolicyPassage, Policy)
            .join(Policy, Policy.id == PolicyPassage.policy_id)
            .where(PolicyPassage.workspace_id == workspace_id, PolicyPassage.id == passage_id)
        )
        found = (await session.execute(query)).one_or_none()
        if found is None:
            raise NotFound("passage", passage_id)
        row, policy = found
        of_key = (Policy.workspace_id == workspace_id, Policy.key == policy.key)
        latest = await session.scalar(select(func.max(Policy.version)).where(*of_key))
        return PassageSnapshot(
            policy=policy.name,
            version=policy.version,
            latest=latest or policy.version,
            effective_from=policy.effective_from,
            effective_until=policy.effective_until,
            removed_at=policy.removed_at,
            heading=row.heading,
            text=row.text,
        )


def _versions(workspace_id: UUID, key: str) -> Select[Policy]:
    """The versions of a policy, the latest first."""
    of_it = (Policy.workspace_id == workspace_id, Policy.key == key)
    return select(Policy).where(*of_it).order_by(desc(Policy.version)).limit(1)


async def _latest(session: AsyncSession, workspace_id: UUID) -> Sequence[Policy]:
    query = select(Policy).ext(distinct_on(Policy.key)).where(Policy.workspace_id == workspace_id)
    return (await session.scalars(query.order_by(Policy.key, desc(Policy.version)))).all()


async def _in_force(session: AsyncSession, workspace_id: UUID, day: date) -> dict[UUID, Policy]:
    """Of each policy the latest version that has begun, unless it has ended: an earlier one does not come back."""
    has_begun = or_(Policy.effective_from.is_(None), Policy.effective_from <= day)
    query = (
        select(Policy)
        .ext(distinct_on(Policy.key))
        .where(Policy.workspace_id == workspace_id, Policy.removed_at.is_(None), has_begun)
        .order_by(Policy.key, desc(Policy.version))
    )
    rows = await session.scalars(query)
    return {row.id: row for row in rows if row.effective_until is None or row.effective_until >= day}


async def _rules(session: AsyncSession, workspace_id: UUID, policies: Iterable[Policy]) -> tuple[Rule, ...]:
    """All rules, in the order of the policies and then of their documents."""
    checks = [(policy, check) for policy in policies for check in _checks(policy)]
    if not checks:
        return ()
    rows = await session.scalars(
        select(PolicyPassage).where(
            PolicyPassage.workspace_id == workspace_id,
            PolicyPassage.policy_id.in_({policy.id for policy, _ in checks}),
            PolicyPassage.anchor.in_({check.passage for _, check in checks}),
        )
    )
    found = {(row.policy_id, row.anchor): row for row in rows}
    return tuple(Rule(check, _citation(policy, found[policy.id, check.passage])) for policy, check in checks)


async def _categories(session: AsyncSession, workspace_id: UUID) -> dict[str, str]:
    """The categories of the workspace's components, and of those that Mudda has itself, by key."""
    query = select(Component.key, Component.category).where(Component.workspace_id == workspace_id)
    rows = await session.execute(query)
    return {key: spec.category for key, spec in BUILTINS.items()} | {row.key: row.category for row in rows}


def _unknown(document: PolicyDocument, categories: Mapping[str, str]) -> tuple[str, ...]:
    """What the rules name and the workspace does not have: a slip, or something that is yet to be registered."""
    of_any = {category.casefold() for category in categories.values()}
    targets: list[Target] = []
    for placed in document.checks:
        targets += [placed.check, *([placed.check.needs_before] if placed.check.needs_before else [])]
    keys = [key for target in targets for key in target.component if key not in categories]
    names = [name for target in targets for name in target.category if name.casefold() not in of_any]
    return tuple(dict.fromkeys([*keys, *names]))


def _is_same(row: Policy, document: PolicyDocument) -> bool:
    return (row.name, row.source, row.checks) == (document.name, document.source, _stored(document))


def _stored(document: PolicyDocument) -> list[dict[str, object]]:
    return [placed.check.model_dump(mode="json", exclude_defaults=True) for placed in document.checks]


def _checks(row: Policy) -> list[Check]:
    return [Check.model_validate_json(json.dumps(check)) for check in row.checks]


async def _insert(
    session: AsyncSession, workspace_id: UUID, document: PolicyDocument, version: int, user: str
) -> None:
    policy_id = uuid4()
    policy = Policy(
        id=policy_id,
        workspace_id=workspace_id,
        key=document.key,
        name=document.name,
        version=version,
        effective_from=document.effective_from,
        effective_until=document.effective_until,
        source=document.source,
        checks=_stored(document),
        loaded_by=user,
    )
    session.add(policy)
    await session.flush()
    rows = [
        {
            "workspace_id": workspace_id,
            "policy_id": policy_id,
            "position": position,
            "anchor": passage.anchor,
            "heading": passage.heading,
            "text": passage.text,
        }
        for position, passage in enumerate(document.passages)
    ]
    await session.execute(insert(PolicyPassage), rows)


def _citation(policy: Policy, passage: PolicyPassage) -> Citation:
    ref = citation_id(policy.key, policy.version, passage.anchor)
    return Citation(ref, passage.id, policy.name, passage.heading)


def _line(row: Policy, passages: int, *, replaced: bool) -> PolicyLine:
    return PolicyLine(
        key=row.key,
        name=row.name,
        version=row.version,
        effective_from=row.effective_from,
        effective_until=row.effective_until,
        passages=passages,
        checks=len(row.checks),
        loaded_by=row.loaded_by,
        loaded_at=row.loaded_at,
        removed_at=row.removed_at,
        replaced=replaced,
    )
