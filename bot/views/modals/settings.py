"""The form in which admins set up their workspace."""

from __future__ import annotations

from collections.abc import Sequence

from bot.languages import LANGUAGES, N_, _, ngettext
from bot.slack import ids
from bot.slack.messages import Block, Element, View
from bot.views.kit.blocks import plain
from bot.views.kit.text import clip
from services.approvals import ApprovalRules
from services.workspaces.settings import (
    APPROVERS,
    EVERYBODY,
    MAX_EMOJI,
    MIN_PLAN_DAYS,
    NAMED,
    NO_EMOJI,
    PLAN_EMOJI,
    Defaults,
    WorkspaceSettings,
)

_MAY_PLAN = (
    (EVERYBODY, N_("Everybody")),
    (APPROVERS, N_("Approvers only")),
    (NAMED, N_("Approvers, and the people named below")),
)
_OWN = (("false", N_("Somebody else has to decide")), ("true", N_("They may decide themselves")))
_LEARNS = (("true", N_("Yes")), ("false", N_("No")))
_DEFAULT = "default"
_ZONE = 60


def settings_modal(settings: WorkspaceSettings, rules: ApprovalRules, defaults: Defaults) -> View:
    """The form, filled in with what is set now; a field that is empty says what holds then."""
    return {
        "type": "modal",
        "callback_id": ids.VIEW_SETTINGS,
        "title": plain(_("Settings")),
        "submit": plain(_("Save")),
        "close": plain(_("Cancel")),
        "blocks": [*_people(settings, rules), *_work(settings, defaults)],
    }


def _people(settings: WorkspaceSettings, rules: ApprovalRules) -> list[Block]:
    chosen = settings.get("may_plan", EVERYBODY)
    return [
        _input(
            ids.BLOCK_MAY_PLAN, _("Who may have plans drafted?"), _select(ids.INPUT_MAY_PLAN, _MAY_PLAN, chosen)
        ),
        _input(
            ids.BLOCK_PLANNERS,
            _("Those people"),
            _users(ids.INPUT_PLANNERS, settings.get("planners", [])),
            _("They count only if you chose to name people above."),
            optional=True,
        ),
        _input(
            ids.BLOCK_SELF_APPROVAL,
            _("When an approver has reported something"),
            _select(ids.INPUT_SELF_APPROVAL, _OWN, "true" if rules.self_approval else "false"),
            _("While nobody is named as an approver, anyone may decide about anything."),
        ),
        _input(
            ids.BLOCK_REMIND_AFTER,
            _("Remind after how many minutes?"),
            _number(ids.INPUT_REMIND_AFTER, f"{rules.remind_after_minutes:g}"),
            _("0: never. Later reminders come less and less often."),
        ),
    ]


def _work(settings: WorkspaceSettings, defaults: Defaults) -> list[Block]:
    tokens, days = settings.get("tokens_per_day"), settings.get("plan_days")
    zone = clip(defaults.time_zone, _ZONE)
    everywhere = N_("As everywhere (yes)") if defaults.learns else N_("As everywhere (no)")
    learn = {True: "true", False: "false", None: _DEFAULT}[settings.get("learn_from_plans")]
    return [
        _input(
            ids.BLOCK_DEFAULT_CHANNEL,
            _("Where are plans shown that were begun in no channel?"),
            _channel(settings.get("default_channel")),
            _("Empty: in a direct message, which asks where to show the plan. Invite Mudda to the channel first."),
            optional=True,
        ),
        _input(
            ids.BLOCK_PLAN_EMOJI,
            _("Which emoji plans the message that it is put on?"),
            _text(ids.INPUT_PLAN_EMOJI, settings.get("plan_emoji", ""), PLAN_EMOJI, MAX_EMOJI),
            _(
                "Empty: {emoji}, once somebody has added an emoji of that name to Slack. {none}: none does.",
                emoji=PLAN_EMOJI,
                none=NO_EMOJI,
            ),
            optional=True,
        ),
        _input(
            ids.BLOCK_LANGUAGE,
            _("Language of cards"),
            _select(ids.INPUT_LANGUAGE, _languages(), settings.get("language", "default")),
            _("Many people read a card. What one person alone is told is in that person's language."),
        ),
        _input(
            ids.BLOCK_TIME_ZONE,
            _("Time zone"),
            _text(ids.INPUT_TIME_ZONE, settings.get("time_zone", ""), "America/Chicago"),
            _("Empty: {zone}. The model's day begins at midnight there.", zone=zone),
            optional=True,
        ),
        _input(
            ids.BLOCK_TOKENS,
            _("How many tokens of the model a day?"),
            _number(ids.INPUT_TOKENS, "" if tokens is None else f"{tokens}"),
            _limit(defaults.tokens_per_day),
            optional=True,
        ),
        _input(
            ids.BLOCK_LEARN,
            _("Are earlier plans and notes told to the model?"),
            _select(ids.INPUT_LEARN, [(_DEFAULT, everywhere), *_LEARNS], learn),
        ),
        _input(
            ids.BLOCK_PLAN_DAYS,
            _("For how many days are plans kept that are over?"),
            _number(ids.INPUT_PLAN_DAYS, "" if days is None else f"{days}"),
            _kept(defaults.plan_days),
            optional=True,
        ),
    ]


def _limit(tokens: int) -> str:
    if not tokens:
        return _("Empty: no limit. 0: no limit. A plan takes some thousands.")
    return ngettext(
        "Empty: at most {count} token. 0: no limit. A plan takes some thousands.",
        "Empty: at most {count} tokens. 0: no limit. A plan takes some thousands.",
        tokens,
    )


def _kept(days: int) -> str:
    if not days:
        return _(
            "Empty: kept for good. 0: for good; else at least {least}. What people decided stays on record.",
            least=MIN_PLAN_DAYS,
        )
    return ngettext(
        "Empty: kept for {count} day. 0: for good; else at least {least}. What people decided stays on record.",
        "Empty: kept for {count} days. 0: for good; else at least {least}. What people decided stays on record.",
        days,
        least=MIN_PLAN_DAYS,
    )


def _languages() -> list[tuple[str, str]]:
    return [("default", _("Each plan's own: that of whoever asked for it")), *LANGUAGES.items()]


def _input(block_id: str, label: str, element: Element, hint: str = "", *, optional: bool = False) -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }
    return {**block, "hint": plain(hint)} if hint else block


def _select(action_id: str, choices: Sequence[tuple[str, str]], chosen: str) -> Element:
    options = {value: {"text": plain(_(label)), "value": value} for value, label in choices}
    return {
        "type": "static_select",
        "action_id": action_id,
        "options": list(options.values()),
        "initial_option": options.get(chosen, next(iter(options.values()))),
    }


def _users(action_id: str, chosen: Sequence[str]) -> Element:
    element: Element = {
        "type": "multi_users_select",
        "action_id": action_id,
        "placeholder": plain(_("Choose people")),
    }
    return {**element, "initial_users": list(chosen)} if chosen else element


def _channel(chosen: str | None) -> Element:
    element: Element = {
        "type": "conversations_select",
        "action_id": ids.INPUT_DEFAULT_CHANNEL,
        "placeholder": plain(_("Choose a channel")),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return {**element, "initial_conversation": chosen} if chosen else element


def _number(action_id: str, value: str) -> Element:
    element: Element = {
        "type": "number_input",
        "action_id": action_id,
        "is_decimal_allowed": False,
        "min_value": "0",
    }
    return {**element, "initial_value": value} if value else element


def _text(action_id: str, value: str, placeholder: str, longest: int = _ZONE) -> Element:
    element: Element = {
        "type": "plain_text_input",
        "action_id": action_id,
        "max_length": longest,
        "placeholder": plain(placeholder),
    }
    return {**element, "initial_value": value} if value else element
