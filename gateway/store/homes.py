"""The list of households: who lives there and which box is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.store.connection import Connection


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of a household."""

    id: str
    name: str
    status: str


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """A household with its members and the devices that it has now."""

    id: str
    site: str
    name: str
    address: dict[str, Any]
    members: list[Member]
    devices: list[str]


async def homes(
    conn: Connection,
    *,
    sites: Sequence[str],
    text: str = "",
    household: str | None = None,
    offset: int = 0,
    limit: int = 200,
) -> tuple[list[Home], int]:
    """Households by name, and how many there are; ``text``: part of the name or of a member's name."""
    cursor = await conn.execute(
        "with page as materialized (select h.*, count(*) over () as total, row_number() over (order by h.name, h.id)"
        " as place from household h where (cardinality(%(sites)s::text[]) = 0 or h.site = any(%(sites)s))"
        " and (%(household)s::text is null or h.id = %(household)s)"
        " and (%(text)s = '' or position(lower(%(text)s) in lower(h.name)) > 0 or exists (select from resident r"
        " where r.household = h.id and position(lower(%(text)s) in lower(r.name)) > 0))"
        " order by place limit %(limit)s offset %(offset)s)"
        " select h.total, jsonb_build_object('id', h.id, 'site', h.site, 'name', h.name, 'address', h.address,"
        " 'members', coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'name', r.name, 'status', r.status)"
        " order by r.name, r.id) from resident r where r.household = h.id), '[]'),"
        " 'devices', coalesce((select jsonb_agg(d.id order by d.id) from assignment n join device d"
        " on d.slot = n.device_slot where n.household = h.id and n.to_ms is null), '[]'))::text"
        " from page h order by h.place",
        {"sites": list(sites), "text": text, "household": household, "offset": offset, "limit": limit},
    )
    rows = await cursor.fetchall()
    return [msgspec.json.decode(row[1], type=Home) for row in rows], rows[0][0] if rows else 0


async def home(conn: Connection, household: str | None) -> Home | None:
    """One household; None for None, and for one that does not exist."""
    if household is None:
        return None
    found, _ = await homes(conn, sites=(), household=household)
    return found[0] if found else None
