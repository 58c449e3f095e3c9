"""What is wrong with a step as somebody edited it, a sentence under the field that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.languages import _
from bot.slack.ids import BLOCK_AFTER, BLOCK_GATE, BLOCK_REMOVE, BLOCK_VALUE
from bot.views.kit.text import clip
from bot.views.modals.edit_step import StepForm
from bot.views.plan.faults import Names, sentence
from bot.views.plan.steps import called
from services.plans.validation import Fault

_ERROR = 300
_NAME = 45
_MOST = 3


def edit_errors(form: StepForm, faults: Iterable[Fault], *, removed: bool) -> dict[str, str]:
    """Sentences by block; what is about no field of the form stands under the order of the steps."""
    names = Names(
        steps={view.step.step_id: called(view.number, clip(view.title, _NAME)) for view in form.steps},
        components={form.step.component_id: form.view.component},
    )
    found: dict[str, list[str]] = {}
    for fault in faults:
        found.setdefault(BLOCK_REMOVE if removed else _block(form, fault), []).append(sentence(fault, names))
    return {block: _said(sentences) for block, sentences in found.items()}


def _block(form: StepForm, fault: Fault) -> str:
    if fault.step_id == form.step.step_id:
        for number, field in enumerate(form.fields):
            if field.is_editable and field.item.field == fault.field:
                return f"{BLOCK_VALUE}{number}"
        if fault.field == "requires_approval" and not form.always_asks:
            return BLOCK_GATE
    return BLOCK_AFTER if form.others else BLOCK_REMOVE


def _said(sentences: Sequence[str]) -> str:
    told = clip(" ".join(dict.fromkeys(sentences[:_MOST])), _ERROR)
    left_out = len(sentences) - _MOST
    return " ".join([told, _("And {count} more.", count=left_out)]) if left_out > 0 else told
