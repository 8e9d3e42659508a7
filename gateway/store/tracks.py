"""Where a resident was and what was measured of them, by what they wore at the time."""

from __future__ import annotations

from typing import Any, Final, Literal, LiteralString, get_args

import msgspec

from gateway.store.connection import Connection

Source = Literal["gnss", "wifi", "cell"]
_SOURCES: Final[tuple[Source, ...]] = get_args(Source)

WORN_THEN: Final[LiteralString] = (
    " and x.t >= to_timestamp(n.from_ms / 1000.0) and (n.to_ms is null or x.t < to_timestamp(n.to_ms / 1000.0))"
)
"""Of a reading ``x`` and an assignment ``n``: it was theirs at the time."""
_WORN: Final[LiteralString] = (
    f" x join assignment n on n.device_slot = x.device{WORN_THEN}"
    " join resident r on r.slot = n.resident_slot join device d on d.slot = x.device"
    " where r.id = %(resident)s and x.t >= to_timestamp(%(from)s / 1000.0) and x.t < to_timestamp(%(to)s / 1000.0)"
)
_T: Final[LiteralString] = "(extract(epoch from x.t) * 1000)::bigint"


class TrackFix(msgspec.Struct, frozen=True, kw_only=True):
    """One fix; ``t`` in ms, degrees, metres."""

    t: int
    lat: float
    lon: float
    accuracy_m: float | None
    source: str | None
    device: str


class VitalSigns(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement; what was not measured is None."""

    t: int
    device: str
    heart_rate_bpm: float | None
    spo2_pct: float | None
    systolic_mmhg: float | None
    diastolic_mmhg: float | None
    temperature_c: float | None


async def track(conn: Connection, resident: str, from_ms: int, to_ms: int, *, limit: int | None) -> list[TrackFix]:
    """The fixes in ``[from_ms, to_ms)`` by time; with ``limit`` evenly thinned, the first and the last kept."""
    cursor = await conn.execute(
        f"with fixes as (select {_T}, x.lat, x.lon, x.accuracy_m, x.source, d.id,"
        " row_number() over (order by x.t, x.pos) - 1 as i, count(*) over () as total from position"
        + _WORN
        + ") select * from fixes where %(limit)s::bigint is null or i = total - 1"
        " or i %% greatest(1, ceil(total::numeric / %(limit)s::bigint)::bigint) = 0 order by i",
        {"resident": resident, "from": from_ms, "to": to_ms, "limit": limit},
    )
    return [
        TrackFix(t=row[0], lat=row[1], lon=row[2], accuracy_m=row[3], source=source_of(row[4]), device=row[5])
        for row in await cursor.fetchall()
    ]


def source_of(code: int | None) -> Source | None:
    """What a fix was found by, as it is stored."""
    return _SOURCES[code] if code is not None and 0 <= code < len(_SOURCES) else None


async def vital_signs(conn: Connection, resident: str, from_ms: int, to_ms: int, limit: int) -> list[VitalSigns]:
    """The newest ``limit`` measurements in ``[from_ms, to_ms)``, newest first."""
    cursor = await conn.execute(
        f"select {_T}, d.id, x.heart_rate_bpm, x.spo2_pct, x.systolic_mmhg, x.diastolic_mmhg, x.temperature_c"
        " from vitals" + _WORN + " order by x.t desc limit %(limit)s",
        {"resident": resident, "from": from_ms, "to": to_ms, "limit": limit},
    )
    names = VitalSigns.__struct_fields__
    rows: list[tuple[Any, ...]] = await cursor.fetchall()
    return [msgspec.convert(dict(zip(names, row, strict=True)), VitalSigns) for row in rows]
