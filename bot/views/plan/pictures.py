"""Which pictures of an issue the plan was made without, and why, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.slack.messages import Block
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, count, join, one_line
from services.pictures.unseen import Unseen
from services.plans.attached import AttachedPicture

_WHY: Mapping[Unseen, str] = {
    Unseen.NO_PICTURE: "is not a picture",
    Unseen.OTHER_KIND: "is of a kind that I can't read (PNG, JPEG, WebP and GIF I can)",
    Unseen.TOO_LARGE: "is too large",
    Unseen.GONE: "was deleted",
    Unseen.REFUSED: "is not shown to me by Slack",
    Unseen.UNAVAILABLE: "did not come from Slack in time",
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
        f"“{clip(one_line(each.name), _NAME)}” {_WHY[each.unseen]}" for each in failed[:_NAMED] if each.unseen
    ]
    if len(failed) > _NAMED:
        named.append(f"{count(len(failed) - _NAMED, 'other')} could not be read either")
    if failed and left_out:
        named.append(f"{left_out:,} more {'was' if left_out == 1 else 'were'} too many")
    if failed:
        return f"{count(len(failed) + left_out, 'picture')} could not be read: {join(named)}."
    if left_out:
        seen = len(pictures) - left_out
        return f"Only the first {count(seen, 'picture')} of {len(pictures):,} were looked at."
    return ""
