"""Which pictures of an issue the plan was made without, and why, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.languages import N_, _, ngettext
from bot.slack.messages import Block
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, join, one_line
from services.pictures.unseen import Unseen
from services.plans.attached import AttachedPicture

_WHY: Mapping[Unseen, str] = {
    Unseen.NO_PICTURE: N_("“{name}” is not a picture"),
    Unseen.OTHER_KIND: N_("“{name}” is of a kind that I can't read (PNG, JPEG, WebP and GIF I can)"),
    Unseen.TOO_LARGE: N_("“{name}” is too large"),
    Unseen.GONE: N_("“{name}” was deleted"),
    Unseen.REFUSED: N_("“{name}” is not shown to me by Slack"),
    Unseen.UNAVAILABLE: N_("“{name}” did not come from Slack in time"),
}
_NAMED, _NAME = 3, 40


def unseen(pictures: Sequence[AttachedPicture]) -> list[Block]:
    """A line that says so; nothing where all were looked at."""
    words = unseen_words(pictures)
    return [kit.context(kit.plain(words))] if words else []


def unseen_words(pictures: Sequence[AttachedPicture]) -> str:
    """The sentence, as plain text; empty where there is nothing to say."""
    failed = [picture for picture in pictures if picture.unseen in _WHY]
    left_out = sum(picture.unseen is Unseen.TOO_MANY for picture in pictures)
    named = [
        _(_WHY[each.unseen], name=clip(one_line(each.name), _NAME)) for each in failed[:_NAMED] if each.unseen
    ]
    if len(failed) > _NAMED:
        others = len(failed) - _NAMED
        named.append(
            ngettext("{count} other could not be read either", "{count} others could not be read either", others)
        )
    if failed and left_out:
        named.append(ngettext("{count} more was too many", "{count} more were too many", left_out))
    if failed:
        return ngettext(
            "{count} picture could not be read: {reasons}.",
            "{count} pictures could not be read: {reasons}.",
            len(failed) + left_out,
            reasons=join(named),
        )
    if left_out:
        return ngettext(
            "Only the first {count} picture of {all} was looked at.",
            "Only the first {count} pictures of {all} were looked at.",
            len(pictures) - left_out,
            all=len(pictures),
        )
    return ""
