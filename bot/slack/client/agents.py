"""Slack's Web API, as far as the bot is an agent: what is streamed, how a session stands, what may be asked.

A function for each call of Slack's, so that what it retires or renames is changed in one place. Not every
workspace has them: each raises SurfaceRefused where Slack does not offer it, and all works without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bot.slack.client.directory import MODAL_SECONDS, Directory

SessionStatus = Literal["active", "processing", "suspended", "closed"]
"""`suspended`: a person is awaited."""

Chunk = dict[str, Any]


class AgentCalls(Directory):
    """The calls of an agent."""

    async def start_stream(
        self, channel: str, thread_ts: str, chunks: Sequence[Chunk], *, user: str, team: str
    ) -> str:
        """Begin a message in a thread that grows before the person's eyes; its ts. Slack shows that it works.

        If this raises SlackUnavailable it may be there all the same.
        """
        call = self.client.chat_startStream(
            channel=channel,
            thread_ts=thread_ts,
            chunks=list(chunks),
            recipient_user_id=user,
            recipient_team_id=team,
        )
        return str((await self._called("chat.startStream", call))["ts"])

    async def append_stream(self, channel: str, ts: str, chunks: Sequence[Chunk]) -> None:
        """Add to it. Raises StoppedByPerson."""
        call = self.client.chat_appendStream(channel=channel, ts=ts, chunks=list(chunks))
        await self._called("chat.appendStream", call)

    async def stop_stream(self, channel: str, ts: str, mark: Mapping[str, Any] | None) -> None:
        """End it: it is a message like others from now on, with the metadata `mark`. Raises StoppedByPerson."""
        call = self.client.chat_stopStream(channel=channel, ts=ts, metadata=dict(mark) if mark else None)
        await self._called("chat.stopStream", call)

    async def set_session(self, channel: str, thread_ts: str, status: SessionStatus) -> None:
        """Show how the session of a thread stands."""
        call = self.client.agents_sessions_setStatus(channel_id=channel, thread_ts=thread_ts, status=status)
        await self._called("agents.sessions.setStatus", call)

    async def suggest(self, channel: str, prompts: Sequence[tuple[str, str]]) -> None:
        """Offer up to four things to write at the top of a direct message: what is read, and what is then sent."""
        listed = [{"title": title, "message": message} for title, message in prompts]
        call = self.client.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=listed)
        await self._called("assistant.threads.setSuggestedPrompts", call)

    async def present(self, trigger_id: str, entity: Mapping[str, Any] | None, refusal: str = "not_found") -> None:
        """Show a work object in the pane beside, or in place of it why not; a trigger is good for 3 s and once."""
        given: dict[str, Any] = {"error": {"status": refusal}} if entity is None else {"metadata": dict(entity)}
        call = self.client.entity_presentDetails(trigger_id=trigger_id, **given)
        await self._called("entity.presentDetails", asyncio.wait_for(call, MODAL_SECONDS))

    async def complete_function(self, execution: str, outputs: Mapping[str, Any]) -> None:
        """A step of a workflow has done what it is for; that can be said once."""
        call = self.client.functions_completeSuccess(function_execution_id=execution, outputs=dict(outputs))
        await self._called("functions.completeSuccess", call)

    async def fail_function(self, execution: str, sentence: str) -> None:
        """A step of a workflow can't do what it is for; that, too, can be said once."""
        call = self.client.functions_completeError(function_execution_id=execution, error=sentence)
        await self._called("functions.completeError", call)
