"""Jobs about components, as people look after them in Slack."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from services.audit import Actor
from services.jobs.requests import Act


class ComponentAct(Act):
    """What somebody submits about a component; they are answered at the response URL while that is good."""

    key: str
    component: UUID
    response_url: str | None = None

    @property
    def actor(self) -> Actor:
        """Who it is, where, and which form."""
        return Actor(self.user, self.channel or None, None, self.key)


class EditComponent(ComponentAct):
    """Change a component that is as it was `shown`; `texts` are the fields as they were typed."""

    entrypoint: ClassVar[str] = "edit_component"

    shown: str
    texts: dict[str, str]


class SwitchComponent(ComponentAct):
    """Take a component out of use, or into it."""

    entrypoint: ClassVar[str] = "switch_component"

    is_active: bool


class UndoComponent(ComponentAct):
    """Take the last change of a component back, if `change` is still the last."""

    entrypoint: ClassVar[str] = "undo_component"

    change: str


class SetComponentSecret(ComponentAct):
    """Keep a secret of a component. It is sealed already: nobody can read it in the queue."""

    entrypoint: ClassVar[str] = "set_component_secret"

    name: str
    sealed: str
    key_id: str


class TryComponent(ComponentAct):
    """Call a component that only reads, once; `texts` are its inputs as they were typed."""

    entrypoint: ClassVar[str] = "try_component"

    texts: dict[str, str]
