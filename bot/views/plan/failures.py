"""Why there is no plan, in words: a sentence for each reason, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.languages import N_, _
from services.states import FailureCode
from services.workflows.drafts import Failure

LOAD_COMPONENTS = "mudda components load FILE"

_LATER = N_("Try again in a few minutes.")

SENTENCES: Mapping[FailureCode, str] = {
    FailureCode.NO_COMPONENTS: N_("There are no components yet, so there is nothing to make a plan of."),
    FailureCode.NOTHING_FITS: N_("None of the components fits this issue."),
    FailureCode.REJECTED: N_("A plan was drafted, but its steps do not fit together, so it was not kept."),
    FailureCode.GEMINI_UNAVAILABLE: N_("Gemini could not be reached."),
    FailureCode.GEMINI_BUSY: N_("Gemini is too busy to answer just now."),
    FailureCode.GEMINI_TIMEOUT: N_("Gemini took too long to answer."),
    FailureCode.GEMINI_REFUSED: N_("Gemini refused the request."),
    FailureCode.GEMINI_KEY: N_("Gemini refused the key that is set."),
    FailureCode.GEMINI_QUOTA: N_("Gemini's quota for today is used up."),
    FailureCode.GEMINI_MODEL: N_("Gemini does not know the name of the model that is set."),
    FailureCode.GEMINI_ACCOUNT: N_("Gemini does not serve the account that it is asked for."),
    FailureCode.GEMINI_BLOCKED: N_("Gemini withheld its answer for reasons of safety."),
    FailureCode.GEMINI_EMPTY: N_("Gemini gave an empty answer."),
    FailureCode.GEMINI_TRUNCATED: N_("Gemini's answer was too long and was cut off."),
    FailureCode.GEMINI_MALFORMED: N_("Gemini's answer could not be read."),
    FailureCode.CHANNEL_UNREACHABLE: N_("Mudda can't post in this channel."),
    FailureCode.APP_REMOVED: N_("Mudda was removed from this workspace while the plan was drafted."),
    FailureCode.BUDGET: N_("What this workspace may spend on the model today is used up."),
    FailureCode.INTERNAL: N_("Something went wrong inside Mudda."),
}
"""What happened, for each reason; said with `_`, as HINTS are."""

HINTS: Mapping[FailureCode, str] = {
    FailureCode.NO_COMPONENTS: N_(
        "Whoever runs Mudda adds some with `mudda components load FILE`. Then press Try again."
    ),
    FailureCode.NOTHING_FITS: N_("`/components` shows what there is. Or report it again and say more."),
    FailureCode.REJECTED: N_("Try again, or report one problem at a time."),
    FailureCode.GEMINI_UNAVAILABLE: _LATER,
    FailureCode.GEMINI_BUSY: _LATER,
    FailureCode.GEMINI_TIMEOUT: _LATER,
    FailureCode.GEMINI_REFUSED: N_("Whoever runs Mudda finds what Gemini said in the log."),
    FailureCode.GEMINI_KEY: N_("Whoever runs Mudda should look at `GEMINI_API_KEY`. Then press Try again."),
    FailureCode.GEMINI_QUOTA: N_("Try again tomorrow, or ask whoever runs Mudda for a larger quota."),
    FailureCode.GEMINI_MODEL: N_("Whoever runs Mudda should look at `GEMINI_MODEL`. Then press Try again."),
    FailureCode.GEMINI_ACCOUNT: N_(
        "Whoever runs Mudda should look at the account at Google: its country, its "
        "billing, and whether it is still open. `mudda doctor` tries it."
    ),
    FailureCode.GEMINI_BLOCKED: N_("Report the issue again in other words; that often helps."),
    FailureCode.GEMINI_EMPTY: N_("Trying again often helps."),
    FailureCode.GEMINI_TRUNCATED: N_("Report one problem at a time; that often helps."),
    FailureCode.GEMINI_MALFORMED: N_("Trying again often helps."),
    FailureCode.CHANNEL_UNREACHABLE: N_("Invite it with `/invite @mudda`, then press Try again."),
    FailureCode.APP_REMOVED: N_("It is back now. Press Try again."),
    FailureCode.BUDGET: N_("Try again tomorrow, or ask whoever runs Mudda for a larger budget."),
    FailureCode.INTERNAL: N_(
        "Nothing was sent to anyone. If trying again does not help, tell whoever runs Mudda."
    ),
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
    "SAFETY": N_("Gemini withheld its answer for reasons of safety."),
    "BLOCKLIST": N_("Gemini withheld its answer: a blocked word came up."),
    "PROHIBITED_CONTENT": N_("Gemini withheld its answer: it took the issue for something forbidden."),
    "SPII": N_("Gemini withheld its answer: it contains personal data."),
    "IMAGE_SAFETY": N_("Gemini withheld its answer: it took a picture for unsafe."),
    "IMAGE_PROHIBITED_CONTENT": N_("Gemini withheld its answer: it took a picture for something forbidden."),
    "IMAGE_RECITATION": N_("Gemini withheld its answer: a picture was too close to somebody else's."),
    "IMAGE_OTHER": N_("Gemini withheld its answer because of a picture, and does not say why."),
    "MODEL_ARMOR": N_("Gemini withheld its answer: a filter of the account at Google (Model Armor) held it back."),
    "JAILBREAK": N_("Gemini took the issue for an attempt to get round its rules."),
    "ESCALATION": N_("Gemini withheld its answer: one of Google's rules held it back."),
    "PUP_LIMITED_DISABLED": N_("Google has limited or closed the account for breaking its rules."),
    "RECITATION": N_("Gemini broke off: its answer was too close to somebody else's text."),
    "LANGUAGE": N_("Gemini broke off: it took the language for one that it does not know."),
    "MALFORMED_FUNCTION_CALL": N_("Gemini broke off: it tried to call something in the wrong way."),
    "MALFORMED_RESPONSE": N_("Gemini broke off: its answer was not in the right format."),
    "UNEXPECTED_TOOL_CALL": N_("Gemini broke off: it tried to call something that does not exist here."),
    "TOO_MANY_TOOL_CALLS": N_("Gemini broke off: it made too many calls before it answered."),
    "MISSING_THOUGHT_SIGNATURE": N_("Gemini broke off: a part of its own reasoning was missing."),
    "NO_IMAGE": N_("Gemini broke off: it meant to draw a picture, and drew none."),
}
"""What happened, for each word of the API that says more than the code does."""


def sentence(failure: Failure) -> str:
    """What happened, as exactly as it is known."""
    return _(WORDS.get(failure.word) or SENTENCES[failure.code])
