"""The versions of a plan in a modal, and two of them side by side."""

from __future__ import annotations

from collections.abc import Sequence

from bot.languages import _, ngettext
from bot.slack.ids import ACTION_VERSION_COMPARE, VIEW_COMPARE, VIEW_VERSIONS, Ref, VersionRef
from bot.slack.messages import Block, Element, View
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, in_quotes, one_line
from bot.views.modals.reason import origin
from bot.views.plan.changes import different
from bot.views.plan.faults import Names, explain_fault
from bot.views.plan.wishes import wish_words
from services.plans.validation import Fault
from services.queries.snapshots import PlanSnapshot, VersionSnapshot
from services.queries.versions import MAX_LISTED, VersionLine
from services.states import PlanState
from services.workflows.versions import VersionKind

_TITLE = 24
"""Of a modal's title and its buttons: Slack takes no more."""

_WISH = 300
_LINES = 80
_PER_BLOCK = 10
_FAULTS = 8
_FAULT = 300


def versions_modal(
    snapshot: PlanSnapshot,
    lines: Sequence[VersionLine],
    *,
    channel: str,
    message_ts: str,
    thread_ts: str | None = None,
) -> View:
    """Every version with who made it and what they wished; any of them can be compared with the current one."""
    ref = Ref(snapshot.id, snapshot.revision)
    current = lines[0].version if lines else 0
    blocks = [block for line in lines for block in _line(line, ref, current)]
    if len(lines) == MAX_LISTED and lines[-1].version > 1:
        blocks.append(kit.context(kit.plain(_("Earlier versions are kept and not listed here."))))
    return {
        "type": "modal",
        "callback_id": VIEW_VERSIONS,
        "title": kit.plain(clip(_("Plan #{number}: versions", number=str(snapshot.number)), _TITLE)),
        "close": kit.plain(_("Close")),
        "private_metadata": origin(ref, channel, message_ts, thread_ts),
        "blocks": blocks or [kit.context(kit.plain(_("There is no version yet.")))],
    }


def compare_modal(
    snapshot: PlanSnapshot,
    old: VersionSnapshot,
    new: VersionSnapshot,
    faults: Sequence[Fault] = (),
    *,
    channel: str,
    message_ts: str,
    thread_ts: str | None = None,
) -> View:
    """What is different in `new`, the current version, and a way back to `old` while the plan is a draft.

    `faults` say why there is none: what `old` breaks of today's rules.
    """
    ref = VersionRef(Ref(snapshot.id, snapshot.revision), old.version)
    view: View = {
        "type": "modal",
        "callback_id": VIEW_COMPARE,
        "title": kit.plain(
            clip(_("Versions {old} and {new}", old=str(old.version), new=str(new.version)), _TITLE)
        ),
        "close": kit.plain(_("Close")),
        "private_metadata": origin(ref, channel, message_ts, thread_ts),
        "blocks": [*_refused(old, faults), *_compared(old, new)],
    }
    if snapshot.state is PlanState.DRAFT and not faults:
        view["submit"] = kit.plain(clip(_("Restore version {version}", version=str(old.version)), _TITLE))
    return view


def _line(line: VersionLine, ref: Ref, current: int) -> list[Block]:
    number = str(line.version)
    name = _("Version {number}", number=number)
    if line.version == current:
        name = _("Version {number} (current)", number=number)
    said = clip(one_line(wish_words(line.wish or "")), _WISH)
    wish = [kit.span(f"\n{in_quotes(said)}", italic=True)] if said else []
    words = kit.paragraph(
        kit.span(name, bold=True),
        kit.span(" · "),
        *_made(line),
        kit.span(" · "),
        kit.moment(line.made_at),
        kit.span(" · "),
        kit.span(ngettext("{count} step", "{count} steps", line.steps)),
        *wish,
    )
    if line.version == current:
        return [kit.rich_text(words)]
    compare = kit.button(_("Compare"), ACTION_VERSION_COMPARE, VersionRef(ref, line.version).encode())
    return [kit.rich_text(words), kit.actions(compare)]


def _made(line: VersionLine) -> list[Element]:
    who = kit.person(line.made_by or "")
    match line.kind:
        case VersionKind.REFINED:
            return kit.runs(_("changed by {who}"), who=who)
        case VersionKind.EDITED:
            return kit.runs(_("edited by {who}"), who=who)
        case VersionKind.RESTORED:
            earlier = str(line.based_on or "?")
            return kit.runs(_("version {version}, brought back by {who}"), version=earlier, who=who)
    return [kit.span(_("drafted"))]


def _compared(old: VersionSnapshot, new: VersionSnapshot) -> list[Block]:
    lines = different(old, new)
    shown = lines[:_LINES]
    parts = [shown[start : start + _PER_BLOCK] for start in range(0, len(shown), _PER_BLOCK)]
    more = len(lines) - len(shown)
    return [
        kit.header(_("In version {new}, unlike in version {old}", new=str(new.version), old=str(old.version))),
        *(kit.rich_text(kit.bullets(part)) for part in parts),
        *([] if lines else [kit.context(kit.plain(_("Nothing that people see is different.")))]),
        *([kit.context(kit.plain(_more(more)))] if more else []),
    ]


def _more(changes: int) -> str:
    return ngettext("…and {count} more change", "…and {count} more changes", changes)


def _refused(old: VersionSnapshot, faults: Sequence[Fault]) -> list[Block]:
    if not faults:
        return []
    names = Names(components={key: spec.name for key, spec in old.components.items()})
    said = _(
        "Version {version} can't be restored: it does not fit what the town has today.", version=str(old.version)
    )
    told = explain_fault(faults, _FAULTS, limit=_FAULT, names=names)
    return [kit.rich_text(kit.paragraph(kit.span(said, bold=True)), kit.bullets(told))]
