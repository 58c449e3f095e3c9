"""What a document would bring, in the few facts that a preview tells."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.components.definitions import ComponentDefinition
from services.components.importing import EntryState, ImportPreview
from services.components.openapi.model import CutCode, Reason
from services.components.secret_names import variables_in
from services.components.service import ComponentSnapshot
from services.imports.offers import OfferedEntry


@dataclass(frozen=True, slots=True)
class TagCount:
    """How many operations of a tag are new, differ, are there already and can't be imported."""

    tag: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """The facts of a preview. `refused` and `cut` name what each is about; `kept` is what people changed by hand.

    `secrets` are environment variables that calls will need, `gone` keys that the document has no more.
    """

    title: str
    version: str
    entries: tuple[OfferedEntry, ...]
    tags: tuple[TagCount, ...]
    refused: Mapping[Reason, Sequence[str]] = field(default_factory=dict)
    cut: Mapping[CutCode, Sequence[str]] = field(default_factory=dict)
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        """How many operations are in a state."""
        return sum(tag.counts.get(state, 0) for tag in self.tags)

    @property
    def gates(self) -> Counter[str]:
        """How many components have each gate, of those that would be new or others."""
        return Counter(entry.gate for entry in self.entries if entry.state != EntryState.UNCHANGED)


def summary_of(preview: ImportPreview) -> ImportSummary:
    """The facts of the preview of an OpenAPI document."""
    refused: dict[Reason, list[str]] = defaultdict(list)
    cut: dict[CutCode, list[str]] = defaultdict(list)
    entries = []
    for each in preview.entries:
        operation = each.operation
        for reason in each.refused:
            refused[reason.reason].append(f"{operation.id} {reason.about}".strip())
        if each.state is EntryState.REFUSED or each.definition is None:
            continue
        for part in operation.cuts:
            cut[part.code].append(f"{operation.id} {part.where}".strip())
        entries.append(
            OfferedEntry(
                id=operation.id,
                key=each.key,
                name=str(each.definition["name"]),
                tag=_tag(operation.tags),
                state=each.state,
                gate=str(each.definition["approval"]),
                is_active=each.active,
            )
        )
    definitions = [each.definition for each in preview.entries if each.definition is not None]
    return ImportSummary(
        title=preview.document.title,
        version=preview.document.version,
        entries=tuple(entries),
        tags=_tags((_tag(each.operation.tags), each.state) for each in preview.entries),
        refused=refused,
        cut=cut,
        kept={each.key: each.kept for each in preview.entries if each.kept},
        gone=tuple(each.key for each in preview.gone),
        secrets=_secrets(definitions),
    )


def summary_of_definitions(
    title: str, definitions: Sequence[ComponentDefinition], stored: Mapping[str, ComponentSnapshot]
) -> ImportSummary:
    """The facts of components that are described whole, beside those of the same keys that there are."""
    entries = tuple(_entry(definition, stored.get(definition.key)) for definition in definitions)
    return ImportSummary(
        title=title,
        version="",
        entries=entries,
        tags=_tags((entry.tag, entry.state) for entry in entries),
        secrets=_secrets([definition.model_dump(mode="json") for definition in definitions]),
    )


def _entry(definition: ComponentDefinition, stored: ComponentSnapshot | None) -> OfferedEntry:
    state = EntryState.NEW
    if stored is not None:
        state = EntryState.UNCHANGED if stored.definition == definition else EntryState.CHANGED
    return OfferedEntry(
        id=definition.key,
        key=definition.key,
        name=definition.name,
        tag=definition.category,
        state=state,
        gate=definition.approval,
        is_active=stored is None or stored.active,
    )


def _tag(tags: Sequence[str]) -> str:
    return tags[0] if tags else ""


def _tags(found: Iterable[tuple[str, str]]) -> tuple[TagCount, ...]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for tag, state in found:
        counts[tag][state] += 1
    return tuple(TagCount(tag, dict(counted)) for tag, counted in counts.items())


def _secrets(definitions: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({name for definition in definitions for name in variables_in(definition)}))
