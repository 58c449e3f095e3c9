"""A Slack on loopback: the Web API with Slack's limits, signed requests to the app, and a page to look at."""

from bot.sandbox.slack.faults import (
    DropAfterAccepting,
    DropBefore,
    ErrorWord,
    Fine,
    Hold,
    RateLimited,
    ServerError,
    Slow,
)
from bot.sandbox.slack.outbound.delivery import Attempt, Delivery
from bot.sandbox.slack.outbound.interactions import InputsRefused, NotThere
from bot.sandbox.slack.server import SlackStandIn
from bot.sandbox.slack.state.model import Channel, Command, Message, Team, User, UserGroup, View
from bot.sandbox.slack.state.workspace import Setup
from bot.sandbox.slack.webapi import Call

__all__ = [
    "Attempt",
    "Call",
    "Channel",
    "Command",
    "Delivery",
    "DropAfterAccepting",
    "DropBefore",
    "ErrorWord",
    "Fine",
    "Hold",
    "InputsRefused",
    "Message",
    "NotThere",
    "RateLimited",
    "ServerError",
    "Setup",
    "SlackStandIn",
    "Slow",
    "Team",
    "User",
    "UserGroup",
    "View",
]
