"""The components of the town: what plans can be made of."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from services.components.builtins import BUILTINS
from services.components.service import ComponentService
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.formats.text import clip, search_words
from services.queries.lookups.arguments import Words
from services.queries.lookups.rows import Fact, Facts, RowKind, Scope, known

MAX_COMPONENTS = 12

_APPROVALS = {
    ApprovalPolicy.NONE: "none needed",
    ApprovalPolicy.PLAN: "with the plan",
    ApprovalPolicy.STEP: "each time, at a gate of its own",
}


async def components(session: AsyncSession, scope: Scope, given: Words) -> Facts:
    """Those that fit the words best, and how many there are: no address and no secret."""
    text = given.text or ""
    page = await ComponentService().list(session, scope.workspace_id, search=text, size=MAX_COMPONENTS)
    own = _built_in(text) if text else []
    return Facts([*map(_fact, page.items), *map(_fact, own)], page.total + len(own))


async def named(session: AsyncSession, scope: Scope, words: str) -> list[ComponentSpec]:
    """The components that are called so, those included that Mudda has itself."""
    page = await ComponentService().list(session, scope.workspace_id, search=words, size=50)
    # What is called so is meant, and not all whose descriptions say it too.
    called_so = [spec for spec in page.items if _is_called(spec, words)]
    return [*(called_so or page.items), *_built_in(words)]


def _built_in(words: str) -> list[ComponentSpec]:
    return [spec for spec in BUILTINS.values() if _is_called(spec, words)]


_STEM = 5


def _is_called(spec: ComponentSpec, words: str) -> bool:
    """Whether each word is one of the component's name, or begins as one does: "assignment" as "Assign"."""
    name = search_words(f"{spec.name} {spec.key}")
    wanted = search_words(words)
    return bool(wanted) and all(word in name or _begins_as(word, name) for word in wanted)


def _begins_as(word: str, name: Iterable[str]) -> bool:
    return len(word) >= _STEM and any(word[:_STEM] == each[:_STEM] for each in name)


def _fact(spec: ComponentSpec) -> Fact:
    reads = spec.type == "REST" and spec.http_method.upper() in ("GET", "HEAD")
    values = known(
        key=spec.key,
        name=clip(spec.name, 120),
        description=clip(" ".join(spec.description.split()), 240),
        category=clip(spec.category, 60),
        does="looks things up" if reads else "changes or sends something",
        approval=_APPROVALS[spec.approval],
        in_use="yes" if spec.active else "no, it is switched off",
    )
    return Fact(RowKind.COMPONENT, values)
