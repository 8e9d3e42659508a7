"""Reading records by their public ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from devices.refusals import Noun, Refusal, no_such
from gateway.store.connection import Connection
from gateway.store.errors import MissingRecord
from gateway.store.registry.views import VIEWS
from gateway.store.registry_records import Record

R = TypeVar("R", bound=Record)


async def find(conn: Connection, kind: type[R], key: str) -> R | None:
    """The record with this id, whatever its site: check ``account.sees(record.site)`` before showing it."""
    view = VIEWS[kind]
    cursor = await conn.execute(f"select ({view.object})::text from {view.source} where {view.key} = %s", (key,))
    row = await cursor.fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=kind)


async def listing(
    conn: Connection,
    kind: type[R],
    *,
    sites: Sequence[str],
    filters: Mapping[str, str] | None = None,
    after: str = "",
    limit: int = 100,
) -> list[R]:
    """At most ``limit`` records in the order of their ids, those behind ``after``.

    Raises ``KeyError`` for a filter that this kind does not have.
    """
    view = VIEWS[kind]
    where = [f"{view.key} > %(after)s"]
    if sites:
        where.append(f"{view.site} = any(%(sites)s)")
    where += [view.conditions.get(name) or f"{view.filters[name]} = %({name})s" for name in filters or {}]
    cursor = await conn.execute(
        f"select ({view.object})::text from {view.source} where {' and '.join(where)}"
        f" order by {view.key} limit %(limit)s",
        {"after": after, "sites": list(sites), "limit": limit, **(filters or {})},
    )
    return [msgspec.json.decode(row[0], type=kind) for row in await cursor.fetchall()]


def filters_of(kind: type[R]) -> frozenset[str]:
    """The names by which a listing of this kind can be narrowed."""
    return frozenset(VIEWS[kind].filters) | frozenset(VIEWS[kind].conditions)


async def require(conn: Connection, kind: type[R], key: str, what: Noun) -> R:
    """The record with this id; ``what`` it is called. Raises ``MissingRecord``."""
    record = await find(conn, kind, key)
    if record is None:
        raise MissingRecord(no_such(what))
    return record


async def stored(conn: Connection, kind: type[R], key: str) -> R:
    """The record as it was just written."""
    record = await find(conn, kind, key)
    if record is None:
        raise MissingRecord(Refusal("removed_meanwhile", "it was removed meanwhile"))
    return record
