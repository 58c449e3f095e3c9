"""What a document would bring: how many by tag, how each is gated, what is cut or refused, and buttons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from bot.languages import Sentence, _, ngettext
from bot.slack import ids
from bot.slack.messages import Block, Element, Message
from bot.views.importing.refusals import import_metadata
from bot.views.importing.words import CUTS, GATES, REASONS
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, join, one_line
from services.imports.offers import OfferKind
from services.imports.summaries import ImportSummary, TagCount

_TAGS = 10
_LINES = 5
_NAME = 100
_WORDS = 200


def preview_message(offer_id: UUID, kind: OfferKind, summary: ImportSummary, services: int = 0) -> Message:
    """The preview. `services` are those of an Open311 endpoint."""
    title = clip(one_line(f"{summary.title} {summary.version}"), _NAME)
    said = _counts(summary)
    blocks = [
        kit.header(title),
        kit.rich_text(kit.paragraph(kit.span(said))),
        *(_open311(summary, services) if kind is OfferKind.OPEN311 else _tags(summary.tags)),
        *_gates(summary),
        *_reasons(_("Can't be imported"), REASONS, summary.refused),
        *_reasons(_("Cut or left out"), CUTS, summary.cut),
        *_rest(summary),
    ]
    blocks.append(kit.actions(*_buttons(offer_id, kind, summary)))
    text = _("Preview of {name}: {counts}", name=title, counts=said)
    return Message(kit.fallback(text), kit.seal(blocks, "import"), import_metadata(offer_id))


def _counts(summary: ImportSummary) -> str:
    counts = {state: summary.count(state) for state in ("new", "changed", "unchanged", "refused")}
    if not (counts["new"] or counts["changed"]):
        return _("Nothing is new: {unchanged} there already, {refused} can't be imported.", **counts)
    return _(
        "{new} new, {changed} different from what is there, {unchanged} there already, "
        "{refused} can't be imported. Nothing has been added yet.",
        **counts,
    )


def _tags(tags: Sequence[TagCount]) -> Iterator[Block]:
    lines = [_tag(tag) for tag in tags[:_TAGS]]
    if len(tags) > _TAGS:
        lines.append(ngettext("…and {count} tag more", "…and {count} tags more", len(tags) - _TAGS))
    yield kit.rich_text(kit.bullets(lines))


def _tag(tag: TagCount) -> str:
    counts = {state: tag.counts.get(state, 0) for state in ("new", "changed", "unchanged", "refused")}
    name = clip(one_line(tag.tag), _NAME) or _("Without a tag")
    parts = [
        _("{count} new", count=counts["new"]) if counts["new"] else "",
        _("{count} different", count=counts["changed"]) if counts["changed"] else "",
        _("{count} there already", count=counts["unchanged"]) if counts["unchanged"] else "",
        _("{count} not possible", count=counts["refused"]) if counts["refused"] else "",
    ]
    return _("{tag}: {counts}", tag=name, counts=", ".join(filter(None, parts)))


def _open311(summary: ImportSummary, services: int) -> Iterator[Block]:
    said = ngettext(
        "The endpoint has {count} service. These components would be made:",
        "The endpoint has {count} services. These components would be made:",
        services,
    )
    lines = [clip(one_line(entry.name), _NAME) for entry in summary.entries[:_TAGS]]
    if len(summary.entries) > _TAGS:
        more = len(summary.entries) - _TAGS
        lines.append(ngettext("…and {count} component more", "…and {count} components more", more))
    yield kit.rich_text(kit.paragraph(kit.span(said)), kit.bullets(lines))


def _gates(summary: ImportSummary) -> Iterator[Block]:
    gates = summary.gates
    if gates:
        said = [
            _("{count} × {gate}", count=gates[name], gate=_(words)) for name, words in GATES.items() if gates[name]
        ]
        yield _titled(_("When people are asked"), said)


def _reasons(title: str, words: Mapping[Any, Sentence], found: Mapping[Any, Sequence[str]]) -> Iterator[Block]:
    """The most frequent first, each with its first example; the rest is counted."""
    ordered = sorted(found.items(), key=lambda each: -len(each[1]))
    lines = [_reason(_(words[code]), about) for code, about in ordered[:_LINES]]
    if rest := sum(len(about) for _code, about in ordered[_LINES:]):
        lines.append(ngettext("…and {count} more", "…and {count} more", rest))
    if lines:
        yield _titled(title, lines)


def _reason(reason: str, about: Sequence[str]) -> str:
    said = _("{reason}: {count} ({example})", reason=reason, count=len(about), example=about[0])
    return clip(one_line(said), _WORDS)


def _rest(summary: ImportSummary) -> Iterator[Block]:
    lines = []
    if summary.kept:
        names = join([one_line(key) for key in summary.kept], most=_LINES)
        lines.append(_("What people changed by hand stays: {names}", names=names))
    if summary.gone:
        lines.append(
            ngettext(
                "{count} component is no longer in the document. It stays as it is.",
                "{count} components are no longer in the document. They stay as they are.",
                len(summary.gone),
            )
        )
    if summary.secrets:
        names = join(summary.secrets, most=_LINES)
        lines.append(_("Whoever runs Mudda must set {names} before the first call.", names=names))
    if lines:
        yield kit.rich_text(kit.bullets([clip(line, 400) for line in lines]))


def _titled(title: str, lines: Sequence[str]) -> Block:
    return kit.rich_text(kit.paragraph(kit.span(title, bold=True)), kit.bullets(lines))


def _buttons(offer_id: UUID, kind: OfferKind, summary: ImportSummary) -> Iterator[Element]:
    value = ids.Ref(offer_id, 0).encode()
    if kind is OfferKind.OPEN311:
        yield kit.button(_("Choose services…"), ids.ACTION_IMPORT_CHOOSE, value)
        yield kit.button(_("Add all"), ids.ACTION_IMPORT_NEW, value, style="primary")
    else:
        if any(entry.is_choosable for entry in summary.entries):
            yield kit.button(_("Choose operations…"), ids.ACTION_IMPORT_CHOOSE, value)
        if summary.count("new"):
            yield kit.button(_("Import all new"), ids.ACTION_IMPORT_NEW, value, style="primary")
        elif summary.count("changed"):
            yield kit.button(_("Update all different"), ids.ACTION_IMPORT_CHANGED, value, style="primary")
    yield kit.button(_("Cancel"), ids.ACTION_IMPORT_CANCEL, value)
