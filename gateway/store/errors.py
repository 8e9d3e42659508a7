"""What can go wrong in the store, split by remedy.

::

    StoreError
    ├── Conflict      another record stands in the way: change the request
    ├── MissingRecord a record that the request refers to is not there: change the request
    ├── (REFUSED)     a value that cannot be stored (NUL in a text): change the request
    └── (UNAVAILABLE) the database is away or busy: the same request may be sent again
"""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from devices.refusals import Refused


class StoreError(Refused):
    """The store refused, for a reason that the person who asked can be told."""


class Conflict(StoreError):
    """Something that is already there stands in the way."""


class MissingRecord(StoreError):
    """The request refers to something that is not there."""


AWAY: Final[tuple[type[psycopg.Error], ...]] = (
    psycopg.OperationalError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)
"""What a connection says when the database, or the connection itself, is gone."""

UNAVAILABLE: Final[tuple[type[Exception], ...]] = (
    *AWAY,
    psycopg.InterfaceError,
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
)
"""The database is away, or a row stayed locked too long: nothing was changed, try again."""

REFUSED: Final[type[Exception]] = psycopg.DataError
"""A value that PostgreSQL does not take; nothing was changed."""
