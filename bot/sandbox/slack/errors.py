"""The one error that a Web API method answers with: Slack's word for it, and the details."""

from __future__ import annotations

from collections.abc import Sequence


class SlackError(Exception):
    """A call is refused; `word` goes into `error`, `messages` into `response_metadata.messages`."""

    def __init__(self, word: str, *, messages: Sequence[str] = ()) -> None:
        super().__init__(word)
        self.word = word
        self.messages = tuple(messages)
