"""What stands between people's words where a thread becomes an issue, in the language of whoever has it planned.

It goes into the issue itself, which the card quotes and the model reads.
"""

from __future__ import annotations

from bot.languages import _, ngettext
from services.conversations.talk import Phrases


def phrases() -> Phrases:
    """In the language that is spoken."""
    return Phrases(
        attached=attached,
        left_out=_left_out,
        below=_("Said below it:"),
        someone=_("Someone"),
    )


def attached(names: str) -> str:
    """That files of these names came with it."""
    return _("(Attached: {names})", names=names)


def _left_out(count: int) -> str:
    return ngettext("({count} earlier reply was left out)", "({count} earlier replies were left out)", count)
