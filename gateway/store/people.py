"""The list of people, page by page, and the names behind ids on other pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, LiteralString

import msgspec

from gateway.store.connection import Connection
from gateway.store.queries import ACTIVE, NEWEST
from gateway.store.search_index import catch_up


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A resident in the list; ``devices`` worn now by id, ``last_seen`` over all of them, ms."""

    id: str
    site: str
    name: str
    status: str
    until: int | None
    phone: str | None
    address: dict[str, Any]
    devices: list[str]
    active_alarms: int
    last_seen: int | None


class PeoplePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list, and how many there are on all pages."""

    people: list[Person]
    total: int


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody or a household is called, and where they live."""

    name: str
    address: dict[str, Any]


class House(msgspec.Struct, frozen=True, kw_only=True):
    """A building as its residents' addresses name it, and the middle of their homes, degrees."""

    address: dict[str, Any]
    lat: float
    lon: float


HOUSES_AT_MOST: Final = 300
STAYING: Final = ("active", "away", "hospital", "paused")
"""Who is looked after, by status; the others have left."""


async def people_page(
    conn: Connection,
    *,
    sites: Sequence[str],
    statuses: Collection[str],
    building: str = "",
    only: Sequence[str] | None = None,
    offset: int = 0,
    limit: int = 200,
) -> PeoplePage:
    """Residents in the order of their names' pinyin; with ``only`` those ids alone, in that order."""
    await catch_up(conn)
    where: list[LiteralString] = ["r.status = any(%(statuses)s)"]
    if sites:
        where.append("r.site = any(%(sites)s)")
    if building:
        where.append("r.address ->> 'building' = %(building)s")
    order: LiteralString = "coalesce(e.spelled, r.name), r.name, r.id"
    if only is not None:
        where.append("r.id = any(%(only)s)")
        order = "array_position(%(only)s::text[], r.id)"
    cursor = await conn.execute(
        "with page as materialized (select r.*, count(*) over () as total,"
        f" row_number() over (order by {order}) as place"
        " from resident r left join search_entry e on e.type = 'resident' and e.id = r.id"
        f" where {' and '.join(where)} order by place limit %(limit)s offset %(offset)s)"
        " select r.total, jsonb_build_object('id', r.id, 'site', r.site, 'name', r.name, 'status', r.status,"
        " 'until', (extract(epoch from r.until) * 1000)::bigint, 'phone', r.phone, 'address', r.address,"
        f" 'active_alarms', (select count(*) from alarm a where a.resident = r.id and {ACTIVE}),"
        " 'devices', coalesce(worn.ids, '[]'::jsonb), 'last_seen', (extract(epoch from worn.seen) * 1000)::bigint"
        ")::text from page r left join lateral ("
        f" select jsonb_agg(d.id order by d.id) as ids, max({NEWEST}) as seen"
        " from assignment n join device d on d.slot = n.device_slot"
        " where n.resident_slot = r.slot and n.to_ms is null) worn on true order by r.place",
        {
            "statuses": list(statuses), "sites": list(sites), "building": building,
            "only": None if only is None else list(only), "offset": offset, "limit": limit,
        },
    )  # fmt: skip
    rows = await cursor.fetchall()
    return PeoplePage(
        people=[msgspec.json.decode(row[1], type=Person) for row in rows], total=rows[0][0] if rows else 0
    )


async def buildings(conn: Connection, *, sites: Sequence[str]) -> list[str]:
    """The buildings in which residents live, numbers by their value."""
    cursor = await conn.execute(
        "select b from (select distinct address ->> 'building' as b from resident where status = any(%(staying)s)"
        " and (cardinality(%(sites)s::text[]) = 0 or site = any(%(sites)s))) x where b <> ''"
        " order by nullif(substring(b from '\\d+'), '')::numeric nulls last, b",
        {"sites": list(sites), "staying": list(STAYING)},
    )
    return [row[0] for row in await cursor.fetchall()]


async def houses(conn: Connection, *, sites: Sequence[str]) -> list[House]:
    """Where the buildings are in which residents live, those with most of them first, at most ``HOUSES_AT_MOST``."""
    cursor = await conn.execute(
        "select jsonb_build_object('address', jsonb_build_object('community', community, 'building', building),"
        " 'lat', avg(home_lat), 'lon', avg(home_lon))::text from (select home_lat, home_lon,"
        " coalesce(address ->> 'community', '') as community, coalesce(address ->> 'building', '') as building"
        " from resident where status = any(%(staying)s) and home_lat is not null and home_lon is not null"
        " and (cardinality(%(sites)s::text[]) = 0 or site = any(%(sites)s))) homes"
        " group by community, building order by count(*) desc, community, building limit %(limit)s",
        {"sites": list(sites), "staying": list(STAYING), "limit": HOUSES_AT_MOST},
    )
    return [msgspec.json.decode(row[0], type=House) for row in await cursor.fetchall()]


async def names_of(
    conn: Connection, residents: Collection[str | None], households: Collection[str | None] = ()
) -> dict[str, Named]:
    """Id → name and address of residents and households; what was removed is not in it."""
    cursor = await conn.execute(
        "select id, name, address from resident where id = any(%(residents)s)"
        " union all select id, name, address from household where id = any(%(households)s)",
        {"residents": [key for key in residents if key], "households": [key for key in households if key]},
    )
    return {row[0]: Named(name=row[1], address=row[2]) for row in await cursor.fetchall()}
