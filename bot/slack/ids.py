"""The names that Slack gives back to us: commands, actions, views; and the codec of button values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

COMMAND_MUDDA = "/mudda"
COMMAND_COMPONENTS = "/components"
COMMAND_WORKFLOWS = "/workflows"

WORDS_ADD = "components add"
"""What stands behind the command to add components."""

SHORTCUT_PLAN = "message.plan"
SHORTCUT_REPORT = "issue.report"
FUNCTION_DRAFT = "draft_plan"
FUNCTION_RUN = "run_plan"
"""Steps of workflows of Workflow Builder."""

ACTION_APPROVE = "plan.approve"
ACTION_DISCARD = "plan.discard"
ACTION_TRY_AGAIN = "plan.try_again"
ACTION_SHOW_ALL = "plan.show_all"
ACTION_PLAN_MORE = "plan.more"
ACTION_REQUEST_CHANGES = "plan.request_changes"
ACTION_PLAN_UPDATE = "plan.update"
ACTION_PLAN_CHANGES = "plan.changes"
ACTION_VERSION_COMPARE = "version.compare"
ACTION_CLARIFY_ANSWER = "clarify.answer"
ACTION_CLARIFY_ANYWAY = "clarify.anyway"
ACTION_CLARIFY_SAME = "clarify.same"
ACTION_CLARIFY_UNDO = "clarify.undo"
ACTION_CLARIFY_CHOICE = "clarify.choice."
"""With the number of the place behind it, from 0."""

ACTION_CARD_SHOW = "card.show"
ACTION_GRAPH_PLAN = "graph.plan"
ACTION_GRAPH_RUN = "graph.run"
ACTION_RUN_REPORT = "run.report"
ACTION_CARD_HERE = "card.here"
ACTION_CARD_PLACE = "card.place"
ACTION_CARD_CHOOSE = "card.choose"
ACTION_CARD_LINK = "card.link"
ACTION_HOME_ISSUE = "home.issue"
ACTION_HOME_SETTINGS = "home.settings"
ACTION_HOME_APPROVERS = "home.approvers"
ACTION_HOME_PAGE = "home.page"
ACTION_WORKFLOWS_FILTER = "workflows.filter"
ACTION_RUN_CANCEL = "run.cancel"
ACTION_RUN_STOP = "run.stop"
ACTION_RUN_AGAIN = "run.again"
ACTION_RUN_DETAILS = "run.details"
ACTION_STEP_APPROVE = "step.approve"
ACTION_STEP_REJECT = "step.reject"
ACTION_STEP_RETRY = "step.retry"
ACTION_STEP_SKIP = "step.skip"
ACTION_STEP_MARK_DONE = "step.mark_done"
ACTION_STEP_EDIT_OUTPUTS = "step.edit_outputs"
ACTION_STEP_DETAILS = "step.details"
ACTION_STEP_ANSWER = "step.answer"
ACTION_GATE_MORE = "gate.more"
ACTION_NOTE_EDIT = "note.edit"
ACTION_NOTE_DELETE = "note.delete"
ACTION_NOTES_PAGE = "notes.page"
ACTION_POLICY_READ = "policy.read"
ACTION_IMPORT_NEW = "import.new"
ACTION_IMPORT_CHANGED = "import.changed"
ACTION_IMPORT_CHOOSE = "import.choose"
ACTION_IMPORT_CANCEL = "import.cancel"
ACTION_CHOICES_SEARCH = "choices.search"
ACTION_CHOICES_PAGE = "choices.page"
"""With `.previous` or `.next` behind it."""

ACTION_HEARD_ISSUE = "heard.issue"
ACTION_HEARD_CHANGE = "heard.change"
ACTION_HEARD_QUESTION = "heard.question"
ACTION_COMPONENT_OPEN = "component.open"
ACTION_COMPONENT_EDIT = "component.edit"
ACTION_COMPONENT_SECRET = "component.secret"  # noqa: S105 - the name of a button
ACTION_COMPONENT_SWITCH = "component.switch"
ACTION_COMPONENT_UNDO = "component.undo"
ACTION_COMPONENT_TRY = "component.try"
ACTION_COMPONENTS_PAGE = "components.page"
ACTION_COMPONENTS_ADD = "components.add"
ACTION_WORKFLOWS_PAGE = "workflows.page"
"""All four with `.previous` or `.next` behind them."""

VIEW_NEW_ISSUE = "issue.new"
VIEW_PLAN_DETAILS = "plan.details"
VIEW_CLARIFY = "clarify"
VIEW_REQUEST_CHANGES = "plan.request_changes"
VIEW_STEP_CHOICE = "plan.step_choice"
VIEW_STEP_EDIT = "plan.step_edit"
VIEW_VERSIONS = "plan.versions"
VIEW_COMPARE = "plan.compare"
VIEW_RUN_DETAILS = "run.details"
VIEW_STEP_DETAILS = "step.details"
VIEW_STEP_REJECT = "step.reject"
VIEW_STEP_SKIP = "step.skip"
VIEW_STEP_MARK_DONE = "step.mark_done"
VIEW_STEP_EDIT_OUTPUTS = "step.edit_outputs"
VIEW_STEP_ANSWER = "step.answer"
VIEW_POLICY = "policy"
VIEW_APPROVALS = "approvals"
VIEW_NOTE = "note"
VIEW_GATE_ASK = "gate.ask"
VIEW_GATE_HAND_OVER = "gate.hand_over"
VIEW_NOTIFICATIONS = "notifications"
VIEW_COMPONENT = "component"
VIEW_COMPONENT_EDIT = "component.edit"
VIEW_COMPONENT_SECRET = "component.secret"  # noqa: S105 - the name of a form
VIEW_COMPONENT_SWITCH = "component.switch"
VIEW_COMPONENT_UNDO = "component.undo"
VIEW_COMPONENT_TRY = "component.try"
VIEW_ADD_COMPONENTS = "components.add"
VIEW_CHOICES = "import.choices"
VIEW_HOME = "home"
VIEW_SETTINGS = "settings"

BLOCK_ISSUE, INPUT_ISSUE = "issue", "issue.text"
BLOCK_PLACE, INPUT_PLACE = "place", "issue.place"
BLOCK_URGENCY, INPUT_URGENCY = "urgency", "issue.urgency"
BLOCK_REASON, INPUT_REASON = "reason", "reason.text"
BLOCK_OUTPUT, INPUT_OUTPUT = "output.", "output.given"
"""The block's id ends in the number of the value, from 0."""

BLOCK_WISH, INPUT_WISH = "wish", "wish.text"
BLOCK_LEAVE_OUT, INPUT_LEAVE_OUT = "leave_out", "wish.leave_out"
BLOCK_ASK_BEFORE, INPUT_ASK_BEFORE = "ask_before", "wish.ask_before"
BLOCK_STEP, INPUT_STEP = "step", "step.chosen"
BLOCK_VALUE, INPUT_VALUE = "value.", "step.value"
"""The block's id ends in the number of the input, from 0."""

BLOCK_GATE, INPUT_GATE = "gate", "step.gate"
BLOCK_AFTER, INPUT_AFTER = "after", "step.after"
BLOCK_REMOVE, INPUT_REMOVE = "remove", "step.remove"
BLOCK_ANSWER, INPUT_ANSWER = "answer", "answer.given"
BLOCK_APPROVERS, INPUT_APPROVERS = "approvers", "approvals.people"
BLOCK_QUORUM, INPUT_QUORUM = "quorum", "approvals.quorum"
BLOCK_REMINDER, INPUT_REMINDER = "reminder", "approvals.reminder"
BLOCK_LIMIT, INPUT_LIMIT = "limit", "approvals.limit"
BLOCK_OUTCOME, INPUT_OUTCOME = "outcome", "approvals.outcome"

BLOCK_LACK, INPUT_LACK = "lack.", "lack.text"
"""The block's id ends in what is lacking."""

BLOCK_PERSON, INPUT_PERSON = "person", "gate.person"
BLOCK_MODE, INPUT_MODE = "mode", "notifications.mode"
BLOCK_DEPUTY, INPUT_DEPUTY = "deputy", "notifications.deputy"
BLOCK_FIRST_DAY, INPUT_FIRST_DAY = "first_day", "notifications.first_day"
BLOCK_LAST_DAY, INPUT_LAST_DAY = "last_day", "notifications.last_day"
BLOCK_MAY_PLAN, INPUT_MAY_PLAN = "may_plan", "settings.may_plan"
BLOCK_PLANNERS, INPUT_PLANNERS = "planners", "settings.planners"
BLOCK_SELF_APPROVAL, INPUT_SELF_APPROVAL = "self_approval", "settings.self_approval"
BLOCK_REMIND_AFTER, INPUT_REMIND_AFTER = "remind_after", "settings.remind_after"
BLOCK_DEFAULT_CHANNEL, INPUT_DEFAULT_CHANNEL = "default_channel", "settings.default_channel"
BLOCK_TIME_ZONE, INPUT_TIME_ZONE = "time_zone", "settings.time_zone"
BLOCK_TOKENS, INPUT_TOKENS = "tokens_per_day", "settings.tokens"
BLOCK_LEARN, INPUT_LEARN = "learn_from_plans", "settings.learn"
BLOCK_PLAN_DAYS, INPUT_PLAN_DAYS = "plan_days", "settings.plan_days"
BLOCK_PLAN_EMOJI, INPUT_PLAN_EMOJI = "plan_emoji", "settings.plan_emoji"
BLOCK_LANGUAGE, INPUT_LANGUAGE = "language", "settings.language"
BLOCK_SECRET_NAME, INPUT_SECRET_NAME = "secret_name", "component.secret_name"
BLOCK_SECRET, INPUT_SECRET = "secret", "component.secret_value"
BLOCK_FIELD, INPUT_FIELD = "component.field:", "component.value"
"""The block's id ends in the name of the member, or in the place and name of the input."""
BLOCK_ADD_KIND, INPUT_ADD_KIND = "add_kind", "add.kind"
BLOCK_ADD_URL, INPUT_ADD_URL = "add_url", "add.url"
BLOCK_ADD_PRESET, INPUT_ADD_PRESET = "add_preset", "add.preset"
BLOCK_ADD_JURISDICTION, INPUT_ADD_JURISDICTION = "add_jurisdiction", "add.jurisdiction"
BLOCK_ADD_KEY, INPUT_ADD_KEY = "add_key", "add.key"
BLOCK_CHOICES_SEARCH, INPUT_CHOICES_SEARCH = "choices_search", "choices.words"
BLOCK_CHOICES, INPUT_CHOICES = "choices.", "choices.ticked"
"""The block's id ends in the number of its first entry."""

BLOCK_PLACE_CARD = "card.place:"
"""The block's id ends in the Ref of the plan, by which a choice in its menu is known to be about it."""

METADATA_CARD = "mudda_card"
"""The event type of a card's message metadata; its payload is {"card": the card's id}."""

METADATA_CLARIFICATION = "mudda_clarification"
"""The event type of what is asked before an issue is planned; its payload is {"plan": the plan's id}."""

METADATA_OUTCOME = "mudda_outcome"
"""The event type of the metadata of the reply that says how a run ended; its payload is {"run": the run's id}."""

METADATA_FAILURE = "mudda_failure"
"""The event type of the metadata of what says that a run has failed; its payload is {"run": …, "at": when}."""

METADATA_WAIT = "mudda_wait"
"""The event type of the metadata of what says that a step waits for people; {"step": …, "revision": …}."""

METADATA_REMINDER = "mudda_reminder"
"""The event type of a reminder's metadata; its payload is {"gate": the gate's id, "number": from 1}."""

METADATA_NOTICE = "mudda_notice"
"""The event type of the metadata of what a step posts; its payload is {"step": the id of the step's run}."""

METADATA_QUESTION = "mudda_question"
"""The event type of the metadata of a question to a person; its payload is {"step": …, "attempt": from 1}."""

METADATA_QUESTION_REMINDER = "mudda_question_reminder"
"""The event type of a reminder of a question; its payload is {"step": …, "attempt": …, "reminder": from 1}."""

METADATA_REPLY = "mudda_reply"
"""The event type of the metadata of an answer to what somebody said; its payload is {"heard": its id}."""
METADATA_NOTIFICATION = "mudda_notification"
"""The event type of a message that asks a person to act; its payload is {"notification": its id}."""

METADATA_PERSON_REMINDER = "mudda_person_reminder"
"""The event type of a reminder of that; {"notification": …, "number": …}."""

METADATA_DIGEST = "mudda_digest"
"""The event type of a digest; its payload is {"at": when it was due}."""

METADATA_DEPUTY = "mudda_deputy"
"""The event type of the message to a deputy; {"for": who is away, "first": a day, "last": a day}."""

METADATA_GATE_REQUEST = "mudda_gate_request"
"""The event type of what somebody asks before they decide; {"step": …, "revision": …, "number": from 1}."""

METADATA_UNREACHED = "mudda_unreached"
"""The event type of the line that nobody could be written to; {"step": …, "revision": …}."""

METADATA_DRY_RUN = "mudda_dry_run"
"""The event type of the metadata of a dry run's messages; its payload is {"dry_run": its id, "page": from 1}."""

METADATA_IMPORT = "mudda_import"
"""The event type of a message about a document to be imported; its payload is {"import": the offer's id}."""

METADATA_ANSWER = "mudda_answer"
"""The event type of the metadata of an answer to a question; its payload is {"inquiry": the question's id}."""

CHOICE_DRY_RUN, CHOICE_SHOW_ALL, CHOICE_SHOW_GRAPH = "dry_run", "show_all", "show_graph"
CHOICE_EDIT_STEP, CHOICE_VERSIONS = "edit_step", "versions"
"""What the menu of a plan's card offers."""

CHOICE_REMIND, CHOICE_ASK, CHOICE_HAND_OVER = "remind", "ask", "hand_over"
"""What the menu of a gate offers."""

PLAN_CHOICES = (CHOICE_DRY_RUN, CHOICE_SHOW_ALL, CHOICE_SHOW_GRAPH, CHOICE_EDIT_STEP, CHOICE_VERSIONS)
GATE_CHOICES = (CHOICE_REMIND, CHOICE_ASK, CHOICE_HAND_OVER)

SEARCH_LENGTH = 140
"""As much of what was searched for as goes into a button or an option (Slack: 150), so that every page, and every
filter, is one of the same search."""


@dataclass(frozen=True, slots=True)
class Ref:
    """What a button is about: an opaque id, and the revision that it was drawn for. Never more."""

    id: UUID
    revision: int

    def encode(self) -> str:
        """The button's value, e.g. `0b6c….3`."""
        return f"{self.id}.{self.revision}"

    @classmethod
    def decode(cls, value: str) -> Ref:
        """Read a button's value. Raises ValueError on anything that we did not write."""
        match = re.fullmatch(r"([0-9a-f-]{36})\.([0-9]{1,9})", value)
        if match is None:
            raise ValueError("not a reference")
        return cls(UUID(match[1]), int(match[2]))


@dataclass(frozen=True, slots=True)
class Numbered:
    """One of several things that a card offers, from 0."""

    ref: Ref
    number: int

    def encode(self) -> str:
        """The button's value, e.g. `0b6c….3:1`."""
        return f"{self.ref.encode()}:{self.number}"

    @classmethod
    def decode(cls, value: str) -> Numbered:
        """Read a button's value. Raises ValueError on anything that we did not write."""
        ref, _, number = value.partition(":")
        if not re.fullmatch(r"[0-9]", number):
            raise ValueError("not a number")
        return cls(Ref.decode(ref), int(number))


@dataclass(frozen=True, slots=True)
class VersionRef:
    """A version of a plan, and the plan as it was shown."""

    plan: Ref
    version: int

    def encode(self) -> str:
        """The button's value, e.g. `0b6c….3.2`."""
        return f"{self.plan.encode()}.{self.version}"

    @classmethod
    def decode(cls, value: str) -> VersionRef:
        """Read a button's value. Raises ValueError on anything that we did not write."""
        plan, _, version = value.rpartition(".")
        if not re.fullmatch(r"[0-9]{1,9}", version):
            raise ValueError("not a version")
        return cls(Ref.decode(plan), int(version))


@dataclass(frozen=True, slots=True)
class Choice:
    """What an option of a menu does, and what it is about."""

    name: str
    ref: Ref

    def encode(self) -> str:
        """The option's value, e.g. `dry_run:0b6c….3`."""
        return f"{self.name}:{self.ref.encode()}"

    @classmethod
    def decode(cls, value: str) -> Choice:
        """Read an option's value. Raises ValueError on anything that we did not write."""
        name, _, ref = value.partition(":")
        if name not in (*PLAN_CHOICES, *GATE_CHOICES):
            raise ValueError("not a choice")
        return cls(name, Ref.decode(ref))


@dataclass(frozen=True, slots=True)
class Place:
    """Which plan's card a button has shown, and in which channel."""

    ref: Ref
    channel: str

    def encode(self) -> str:
        """The button's value, e.g. `0b6c….3:C0123`."""
        return f"{self.ref.encode()}:{self.channel}"

    @classmethod
    def decode(cls, value: str) -> Place:
        """Read a button's value. Raises ValueError on anything that we did not write."""
        ref, _, channel = value.partition(":")
        if not re.fullmatch(r"[CG][A-Z0-9]{1,20}", channel):
            raise ValueError("not a place")
        return cls(Ref.decode(ref), channel)


@dataclass(frozen=True, slots=True)
class PageRef:
    """Which page of a private list a button turns to, and what was searched for."""

    page: int
    search: str = ""

    def encode(self) -> str:
        """The button's value, e.g. `2:water`."""
        return f"{self.page}:{self.search[:SEARCH_LENGTH]}"

    @classmethod
    def decode(cls, value: str) -> PageRef:
        """Read a button's value. Raises ValueError on anything that we did not write."""
        page, separator, search = value.partition(":")
        if not separator or not re.fullmatch(r"[0-9]{1,6}", page):
            raise ValueError("not a page")
        return cls(int(page), search)
