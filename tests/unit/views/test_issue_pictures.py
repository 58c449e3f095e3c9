"""What the card says of pictures that could not be looked at: one sentence, of any number and any name."""

from __future__ import annotations

import pytest

from bot.views.card import card
from bot.views.plan.pictures import unseen_words
from services.jobs import AnswerFile
from services.pictures.unseen import Unseen
from services.plans.attached import MAX_KNOWN, AttachedPicture, pictures_among
from tests.support import samples
from tests.support.slack_rules import HARMFUL, check_message


def pictures(*reasons: Unseen | None) -> tuple[AttachedPicture, ...]:
    return tuple(AttachedPicture(f"F{number}", f"{number}.png", why) for number, why in enumerate(reasons))


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        ((), ""),
        ((None, None), ""),
        ((None, Unseen.GONE), "1 picture could not be read: “1.png” was deleted."),
        (
            (Unseen.NO_PICTURE, None, Unseen.TOO_LARGE),
            "2 pictures could not be read: “0.png” is not a picture and “2.png” is too large.",
        ),
        (
            (Unseen.NO_PICTURE,) * 5,
            "5 pictures could not be read: “0.png” is not a picture, “1.png” is not a picture, "
            "“2.png” is not a picture and 2 others could not be read either.",
        ),
        ((*(None,) * 4, *(Unseen.TOO_MANY,) * 46), "Only the first 4 pictures of 50 were looked at."),
        (
            (Unseen.REFUSED, *(None,) * 4, Unseen.TOO_MANY),
            "2 pictures could not be read: “0.png” is not shown to me by Slack and 1 more was too many.",
        ),
    ],
)
def test_it_is_one_sentence(reasons: tuple[Unseen | None, ...], words: str) -> None:
    assert unseen_words(pictures(*reasons)) == words


def test_every_reason_has_words() -> None:
    for why in Unseen:
        assert unseen_words(pictures(None, why))


@pytest.mark.parametrize("text", HARMFUL)
def test_a_name_that_means_harm_stays_a_name(text: str) -> None:
    snapshot = samples.hostile_plan(text, steps=1, warnings=1)
    check_message(card(snapshot, card_id=samples.CARD_ID))


def test_what_is_said_to_be_something_else_is_no_picture_of_the_issue() -> None:
    kinds = ("image/png", "", "application/pdf", "image/svg+xml", "text/markdown")
    files = [AnswerFile(id=f"F{n}", name="a", mimetype=kind, permalink="") for n, kind in enumerate(kinds)]
    assert [picture.id for picture in pictures_among(files)] == ["F0", "F1", "F3"]
    unnamed = AnswerFile(id="F1", name="F1", mimetype="", permalink="")
    assert [picture.name for picture in pictures_among([unnamed])] == ["a file"]
    many = [AnswerFile(id=f"F{n}", name="a", mimetype="image/png", permalink="") for n in range(300)]
    assert len(pictures_among(many)) == MAX_KNOWN
