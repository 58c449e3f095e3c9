"""What whoever wanted a plan to be different is told when nothing was changed; their words are given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.languages import N_, Sentence, _
from bot.slack.ids import ACTION_PLAN_UPDATE, Ref
from bot.slack.messages import Block, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, is_user, mention
from bot.views.plan.failures import HINTS, sentence
from bot.views.plan.faults import Names, explain_fault
from bot.views.plan.wishes import wish_words
from services.jobs import TellOfWish, WishOutcome
from services.plans.validation import Fault
from services.workflows.drafts import failure_from_json

_WISH = 2_500
_FAULTS = 5
_FAULT = 300

_WHY: Mapping[WishOutcome, Sentence] = {
    WishOutcome.FAILED: N_("The plan was not changed."),
    WishOutcome.SAME: N_("The plan stays as it is: it has that already, or none of the components can do it."),
    WishOutcome.EMPTY: N_("Say in a sentence what should be different. Nothing was changed."),
    WishOutcome.UNDER_WAY: N_(
        "The plan is being worked on just now, so yours was not taken up. Wait for the card, "
        "and send it again if you still want to."
    ),
    WishOutcome.CHANGED_SINCE: N_(
        "Somebody has changed the plan since you saw it, so yours was not taken up. "
        "Look at the card as it is now, and send it again if you still want to."
    ),
    WishOutcome.OVER: N_(
        "The plan has been approved, so it can't be changed any more. Cancel its run, and state the issue anew."
    ),
    WishOutcome.DISCARDED: N_(
        "The plan has been discarded, so it can't be changed any more. State the issue anew."
    ),
    WishOutcome.NOT_ALLOWED: N_(
        "You are not among those who may change this plan, so nothing was changed. The card says who may."
    ),
    WishOutcome.NOT_VALID: N_("That would not be a plan that can be carried out, so nothing was changed."),
    WishOutcome.OUTDATED: N_("The plan was not started, for it does not fit what the town has today:"),
    WishOutcome.BUSY: N_("I could not do that just now, so nothing was changed. Please try again."),
}
_BY: Mapping[WishOutcome, Sentence] = {
    WishOutcome.OVER: N_(
        "{who} has approved the plan, so it can't be changed any more. Cancel its run, and state the issue anew."
    ),
    WishOutcome.DISCARDED: N_(
        "{who} has discarded the plan, so it can't be changed any more. State the issue anew."
    ),
    WishOutcome.UNDER_WAY: N_(
        "{who} is having the plan changed just now, so yours was not taken up. Wait for the "
        "card, and send it again if you still want to."
    ),
}


def not_changed(job: TellOfWish) -> Message:
    """Why nothing was changed, what can be done about it, and what they wrote."""
    why = _why(job)
    blocks = [kit.section(why), *_failure(job)]
    if faults := explain_fault(list(map(Fault.from_dict, job.faults)), _FAULTS, limit=_FAULT, names=Names()):
        blocks.append(kit.rich_text(kit.bullets(faults)))
    if job.outcome is WishOutcome.OUTDATED and job.plan is not None:
        ref = Ref(job.plan, job.revision).encode()
        blocks.append(kit.actions(kit.button(_("Update the plan"), ACTION_PLAN_UPDATE, ref, style="primary")))
    if job.wish:
        wish = clip(wish_words(job.wish), _WISH)
        blocks += [kit.context(kit.plain(_("What you wrote:"))), kit.rich_text(kit.quote(wish))]
    return Message(kit.fallback(why), blocks)


def _why(job: TellOfWish) -> str:
    if job.outcome in _BY and job.by and is_user(job.by):
        return _(_BY[job.outcome], who=mention(job.by))
    return _(_WHY[job.outcome])


def _failure(job: TellOfWish) -> list[Block]:
    if job.failure is None:
        return []
    failure = failure_from_json(job.failure)
    told: Sequence[str] = explain_fault(failure.faults, _FAULTS, limit=_FAULT, names=Names())
    said = [kit.paragraph(*kit.typed(f"{sentence(failure)} {_(HINTS[failure.code])}"))]
    return [kit.rich_text(*said, *([kit.bullets(told)] if told else []))]
