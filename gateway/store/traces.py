"""What wrists felt around falls, kept with the alarms (``alarm_trace``): copied from the readings in the same batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np

from alerts.trace import AFTER_MS, BEFORE_MS, Piece, Trace, lay_out
from gateway.store.connection import Connection

AT_MOST: Final = 8
"""Traces an alarm: somebody who falls again and again is one alarm for as long as nobody ends it."""
LONGEST_WINDOW_MS: Final = 600_000
"""How long before its end a window may have begun. Source: assumption; a band sends seconds at a time."""


class Watch(NamedTuple):
    """A fall whose samples are kept: the jolt's time (ms), the slot of the device, what saw it."""

    alarm: UUID
    jolt_ms: int
    device: int
    rule: str


async def begin_traces(connection: Connection, falls: Sequence[Watch], now_ms: int) -> None:
    """Keep what was felt around these falls from now on; those that are kept already stay as they are."""
    if not falls:
        return
    alarms, jolts, devices, rules = zip(*falls, strict=True)
    await connection.execute(
        "insert into alarm_trace (alarm, jolt_ms, device_slot, rule, since_ms)"
        " select f.alarm, f.jolt_ms, f.device, f.rule, %s"
        " from unnest(%s::uuid[], %s::int8[], %s::int4[], %s::text[]) as f (alarm, jolt_ms, device, rule)"
        " where (select count(*) from alarm_trace own where own.alarm = f.alarm) < %s on conflict do nothing",
        (now_ms, list(alarms), list(jolts), list(devices), list(rules), AT_MOST),
    )


async def copy_samples(connection: Connection, falls: Sequence[Watch]) -> None:
    """Copy what is stored of the devices' motion around these falls; what was copied before stays."""
    if not falls:
        return
    jolts = [fall.jolt_ms for fall in falls]
    # The bounds that say nothing new let the planner leave out every partition that holds none of the readings.
    await connection.execute(
        "insert into alarm_trace_piece (alarm, jolt_ms, t_ms, seq, rate_hz, samples)"
        " select w.alarm, w.jolt_ms, m.t_ms + round(f.first * 1000 / m.rate_hz)::int8, m.seq, m.rate_hz,"
        " substring(m.samples from 1 + 6 * f.first for 6 * (f.stop - f.first))"
        " from unnest(%(alarms)s::uuid[], %(jolts)s::int8[]) as asked (alarm, jolt_ms)"
        " join alarm_trace w on w.alarm = asked.alarm and w.jolt_ms = asked.jolt_ms"
        " cross join lateral (select (extract(epoch from r.t) * 1000)::int8 as t_ms, r.seq, r.samples,"
        " greatest(r.rate_hz, 1)::float8 as rate_hz, octet_length(r.samples) / 6 as n from motion r"
        " where r.device = w.device_slot and r.t > to_timestamp((w.jolt_ms - %(longest)s) / 1000.0)"
        " and r.t < to_timestamp((w.jolt_ms + %(after)s) / 1000.0)"
        " and r.t > to_timestamp(%(from)s / 1000.0) and r.t < to_timestamp(%(to)s / 1000.0)) m"
        " cross join lateral (select"
        " greatest(0, ceil((w.jolt_ms - %(before)s - m.t_ms) * m.rate_hz / 1000))::int4 as first,"
        " least(m.n, ceil((w.jolt_ms + %(after)s - m.t_ms) * m.rate_hz / 1000))::int4 as stop) f"
        " where f.stop > f.first on conflict do nothing",
        {
            "alarms": [fall.alarm for fall in falls],
            "jolts": jolts,
            "longest": LONGEST_WINDOW_MS,
            "before": BEFORE_MS,
            "after": AFTER_MS,
            "from": min(jolts) - LONGEST_WINDOW_MS,
            "to": max(jolts) + AFTER_MS,
        },
    )


async def begun_since(connection: Connection, since_ms: int) -> list[Watch]:
    """The traces that have been kept since then (ms) or later."""
    cursor = await connection.execute(
        "select alarm, jolt_ms, device_slot, rule from alarm_trace where since_ms >= %s", (since_ms,)
    )
    return [Watch(*row) for row in await cursor.fetchall()]


async def trace_of(connection: Connection, alarm: UUID, jolt_ms: int | None = None) -> Trace | None:
    """What was felt around a fall of the alarm; None when no sample of it is known.

    ``jolt_ms``: which fall; None: the newest that the motion itself told, else the newest that a device told.
    """
    cursor = await connection.execute(
        "select jolt_ms, rule from alarm_trace w where alarm = %s and exists (select from alarm_trace_piece p"
        " where p.alarm = w.alarm and p.jolt_ms = w.jolt_ms) order by (rule = 'fall.motion'), jolt_ms",
        (alarm,),
    )
    jolts = [row[0] for row in await cursor.fetchall()]
    if not jolts or jolt_ms not in (None, *jolts):
        return None
    chosen = jolts[-1] if jolt_ms is None else jolt_ms
    cursor = await connection.execute(
        "select t_ms, rate_hz, samples from alarm_trace_piece where alarm = %s and jolt_ms = %s order by t_ms, seq",
        (alarm, chosen),
    )
    pieces = [
        Piece(t_ms, rate_hz, np.frombuffer(samples, "<i2").reshape(-1, 3).astype(np.int16))
        for t_ms, rate_hz, samples in await cursor.fetchall()
    ]
    return lay_out(pieces, chosen, sorted(jolts))
