"""What the wrist felt around a fall is kept with the alarm, whenever its windows come."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import psycopg
import pytest

from alerts.trace import AFTER_MS, BEFORE_MS, Trace
from devices.clock import SystemClock
from gateway.store.connection import connect
from gateway.store.traces import AT_MOST, Watch, begin_traces, copy_samples, trace_of
from simulator.motion import daily
from simulator.motion_reports import windows
from simulator.movements import fall_motion, sit_down_hard
from tests.support.brokers import RunningBroker, connected
from tests.support.community import one, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms


async def _trace(conninfo: str, jolt_ms: int | None = None) -> Trace | None:
    async with await connect(conninfo, application="test") as connection:
        return await trace_of(connection, _alarm(conninfo), jolt_ms)


def _alarm(conninfo: str) -> UUID:
    alarm: UUID = one(conninfo, "select id from alarm where kind = 'fall'")
    return alarm


def _stored(conninfo: str, count: int) -> bool:
    return bool(one(conninfo, "select count(*) from motion") == count)


@pytest.mark.parametrize("restarted", [False, True])
async def test_windows_before_and_after_the_alarm_make_one_trace(
    conninfo: str, mosquitto: RunningBroker, *, restarted: bool
) -> None:
    seed_community(conninfo)
    motion = daily(3, "stumbling", rate_hz=50)  # the device calls it a fall, the motion does not
    assert motion.jolt_ms is not None
    begin = NOW() - 30_000
    jolt = begin + motion.jolt_ms
    readings = [encoded(t=each.t, seq=n, **each.fields) for n, each in enumerate(windows(motion, begin))]
    early = motion.jolt_ms // 2_000 + 1
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            for reading in readings[:early]:
                band.publish("anxin/v1/s1/b0/motion", reading)
            await eventually(partial(_stored, conninfo, early), "the windows before the fall")
            band.publish("anxin/v1/s1/b0/fall", encoded(t=jolt, seq=1000, confidence=0.9))
            await eventually(lambda: one(conninfo, "select count(*) from alarm where kind = 'fall'"), "the alarm")
            known = await _trace(conninfo)
            assert known is not None
            assert known.t0_ms == begin
            if not restarted:
                for reading in readings[early:]:
                    band.publish("anxin/v1/s1/b0/motion", reading)
                await eventually(partial(_stored, conninfo, len(readings)), "the windows after it")
        if restarted:
            async with running_gateway(conninfo, mosquitto):
                for reading in readings[early:]:
                    band.publish("anxin/v1/s1/b0/motion", reading)
                await eventually(partial(_stored, conninfo, len(readings)), "the windows after it")
    whole = await _trace(conninfo)
    assert whole is not None
    assert (whole.t0_ms, whole.jolt_ms, whole.rate_hz) == (begin, jolt, 50)
    kept = motion.samples_mg[: (motion.jolt_ms + AFTER_MS) // 20 + 1]
    assert whole.x_mg == kept[: len(whole.x_mg), 0].tolist()
    assert len(whole.x_mg) >= len(kept) - 1
    with psycopg.connect(conninfo) as connection:
        connection.execute("delete from motion")
    assert await _trace(conninfo) == whole


async def test_another_wrist_and_another_hour_leave_no_trace(conninfo: str, mosquitto: RunningBroker) -> None:
    seed_community(conninfo)
    jolt = NOW() - 5_000
    samples = {"rate_hz": 25, "samples": "6AMAAAAA" * 25}
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b1/motion", encoded(t=jolt - 500, seq=1, **samples))
            band.publish("anxin/v1/s1/b0/motion", encoded(t=jolt - BEFORE_MS - 2_000, seq=1, **samples))
            await eventually(partial(_stored, conninfo, 2), "windows that have nothing to do with it")
            band.publish("anxin/v1/s1/b0/fall", encoded(t=jolt, seq=2))
            await eventually(lambda: one(conninfo, "select count(*) from alarm where kind = 'fall'"), "the alarm")
    assert one(conninfo, "select count(*) from alarm_trace") == 1
    assert await _trace(conninfo) is None


async def test_a_huge_window_is_cut_to_what_concerns_the_fall(conninfo: str, mosquitto: RunningBroker) -> None:
    seed_community(conninfo)
    jolt = NOW() - 60_000
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            body = {"rate_hz": 25, "samples": "6AMAAAAA" * 25 * 120}
            band.publish("anxin/v1/s1/b0/motion", encoded(t=jolt - 70_000, seq=1, **body))
            await eventually(partial(_stored, conninfo, 1), "two minutes in one window")
            band.publish("anxin/v1/s1/b0/fall", encoded(t=jolt, seq=2))
            await eventually(lambda: one(conninfo, "select count(*) from alarm where kind = 'fall'"), "the alarm")
    size = one(conninfo, "select octet_length(samples) from alarm_trace_piece")
    assert size == 6 * 25 * (BEFORE_MS + AFTER_MS) // 1000
    assert one(conninfo, "select t_ms from alarm_trace_piece") == jolt - BEFORE_MS


async def test_who_falls_again_and_again_is_kept_so_often_and_no_more(conninfo: str, mosquitto: RunningBroker) -> None:
    seed_community(conninfo)
    first = NOW() - 40_000
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b0/fall", encoded(t=first, seq=1))
            await eventually(lambda: one(conninfo, "select count(*) from alarm where kind = 'fall'"), "the alarm")
            body = {"rate_hz": 25, "samples": "6AMAAAAA" * 25}
            band.publish("anxin/v1/s1/b0/motion", encoded(t=first, seq=2, **body))
            await eventually(partial(_stored, conninfo, 1), "a window")
    alarm = _alarm(conninfo)
    slot = one(conninfo, "select slot from device where id = 'b0'")
    async with await connect(conninfo, application="test") as connection:
        for number in range(1, AT_MOST + 3):
            again = [Watch(alarm, first + 1_000 * number, slot, "fall.motion")]
            await begin_traces(connection, again, NOW())
            await copy_samples(connection, again)
            await copy_samples(connection, again)
        newest = await trace_of(connection, alarm)
        told = await trace_of(connection, alarm, first)
    assert newest is not None
    assert len(newest.jolts) == AT_MOST
    assert newest.jolt_ms == max(newest.jolts) == first + 1_000 * (AT_MOST - 1)
    assert told is not None
    assert told.jolt_ms == first


async def test_a_fall_that_only_the_motion_tells_is_an_alarm_with_its_trace_and_a_chair_is_none(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    falls = fall_motion()
    assert falls.jolt_ms is not None
    begin = NOW() - 25_000
    sent = [
        (device, encoded(t=each.t, seq=n, **each.fields))
        for device, motion in (("b1", sit_down_hard()), ("b0", falls))
        for n, each in enumerate(windows(motion, begin, seconds=1.0))
    ]
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            for device, window in sent:
                band.publish(f"anxin/v1/s1/{device}/motion", window)
            await eventually(lambda: one(conninfo, "select count(*) from alarm where rule = 'fall.motion'"), "an alarm")
            await eventually(partial(_stored, conninfo, len(sent)), "all windows")
    assert one(conninfo, "select object ->> 'device' from alarm") == "b0"
    trace = await _trace(conninfo)
    assert trace is not None
    assert abs(trace.jolt_ms - begin - falls.jolt_ms) < 1_000
    assert trace.t0_ms == begin
    assert trace.x_mg == falls.samples_mg[: len(trace.x_mg), 0].tolist()
