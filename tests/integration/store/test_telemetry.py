"""Readings survive the way into the tables and back bit for bit; unknown stays unknown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.kinds import Kind
from devices.payloads import Checkin, Fall, Heartbeat, Motion, Position, Reading, Service, Sos, Vitals
from gateway.assemble import assemble
from gateway.directory import Route
from gateway.readings import Readings, gathered
from gateway.store import masses
from gateway.store.connection import connect
from gateway.store.loading import load_readings
from gateway.store.telemetry import Key, existing_keys, newest_of_all, newest_times, store_readings

T0 = 1_750_000_000_000
FIRST_POS = 8_185
"""The windows of motion are gathered in groups of 8,192 positions."""
_f4 = st.floats(0, 100, width=32)
_maybe_f4 = st.none() | _f4
_maybe_bool = st.none() | st.booleans()

_VALUES: dict[type[Reading], dict[str, st.SearchStrategy[Any]]] = {
    Position: {
        "lat": st.floats(-90, 90),
        "lon": st.floats(-180, 180),
        "source": st.sampled_from([None, "gnss", "wifi", "cell"]),
        **dict.fromkeys(("accuracy_m", "speed_mps", "heading_deg", "altitude_m"), _maybe_f4),
    },
    Heartbeat: {
        "steps": st.none() | st.integers(0, 2**32 - 1),
        "interval_s": st.none() | st.floats(1, 1000, width=32),
        **dict.fromkeys(("battery_pct", "rssi_dbm", "activity"), _maybe_f4),
        **dict.fromkeys(("charging", "worn"), _maybe_bool),
    },
    Vitals: dict.fromkeys(
        ("heart_rate_bpm", "spo2_pct", "systolic_mmhg", "diastolic_mmhg", "temperature_c"), _maybe_f4
    ),
    Sos: {
        "lat": st.none() | st.floats(-90, 90),
        "lon": st.none() | st.floats(-180, 180),
        "accuracy_m": _maybe_f4,
        "cancel": _maybe_bool,
    },
    Fall: {"confidence": _maybe_f4, "impact_g": _maybe_f4, "cancel": _maybe_bool},
    Motion: {"rate_hz": st.floats(1, 100, width=32), "samples": st.binary(min_size=6, max_size=6)},
    Checkin: {},
    Service: {"request": st.just("meal"), "note": st.none() | st.just("soon")},
}


def _route(kind: Kind, slot: int) -> Route:
    return Route(kind, "s1", f"b{slot}", slot, None)


@st.composite
def readings(draw: st.DrawFn) -> Readings:
    structs = draw(st.lists(st.sampled_from(list(_VALUES)), min_size=1, max_size=30))
    return gathered(
        (
            struct(t=T0 + i, seq=i, **{name: draw(value) for name, value in _VALUES[struct].items()}),
            T0 + i + 5,
            _route(Kind[struct.__name__.upper()], i % 3),
        )
        for i, struct in enumerate(structs)
    )


@pytest.mark.parametrize("copy_from", [1, masses.COPY_FROM])
@pytest.mark.filterwarnings("ignore:.*function-scoped fixture")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=readings())
async def test_what_is_stored_comes_back_as_it_was(
    conninfo: str, monkeypatch: pytest.MonkeyPatch, copy_from: int, stored: Readings
) -> None:
    monkeypatch.setattr(masses, "COPY_FROM", copy_from)
    batch, extras = assemble(stored, first_pos=FIRST_POS)
    async with await connect(conninfo, application="test") as connection, connection.transaction(force_rollback=True):
        await store_readings(connection, batch, extras)
        loaded = await load_readings(connection, FIRST_POS, FIRST_POS + len(stored) - 1)
        keys = {r.key for r in stored}
        absent = Key(Kind.POSITION, 2, T0 - 1, 0)
        assert await existing_keys(connection, [*keys, absent]) == keys
        presses = await newest_of_all(connection, Kind.SOS)
        newest = await newest_times(connection, {(r.kind, r.slot) for r in stored} | {(Kind.FALL, 77)})
    assert newest == {
        (kind, slot): max(r.t for r in stored if (r.kind, r.slot) == (kind, slot))
        for kind, slot in {(r.kind, r.slot) for r in stored}
    }
    assert presses == {slot: t for (kind, slot), t in newest.items() if kind is Kind.SOS}
    columns = [name for name in batch.header.dtype.names or () if name != "row"]
    assert batch.header[columns].tolist() == loaded.header[columns].tolist()
    for kind, member in ((Kind.POSITION, "position"), (Kind.HEARTBEAT, "heartbeat"), (Kind.VITALS, "vitals"),
                         (Kind.SOS, "sos"), (Kind.FALL, "fall")):  # fmt: skip
        ours, theirs = getattr(batch, member), getattr(loaded, member)
        assert len(ours) == len(theirs) == len(batch.of_kind(kind))
        for name in ours.dtype.names:
            np.testing.assert_array_equal(ours[name], theirs[name])
    np.testing.assert_array_equal(batch.samples, loaded.samples)


async def test_readings_come_back_in_the_order_of_pos_however_they_lie_in_the_table(conninfo: str) -> None:
    kinds: tuple[type[Reading], ...] = (Motion, Position, Motion, Heartbeat, Motion, Position)
    values: dict[type[Reading], dict[str, Any]] = {Position: {"lat": 30.0, "lon": 120.0}, Heartbeat: {}}
    stored = gathered(
        (
            kind(t=T0 + i, seq=i, **values.get(kind, {"rate_hz": 50.0, "samples": bytes([i + 1]) * 6 * (i + 1)})),
            T0 + i,
            _route(Kind[kind.__name__.upper()], i),
        )
        for i, kind in enumerate(kinds)
    )
    async with await connect(conninfo, application="test") as connection, connection.transaction(force_rollback=True):
        for first, last in ((4, 6), (2, 4), (0, 2)):
            batch, extras = assemble(stored.between(first, last), first_pos=FIRST_POS + 4 + first)
            await store_readings(connection, batch, extras)
        loaded = await load_readings(connection, FIRST_POS + 4, FIRST_POS + 9)
    assert loaded.header["device"].tolist() == [0, 1, 2, 3, 4, 5]
    for kind in (Kind.POSITION, Kind.MOTION, Kind.HEARTBEAT):
        assert loaded.of_kind(kind)["row"].tolist() == list(range(len(loaded.of_kind(kind))))
    samples = [loaded.samples[w["first"] : w["first"] + w["count"]].tobytes() for w in loaded.motion]
    assert samples == [bytes([i + 1]) * 6 * (i + 1) for i in (0, 2, 4)]


def test_unknown_is_never_a_plausible_value() -> None:
    silent = (Heartbeat(t=T0), T0, _route(Kind.HEARTBEAT, 0))
    batch, _ = assemble(gathered([silent]), first_pos=1)
    (row,) = batch.heartbeat
    assert math.isnan(row["battery_pct"])
    assert math.isnan(row["interval_s"])
    assert (row["charging"], row["worn"], row["steps"]) == (-1, -1, -1)
