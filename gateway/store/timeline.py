"""All that happened to a resident, newest first: alarms, requests, check-ins, exercise, status, devices, messages."""

from __future__ import annotations

from typing import Any, Final, Literal, LiteralString, NamedTuple, Self

import msgspec

from gateway.store.connection import Connection

EventType = Literal["alarm", "request", "checkin", "exercise", "status", "assignment", "message"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened at ``t`` (ms); ``detail`` depends on the type."""

    t: int
    type: EventType
    key: str
    detail: dict[str, Any]


class Position(NamedTuple):
    """Where a page of the timeline ends; as text it is the cursor of the next page."""

    t: int
    type: str
    key: str

    def __str__(self) -> str:
        return f"{self.t}.{self.type}.{self.key}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """A cursor, or a time in ms. Raises ``ValueError`` for anything else."""
        t, _, rest = text.partition(".")
        kind, _, key = rest.partition(".")
        return cls(int(t), kind, key)


_WEARING: Final[LiteralString] = (
    "join assignment n on n.device_slot = x.device and x.t >= to_timestamp(n.from_ms / 1000.0)"
    " and (n.to_ms is null or x.t < to_timestamp(n.to_ms / 1000.0)) join device d on d.slot = x.device"
    " where n.resident_slot = %(slot)s and x.t <= to_timestamp(%(t)s / 1000.0)"
)
_T: Final[LiteralString] = "(extract(epoch from x.t) * 1000)::bigint"
_SOURCES: Final[dict[EventType, LiteralString]] = {
    "alarm": (
        "select a.raised_at as t, a.id::text as key, jsonb_build_object('id', a.id, 'kind', a.kind, 'rule', a.rule,"
        " 'severity', a.severity, 'state', a.state, 'drill', a.object -> 'drill', 'outcome', a.object -> 'outcome')"
        " as detail from alarm a where (a.resident = %(resident)s or (a.resident is null"
        " and a.object ->> 'household' = %(household)s)) and a.state <> 'suppressed' and a.raised_at <= %(t)s"
    ),
    "request": (
        "select (extract(epoch from q.t) * 1000)::bigint as t, q.id as key, jsonb_build_object('id', q.id,"
        " 'request', q.request, 'note', q.note, 'state', q.state, 'done_by', q.done_by, 'answer', q.answer) as detail"
        " from service_request q where q.t <= to_timestamp(%(t)s / 1000.0) and (q.resident = %(resident)s or exists ("
        " select from assignment n where n.device_slot = q.device_slot and n.resident_slot = %(slot)s"
        " and q.t >= to_timestamp(n.from_ms / 1000.0)"
        " and (n.to_ms is null or q.t < to_timestamp(n.to_ms / 1000.0))))"
    ),
    "checkin": (
        f"select {_T} as t, x.pos::text as key, jsonb_build_object('device', d.id) as detail from checkin x {_WEARING}"
    ),
    "exercise": (
        f"select {_T} as t, x.pos::text as key, jsonb_build_object('device', d.id, 'machine', x.machine, 'duration_s',"
        " x.duration_s, 'count', x.count, 'distance_m', x.distance_m, 'energy_kcal', x.energy_kcal) as detail"
        f" from exercise x {_WEARING}"
    ),
    "status": (
        "select (extract(epoch from c.at) * 1000)::bigint as t, c.version::text as key, jsonb_build_object('status',"
        " c.status, 'before', c.before, 'until', c.until, 'actor', c.actor) as detail from (select at, version, actor,"
        " record ->> 'status' as status, lag(record ->> 'status') over (order by version) as before,"
        " (extract(epoch from (record ->> 'until')::timestamptz) * 1000)::bigint as until from registry_change"
        " where entity = 'resident' and key = %(resident)s and record is not null) c"
        " where c.status is distinct from c.before and c.at <= to_timestamp(%(t)s / 1000.0)"
    ),
    "assignment": (
        "select e.t, n.id || e.what as key, jsonb_build_object('id', n.id, 'device', d.id, 'what', e.what) as detail"
        " from assignment n join device d on d.slot = n.device_slot cross join lateral (values"
        # A device's first wearer has had it since ever: what happened is that somebody registered it.
        " ('began', case when n.from_ms > 0 then n.from_ms else (extract(epoch from d.created_at) * 1000)::bigint end),"
        " ('ended', n.to_ms)) e (what, t) where n.resident_slot = %(slot)s and e.t <= %(t)s"
    ),
    "message": (
        "select m.created_at as t, m.id::text as key, jsonb_build_object('alarm', m.alarm, 'template', m.template,"
        " 'channel', m.channel, 'role', m.role, 'contact', m.contact, 'contact_name', c.name, 'state', m.state,"
        " 'reason', m.reason) as detail from message m left join contact c on c.id = m.contact"
        " where m.resident = %(resident)s and m.created_at <= %(t)s"
    ),
}

_ORDER: Final[LiteralString] = "order by t desc, key desc limit %(limit)s"
_NEWEST: Final = 9_007_199_254_740_991
"""Later than everything, ms."""


async def timeline(
    conn: Connection, resident: str, *, before: Position | None, limit: int, types: tuple[EventType, ...] = ()
) -> list[Event]:
    """The newest ``limit`` events below ``before``, newest first; all types when none is named."""
    cursor = await conn.execute("select slot, household from resident where id = %s", (resident,))
    row = await cursor.fetchone()
    if row is None:
        return []
    end = before or Position(_NEWEST, "", "")
    each: list[LiteralString] = [
        f'(select e.t, \'{name}\' collate "C" as type, e.key collate "C" as key, e.detail from ({source}) e'
        f' where (e.t, \'{name}\' collate "C", e.key collate "C") < (%(t)s, %(type)s, %(key)s) {_ORDER})'
        for name, source in _SOURCES.items()
        if not types or name in types
    ]
    cursor = await conn.execute(
        f"select * from ({' union all '.join(each)}) e order by t desc, type desc, key desc limit %(limit)s",
        {
            "resident": resident,
            "slot": row[0],
            "household": row[1],
            "t": end.t,
            "type": end.type,
            "key": end.key,
            "limit": limit,
        },
    )
    return [Event(t=row[0], type=row[1], key=row[2], detail=row[3]) for row in await cursor.fetchall()]
