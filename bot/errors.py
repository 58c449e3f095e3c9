"""What can go wrong at the edge.

EdgeError
├── SettingsError        the settings can't be used; one line each
├── MalformedPayload     Slack's payload, or a button's value, is not what it should be
├── IntakeUnavailable    what Slack sent could not be kept: answered with 503, and Slack sends it again
└── SlackError           a call of Slack's Web API failed
    ├── RateLimited          try again after a while that Slack names
    ├── SlackUnavailable     no answer, or a 5xx: whether the call was carried out is not known
    │   └── TokenRefused         Slack does not take the bot token: nothing can be done until somebody mends that
    ├── ChannelUnreachable   the bot can't post there
    ├── MessageGone          the message can't be changed any more
    ├── ContentRefused       it does not take what the message says
    │   └── MetadataRefused      or what is said beside it, to be found again and to be shown as a work object
    ├── FileRefused          a file of Slack's can't be had, or is none that may be fetched
    ├── UploadRefused        it takes no file of ours, now or later
    ├── SurfaceRefused       it has no such method here, or not for this app: the plain way is taken
    ├── StoppedByPerson      somebody pressed Stop: nothing more is to come
    └── HomeOvertaken        a Home shows something else than what was to be replaced
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta


class EdgeError(Exception):
    """A failure at the edge."""


class SettingsError(EdgeError):
    """The settings can't be used."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


class MalformedPayload(EdgeError):
    """A payload, or a button's value, is not what it should be."""


class IntakeUnavailable(EdgeError):
    """What Slack sent could not be kept."""


class SlackError(EdgeError):
    """A call of Slack's Web API failed; `code` is Slack's own word for it."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.method = method
        self.code = code


class RateLimited(SlackError):
    """Slack asks for patience."""

    def __init__(self, method: str, retry_after: timedelta) -> None:
        super().__init__(method, "ratelimited")
        self.retry_after = retry_after


class SlackUnavailable(SlackError):
    """No answer, or a 5xx."""


class TokenRefused(SlackUnavailable):
    """Slack does not take the bot token any more: revoked, expired, or the account is closed."""


class ChannelUnreachable(SlackError):
    """The channel is not there for the bot."""


class MessageGone(SlackError):
    """The message can't be changed any more."""


class ContentRefused(SlackError):
    """Slack does not take what the message says: too long, or not of its form."""


class MetadataRefused(ContentRefused):
    """Slack does not take the metadata of a message."""


class FileRefused(SlackError):
    """A file can't be had. `code` is Slack's word, or "too_large", "not_slacks" (its address), "not_given"."""


class UploadRefused(SlackError):
    """Slack takes no file of ours here: the app may not, or the workspace does not let it."""


class HomeOvertaken(SlackError):
    """Somebody has published the Home since, and what was drawn may be older than what is there."""


class SurfaceRefused(SlackError):
    """Slack does not offer this here: on a free plan, or to an app that was installed before it asked for it."""


class StoppedByPerson(SlackError):
    """Somebody pressed Stop while something was streamed."""
