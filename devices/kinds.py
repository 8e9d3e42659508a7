"""The kinds of message that a device publishes."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """One message kind of contract section 1; the numbers are stored and must never change."""

    POSITION = 0
    HEARTBEAT = 1
    VITALS = 2
    SOS = 3
    FALL = 4
    MOTION = 5
    CHECKIN = 6
    SERVICE = 7
    EXERCISE = 8
    PRESENCE = 9
    COMMAND_ACK = 10

    @property
    def topic_name(self) -> str:
        """The last level of the topic, for example ``heartbeat``."""
        return self.name.lower()


KIND_BY_NAME: dict[str, Kind] = {kind.topic_name: kind for kind in Kind}

URGENT: frozenset[Kind] = frozenset({Kind.SOS, Kind.FALL, Kind.CHECKIN, Kind.COMMAND_ACK})
"""Kinds that travel through the gateway's urgent session (design rule 1)."""

CRY_FOR_HELP: frozenset[Kind] = frozenset({Kind.SOS, Kind.FALL})
"""Kinds that are never rejected, never suppressed and never too late."""

READING_KINDS: tuple[Kind, ...] = tuple(k for k in Kind if k not in (Kind.PRESENCE, Kind.COMMAND_ACK))
"""Kinds that are stored as readings and count as a sign of life of their device."""
