"""The only caller of Slack's Web API. Its failures become SlackErrors that say what can be done about them."""

from bot.slack.client.directory import ChannelKind, Identity, Person
from bot.slack.client.slack import TIMEOUT_SECONDS, Slack, slack_client

__all__ = ["TIMEOUT_SECONDS", "ChannelKind", "Identity", "Person", "Slack", "slack_client"]
