"""Telling people: residents of an area, and whoever reported an issue."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sandbox.town.api import Answer, Basic, Call, Route, Values

CHANNELS = ("sms", "email", "signs")
_RESIDENTS = {"downtown": 4_200, "northside": 3_100, "southside": 2_900, "eastside": 1_800, "riverside": 950}


class Notices:
    """What was sent out. A notice to residents goes out once for each Idempotency-Key; a reply does not."""

    def __init__(self) -> None:
        self.notices: list[Values] = []
        self.replies: list[Values] = []

    def routes(self) -> Sequence[Route]:
        """The operations."""
        known = Basic("mudda", "TOWN_NOTICES_PASSWORD")
        return (
            Route(
                "notifications.notify_residents",
                "POST",
                "/areas/{area}/notices",
                self._notify,
                known,
                idempotent=True,
            ),
            Route("notifications.reply_to_reporter", "POST", "/replies", self._reply, known),
        )

    def _notify(self, call: Call) -> Answer:
        area = call.area()
        notice = {
            "notice_id": f"N-{1 + len(self.notices)}",
            "area": area,
            "subject": call.text("subject"),
            "message": call.text("message"),
            "channel": call.choice("channel", CHANNELS, "sms"),
            "recipients": _RESIDENTS[area],
            "sent_at": call.now.isoformat(),
        }
        self.notices.append(notice)
        return Answer(201, notice)

    def _reply(self, call: Call) -> Answer:
        reply = {
            "reply_id": f"R-{1 + len(self.replies)}",
            "reporter": call.text("reporter"),
            "message": call.text("message"),
            "reference": call.optional_text("reference"),
            "sent_at": call.now.isoformat(),
        }
        self.replies.append(reply)
        return Answer(201, reply)
