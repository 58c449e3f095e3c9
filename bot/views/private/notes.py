"""Private notes: what one person is told when a click or a command comes to nothing, or asks for help.

A note travels as a short code in a job, and becomes words only here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from bot.slack.ids import COMMAND_MUDDA, COMMAND_WORKFLOWS
from bot.views.kit.text import channel, is_user, join, mention
from bot.views.private.help import EMPTY_MENTION, HELP
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


_CHANGED = "This card has changed since you opened it; nothing was done."

_TEXTS: Mapping[Note, str] = {
    Note.HELP: HELP,
    Note.EMPTY_MENTION: EMPTY_MENTION,
    Note.STALE: f"{_CHANGED} Look at it again and decide then.",
    Note.NOW_DRAFTING: f"{_CHANGED} A new draft is on its way; the card will show it in a moment.",
    Note.NOW_DRAFT: f"{_CHANGED} There is a newer draft. Look at it and decide again.",
    Note.NOW_FAILED: f"{_CHANGED} No plan could be drafted. The card says why.",
    Note.NOW_APPROVED: f"{_CHANGED} The plan has been approved.",
    Note.NOW_DISCARDED: f"{_CHANGED} The plan has been discarded.",
    Note.DISCARDED_BY: "Someone has already discarded this plan.",
    Note.APPROVED_BY: "Someone has already approved this plan.",
    Note.APPROVE_WHILE_DRAFTING: (
        "A new draft of this plan is on its way, so nothing was started. Read the new one, then approve it."
    ),
    Note.NOT_APPROVER: "You can't decide this, so nothing was done. Ask an approver.",
    Note.NOT_NAMED: "A policy names who can approve this step, and you are not among them. Nothing was done.",
    Note.SELF_APPROVAL: "You reported this yourself, so somebody else has to decide. Nothing was done.",
    Note.ALREADY_AGREED: "You have approved this step already. Others must approve it too before it goes on.",
    Note.APPROVALS_SET: f"Saved. `{COMMAND_MUDDA} approvers` shows who can decide now.",
    Note.APPROVALS_CLOSED: "Only an approver can change who the approvers are. Nothing was changed.",
    Note.NOTES_CLOSED: "Only an approver can see and change the planning notes. Nothing was changed.",
    Note.NOTE_CHANGED: (
        f"This note has changed since you opened it, so nothing was done. `{COMMAND_MUDDA} notes` shows it."
    ),
    Note.NOTE_GONE: f"That note is gone. `{COMMAND_MUDDA} notes` lists the others.",
    Note.NUDGED_BEFORE: "They have been reminded of this already. You can remind them again after half an hour.",
    Note.NOT_FIT: (
        "That person can't decide this step, or has agreed to it already, so it was not handed over. "
        "The card says who can."
    ),
    Note.ASKED_ENOUGH: "So much has been asked about this step already that it is best to go on in the thread.",
    Note.NOTIFICATIONS_SET: f"Saved. `{COMMAND_MUDDA} notifications` shows how you are told.",
    Note.CLARIFY_NOT_ASKED: "Only whoever reported this can answer, so nothing was done.",
    Note.CLARIFIED_BY: "This has been answered already. The card shows what comes of it.",
    Note.NOT_ASKED: "This question was put to somebody else, so nothing was done.",
    Note.QUESTION_OVER: "This question is closed: it was answered, or is no longer needed. Nothing was done.",
    Note.QUESTION_ANSWERED: "This question has been answered already. Thank you all the same.",
    Note.STEP_PENDING: f"{_CHANGED} The step has not started yet.",
    Note.STEP_READY: f"{_CHANGED} The step is about to start.",
    Note.STEP_RUNNING: f"{_CHANGED} The step is under way.",
    Note.STEP_WAITING: f"{_CHANGED} The step is waiting for approval. Look at what it sends now, and decide.",
    Note.STEP_DONE: "This step is done already. Nothing was changed.",
    Note.STEP_SKIPPED: "This step was skipped already. Nothing was changed.",
    Note.STEP_FAILED: "This step was rejected or has failed. The card says which, and what you can do.",
    Note.STEP_UNCERTAIN: f"{_CHANGED} The step may have been done, or not. The card says what you can do.",
    Note.STEP_CANCELLED: "The run was cancelled, so this step will not be done.",
    Note.RUN_RUNNING: f"{_CHANGED} The run is under way.",
    Note.RUN_WAITING: f"{_CHANGED} The run is waiting for a person.",
    Note.RUN_COMPLETED: "This run is done already. Nothing was changed.",
    Note.RUN_FAILED: f"{_CHANGED} A step has failed. The card says which.",
    Note.RUN_CANCELLED: "This run has ended already. Nothing was changed.",
    Note.CHANNEL_UNREACHABLE: ("I can't post in this channel. Invite me with `/invite @mudda`, then try again."),
    Note.CARD_REFUSED: (
        "Slack refused the message with your plan, so nothing was started. Please report the issue again."
    ),
    Note.CARD_GONE: (
        "Slack refused the message with your plan. The plan itself has not changed: "
        f"`{COMMAND_WORKFLOWS}` shows how it stands."
    ),
    Note.NOT_FOUND: f"I can't find that. `{COMMAND_WORKFLOWS}` lists the plans.",
    Note.RUN_NOT_FOUND: (
        f"There is no such run. `{COMMAND_WORKFLOWS} #12` lists the runs of plan #12, "
        f"`{COMMAND_WORKFLOWS} #12.1` shows the first."
    ),
    Note.BUSY: "I could not do that just now. Nothing is lost and nothing was done twice. Please try again.",
    Note.NOT_WRITTEN_DOWN: "I could not save your issue, so nothing was started. Please report it again.",
    Note.NOT_HEARD: "I could not read what you wrote, through a fault of mine. Please say it again.",
    Note.NOT_THE_WRITER: "Only whoever wrote that can say what they meant. Nothing was done.",
    Note.SETTLED_BEFORE: "That is settled already. Nothing was done twice.",
    Note.MALFORMED: "I could not read what Slack sent, so nothing was done. Please try again.",
    Note.NOT_OPENED: "Slack did not open the form, so nothing was done. Please try again.",
    Note.STRANGER: (
        "Only people of the organisation that runs Mudda can decide here, or see more than the card. "
        "Nothing was done. You can still report an issue."
    ),
    Note.MAY_NOT_PLAN: "Not everybody may have plans drafted here, so nothing was started. Ask an approver.",
    Note.SETTINGS_SAVED: "Saved. The settings hold from now on.",
    Note.SETTINGS_CLOSED: "Only approvers and admins of the workspace may change its settings. Nothing changed.",
    Note.SETTINGS_REFUSED: "These settings don't go together any more, so nothing was changed. Please try again.",
    Note.CHANNEL_NOT_SET: (
        "I can't post in the channel that you chose, so nothing was changed. Invite me there with "
        "`/invite @mudda`, and then save again."
    ),
    Note.CARD_NOT_MOVED: (
        "I can't post in that channel, so the card stays where it was. Invite me there with `/invite @mudda`, "
        "and then try again."
    ),
    Note.CARD_COMES: "The card comes here in a moment. Where it was, a line leads to it.",
    Note.CARD_IN_DIRECT: (
        "Here only you would see the card. Ask for it in a channel, where those who decide can see it too."
    ),
    Note.NOT_IN_CONVERSATION: (
        "I am not in this conversation, so I can't read the message or show a plan here. In a channel, "
        "`/invite @mudda` and then plan it again. Anywhere else, copy the text and send it to me directly."
    ),
    Note.MESSAGE_GONE: "That message was deleted, so there is nothing to plan.",
    Note.OWN_MESSAGE: "That message is mine, so there is nothing to plan. Choose the one that says what is wrong.",
    Note.APP_MESSAGE: (
        "No person wrote that message, so I don't plan it. To have it planned all the same, "
        f"copy its text behind `{COMMAND_MUDDA}`."
    ),
    Note.EMPTY_MESSAGE: "That message says nothing, so there is nothing to plan. Nothing was started.",
}

_BY: Mapping[Note, str] = {
    Note.DISCARDED_BY: "{who} has already discarded this plan.",
    Note.APPROVED_BY: "{who} has already approved this plan.",
    Note.NOT_APPROVER: "You can't decide this, so nothing was done. {who} can.",
    Note.NOT_NAMED: "A policy names who can approve this step, so nothing was done. {who} can.",
    Note.SELF_APPROVAL: "You reported this yourself, so nothing was done. {who} can decide.",
    Note.APPROVALS_CLOSED: (
        "Only an approver can change who the approvers are. Nothing was changed. Approvers: {who}."
    ),
    Note.NOTES_CLOSED: "Only an approver can see and change the planning notes. Approvers: {who}.",
    Note.CLARIFY_NOT_ASKED: "Only {who} can answer this, so nothing was done.",
    Note.CLARIFIED_BY: "{who} has answered this already. The card shows what comes of it.",
    Note.QUESTION_ANSWERED: "{who} has answered this already. Thank you all the same.",
    Note.STEP_READY: "{who} has approved this step already; it is about to start.",
    Note.STEP_RUNNING: "{who} has approved this step already; it is under way.",
    Note.STEP_DONE: "{who} has decided about this step already, and it is done.",
    Note.STEP_SKIPPED: "{who} has skipped this step already.",
    Note.STEP_FAILED: "{who} has decided about this step already: it was rejected, or it has failed since.",
    Note.RUN_CANCELLED: "{who} has ended this run already.",
}
"""The words of a note where it is known who was first, or who can."""

_LISTED = (Note.APPROVALS_CLOSED, Note.NOTES_CLOSED)

_MAY_NOT_PLAN = "Not everybody may have plans drafted here, so nothing was started. Ask {who}."

_NAMED = 3

_NOW = {
    PlanState.DRAFTING: Note.NOW_DRAFTING,
    PlanState.DRAFT: Note.NOW_DRAFT,
    PlanState.FAILED: Note.NOW_FAILED,
    PlanState.APPROVED: Note.NOW_APPROVED,
    PlanState.DISCARDED: Note.NOW_DISCARDED,
}


def note_text(code: str) -> str:
    """The words of a note, as mrkdwn. Raises ValueError on a code that isn't ours."""
    name, _, behind = code.partition(":")
    found, people = Note(name), [mention(user) for user in behind.split(",") if is_user(user)]
    if found is Note.MAY_NOT_PLAN and people:
        return _MAY_NOT_PLAN.format(who=join(people, last="or"))
    if found not in _BY or not people:
        return _TEXTS[found]
    return _BY[found].format(who=join(people, last="and" if found in _LISTED else "or"))


def card_is_at(number: int, channel_id: str, link: str | None) -> str:
    """Where the card of a plan is, as mrkdwn; without a link it is gone, and comes back."""
    if link is None:
        return f"The card of plan #{number} was gone. It will be back in {channel(channel_id)} in a moment."
    return f"<{link}|The card of plan #{number}> is in {channel(channel_id)}. If it was deleted, it comes back."


def planned_before(number: int, channel_id: str, link: str | None) -> str:
    """That a message has a plan already, and where its card is, as mrkdwn; without a link it is still to come."""
    if link is None:
        return f"This message is being planned already, as #{number}. The card comes to {channel(channel_id)}."
    return f"This message is planned already: <{link}|the card of plan #{number}> is in {channel(channel_id)}."


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
