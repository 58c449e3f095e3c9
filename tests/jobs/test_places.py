"""Where a card is shown: it comes to where people can act, leaves a line behind, and stays where it can't go."""

from __future__ import annotations

from sqlalchemy import select

from bot.sandbox.slack import Message
from bot.slack import ids
from db.models import Card
from services.audit import OPERATOR
from services.workspaces import settings
from tests.support.approvals import form
from tests.support.run_starts import until
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, cards, drafted


async def plan_in_dm(hall: TownHall, user: str = "priya") -> Message:
    """A plan that was begun in the direct message with the bot."""
    dm = hall.slack.dm(user).id
    await hall.slack.send_command(user, dm, "/mudda", LEAK)
    return await drafted(hall, dm)


def private(hall: TownHall, user: str, channel: str = "works") -> Message:
    return hall.slack.ephemerals(channel, user)[-1]


async def folded(hall: TownHall, card: Message) -> Message:
    """Wait until a message says where the card is now."""
    return await hall.slack.wait_for(
        lambda: (
            found if (found := hall.slack.message(card.channel, card.ts)) and "is now in" in found.text else None
        )
    )


async def test_a_plan_in_a_dm_asks_where_to_be_shown_and_goes_there(hall: TownHall) -> None:
    card = await plan_in_dm(hall)
    assert "Only you can see this card" in card_text(card)
    works = hall.slack.channel("works").id
    await hall.slack.click("priya", card.channel, card.ts, ids.ACTION_CARD_CHOOSE, works)
    there = await drafted(hall)
    assert "Only you can see this card" not in card_text(there)
    left = await folded(hall, card)
    assert f"<#{works}>" in left.text
    assert buttons(left) == {}
    await hall.slack.click("marco", "works", there.ts, ids.ACTION_APPROVE)
    await hall.slack.wait_for(lambda: "Approve and run" not in buttons(there))


async def test_the_usual_channel_is_one_press_away(hall: TownHall) -> None:
    await set_usual(hall, "water")
    card = await plan_in_dm(hall)
    await hall.slack.click("priya", card.channel, card.ts, ids.ACTION_CARD_PLACE)
    await drafted(hall, "water")
    await folded(hall, card)


async def set_usual(hall: TownHall, channel: str) -> None:
    async with hall.database.transaction() as session:
        change = {"default_channel": hall.slack.channel(channel).id}
        await settings.change(session, hall.deps.workspace.id, change, OPERATOR)
    await hall.deps_now()


async def test_a_card_stays_where_it_is_if_it_can_not_be_shown_elsewhere(hall: TownHall) -> None:
    card = await plan_in_dm(hall)
    square = hall.slack.channel("town-square").id
    await hall.slack.click("priya", card.channel, card.ts, ids.ACTION_CARD_CHOOSE, square)
    told = await hall.slack.wait_for(lambda: hall.slack.ephemerals(card.channel, "priya"))
    assert "stays where it was" in told[-1].text
    assert "Approve and run" in buttons(card)
    await hall.slack.click("priya", card.channel, card.ts, ids.ACTION_APPROVE)
    await hall.slack.wait_for(lambda: "Approve and run" not in buttons(card))


async def test_the_card_comes_to_where_somebody_asks_for_it(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    await hall.slack.send_command("marco", "water", "/workflows", "#1")
    details = private(hall, "marco", "water")
    await hall.slack.click("marco", "water", details.ts, ids.ACTION_CARD_HERE)
    await drafted(hall, "water")
    await folded(hall, card)
    assert "The card comes here" in private(hall, "marco", "water").text
    # Once more, and it is there.
    await hall.slack.click("marco", "water", details.ts, ids.ACTION_CARD_HERE)
    await hall.slack.wait_for(lambda: "card of plan #1" in private(hall, "marco", "water").text)
    assert len(cards(hall.slack, "water")) == 1


async def test_a_card_that_was_deleted_comes_back_somewhere_else(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    hall.slack.workspace.remove(card)
    await hall.slack.send_command("marco", "water", "/workflows")
    listed = private(hall, "marco", "water")
    await hall.slack.click("marco", "water", listed.ts, ids.ACTION_CARD_HERE, value_of(listed))
    await drafted(hall, "water")


def value_of(listed: Message) -> str:
    """The first option of the menu that has a card shown."""
    menu = next(
        element
        for block in listed.blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == ids.ACTION_CARD_HERE
    )
    return str(menu["options"][0]["value"])


async def test_a_card_does_not_come_into_a_dm(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    dm = hall.slack.dm("marco").id
    await hall.slack.send_command("marco", dm, "/workflows", "#1")
    await hall.slack.click("marco", dm, private(hall, "marco", dm).ts, ids.ACTION_CARD_HERE)
    await hall.slack.wait_for(lambda: "only you would see the card" in private(hall, "marco", dm).text)
    assert cards(hall.slack, dm) == []


async def test_what_somebody_may_not_see_is_not_shown_to_them(hall: TownHall) -> None:
    card = await plan_in_dm(hall)
    await form(hall, "dana", approvers=[hall.slack.user("dana").id])
    await hall.slack.wait_for(lambda: "can decide" in card_text(card))
    await hall.slack.send_command("marco", "works", "/workflows")
    assert "There are no plans yet" in card_text(private(hall, "marco"))
    await hall.slack.send_command("marco", "works", "/workflows", "#1")
    assert "I can't find that" in private(hall, "marco").text
    await hall.slack.send_command("dana", "works", "/workflows", "waiting")
    listed = private(hall, "dana")
    assert LEAK[:20] in card_text(listed) or "#1" in card_text(listed)
    # Dana decides where others, who are asked too, can see it.
    await hall.slack.click("dana", "works", listed.ts, ids.ACTION_CARD_HERE, value_of(listed))
    await drafted(hall)
    await hall.slack.send_command("marco", "works", "/workflows")
    assert "#1" in card_text(private(hall, "marco"))


async def test_who_can_see_a_channel_and_where_its_cards_are_is_on_record(hall: TownHall) -> None:
    for channel, issue in (("works", LEAK), ("council", "The street light at Oak Street 3 is out")):
        await hall.slack.send_command("priya", channel, "/mudda", issue)
        await drafted(hall, channel)
    async with hall.database.reading() as session:
        found = (await session.scalars(select(Card).order_by(Card.created_at))).all()
    assert [card.is_private for card in found] == [False, True]
    assert all(card.link and card.channel_id in card.link for card in found)
    await hall.slack.send_command("priya", "works", "/mudda", "Another leak at Elm Street")
    await drafted(hall)
    assert len(hall.slack.calls("conversations.info")) == 2


async def test_where_a_card_is_is_asked_for_once_a_channel(hall: TownHall) -> None:
    addresses = select(Card.channel_id, Card.ts, Card.link).where(Card.link.is_not(None))
    for number, issue in enumerate((LEAK, "The street light at Oak Street 3 is out"), start=1):
        await hall.slack.send_command("priya", "works", "/mudda", issue)

        async def are_known(wanted: int = number) -> bool:
            async with hall.database.reading() as session:
                return len((await session.execute(addresses)).all()) == wanted

        await until(are_known, 20)
    assert len(hall.slack.calls("chat.getPermalink")) == 1
    async with hall.database.reading() as session:
        found = (await session.execute(addresses)).all()
    for channel, ts, link in found:
        assert link == await hall.deps.slack.permalink(channel, str(ts))


async def test_the_list_is_narrowed_by_words_and_by_its_menu(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    priya = hall.slack.user("priya").id
    await hall.slack.send_command("marco", "works", "/workflows", f"open reporter:<@{priya}|priya>")
    assert "1 plan for" in card_text(private(hall, "marco"))
    await hall.slack.send_command("marco", "works", "/workflows", "mine")
    listed = private(hall, "marco")
    assert "No plans match" in card_text(listed)
    menu = next(
        element
        for block in listed.blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == ids.ACTION_WORKFLOWS_FILTER
    )
    waiting = next(option["value"] for option in menu["options"] if option["text"]["text"] == "Waiting for me")
    await hall.slack.click("marco", "works", listed.ts, ids.ACTION_WORKFLOWS_FILTER, waiting)
    await hall.slack.wait_for(lambda: "To be reviewed" in card_text(private(hall, "marco")))
    shown = private(hall, "marco")
    assert shown.ts == listed.ts
    assert "waits for" in card_text(shown)
    assert "anyone" in card_text(shown)
