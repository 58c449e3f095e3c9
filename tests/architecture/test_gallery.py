"""The gallery shows every state that there is a sample of, with the pictures it needs and no others."""

from services.states import PlanState, RunState
from tests.e2e.gallery import DOCS, NAMES, PICTURES, STATES, page_text, picture


def test_the_page_is_the_one_that_is_drawn() -> None:
    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == page_text()


def test_every_picture_is_there_and_no_other() -> None:
    assert set(PICTURES.iterdir()) == {picture(name) for name in NAMES}


def test_every_state_is_in_it() -> None:
    assert {snapshot.state for snapshot in STATES.values()} == set(PlanState)
    assert {snapshot.run.state for snapshot in STATES.values() if snapshot.run} == set(RunState)
