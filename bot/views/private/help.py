"""What Mudda says about itself to whoever asks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.languages import N_, _
from bot.slack.ids import COMMAND_COMPONENTS, COMMAND_MUDDA, COMMAND_WORKFLOWS
from bot.views.kit.text import clip, escape, one_line

_COMMANDS = {"mudda": COMMAND_MUDDA, "workflows": COMMAND_WORKFLOWS, "components": COMMAND_COMPONENTS}

_USES = (
    N_("`{mudda} Water is coming up through the road at 5th and Main` drafts a plan and shows it in the channel."),
    N_("`{mudda}` alone opens a form with place and urgency."),
    N_("`@mudda` and what has happened does the same, and answers in the thread of your message."),
    N_(
        "`@mudda` below what somebody else wrote plans that; so does *Plan this issue* in the menu of their "
        "message, or the emoji that is set for it on the *Home* tab. Pictures are looked at, too."
    ),
    N_("In a direct message with me you need no `@mudda`."),
    N_("Where a report leaves out where it is, I ask once; so I do where it may be the same as an open plan."),
    N_("Reply in the thread of a plan to change it or to ask about it; decisions are made by its buttons only."),
    N_("*Request changes* on a plan says what should be different; behind its three dots a step can be edited."),
    N_("The *Home* tab of my own page has what waits for you, and you can decide it there."),
    N_(
        "`{workflows}` lists the plans; add `open`, `mine`, `waiting`, or a word, or a number: `#12`, or `#12.1` "
        "for a run."
    ),
    N_("`{mudda} ask what is #12 waiting for?` answers you alone, from what is on record."),
    N_("`{mudda} approvers` shows who can decide, and lets them change it."),
    N_("`{mudda} notifications` sets how you are told what waits for you, and who decides while you are away."),
    N_("`{mudda} notes` shows what every plan must keep in mind, and lets approvers change it."),
    N_(
        "`{mudda} components` (or `{components}`) lists what plans can be made of; add a word to search. Each can "
        "be looked at and tried there, and admins of the workspace change it there."
    ),
)

_WHAT = N_("Mudda turns a civic issue into a plan that people can review.")
_SAY = N_("Say what has happened, in your own words; nothing is sent to anyone before a person has agreed.")
_HELLO = N_("Hello! Tell me what has happened, in the same message as `@mudda`, and I draft a plan for it.")

_READING = N_("Reading that…")

_MEANT: Mapping[str, str] = {
    "workflows": N_("I don't know `{typed}`. Did you mean `{workflows}`, which lists the plans?"),
    "components": N_(
        "I don't know `{typed}`. Did you mean `{components}`, which lists what plans can be made of?"
    ),
    "ask": N_("I don't know `{typed}`. Did you mean `{mudda} ask` and a question?"),
}
_OTHER = N_("I don't know `{typed}`. Did you mean `{meant}`?")
_WORD = 40


def help_text() -> str:
    """What Mudda is, and all that can be done with it, as mrkdwn."""
    return "\n".join([f"*{_(_WHAT)}*", _(_SAY), _uses()])


def empty_mention() -> str:
    """What to say to whoever called the bot and said nothing, as mrkdwn."""
    return "\n".join([_(_HELLO), _uses()])


def reading() -> str:
    """At once, where it takes the model to know what was meant."""
    return _(_READING)


def slip(word: str, meant: str | None) -> str:
    """What to say to a lone word behind the command, as mrkdwn: what was probably meant, and what there is."""
    typed = escape(clip(one_line(word).replace("`", "'"), _WORD))
    if number := re.fullmatch(r"#?(\d{1,9})", word.strip()):
        first = _("`{workflows} #{number}` shows plan #{number}.", number=number[1], **_COMMANDS)
    elif meant is None:
        first = _(
            "I plan nothing for “{typed}” alone. Say in a sentence what has happened, and where.", typed=typed
        )
    elif meant == "help":
        first = ""
    else:
        sentence = _MEANT.get(meant, _OTHER)
        first = _(sentence, typed=f"{COMMAND_MUDDA} {typed}", meant=f"{COMMAND_MUDDA} {meant}", **_COMMANDS)
    return f"{first}\n{help_text()}".strip()


def _uses() -> str:
    return "\n".join(f"• {_(use, **_COMMANDS)}" for use in _USES)
