"""What became of a policy that somebody sent: loaded, or every fault with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from bot.languages import N_, Sentence, _, ngettext
from bot.slack.ids import METADATA_REPLY
from bot.slack.messages import Block, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, one_line
from bot.views.private.policies import policy_faults
from services.policies.documents import MAX_BYTES, PolicyFault

_NAME = 100
_FAULTS = 2_600
"""Characters of what is wrong with one policy; what does not fit is counted by `policy_faults`, or cut."""

_MOST = 3
"""So many policies are told of in full."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy is in force. `is_new`: it was not so before; `unknown` is what its checks name and nobody has."""

    file: str
    name: str
    version: int
    passages: int
    checks: int
    is_new: bool
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A policy has faults, and nothing of it was loaded."""

    file: str
    checks_file: str
    faults: tuple[PolicyFault, ...]


@dataclass(frozen=True, slots=True)
class Unfetched:
    """A file could not be had, or is one of checks for a policy that is not there."""

    file: str
    why: Literal["too_large", "not_given", "no_document"]


Outcome = Loaded | Refused | Unfetched

_UNFETCHED: Mapping[str, Sentence] = {
    "too_large": N_("{name} is larger than {size} KiB, so I have not opened it. Split it."),
    "no_document": N_(
        "{name} holds checks for a policy that is not loaded. Send its document along, in one message."
    ),
    "not_given": N_("Slack did not give me {name}. Please send it again."),
}


def loaded(heard: UUID, outcomes: Sequence[Outcome]) -> Message:
    """What became of each file."""
    blocks = [block for outcome in outcomes[:_MOST] for block in _blocks(outcome)]
    if len(outcomes) > _MOST:
        rest = ngettext(
            "…and {count} file more. `mudda policies list` shows what is loaded.",
            "…and {count} files more. `mudda policies list` shows what is loaded.",
            len(outcomes) - _MOST,
        )
        blocks.append(kit.section(rest))
    return Message(" ".join(map(_summary, outcomes[:_MOST])), kit.seal(blocks, "policy"), _metadata(heard))


def not_yours(heard: UUID) -> Message:
    """Somebody sent a policy who may not."""
    text = _("Only an approver may load a policy, so I have not opened your file. Ask one of them to send it.")
    return Message(text, [], _metadata(heard))


def _summary(outcome: Outcome) -> str:
    match outcome:
        case Loaded(is_new=True):
            return _("Version {version} of a policy is loaded.", version=outcome.version)
        case Loaded():
            return _("That policy was loaded before; nothing has changed.")
        case Refused():
            return ngettext(
                "A policy was not loaded: {count} fault.",
                "A policy was not loaded: {count} faults.",
                len(outcome.faults),
            )
    return _("A policy was not loaded.")


def _blocks(outcome: Outcome) -> Iterator[Block]:
    match outcome:
        case Loaded():
            yield kit.rich_text(kit.paragraph(*map(kit.span, _loaded(outcome))))
        case Refused():
            name = _name(outcome.file)
            first = ngettext(
                "{name} has {count} fault, so nothing of it was loaded:",
                "{name} has {count} faults, so nothing of it was loaded:",
                len(outcome.faults),
                name=name,
            )
            lines = policy_faults(outcome.faults, name, _name(outcome.checks_file))
            yield kit.rich_text(kit.paragraph(kit.span(first)), kit.preformatted(clip("\n".join(lines), _FAULTS)))
        case Unfetched():
            yield kit.rich_text(kit.paragraph(kit.span(_unfetched(outcome))))


def _loaded(outcome: Loaded) -> Iterator[str]:
    passages = ngettext("{count} passage", "{count} passages", outcome.passages)
    checks = ngettext("{count} check", "{count} checks", outcome.checks)
    facts = {"name": _name(outcome.name), "version": outcome.version, "passages": passages, "checks": checks}
    if outcome.is_new:
        yield _(
            "Version {version} of “{name}” is in force now ({passages}, {checks}). New plans obey it.", **facts
        )
    else:
        yield _("“{name}” is as it was: version {version} ({passages}, {checks}). Nothing has changed.", **facts)
    if outcome.unknown:
        names = clip(", ".join(map(one_line, outcome.unknown)), 300)
        yield " " + _("Its checks name what there is not here: {names}.", names=names)


def _unfetched(outcome: Unfetched) -> str:
    return _(_UNFETCHED[outcome.why], name=_name(outcome.file), size=MAX_BYTES // 1024)


def _name(name: str) -> str:
    return clip(one_line(name), _NAME) or _("The file")


def _metadata(heard: UUID) -> dict[str, object]:
    return {"event_type": METADATA_REPLY, "event_payload": {"heard": str(heard)}}
