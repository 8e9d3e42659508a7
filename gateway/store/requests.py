"""Service requests: what residents asked for with a button or by phone, and how it was settled.

Whose request it is, is who wore the device when it was pressed, as the assignments say by now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, LiteralString

import msgspec

from gateway.store.connection import Connection

RequestState = Literal["open", "done"]


class ServiceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request; ``t`` in ms. ``device`` None: it was taken down by ``entered_by``, mostly by phone.

    ``request`` is a short code: meal, repair, call_back, …
    """

    id: str
    site: str
    resident: str | None
    household: str | None
    device: str | None
    request: str
    note: str | None
    t: int
    entered_by: str | None
    state: RequestState
    done_by: str | None
    done_at: int | None
    answer: str | None
    n: int


_OBJECT: Final[LiteralString] = (
    "jsonb_build_object('id', q.id, 'site', coalesce(q.site, d.site), 'resident', coalesce(q.resident, w.id),"
    " 'household', n.household, 'device', d.id, 'request', q.request, 'note', q.note,"
    " 't', (extract(epoch from q.t) * 1000)::bigint, 'entered_by', q.entered_by, 'state', q.state,"
    " 'done_by', q.done_by, 'done_at', (extract(epoch from q.done_at) * 1000)::bigint, 'answer', q.answer, 'n', q.n)"
    "::text"
)
_SOURCE: Final[LiteralString] = (
    "service_request q left join device d on d.slot = q.device_slot left join lateral ("
    " select * from assignment a where a.device_slot = q.device_slot and a.from_ms <= extract(epoch from q.t) * 1000"
    " and (a.to_ms is null or a.to_ms > extract(epoch from q.t) * 1000) order by a.from_ms desc limit 1) n on true"
    " left join resident w on w.slot = n.resident_slot"
)
_FILTERS: Final[dict[str, LiteralString]] = {
    "site": "coalesce(q.site, d.site) = %(site)s",
    "resident": "coalesce(q.resident, w.id) = %(resident)s",
    "device": "d.id = %(device)s",
    "state": "q.state = %(state)s",
    "request": "q.request = %(request)s",
}
FILTERS: Final = tuple(_FILTERS)
"""By what the list can be narrowed."""


async def requests(
    conn: Connection,
    *,
    sites: Sequence[str],
    filters: Mapping[str, str],
    before: tuple[int, int] | None = None,
    limit: int = 100,
) -> list[ServiceRequest]:
    """The newest ``limit`` requests, newest first; ``before``: (t, n) of the last one of the page before."""
    where: list[LiteralString] = ["true"]
    if sites:
        where.append("coalesce(q.site, d.site) = any(%(sites)s)")
    if before is not None:
        where.append("(q.t, q.n) < (to_timestamp(%(t)s / 1000.0), %(n)s)")
    where += [_FILTERS[name] for name in filters]
    t, n = before or (0, 0)
    cursor = await conn.execute(
        f"select {_OBJECT} from {_SOURCE} where {' and '.join(where)} order by q.t desc, q.n desc limit %(limit)s",
        {"sites": list(sites), "limit": limit, "t": t, "n": n, **filters},
    )
    return [msgspec.json.decode(row[0], type=ServiceRequest) for row in await cursor.fetchall()]


async def request_by_id(conn: Connection, key: str) -> ServiceRequest | None:
    """One request."""
    cursor = await conn.execute(f"select {_OBJECT} from {_SOURCE} where q.id = %s", (key,))
    row = await cursor.fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=ServiceRequest)


async def add_request(
    conn: Connection, actor: str, *, site: str, resident: str, request: str, note: str | None, t: int
) -> ServiceRequest:
    """Take down what somebody asked for by phone at ``t``, ms."""
    cursor = await conn.execute(
        "insert into service_request (t, site, resident, request, note, entered_by)"
        " values (to_timestamp(%s / 1000.0), %s, %s, %s, %s, %s) returning id",
        (t, site, resident, request, note, actor),
    )
    row = await cursor.fetchone()
    assert row is not None
    return await _stored(conn, row[0])


async def settle_request(
    conn: Connection, actor: str, key: str, *, state: RequestState, answer: str | None, now: int
) -> ServiceRequest | None:
    """Settle a request, or open it again; whoever settled it first stays the one who did."""
    await conn.execute(
        "update service_request set state = %(state)s, answer = %(answer)s,"
        " done_by = case when %(state)s = 'done' then coalesce(done_by, %(actor)s) end,"
        " done_at = case when %(state)s = 'done' then coalesce(done_at, to_timestamp(%(now)s / 1000.0)) end"
        " where id = %(key)s",
        {"state": state, "answer": answer, "actor": actor, "now": now, "key": key},
    )
    return await request_by_id(conn, key)


async def _stored(conn: Connection, key: str) -> ServiceRequest:
    found = await request_by_id(conn, key)
    assert found is not None
    return found
