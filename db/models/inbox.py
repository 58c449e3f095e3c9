"""The inbox: what Slack sent, once each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class InboxEntry(Base):
    """Slack's own id of something it sent; the primary key is what makes a second delivery a no-op."""

    __tablename__ = "inbox"

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
