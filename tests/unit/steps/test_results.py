"""What an attempt comes to: how soon and how often again, and with what that was odd."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.components.definitions import ComponentDefinition
from services.connectors import Response, ResponseWarning, WarningCode
from services.connectors.errors import CallError, MaybeSent, NotSent, RedirectRefused
from services.states import StepState
from services.steps.results import BASE_DELAY_SECONDS, MAX_DELAY_SECONDS, MAX_RETRY_AFTER_SECONDS, result_of


def component(method: str = "POST") -> ComponentDefinition:
    return ComponentDefinition.model_validate(
        {
            "key": "do",
            "name": "Do",
            "description": "Does it.",
            "http_method": method,
            "endpoint_url": "https://works.example.gov/do",
        }
    )


def answer(
    status: int, *, retry_after: float | None = None, warnings: tuple[ResponseWarning, ...] = ()
) -> Response:
    return Response(status, "application/json", {"ok": True}, 0.1, 12, warnings, retry_after)


def pauses(given: Response | CallError, attempt: int) -> list[float]:
    """The pauses that are chosen before the next attempt, in order."""
    found = [result_of(given, component(), attempt).retry_after for _ in range(200)]
    return sorted(pause.total_seconds() for pause in found if isinstance(pause, timedelta))


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_pauses_double_and_are_half_chance(attempt: int) -> None:
    longest = BASE_DELAY_SECONDS * 2 ** (attempt - 1)
    chosen = pauses(NotSent("connection"), attempt)
    assert longest / 2 <= chosen[0] < chosen[-1] <= longest


@pytest.mark.parametrize("asked", [0.0, 0.2])
def test_one_who_asks_for_less_is_not_asked_at_once(asked: float) -> None:
    assert pauses(answer(429, retry_after=asked), 1)[0] >= BASE_DELAY_SECONDS / 2


def test_one_who_asks_for_patience_gets_it_and_not_all_come_back_together() -> None:
    chosen = pauses(answer(503, retry_after=120.0), 1)
    assert 120.0 <= chosen[0] < chosen[-1] <= 120.0 + MAX_DELAY_SECONDS


def test_one_who_asks_for_too_much_patience_has_failed_and_it_is_on_record() -> None:
    result = result_of(answer(429, retry_after=MAX_RETRY_AFTER_SECONDS + 1), component(), 1)
    assert (result.state, result.retry_after) == (StepState.FAILED, None)
    assert result.error is not None
    assert result.error["retry_after"] == MAX_RETRY_AFTER_SECONDS + 1


def test_after_the_last_attempt_it_has_failed() -> None:
    last = component().attempts
    assert result_of(answer(429), component(), last - 1).state is StepState.READY
    assert result_of(answer(429), component(), last).state is StepState.FAILED


@pytest.mark.parametrize(("method", "state"), [("POST", StepState.UNCERTAIN), ("GET", StepState.FAILED)])
def test_one_who_points_elsewhere_may_have_done_it(method: str, state: StepState) -> None:
    assert result_of(RedirectRefused(status=303, host="a.example"), component(method), 1).state is state


def test_of_an_unknown_fate_only_what_does_no_harm_is_tried_again() -> None:
    assert result_of(MaybeSent("timeout"), component("POST"), 1).state is StepState.UNCERTAIN
    assert result_of(MaybeSent("timeout"), component("GET"), 1).state is StepState.READY


def test_what_was_odd_is_kept() -> None:
    odd = ResponseWarning(WarningCode.NOT_JSON)
    assert result_of(answer(200, warnings=(odd,)), component(), 1).warnings == (odd.to_dict(),)
