"""What one person is told of what they did with a component: what has changed, what came back, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from bot.languages import N_, Sentence, _
from bot.slack.ids import ACTION_COMPONENT_UNDO, Ref
from bot.slack.messages import Block, Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.json_text import json_text
from bot.views.kit.text import clip, one_line
from bot.views.registry.words import FIELDS, value_text
from bot.views.run.errors import caution, explain_error
from services.components.registry import ACTIVE, ComponentChange, RegistryEntry
from services.connectors import CallError, Response
from services.health.door import Held

_NAME = 100
_REQUEST, _ANSWER = 1_500, 2_400


class Refusal(StrEnum):
    """Why nothing was done with a component."""

    NOT_ADMIN = "not_admin"
    CHANGED = "changed"
    AS_IT_WAS = "as_it_was"
    NO_SUCH_SECRET = "no_such_secret"  # noqa: S105 - a reason
    WRITES = "writes"
    SWITCHED_OFF = "switched_off"


_REFUSALS: Mapping[Refusal, Sentence] = {
    Refusal.NOT_ADMIN: N_("Only admins of the workspace can change components. Nothing was changed."),
    Refusal.CHANGED: N_("“{name}” has changed in the meantime, so nothing was done. Open it again and look."),
    Refusal.AS_IT_WAS: N_("“{name}” is as it was: there was nothing to change."),
    Refusal.NO_SUCH_SECRET: N_("“{name}” does not ask for this secret any more, so it was not kept."),
    Refusal.WRITES: N_("“{name}” changes something, so it can't be tried here. Nothing was sent."),
    Refusal.SWITCHED_OFF: N_("“{name}” is switched off, so it can't be tried. Nothing was sent."),
}
_HELD: Mapping[str, Sentence] = {
    "rate": N_(
        "“{name}” may be called only so often, and it is not its turn. Nothing was sent. Try again at {moment}."
    ),
    "host": N_("“{name}” does not answer at the moment. Nothing was sent. Try again at {moment}."),
    "busy": N_("“{name}” is busy with steps of plans. Nothing was sent. Try again at {moment}."),
}


def refused(reason: Refusal, name: str = "") -> Message:
    """Why nothing was done; `name` is the component's."""
    return _sentence(_(_REFUSALS[reason], name=clip(one_line(name), _NAME)))


def changed_message(entry: RegistryEntry, change: ComponentChange, *, undone: bool = False) -> Message:
    """What is what now, and a button that takes it back."""
    name = clip(one_line(entry.definition.name), _NAME)
    if undone:
        head = _("The last change of “{name}” is taken back.", name=name)
    elif change.after.get(ACTIVE) is True:
        head = _("“{name}” is switched on: new plans can call it.", name=name)
    elif change.after.get(ACTIVE) is False:
        head = _("“{name}” is switched off: no new plan calls it.", name=name)
    else:
        head = _("“{name}” is changed.", name=name)
    lines = [
        _(
            "{field}: {before} → {after}",
            field=_(FIELDS[field]),
            before=value_text(field, change.before.get(field)),
            after=value_text(field, value),
        )
        for field, value in change.after.items()
        if field in FIELDS and field != ACTIVE
    ]
    body = [kit.paragraph(kit.span(head)), *([kit.bullets(lines)] if lines else [])]
    button = kit.button(_("Undo"), ACTION_COMPONENT_UNDO, Ref(entry.id, 0).encode())
    return _message(head, [kit.rich_text(*body), kit.actions(button)])


def secret_message(entry: RegistryEntry, name: str) -> Message:
    """That a secret is kept, by its name alone."""
    component = clip(one_line(entry.definition.name), _NAME)
    return _sentence(_("The secret {secret} of “{name}” is set.", secret=clip(name, _NAME), name=component))


def tried_message(
    entry: RegistryEntry, request: Mapping[str, Any] | None, answer: Response | CallError
) -> Message:
    """What was sent and what came back, with secrets masked; Slack itself folds what is long."""
    name = clip(one_line(entry.definition.name), _NAME)
    blocks = [*_sent(request), *_answered(name, answer)]
    head = _("A call of “{name}”, for you alone", name=name)
    return _message(head, [kit.header(head), *blocks])


def held_message(entry: RegistryEntry, held: Held) -> Message:
    """That the call can't be made now."""
    name = clip(one_line(entry.definition.name), _NAME)
    runs = kit.runs(_(_HELD[held.by]), name=name, moment=kit.moment(held.until))
    text = " ".join(kit.as_mrkdwn(run) for run in runs)
    return Message(text, kit.seal([kit.rich_text(kit.paragraph(*runs))], "component.held"))


def _sent(request: Mapping[str, Any] | None) -> Iterator[Block]:
    if not request:
        return
    pairs = [f"{name}={value}" for name, value in request.get("query") or ()]
    lines = [f"{request.get('method') or ''} {request.get('url') or ''}", *pairs]
    lines += [f"{name}: {value}" for name, value in (request.get("headers") or {}).items()]
    own = _("(set for this component)")
    lines += [f"{name}: {own}" for name in request.get("own_headers") or ()]
    yield _box(_("Sent"), "\n".join(lines), _REQUEST)
    if request.get("body") is not None:
        yield _box(_("Body"), request["body"], _REQUEST)


def _answered(name: str, answer: Response | CallError) -> Iterator[Block]:
    if isinstance(answer, CallError):
        words = explain_error({"code": answer.code, **vars(answer)}, name, {})
        yield kit.rich_text(kit.paragraph(kit.span(words)))
        return
    said = _("Status {status}, after {seconds} s", status=str(answer.status), seconds=f"{answer.seconds:.2f}")
    yield kit.context(kit.plain(said))
    yield _box(_("Answer"), answer.body, _ANSWER)
    odd = [caution(warning.to_dict()) for warning in answer.warnings]
    if odd:
        yield kit.context(kit.plain(" ".join(dict.fromkeys(odd)), 500))


def _box(title: str, value: Any, limit: int) -> Block:
    shown = json_text(value, limit)
    head = _("{part} (its beginning)", part=title) if not shown.is_whole else title
    return kit.rich_text(kit.paragraph(kit.span(head, bold=True)), kit.preformatted(shown.text or kit.EMPTY))


def _sentence(words: str) -> Message:
    return _message(words, [kit.rich_text(kit.paragraph(kit.span(words)))])


def _message(words: str, blocks: Sequence[Element]) -> Message:
    return Message(kit.fallback(words), kit.seal(list(blocks), "component.told"))
