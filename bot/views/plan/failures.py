"""Why there is no plan, in words: a sentence for each reason, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.slack.ids import COMMAND_COMPONENTS
from services.states import FailureCode
from services.workflows.drafts import Failure

LOAD_COMPONENTS = "mudda components load FILE"

_LATER = "Try again in a few minutes."

SENTENCES: Mapping[FailureCode, str] = {
    FailureCode.NO_COMPONENTS: "There are no components yet, so there is nothing to make a plan of.",
    FailureCode.NOTHING_FITS: "None of the components fits this issue.",
    FailureCode.REJECTED: "A plan was drafted, but its steps do not fit together, so it was not kept.",
    FailureCode.GEMINI_UNAVAILABLE: "Gemini could not be reached.",
    FailureCode.GEMINI_BUSY: "Gemini is too busy to answer just now.",
    FailureCode.GEMINI_TIMEOUT: "Gemini took too long to answer.",
    FailureCode.GEMINI_REFUSED: "Gemini refused the request.",
    FailureCode.GEMINI_KEY: "Gemini refused the key that is set.",
    FailureCode.GEMINI_QUOTA: "Gemini's quota for today is used up.",
    FailureCode.GEMINI_MODEL: "Gemini does not know the name of the model that is set.",
    FailureCode.GEMINI_ACCOUNT: "Gemini does not serve the account that it is asked for.",
    FailureCode.GEMINI_BLOCKED: "Gemini withheld its answer for reasons of safety.",
    FailureCode.GEMINI_EMPTY: "Gemini gave an empty answer.",
    FailureCode.GEMINI_TRUNCATED: "Gemini's answer was too long and was cut off.",
    FailureCode.GEMINI_MALFORMED: "Gemini's answer could not be read.",
    FailureCode.CHANNEL_UNREACHABLE: "Mudda can't post in this channel.",
    FailureCode.APP_REMOVED: "Mudda was removed from this workspace while the plan was drafted.",
    FailureCode.BUDGET: "What this workspace may spend on the model today is used up.",
    FailureCode.INTERNAL: "Something went wrong inside Mudda.",
}
"""What happened, for each reason."""

HINTS: Mapping[FailureCode, str] = {
    FailureCode.NO_COMPONENTS: f"Whoever runs Mudda adds some with `{LOAD_COMPONENTS}`. Then press Try again.",
    FailureCode.NOTHING_FITS: f"`{COMMAND_COMPONENTS}` shows what there is. Or report it again and say more.",
    FailureCode.REJECTED: "Try again, or report one problem at a time.",
    FailureCode.GEMINI_UNAVAILABLE: _LATER,
    FailureCode.GEMINI_BUSY: _LATER,
    FailureCode.GEMINI_TIMEOUT: _LATER,
    FailureCode.GEMINI_REFUSED: "Whoever runs Mudda finds what Gemini said in the log.",
    FailureCode.GEMINI_KEY: "Whoever runs Mudda should look at `GEMINI_API_KEY`. Then press Try again.",
    FailureCode.GEMINI_QUOTA: "Try again tomorrow, or ask whoever runs Mudda for a larger quota.",
    FailureCode.GEMINI_MODEL: "Whoever runs Mudda should look at `GEMINI_MODEL`. Then press Try again.",
    FailureCode.GEMINI_ACCOUNT: "Whoever runs Mudda should look at the account at Google: its country, its "
    "billing, and whether it is still open. `mudda doctor` tries it.",
    FailureCode.GEMINI_BLOCKED: "Report the issue again in other words; that often helps.",
    FailureCode.GEMINI_EMPTY: "Trying again often helps.",
    FailureCode.GEMINI_TRUNCATED: "Report one problem at a time; that often helps.",
    FailureCode.GEMINI_MALFORMED: "Trying again often helps.",
    FailureCode.CHANNEL_UNREACHABLE: "Invite it with `/invite @mudda`, then press Try again.",
    FailureCode.APP_REMOVED: "It is back now. Press Try again.",
    FailureCode.BUDGET: "Try again tomorrow, or ask whoever runs Mudda for a larger budget.",
    FailureCode.INTERNAL: "Nothing was sent to anyone. If trying again does not help, tell whoever runs Mudda.",
}
"""What can be done about it; backticks mark what is to be typed."""

HINTABLE = frozenset(
    {
        FailureCode.NOTHING_FITS,
        FailureCode.REJECTED,
        FailureCode.GEMINI_BLOCKED,
        FailureCode.GEMINI_TRUNCATED,
    }
)
"""Where a word of a person may help to get a plan after all."""

WORDS: Mapping[str, str] = {
    "SAFETY": "Gemini withheld its answer for reasons of safety.",
    "BLOCKLIST": "Gemini withheld its answer: a blocked word came up.",
    "PROHIBITED_CONTENT": "Gemini withheld its answer: it took the issue for something forbidden.",
    "SPII": "Gemini withheld its answer: it contains personal data.",
    "IMAGE_SAFETY": "Gemini withheld its answer: it took a picture for unsafe.",
    "IMAGE_PROHIBITED_CONTENT": "Gemini withheld its answer: it took a picture for something forbidden.",
    "IMAGE_RECITATION": "Gemini withheld its answer: a picture was too close to somebody else's.",
    "IMAGE_OTHER": "Gemini withheld its answer because of a picture, and does not say why.",
    "MODEL_ARMOR": "Gemini withheld its answer: a filter of the account at Google (Model Armor) held it back.",
    "JAILBREAK": "Gemini took the issue for an attempt to get round its rules.",
    "ESCALATION": "Gemini withheld its answer: one of Google's rules held it back.",
    "PUP_LIMITED_DISABLED": "Google has limited or closed the account for breaking its rules.",
    "RECITATION": "Gemini broke off: its answer was too close to somebody else's text.",
    "LANGUAGE": "Gemini broke off: it took the language for one that it does not know.",
    "MALFORMED_FUNCTION_CALL": "Gemini broke off: it tried to call something in the wrong way.",
    "MALFORMED_RESPONSE": "Gemini broke off: its answer was not in the right format.",
    "UNEXPECTED_TOOL_CALL": "Gemini broke off: it tried to call something that does not exist here.",
    "TOO_MANY_TOOL_CALLS": "Gemini broke off: it made too many calls before it answered.",
    "MISSING_THOUGHT_SIGNATURE": "Gemini broke off: a part of its own reasoning was missing.",
    "NO_IMAGE": "Gemini broke off: it meant to draw a picture, and drew none.",
}
"""What happened, for each word of the API that says more than the code does."""


def sentence(failure: Failure) -> str:
    """What happened, as exactly as it is known."""
    return WORDS.get(failure.word) or SENTENCES[failure.code]
