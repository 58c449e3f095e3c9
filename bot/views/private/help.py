"""What Mudda says about itself to whoever asks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.slack.ids import COMMAND_COMPONENTS, COMMAND_MUDDA, COMMAND_WORKFLOWS
from bot.views.kit.text import clip, escape, one_line

_USES = f"""\
• `{COMMAND_MUDDA} Water is coming up through the road at 5th and Main` drafts a plan and shows it in the channel.
• `{COMMAND_MUDDA}` alone opens a form with place and urgency.
• `@mudda` and what has happened does the same, and answers in the thread of your message.
• `@mudda` below what somebody else wrote plans that; so does *Plan this issue* in the menu of their message, \
or the emoji that is set for it on the *Home* tab. Pictures are looked at, too.
• In a direct message with me you need no `@mudda`.
• Where a report leaves out where it is, I ask once; so I do where it may be the same as an open plan.
• Reply in the thread of a plan to change it or to ask about it; decisions are made by its buttons only.
• *Request changes* on a plan says what should be different; behind its three dots a step can be edited.
• The *Home* tab of my own page has what waits for you, and you can decide it there.
• `{COMMAND_WORKFLOWS}` lists the plans; add `open`, `mine`, `waiting`, or a word, or a number: `#12`, \
or `#12.1` for a run.
• `{COMMAND_MUDDA} ask what is #12 waiting for?` answers you alone, from what is on record.
• `{COMMAND_MUDDA} approvers` shows who can decide, and lets them change it.
• `{COMMAND_MUDDA} notifications` sets how you are told what waits for you, and who decides while you are away.
• `{COMMAND_MUDDA} notes` shows what every plan must keep in mind, and lets approvers change it.
• `{COMMAND_COMPONENTS}` lists what plans can be made of; add a word to search."""

HELP = f"""\
*Mudda turns a civic issue into a plan that people can review.*
Say what has happened, in your own words; nothing is sent to anyone before a person has agreed.
{_USES}"""

EMPTY_MENTION = f"""\
Hello! Tell me what has happened, in the same message as `@mudda`, and I draft a plan for it.
{_USES}"""

READING = "Reading that…"
"""At once, where it takes the model to know what was meant."""

_MEANT: Mapping[str, str] = {
    "workflows": f"`{COMMAND_WORKFLOWS}`, which lists the plans",
    "components": f"`{COMMAND_COMPONENTS}`, which lists what plans can be made of",
    "ask": f"`{COMMAND_MUDDA} ask` and a question",
}
_WORD = 40


def slip(word: str, meant: str | None) -> str:
    """What to say to a lone word behind the command, as mrkdwn: what was probably meant, and what there is."""
    typed = escape(clip(one_line(word).replace("`", "'"), _WORD))
    if number := re.fullmatch(r"#?(\d{1,9})", word.strip()):
        first = f"`{COMMAND_WORKFLOWS} #{number[1]}` shows plan #{number[1]}."
    elif meant is None:
        first = f"I plan nothing for “{typed}” alone. Say in a sentence what has happened, and where."
    elif meant == "help":
        first = ""
    else:
        is_meant = _MEANT.get(meant, f"`{COMMAND_MUDDA} {meant}`")
        first = f"I don't know `{COMMAND_MUDDA} {typed}`. Did you mean {is_meant}?"
    return f"{first}\n{HELP}".strip()
