"""Errors of the gateway, by remedy.

GatewayError
├── OwnershipLostError   end this process: another gateway owns the engine now
└── RefusedError         find the rows and go on without them
"""

from __future__ import annotations


class GatewayError(Exception):
    """Base of everything that the gateway raises."""


class OwnershipLostError(GatewayError):
    """Another gateway took over: whatever this one still holds belongs to that one now."""


class RefusedError(GatewayError):
    """The database refuses data of this batch; the message is the database's, without values."""
