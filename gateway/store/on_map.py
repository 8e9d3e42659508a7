"""Where everybody with an open alarm is, for the desk's map: what is new of them since it was last asked.

The desk is not narrowed by consent (ADR 24), only by its sites. Times are Unix ms, positions WGS-84 degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, LiteralString, NamedTuple

import msgspec

from alerts.search import Fix
from devices.clock import HOUR_MS
from gateway.store.active import ACTIVE_STATES
from gateway.store.connection import Connection
from gateway.store.disclosure import OLDEST_FIX_MS
from gateway.store.registry.views import VIEWS
from gateway.store.registry_records import Fence, Point

TRACK_MS: Final = 2 * HOUR_MS
"""So far back the map draws where somebody walked. Assumption, ADR 43."""
FIXES_OF_WANDERERS: Final = 80
"""At 15 s, 20 minutes of who is followed: enough at a glance, and the page of the search has the whole way."""
FIXES_OF_OTHERS: Final = 12


class MapCursor(NamedTuple):
    """What a reader knows already: the newest reading of anybody's, and the number of the last change of an alarm."""

    pos: int
    change: int

    def __str__(self) -> str:
        """As it travels in ``cursor`` and ``after``."""
        return f"{self.pos}-{self.change}"

    @classmethod
    def parse(cls, text: str) -> MapCursor:
        """The cursor of an answer. Raises ``ValueError``."""
        pos, change = map(int, text.split("-"))
        if not (0 <= pos < 2**62 and 0 <= change < 2**62):
            raise ValueError(text)
        return cls(pos, change)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whom active alarms are about; ``fixes`` by time, the newest of a day, and the alarms' own places among them.

    ``key``: ``residents/ID``, ``households/ID``, or ``alarms/ID`` of somebody whom nobody knows.
    """

    key: str
    site: str
    kind: Literal["residents", "households", "alarms"]
    home: Point | None
    timezone: str | None
    fixes: list[Fix]
    zones: list[Fence]


class OnMap(NamedTuple):
    """Those of whom something is new, and the cursor of this answer."""

    subjects: list[Subject]
    cursor: MapCursor


_KEY: Final[LiteralString] = (
    "case when a.resident is not null then 'residents/' || a.resident"
    " when a.object ->> 'household' is not null then 'households/' || (a.object ->> 'household')"
    " else 'alarms/' || a.id end"
)
_WITH_PEOPLE: Final[LiteralString] = (
    f"a.state in {ACTIVE_STATES} and a.kind <> 'system'"
    " and (a.kind <> 'device' or a.resident is not null or a.object ->> 'household' is not null)"
)
"""An alarm that is about somebody: a lent box that is silent and whole centres have no place on a map of people."""


async def on_map(conn: Connection, *, sites: Sequence[str], now: int, after: MapCursor | None) -> OnMap:
    """Everybody with an active alarm within ``sites`` (empty: all), or only of whom something came since ``after``."""
    fence = VIEWS[Fence]
    cursor = await conn.execute(
        f"with alarms as materialized (select a.id, {_KEY} as key, a.kind, a.site, a.resident,"
        " a.object ->> 'household' as household, a.object -> 'position' as place from alarm a"
        f" where {_WITH_PEOPLE} and (cardinality(%(sites)s::text[]) = 0 or a.site = any(%(sites)s))),"
        " subjects as materialized (select key, min(site) as site, min(resident) as resident,"
        " min(household) as household, bool_or(kind = 'wandering') as wanders,"
        " bool_or(id in (select alarm from alarm_change where n > %(change)s))"
        " as changed from alarms group by key),"
        " news as materialized (select s.*, r.slot, (select max(x.pos) from assignment n"
        " join position x on x.device = n.device_slot where n.resident_slot = r.slot and n.to_ms is null"
        " and x.t > to_timestamp(%(since)s / 1000.0)) as pos"
        " from subjects s left join resident r on r.id = s.resident)"
        " select (select n from alarm_counter), (select coalesce(max(pos), 0) from news),"
        " array(select jsonb_build_object("
        "'key', s.key, 'site', s.site, 'kind', split_part(s.key, '/', 1), 'timezone', coalesce(p.timezone, m.timezone),"
        " 'home', case when coalesce(p.home_lat, m.home_lat) is not null then jsonb_build_object("
        "'lat', coalesce(p.home_lat, m.home_lat), 'lon', coalesce(p.home_lon, m.home_lon)) end,"
        f" 'zones', coalesce((select jsonb_agg({fence.object} order by f.name, f.id) from fence f"
        " join resident r on r.slot = f.resident_slot where f.resident_slot = s.slot), '[]'),"
        " 'fixes', coalesce((select jsonb_agg(jsonb_build_object('t', w.t, 'lat', w.lat, 'lon', w.lon,"
        " 'accuracy_m', w.accuracy_m, 'source', w.source, 'device', w.device) order by w.t) from ("
        "(select (extract(epoch from x.t) * 1000)::bigint as t, x.lat, x.lon, x.accuracy_m,"
        " case x.source when 0 then 'gnss' when 1 then 'wifi' when 2 then 'cell' end as source, d.id as device"
        " from assignment n join device d on d.slot = n.device_slot"
        " cross join lateral (select * from position where device = n.device_slot"
        " and t > to_timestamp(greatest(%(oldest)s, n.from_ms) / 1000.0)"
        " order by t desc limit case when s.wanders then %(wanderers)s else %(others)s end) x"
        " where n.resident_slot = s.slot and n.to_ms is null) union"
        " select (b.place ->> 't')::bigint, (b.place ->> 'lat')::float8, (b.place ->> 'lon')::float8,"
        " (b.place ->> 'accuracy_m')::float8, null, 'alarm' from alarms b where b.key = s.key"
        " and jsonb_typeof(b.place) = 'object' and (b.place ->> 't')::bigint > %(oldest)s) w), '[]'))::text"
        " from news s left join resident p on p.slot = s.slot"
        " left join lateral (select * from resident where s.slot is null and household = s.household"
        " and home_lat is not null order by id limit 1) m on true"
        " where %(pos)s::bigint is null or s.changed or s.pos > %(pos)s order by s.key)",
        {
            "sites": list(sites),
            "pos": None if after is None else after.pos,
            "change": 0 if after is None else after.change,
            "since": now - TRACK_MS,
            "oldest": now - OLDEST_FIX_MS,
            "wanderers": FIXES_OF_WANDERERS,
            "others": FIXES_OF_OTHERS,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    known = 0 if after is None else after.pos
    return OnMap([msgspec.json.decode(each, type=Subject) for each in row[2]], MapCursor(max(row[1], known), row[0]))
