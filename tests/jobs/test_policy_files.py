"""A policy is sent to the bot in a direct message: loaded, refused with every fault, or not even opened."""

from __future__ import annotations

from sqlalchemy import select

from bot.sandbox.slack import Message
from bot.sandbox.slack.state.files import file_object
from db.models import AuditEvent, Policy
from services.approvals import ApprovalRules
from services.audit import Actor
from services.policies.documents import MAX_BYTES
from tests.support.talk import answered
from tests.support.town_hall import TownHall, card_text

ROADS = b"# Roads\n\n## Closing\n\nA road is closed only after its residents were told.\n"
FAULTY = b"---\nkey: Roads!\ncolour: red\n---\n# Roads\n\n## Closing\n\nText.\n"
CHECKS = b"checks:\n- passage: closing\n  category: No such category\n  needs_gate: true\n"


async def sent(hall: TownHall, user: str, *files: tuple[str, bytes], words: str = "") -> Message:
    """What somebody sends to the bot: files, with or without words."""
    slack = hall.slack
    objects = tuple(
        file_object(slack.upload(user, name, content), slack.workspace.team, slack.url) for name, content in files
    )
    message, _ = slack.post_user_message(user, slack.dm(user).id, words, subtype="file_share", files=objects)
    return message


async def policies(hall: TownHall) -> list[tuple[str, int]]:
    async with hall.database.reading() as session:
        rows = await session.execute(select(Policy.key, Policy.version).order_by(Policy.key, Policy.version))
        return [(row.key, row.version) for row in rows]


async def answer_to(hall: TownHall, message: Message) -> str:
    reply = await answered(hall, message.channel, message.ts)
    return reply.text + card_text(reply)


async def only_marco(hall: TownHall) -> None:
    marco = hall.slack.user("marco").id
    async with hall.deps.database.transaction() as session:
        rules = ApprovalRules(approvers=(marco,))
        await hall.deps.approvals.set_settings(session, hall.deps.workspace.id, rules, Actor(marco))


async def test_a_policy_is_loaded_and_again_is_as_it_was(hall: TownHall) -> None:
    await only_marco(hall)
    answer = await answer_to(hall, await sent(hall, "marco", ("roads.md", ROADS), words="our new rules"))
    assert "Version 1 of “Roads” is in force now (1 passage, 0 checks)" in answer
    answer = await answer_to(hall, await sent(hall, "marco", ("roads.md", ROADS)))
    assert "Nothing has changed" in answer
    answer = await answer_to(hall, await sent(hall, "marco", ("roads.md", ROADS + b"\nAnd by day.\n")))
    assert "Version 2" in answer
    assert await policies(hall) == [("roads", 1), ("roads", 2)]
    async with hall.database.reading() as session:
        event = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "policy.loaded"))).first()
    assert event is not None
    assert event.actor == hall.slack.user("marco").id


async def test_every_fault_is_told_with_its_line_and_nothing_is_loaded(hall: TownHall) -> None:
    answer = await answer_to(hall, await sent(hall, "marco", ("roads.md", FAULTY)))
    assert "roads.md has 2 faults, so nothing of it was loaded" in answer
    assert "roads.md:2:" in answer
    assert "roads.md:3:" in answer
    assert await policies(hall) == []


async def test_checks_go_with_their_document_or_with_the_one_that_is_loaded(hall: TownHall) -> None:
    answer = await answer_to(hall, await sent(hall, "marco", ("roads.checks.yaml", CHECKS)))
    assert "Send its document along" in answer
    await answer_to(hall, await sent(hall, "marco", ("roads.md", ROADS)))
    answer = await answer_to(hall, await sent(hall, "marco", ("roads.checks.yaml", CHECKS)))
    assert "Version 2 of “Roads” is in force now (1 passage, 1 check)" in answer
    assert "No such category" in answer


async def test_who_is_no_approver_is_refused_and_the_file_not_fetched(hall: TownHall) -> None:
    await only_marco(hall)
    answer = await answer_to(hall, await sent(hall, "priya", ("roads.md", ROADS)))
    assert "Only an approver may load a policy" in answer
    assert not hall.slack.calls("files.info")
    assert await policies(hall) == []


async def test_a_file_that_is_too_large_is_not_read(hall: TownHall) -> None:
    answer = await answer_to(hall, await sent(hall, "marco", ("roads.md", b"x" * (MAX_BYTES + 1))))
    assert "larger than 1,024 KiB" in answer


async def test_other_files_are_let_alone(hall: TownHall) -> None:
    message = await sent(hall, "marco", ("report.pdf", b"%PDF"), ("photo.jpg", b"jpg"))
    await answered(hall, message.channel, message.ts)
    assert not hall.slack.calls("files.info")


async def test_a_file_in_a_channel_is_no_policy(hall: TownHall) -> None:
    slack = hall.slack
    file = file_object(slack.upload("marco", "roads.md", ROADS), slack.workspace.team, slack.url)
    _, deliveries = slack.post_user_message("marco", "works", "new rules", subtype="file_share", files=(file,))
    for delivery in deliveries:
        await delivery.settled()
    assert not slack.calls("files.info")


async def test_a_file_whose_name_is_hostile_is_only_a_name(hall: TownHall) -> None:
    message = await sent(hall, "marco", ("<!channel> *x*.md", b""))
    reply = await answered(hall, message.channel, message.ts)
    assert "<!channel>" not in reply.text
    assert "fault" in reply.text
