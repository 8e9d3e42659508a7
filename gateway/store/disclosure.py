"""What a page behind a link may show of residents: narrowed by their consents inside each query.

Nothing that was not agreed to leaves the database, so that no page can show it by mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, LiteralString
from uuid import UUID

import msgspec

from devices.clock import DAY_MS
from gateway.store.active import ACTIVE_STATES
from gateway.store.connection import Connection
from gateway.store.consents import HEALTH_GRANTED, LOCATION_GRANTED, LOCATION_OPENED, SHARING_GRANTED, SHARING_SAID

Extent = Literal["building", "door", "card", "search"]
"""``building``: where, but not who. ``door``: name and address. ``card``: also how to reach them and to get in.
``search``: name, and how to reach them if they said that it may be told; nobody who searches needs a key."""

OLDEST_FIX_MS: Final = DAY_MS
"""A position from further back says nothing of where somebody is now. Assumption."""

CONCERNED: Final[LiteralString] = (
    "(r.id = a.resident or (a.resident is null and r.household = a.object ->> 'household'))"
)
"""Whether the alarm ``a`` is about the resident ``r``."""

_NOBODY_KNOWN: Final[LiteralString] = "(a.resident is null and a.object ->> 'household' is null)"
"""A stranger cries for help: the place is all by which they can be found, and nobody's to agree to."""


class KeyHolder(msgspec.Struct, frozen=True, kw_only=True):
    """A contact who holds a key."""

    name: str
    phone: str
    relation: str


class Disclosed(msgspec.Struct, frozen=True, kw_only=True):
    """A resident as a page behind a link shows them; None or empty is what it does not, or what nobody knows.

    ``withheld``: how to reach them and to get in was asked for, and they refused to share it.
    """

    name: str | None
    address: dict[str, Any]
    phone: str | None
    key_holder: str | None
    illnesses: str | None
    medication: str | None
    notes: str | None
    key_holders: list[KeyHolder]
    withheld: bool


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody was at ``t`` (ms), and their home, in WGS-84 degrees."""

    lat: float
    lon: float
    accuracy_m: float | None
    t: int
    home_lat: float | None
    home_lon: float | None


class Centre(msgspec.Struct, frozen=True, kw_only=True):
    """The site of an alarm, and the number by which it is reached; None: nobody entered one."""

    name: str
    timezone: str
    phone: str | None = None


async def centre(conn: Connection, site: str) -> Centre:
    """The site's name, time zone and telephone; its id where it was removed."""
    row = await (await conn.execute("select name, timezone, phone from site where id = %s", (site,))).fetchone()
    if row is None:
        return Centre(name=site, timezone="Asia/Shanghai")
    return Centre(name=row[0], timezone=row[1], phone=row[2])


async def disclosed(conn: Connection, alarm: UUID, now: int, extent: Extent) -> list[Disclosed]:
    """Whom an alarm is about, as far as ``extent`` and their consents at ``now`` (ms) go; by name."""
    cursor = await conn.execute(
        "select jsonb_build_object('name', case when %(extent)s <> 'building' then r.name end,"
        " 'address', case when %(extent)s = 'building' then jsonb_strip_nulls(jsonb_build_object("
        "'community', w.address ->> 'community', 'building', w.address ->> 'building')) else w.address end,"
        " 'phone', case when w.card or w.reach then r.phone end,"
        " 'key_holder', case when w.card then r.card ->> 'key_holder' end,"
        " 'illnesses', case when w.health then r.card ->> 'illnesses' end,"
        " 'medication', case when w.health then r.card ->> 'medication' end,"
        " 'notes', case when w.health then r.card ->> 'notes' end,"
        " 'key_holders', case when w.card then coalesce((select jsonb_agg(jsonb_build_object('name', k.name,"
        " 'phone', k.phone, 'relation', k.relation) order by k.\"order\", k.id) from contact k"
        " where k.resident_slot = r.slot and k.holds_key), '[]') else '[]' end,"
        " 'withheld', %(extent)s = 'card' and not w.card)::text"
        f" from alarm a join resident r on {CONCERNED} left join household h on h.id = r.household"
        " cross join lateral (select coalesce(nullif(r.address, '{}'), h.address, '{}') as address,"
        f" %(extent)s = 'card' and {SHARING_GRANTED} as card, %(extent)s = 'search' and {SHARING_SAID} as reach,"
        f" (%(extent)s = 'search' or (%(extent)s = 'card' and {SHARING_GRANTED})) and {HEALTH_GRANTED} as health) w"
        " where a.id = %(alarm)s and r.status not in ('moved', 'deceased') order by r.name, r.id",
        {"alarm": alarm, "now": now, "extent": extent},
    )
    return [msgspec.json.decode(row[0], type=Disclosed) for row in await cursor.fetchall()]


async def whereabouts(conn: Connection, alarm: UUID, now: int) -> Whereabouts | None:
    """The last known place of whom an active alarm is about, at ``now`` (ms); None unless they agreed.

    All who are concerned must have agreed, or somebody must have broken their refusal open; of a stranger nobody
    knows whom to ask. It is the newest fix of what they wear or have at home, or the alarm's own place where that
    is newer, and at most a day old.
    """
    cursor = await conn.execute(
        "with shown as (select a.* from alarm a where a.id = %(alarm)s"
        f" and a.state in {ACTIVE_STATES} and ({LOCATION_OPENED} or {_NOBODY_KNOWN}"
        f" or (select bool_and({LOCATION_GRANTED}) from resident r where {CONCERNED}))),"
        f" people as (select r.* from resident r join shown a on {CONCERNED}),"
        " fixes as (select (p ->> 'lat')::float8 as lat, (p ->> 'lon')::float8 as lon,"
        " (p ->> 'accuracy_m')::float8 as accuracy_m, (p ->> 't')::bigint as t"
        " from shown a, lateral (select a.object -> 'position' as p) x where jsonb_typeof(p) = 'object'"
        " union all select f.lat, f.lon, f.accuracy_m, (extract(epoch from f.t) * 1000)::bigint"
        " from shown a, assignment n, lateral (select * from position where device = n.device_slot"
        " and position.t >= to_timestamp(n.from_ms / 1000.0) order by position.t desc limit 1) f"
        " where n.to_ms is null and (n.resident_slot in (select slot from people)"
        " or n.household = a.object ->> 'household'))"
        " select lat, lon, accuracy_m, t, h.home_lat, h.home_lon from fixes"
        " left join lateral (select home_lat, home_lon from people where home_lat is not null limit 1) h on true"
        " where t >= %(now)s - %(oldest)s order by t desc limit 1",
        {"alarm": alarm, "now": now, "oldest": OLDEST_FIX_MS},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return Whereabouts(lat=row[0], lon=row[1], accuracy_m=row[2], t=row[3], home_lat=row[4], home_lon=row[5])


async def kinds_of_responders(conn: Connection, site: str, known_as: Sequence[str]) -> dict[str, str]:
    """What responders of a site are (``neighbour``, …), by their timeline's actor and by their name."""
    cursor = await conn.execute(
        "select 'responder:' || id, name, kind from responder where site = %(site)s"
        " and ('responder:' || id = any(%(known_as)s) or name = any(%(known_as)s)) order by id",
        {"site": site, "known_as": list(known_as)},
    )
    return {name: row[2] for row in await cursor.fetchall() for name in (row[0], row[1])}
