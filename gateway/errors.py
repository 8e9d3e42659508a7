"""Errors of the gateway, by remedy.

GatewayError
├── OwnershipLostError      end this process: another gateway owns the engine now
├── RefusedError            find the rows and go on without them
├── BrokerUnreachableError  try again: the broker may come, or come back
└── BrokerRefusedError      somebody must change something before the broker serves us
"""

from __future__ import annotations


class GatewayError(Exception):
    """Base of everything that the gateway raises."""


class OwnershipLostError(GatewayError):
    """Another gateway took over: whatever this one still holds belongs to that one now."""


class RefusedError(GatewayError):
    """The database refuses data of this batch; the message is the database's, without values."""


class BrokerUnreachableError(GatewayError):
    """Nobody answers there, or no longer; the message says what was seen."""


class BrokerRefusedError(GatewayError):
    """The broker does not let us in, or not do what we must; the message says what to change."""
