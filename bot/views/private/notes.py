"""Private notes: what one person is told when a click or a command comes to nothing, or asks for help.

A note travels as a short code in a job, and becomes words only here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from bot.languages import N_, _
from bot.slack.ids import COMMAND_MUDDA, COMMAND_WORKFLOWS
from bot.views.kit.text import channel, is_user, join, mention
from bot.views.private.help import empty_mention, help_text
from services.approvals import ApprovalRefused, NotAnApprover, NotNamed, SelfApproval
from services.states import PlanState, RunState, StepState


class Note(StrEnum):
    """The codes of the notes. Those in `_BY` may have Slack user ids behind them: `not_approver:U0A…,U0B…`."""

    HELP = "help"
    EMPTY_MENTION = "empty_mention"
    STALE = "stale"
    NOW_DRAFTING = "now_drafting"
    NOW_DRAFT = "now_draft"
    NOW_FAILED = "now_failed"
    NOW_APPROVED = "now_approved"
    NOW_DISCARDED = "now_discarded"
    DISCARDED_BY = "discarded_by"
    APPROVED_BY = "approved_by"
    APPROVE_WHILE_DRAFTING = "approve_while_drafting"
    NOT_APPROVER = "not_approver"
    NOT_NAMED = "not_named"
    SELF_APPROVAL = "self_approval"
    ALREADY_AGREED = "already_agreed"
    APPROVALS_SET = "approvals_set"
    APPROVALS_CLOSED = "approvals_closed"
    NOTES_CLOSED = "notes_closed"
    NOTE_CHANGED = "note_changed"
    NOTE_GONE = "note_gone"
    NUDGED_BEFORE = "nudged_before"
    NOT_FIT = "not_fit"
    ASKED_ENOUGH = "asked_enough"
    NOTIFICATIONS_SET = "notifications_set"
    CLARIFY_NOT_ASKED = "clarify_not_asked"
    CLARIFIED_BY = "clarified_by"
    NOT_ASKED = "not_asked"
    QUESTION_OVER = "question_over"
    QUESTION_ANSWERED = "question_answered"
    STEP_PENDING = "step_pending"
    STEP_READY = "step_ready"
    STEP_RUNNING = "step_running"
    STEP_WAITING = "step_waiting"
    STEP_DONE = "step_done"
    STEP_SKIPPED = "step_skipped"
    STEP_FAILED = "step_failed"
    STEP_UNCERTAIN = "step_uncertain"
    STEP_CANCELLED = "step_cancelled"
    RUN_RUNNING = "run_running"
    RUN_WAITING = "run_waiting"
    RUN_COMPLETED = "run_completed"
    RUN_FAILED = "run_failed"
    RUN_CANCELLED = "run_cancelled"
    CHANNEL_UNREACHABLE = "channel_unreachable"
    CARD_REFUSED = "card_refused"
    CARD_GONE = "card_gone"
    NOT_FOUND = "not_found"
    RUN_NOT_FOUND = "run_not_found"
    BUSY = "busy"
    NOT_WRITTEN_DOWN = "not_written_down"
    MALFORMED = "malformed"
    NOT_OPENED = "not_opened"
    STRANGER = "stranger"
    ADDS_NO_COMPONENTS = "adds_no_components"
    NOT_HEARD = "not_heard"
    NOT_THE_WRITER = "not_the_writer"
    SETTLED_BEFORE = "settled_before"
    MAY_NOT_PLAN = "may_not_plan"
    SETTINGS_SAVED = "settings_saved"
    SETTINGS_CLOSED = "settings_closed"
    SETTINGS_REFUSED = "settings_refused"
    CHANNEL_NOT_SET = "channel_not_set"
    CARD_NOT_MOVED = "card_not_moved"
    CARD_COMES = "card_comes"
    CARD_IN_DIRECT = "card_in_direct"
    NOT_IN_CONVERSATION = "not_in_conversation"
    MESSAGE_GONE = "message_gone"
    OWN_MESSAGE = "own_message"
    APP_MESSAGE = "app_message"
    EMPTY_MESSAGE = "empty_message"
    PICTURE_KEPT = "picture_kept"
    SEE_MESSAGES = "see_messages"


_CHANGED = N_("This card has changed since you opened it; nothing was done.")

_TEXTS: Mapping[Note, str] = {
    Note.STALE: N_("Look at it again and decide then."),
    Note.NOW_DRAFTING: N_("A new draft is on its way; the card will show it in a moment."),
    Note.NOW_DRAFT: N_("There is a newer draft. Look at it and decide again."),
    Note.NOW_FAILED: N_("No plan could be drafted. The card says why."),
    Note.NOW_APPROVED: N_("The plan has been approved."),
    Note.NOW_DISCARDED: N_("The plan has been discarded."),
    Note.DISCARDED_BY: N_("Someone has already discarded this plan."),
    Note.APPROVED_BY: N_("Someone has already approved this plan."),
    Note.APPROVE_WHILE_DRAFTING: N_(
        "A new draft of this plan is on its way, so nothing was started. Read the new one, then approve it."
    ),
    Note.NOT_APPROVER: N_("You can't decide this, so nothing was done. Ask an approver."),
    Note.NOT_NAMED: N_("A policy names who can approve this step, and you are not among them. Nothing was done."),
    Note.SELF_APPROVAL: N_("You reported this yourself, so somebody else has to decide. Nothing was done."),
    Note.ALREADY_AGREED: N_("You have approved this step already. Others must approve it too before it goes on."),
    Note.APPROVALS_SET: N_("Saved. `{mudda} approvers` shows who can decide now."),
    Note.APPROVALS_CLOSED: N_("Only an approver can change who the approvers are. Nothing was changed."),
    Note.NOTES_CLOSED: N_("Only an approver can see and change the planning notes. Nothing was changed."),
    Note.NOTE_CHANGED: N_(
        "This note has changed since you opened it, so nothing was done. `{mudda} notes` shows it."
    ),
    Note.NOTE_GONE: N_("That note is gone. `{mudda} notes` lists the others."),
    Note.NUDGED_BEFORE: N_(
        "They have been reminded of this already. You can remind them again after half an hour."
    ),
    Note.NOT_FIT: N_(
        "That person can't decide this step, or has agreed to it already, so it was not handed over. "
        "The card says who can."
    ),
    Note.ASKED_ENOUGH: N_(
        "So much has been asked about this step already that it is best to go on in the thread."
    ),
    Note.NOTIFICATIONS_SET: N_("Saved. `{mudda} notifications` shows how you are told."),
    Note.CLARIFY_NOT_ASKED: N_("Only whoever reported this can answer, so nothing was done."),
    Note.CLARIFIED_BY: N_("This has been answered already. The card shows what comes of it."),
    Note.NOT_ASKED: N_("This question was put to somebody else, so nothing was done."),
    Note.QUESTION_OVER: N_("This question is closed: it was answered, or is no longer needed. Nothing was done."),
    Note.QUESTION_ANSWERED: N_("This question has been answered already. Thank you all the same."),
    Note.STEP_PENDING: N_("The step has not started yet."),
    Note.STEP_READY: N_("The step is about to start."),
    Note.STEP_RUNNING: N_("The step is under way."),
    Note.STEP_WAITING: N_("The step is waiting for approval. Look at what it sends now, and decide."),
    Note.STEP_DONE: N_("This step is done already. Nothing was changed."),
    Note.STEP_SKIPPED: N_("This step was skipped already. Nothing was changed."),
    Note.STEP_FAILED: N_("This step was rejected or has failed. The card says which, and what you can do."),
    Note.STEP_UNCERTAIN: N_("The step may have been done, or not. The card says what you can do."),
    Note.STEP_CANCELLED: N_("The run was cancelled, so this step will not be done."),
    Note.RUN_RUNNING: N_("The run is under way."),
    Note.RUN_WAITING: N_("The run is waiting for a person."),
    Note.RUN_COMPLETED: N_("This run is done already. Nothing was changed."),
    Note.RUN_FAILED: N_("A step has failed. The card says which."),
    Note.RUN_CANCELLED: N_("This run has ended already. Nothing was changed."),
    Note.CHANNEL_UNREACHABLE: N_("I can't post in this channel. Invite me with `/invite @mudda`, then try again."),
    Note.CARD_REFUSED: N_(
        "Slack refused the message with your plan, so nothing was started. Please report the issue again."
    ),
    Note.CARD_GONE: N_(
        "Slack refused the message with your plan. The plan itself has not changed: "
        "`{workflows}` shows how it stands."
    ),
    Note.NOT_FOUND: N_("I can't find that. `{workflows}` lists the plans."),
    Note.RUN_NOT_FOUND: N_(
        "There is no such run. `{workflows} #12` lists the runs of plan #12, `{workflows} #12.1` shows the first."
    ),
    Note.BUSY: N_("I could not do that just now. Nothing is lost and nothing was done twice. Please try again."),
    Note.NOT_WRITTEN_DOWN: N_("I could not save your issue, so nothing was started. Please report it again."),
    Note.NOT_HEARD: N_("I could not read what you wrote, through a fault of mine. Please say it again."),
    Note.NOT_THE_WRITER: N_("Only whoever wrote that can say what they meant. Nothing was done."),
    Note.SETTLED_BEFORE: N_("That is settled already. Nothing was done twice."),
    Note.MALFORMED: N_("I could not read what Slack sent, so nothing was done. Please try again."),
    Note.NOT_OPENED: N_("Slack did not open the form, so nothing was done. Please try again."),
    Note.ADDS_NO_COMPONENTS: N_("Only admins of this workspace can add components. Ask one of them."),
    Note.STRANGER: N_(
        "Only people of the organisation that runs Mudda can decide here, or see more than the card. "
        "Nothing was done. You can still report an issue."
    ),
    Note.MAY_NOT_PLAN: N_("Not everybody may have plans drafted here, so nothing was started. Ask an approver."),
    Note.SETTINGS_SAVED: N_("Saved. The settings hold from now on."),
    Note.SETTINGS_CLOSED: N_(
        "Only approvers and admins of the workspace may change its settings. Nothing changed."
    ),
    Note.SETTINGS_REFUSED: N_(
        "These settings don't go together any more, so nothing was changed. Please try again."
    ),
    Note.CHANNEL_NOT_SET: N_(
        "I can't post in the channel that you chose, so nothing was changed. Invite me there with "
        "`/invite @mudda`, and then save again."
    ),
    Note.CARD_NOT_MOVED: N_(
        "I can't post in that channel, so the card stays where it was. Invite me there with `/invite @mudda`, "
        "and then try again."
    ),
    Note.CARD_COMES: N_("The card comes here in a moment. Where it was, a line leads to it."),
    Note.CARD_IN_DIRECT: N_(
        "Here only you would see the card. Ask for it in a channel, where those who decide can see it too."
    ),
    Note.NOT_IN_CONVERSATION: N_(
        "I am not in this conversation, so I can't read the message or show a plan here. In a channel, "
        "`/invite @mudda` and then plan it again. Anywhere else, copy the text and send it to me directly."
    ),
    Note.MESSAGE_GONE: N_("That message was deleted, so there is nothing to plan."),
    Note.OWN_MESSAGE: N_(
        "That message is mine, so there is nothing to plan. Choose the one that says what is wrong."
    ),
    Note.APP_MESSAGE: N_(
        "No person wrote that message, so I don't plan it. To have it planned all the same, "
        "copy its text behind `{mudda}`."
    ),
    Note.SEE_MESSAGES: N_("Nothing was started. Why, and what you can do, is in our messages here."),
    Note.PICTURE_KEPT: N_(
        "I have the picture and look at it for the plan. Please answer in words, too, or press Plan anyway."
    ),
    Note.EMPTY_MESSAGE: N_("That message says nothing, so there is nothing to plan. Nothing was started."),
}

_AFTER_A_CHANGE = frozenset(
    {
        Note.STALE,
        Note.NOW_DRAFTING,
        Note.NOW_DRAFT,
        Note.NOW_FAILED,
        Note.NOW_APPROVED,
        Note.NOW_DISCARDED,
        Note.STEP_PENDING,
        Note.STEP_READY,
        Note.STEP_RUNNING,
        Note.STEP_WAITING,
        Note.STEP_UNCERTAIN,
        Note.RUN_RUNNING,
        Note.RUN_WAITING,
        Note.RUN_FAILED,
    }
)
"""What is said of these comes after the sentence that the card has changed."""

_BY: Mapping[Note, str] = {
    Note.DISCARDED_BY: N_("{who} has already discarded this plan."),
    Note.APPROVED_BY: N_("{who} has already approved this plan."),
    Note.NOT_APPROVER: N_("You can't decide this, so nothing was done. {who} can."),
    Note.NOT_NAMED: N_("A policy names who can approve this step, so nothing was done. {who} can."),
    Note.SELF_APPROVAL: N_("You reported this yourself, so nothing was done. {who} can decide."),
    Note.APPROVALS_CLOSED: N_(
        "Only an approver can change who the approvers are. Nothing was changed. Approvers: {who}."
    ),
    Note.NOTES_CLOSED: N_("Only an approver can see and change the planning notes. Approvers: {who}."),
    Note.CLARIFY_NOT_ASKED: N_("Only {who} can answer this, so nothing was done."),
    Note.CLARIFIED_BY: N_("{who} has answered this already. The card shows what comes of it."),
    Note.QUESTION_ANSWERED: N_("{who} has answered this already. Thank you all the same."),
    Note.STEP_READY: N_("{who} has approved this step already; it is about to start."),
    Note.STEP_RUNNING: N_("{who} has approved this step already; it is under way."),
    Note.STEP_DONE: N_("{who} has decided about this step already, and it is done."),
    Note.STEP_SKIPPED: N_("{who} has skipped this step already."),
    Note.STEP_FAILED: N_("{who} has decided about this step already: it was rejected, or it has failed since."),
    Note.RUN_CANCELLED: N_("{who} has ended this run already."),
}
"""The words of a note where it is known who was first, or who can."""

_LISTED = (Note.APPROVALS_CLOSED, Note.NOTES_CLOSED)

_MAY_NOT_PLAN = N_("Not everybody may have plans drafted here, so nothing was started. Ask {who}.")

_NAMED = 3

_NOW = {
    PlanState.DRAFTING: Note.NOW_DRAFTING,
    PlanState.DRAFT: Note.NOW_DRAFT,
    PlanState.FAILED: Note.NOW_FAILED,
    PlanState.APPROVED: Note.NOW_APPROVED,
    PlanState.DISCARDED: Note.NOW_DISCARDED,
}


def note_text(code: str) -> str:
    """The words of a note, as mrkdwn, in the language that is spoken. Raises ValueError on one not ours."""
    name, _colon, behind = code.partition(":")
    found, people = Note(name), [mention(user) for user in behind.split(",") if is_user(user)]
    if found is Note.HELP:
        return help_text()
    if found is Note.EMPTY_MENTION:
        return empty_mention()
    if found is Note.MAY_NOT_PLAN and people:
        return _(_MAY_NOT_PLAN, who=join(people, last="or"))
    if found in _BY and people:
        return _(_BY[found], who=join(people, last="and" if found in _LISTED else "or"))
    said = _(_TEXTS[found], mudda=COMMAND_MUDDA, workflows=COMMAND_WORKFLOWS)
    return f"{_(_CHANGED)} {said}" if found in _AFTER_A_CHANGE else said


def card_is_at(number: int, channel_id: str, link: str | None) -> str:
    """Where the card of a plan is, as mrkdwn; without a link it is gone, and comes back."""
    facts = {"number": str(number), "channel": channel(channel_id), "link": link}
    if link is None:
        return _("The card of plan #{number} was gone. It will be back in {channel} in a moment.", **facts)
    return _("<{link}|The card of plan #{number}> is in {channel}. If it was deleted, it comes back.", **facts)


def planned_before(number: int, channel_id: str, link: str | None) -> str:
    """That a message has a plan already, and where its card is, as mrkdwn; without a link it is still to come."""
    facts = {"number": str(number), "channel": channel(channel_id), "link": link}
    if link is None:
        return _("This message is being planned already, as #{number}. The card comes to {channel}.", **facts)
    return _("This message is planned already: <{link}|the card of plan #{number}> is in {channel}.", **facts)


def may_not_plan(people: Sequence[str]) -> str:
    """The code that says whom to ask for a plan: those who may have one drafted."""
    return f"{Note.MAY_NOT_PLAN}:{','.join(filter(is_user, people[:_NAMED]))}"


def stale(state: str) -> str:
    """The code for a button of an older card, given the state that the plan is in now."""
    return _NOW[PlanState(state)] if state in _NOW else Note.STALE


def discarded_by(user_id: str | None) -> str:
    """The code that says who discarded a plan before."""
    return _by(Note.DISCARDED_BY, user_id) or Note.NOW_DISCARDED


def approved_by(user_id: str | None) -> str:
    """The code that says who approved a plan before."""
    return _by(Note.APPROVED_BY, user_id) or Note.NOW_APPROVED


def question_over(answered_by: str | None) -> str:
    """The code for an answer that comes too late, given who was first, if anyone."""
    return _by(Note.QUESTION_ANSWERED, answered_by) or Note.QUESTION_OVER


def clarified_by(user_id: str | None) -> str | None:
    """The code for an answer that comes second, given who was first; None if no person was."""
    return _by(Note.CLARIFIED_BY, user_id)


def refusal(error: ApprovalRefused) -> str:
    """The code that says why a decision is not for this person to make, and who can."""
    if isinstance(error, SelfApproval):
        return with_people(Note.SELF_APPROVAL, error.approvers)
    if isinstance(error, NotNamed):
        return with_people(Note.NOT_NAMED, error.people)
    if isinstance(error, NotAnApprover):
        return with_people(Note.NOT_APPROVER, error.approvers)
    return Note.ALREADY_AGREED


def with_people(note: Note, people: Sequence[str]) -> str:
    """The code of a note that says who can do what this person can't."""
    known = ",".join(filter(is_user, people))
    return f"{note}:{known}" if known else note


def step_note(state: str, by: str | None) -> str:
    """The code for a button of a step that has moved on, given its state and who decided about it, if anyone."""
    if state not in frozenset(StepState):
        return Note.STALE
    found = Note(f"step_{state.lower()}")
    return _by(found, by) or found


def run_note(state: str, by: str | None) -> str:
    """The code for a button of a run that has moved on, given its state now and who ended it, if anyone."""
    if state not in frozenset(RunState):
        return Note.STALE
    found = Note(f"run_{state.lower()}")
    return _by(found, by) or found


def _by(found: Note, user_id: str | None) -> str | None:
    return f"{found}:{user_id}" if found in _BY and user_id and is_user(user_id) else None
