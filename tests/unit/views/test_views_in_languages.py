"""Every sample of the gallery in every language: within Slack's limits, and with no sentence left in English."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.languages import LANGUAGES, _, language_of, speaking
from bot.sandbox.slack.limits import check_view
from bot.slack.ids import Ref
from bot.slack.messages import Message, View
from bot.views.card import card
from bot.views.home import home_view
from bot.views.modals.answer import answer_modal
from bot.views.modals.approvers import approvals_modal
from bot.views.modals.clarify import clarify_modal
from bot.views.modals.edit_step import StepForm, edit_step_modal, step_choice_modal
from bot.views.modals.new_issue import new_issue_modal
from bot.views.modals.plan import details_modal
from bot.views.modals.planning_note import planning_note_modal
from bot.views.modals.reason import edit_outputs_modal, mark_done_modal, reject_modal, skip_modal
from bot.views.modals.request_changes import request_changes_modal
from bot.views.modals.run import run_details_modal
from bot.views.modals.settings import settings_modal
from bot.views.modals.step import step_details_modal
from bot.views.modals.versions import compare_modal, versions_modal
from bot.views.pictures.graph import graph
from bot.views.pictures.report import report
from services.approvals import ApprovalRules
from services.queries.snapshots import History, PlanSnapshot
from services.runs.questions import Question
from services.workflows.clarifications import Lack
from services.workspaces.settings import Defaults
from tests.architecture.code import ROOT
from tests.support import clarify_samples, home_samples, refine_samples, run_samples, samples
from tests.support.catalogs import SAID, TRANSLATED, said, texts
from tests.support.slack_rules import check_message, check_modal, words

SUPPORT = ROOT / "tests" / "support"
LOCALES = {"en": "en-US", "de": "de-DE", "hi": "hi-IN"}
PLACE: dict[str, Any] = {"channel": samples.CHANNEL, "message_ts": "1.1"}
DEFAULTS = Defaults("Europe/Berlin", 2_000_000)
NOW, ZONE = datetime(2026, 7, 1, 9, tzinfo=UTC), ZoneInfo("Europe/Berlin")
PLANS: Mapping[str, PlanSnapshot] = {**samples.GALLERY, **clarify_samples.GALLERY, **refine_samples.GALLERY}
RUNS: Mapping[str, PlanSnapshot] = run_samples.GALLERY
HISTORY = History((), (), (), 0, 0, 0)

_SENTENCE = re.compile(r"[^\W\d_]{2,}[,:;]? [^\W\d_]{2,}")
"""Two words: less of a sentence may stand in what somebody reported."""


def messages() -> Mapping[str, Message]:
    """The cards, and what is posted beside them, in the language that is spoken."""
    cards = {name: card(each, card_id=samples.CARD_ID) for name, each in {**PLANS, **RUNS}.items()}
    # They are drawn when their module is loaded, so it is loaded again, beside the one of the other tests.
    others = (runpy.run_path(str(SUPPORT / name)) for name in ("notification_samples.py", "answer_samples.py"))
    return {**cards, **{name: message for module in others for name, message in module["MESSAGES"].items()}}


def modals() -> Mapping[str, View]:
    """All forms and details."""
    details = {f"Details of {name}": run_details_modal(each) for name, each in RUNS.items()}
    plans = {f"All of {name}": details_modal(each) for name, each in PLANS.items()}
    told = runpy.run_path(str(SUPPORT / "notification_samples.py"))["VIEWS"]
    return {**details, **plans, **told, **_plan_forms(), **_other_forms()}


def _plan_forms() -> Mapping[str, View]:
    changed, draft = refine_samples.changed(), samples.DRAFT
    asking = clarify_samples.asking(lacks=tuple(Lack))
    assert changed.former
    assert changed.version
    assert draft.version
    assert asking.clarification
    form = StepForm(draft.version, draft.version.plan.steps[-1])
    return {
        "Request changes": request_changes_modal(draft, **PLACE),
        "Choose a step": step_choice_modal(draft, draft.version, **PLACE),
        "Edit a step": edit_step_modal(Ref(draft.id, 1), form, PLACE),
        "Versions": versions_modal(changed, refine_samples.LINES, **PLACE),
        "Two versions": compare_modal(changed, changed.former, changed.version, samples.FAULTS, **PLACE),
        "Two versions of a draft": compare_modal(changed, changed.former, changed.version, (), **PLACE),
        "What is not said": clarify_modal(asking, asking.clarification, **PLACE),
    }


def _other_forms() -> Mapping[str, View]:
    rules = home_samples.APPROVER.rules
    step = Ref(run_samples.step_uuid("residents"), 1)
    detail = step_details_modal(run_samples.COMPLETED, run_samples.step_uuid("order"), {"id": 7})
    assert detail
    return {
        "A new issue": new_issue_modal(samples.CHANNEL, ""),
        "Approvers": approvals_modal(ApprovalRules(("U0MARCO001",)), samples.CHANNEL),
        "Approvers, and nobody named": approvals_modal(ApprovalRules(), samples.CHANNEL),
        "Settings": settings_modal(home_samples.APPROVER.settings, rules, DEFAULTS),
        "Settings with no limits": settings_modal({}, rules, Defaults("Europe/Berlin")),
        "A step": detail,
        "Reject": reject_modal(step, run_samples.WAITING, **PLACE),
        "Skip": skip_modal(step, run_samples.WAITING, **PLACE),
        "Mark done": mark_done_modal(step, "Close the road", **PLACE),
        "Fill in": edit_outputs_modal(step, "Close the road", (), **PLACE),
        "A note": planning_note_modal(step, None, samples.CHANNEL, "1.1", None),
        **{f"Answer with a {kind}": answer_modal(_question(kind), **PLACE) for kind in ("text", "note", "photo")},
    }


def _question(kind: str) -> Question:
    return Question(
        step_id=samples.PLAN_ID,
        attempt=1,
        people=(),
        question="Which crew?",
        kind=kind,
        options=(),
        plan_number=12,
        title="Burst water main",
        reporter=samples.REPORTER,
        is_open=True,
    )


@dataclass(frozen=True)
class Drawn:
    """All samples in one language, by what they are called."""

    messages: Mapping[str, Message]
    modals: Mapping[str, View]
    homes: Mapping[str, View]
    pictures: Mapping[str, str]


@cache
def drawn(code: str) -> Drawn:
    """Draw them, once."""
    with speaking(language_of(LOCALES[code])):
        homes = {name: home_view(each, DEFAULTS) for name, each in home_samples.GALLERY.items()}
        return Drawn(messages(), modals(), homes, pictures())


def pictures() -> Mapping[str, str]:
    """The words of graphs and reports."""
    found: dict[str, str] = {}
    for name, snapshot in {**PLANS, **RUNS}.items():
        if drawn := graph(snapshot, NOW, ZONE):
            found[f"Graph of {name}"] = "\n".join(_strings(asdict(drawn)))
        if told := report(snapshot, HISTORY, names={}, town="", asked_by="", now=NOW, zone=ZONE):
            found[f"Report of {name}"] = "\n".join(_strings(asdict(told)))
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


@cache
def pieces(code: str) -> frozenset[str]:
    """What stands between the names of our English sentences, where the translation is another."""
    found: set[str] = set()
    for message in said():
        for text in texts(message.id) if message.id else ():
            with speaking(language_of(LOCALES[code])):
                theirs = _(text)
            for words_, _name, _spec, _conversion in Formatter().parse(text):
                found |= {each.strip() for each in words_.split("*") if each.strip() not in theirs}
    return frozenset(each for each in found if _SENTENCE.search(each)) - _foreign(found)


def _foreign(found: set[str]) -> set[str]:
    """What the samples say themselves, in the words of people, components and towns."""
    sources = "\n".join(path.read_text() for path in sorted(Path(SUPPORT).glob("*.py")))
    return {each for each in found if each in sources}


def left_in_english(text: str, code: str) -> list[str]:
    """Our sentences, or pieces of them, that stand in a text untranslated."""
    return sorted(
        piece for piece in pieces(code) if piece in text and re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text)
    )


def is_said(*folders: str) -> bool:
    """Whether all of these folders of views say their sentences in every language."""
    return all(any(f"bot/views/{each}/".startswith(f"{said}/") for said in SAID) for each in folders)


@cache
def form_names() -> frozenset[str]:
    """What the forms are called."""
    return frozenset((*_plan_forms(), *_other_forms()))


def is_checked(name: str) -> bool:
    """Whether the views that draw a sample say all of theirs; what a run is drawn with is of several folders."""
    if name in PLANS or any(name == f"{kind} {plan}" for kind in ("All of", "Graph of") for plan in PLANS):
        return True
    if name in form_names():
        return is_said("run") or name not in ("A step", "Reject", "Skip")
    return is_said("homes", "messages", "private", "run")


@pytest.mark.parametrize("code", LANGUAGES)
def test_slack_takes_every_sample(code: str) -> None:
    of = drawn(code)
    for message in of.messages.values():
        check_message(message)
    for modal in of.modals.values():
        check_modal(modal)
    for home in of.homes.values():
        check_view(home, surface="home")


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_sentence_is_left_in_english(code: str) -> None:
    of = drawn(code)
    shown = {
        **{name: f"{each.text}\n{words(each.blocks)}" for name, each in of.messages.items()},
        **{name: words(each) for name, each in {**of.modals, **of.homes}.items()},
        **of.pictures,
    }
    left = {name: left_in_english(text, code) for name, text in shown.items() if is_checked(name)}
    assert not any(left.values()), "\n".join(f"{name}: {found}" for name, found in left.items() if found)


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_sentence_left_in_english_is_found(code: str) -> None:
    assert left_in_english("#12 · <@U1> wanted it planned anyway.", code) == ["wanted it planned anyway."]
