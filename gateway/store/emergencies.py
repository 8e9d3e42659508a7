"""Writing down afterwards what the gateway said by itself while the database was away."""

from __future__ import annotations

from typing import Literal, NamedTuple

from psycopg.types.json import Jsonb

from alerts.ports import Message
from gateway.store.connection import Connection


class SaidAlready(NamedTuple):
    """A message that was handled outside the outbox; ``reason``: why it was not sent, None when it was."""

    message: Message
    state: Literal["sent", "not_sent", "failed"]
    provider: str
    provider_id: str | None
    reason: str | None
    at: int


async def insert_said(connection: Connection, said: SaidAlready) -> None:
    """Put a message into the outbox as handled: like this its recipient is among those who hear the end."""
    message = said.message
    await connection.execute(
        "insert into message (alarm, site, resident, role, recipient, channel, template, params, language, expires_at,"
        " priority, state, reason, attempts, provider, provider_id, created_at, finished_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            message.alarm,
            message.site,
            message.resident,
            message.role,
            message.recipient,
            message.channel,
            message.template,
            Jsonb(message.params),
            message.language,
            message.expires_at,
            message.priority,
            said.state,
            said.reason,
            message.attempts,
            said.provider,
            said.provider_id,
            message.created_at,
            said.at,
        ),
    )
