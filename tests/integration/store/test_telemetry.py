"""Readings survive the way into the tables and back bit for bit; unknown stays unknown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.kinds import Kind
from gateway.assemble import assemble
from gateway.decode import Heading
from gateway.store.connection import connect
from gateway.store.telemetry import Key, existing_keys, load_readings, newest_times, store_readings

T0 = 1_750_000_000_000
_f4 = st.floats(0, 100, width=32)
_maybe_f4 = st.none() | _f4
_maybe_bool = st.none() | st.booleans()

VALUES: dict[Kind, st.SearchStrategy[tuple[Any, ...]]] = {
    Kind.POSITION: st.tuples(
        st.floats(-90, 90), st.floats(-180, 180), _maybe_f4, st.sampled_from([None, "gnss", "wifi", "cell"]),
        _maybe_f4, _maybe_f4, _maybe_f4,
    ),
    Kind.HEARTBEAT: st.tuples(
        _maybe_f4, _maybe_bool, _maybe_bool, _maybe_f4, st.none() | st.integers(0, 2**32 - 1), _maybe_f4,
        st.none() | st.floats(1, 1000, width=32),
    ),
    Kind.VITALS: st.tuples(_maybe_f4, _maybe_f4, _maybe_f4, _maybe_f4, _maybe_f4),
    Kind.SOS: st.tuples(
        st.none() | st.floats(-90, 90), st.none() | st.floats(-180, 180), _maybe_f4, _maybe_bool
    ),
    Kind.FALL: st.tuples(_maybe_f4, _maybe_f4, _maybe_bool),
    Kind.MOTION: st.tuples(st.floats(1, 100, width=32), st.binary(min_size=6, max_size=6)),
    Kind.CHECKIN: st.just(()),
    Kind.SERVICE: st.tuples(st.just("meal"), st.none() | st.just("soon")),
}  # fmt: skip


@st.composite
def readings(draw: st.DrawFn) -> list[Heading]:
    kinds = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=30))
    return [
        Heading(kind, i % 3, T0 + i, i, T0 + i + 5, True, f"b{i % 3}", "s1", draw(VALUES[kind]), None)
        for i, kind in enumerate(kinds)
    ]


@pytest.mark.filterwarnings("ignore:.*function-scoped fixture")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=readings())
async def test_what_is_stored_comes_back_as_it_was(conninfo: str, stored: list[Heading]) -> None:
    batch, extras = assemble(stored, first_pos=1)
    async with await connect(conninfo, application="test") as connection, connection.transaction(force_rollback=True):
        await store_readings(connection, batch, extras)
        loaded = await load_readings(connection, 1, len(stored))
        keys = {Key(r.kind, r.slot, r.t, r.seq) for r in stored}
        absent = Key(Kind.POSITION, 2, T0 - 1, 0)
        assert await existing_keys(connection, [*keys, absent]) == keys
        newest = await newest_times(connection, {(r.kind, r.slot) for r in stored} | {(Kind.FALL, 77)})
    assert newest == {
        (kind, slot): max(r.t for r in stored if (r.kind, r.slot) == (kind, slot))
        for kind, slot in {(r.kind, r.slot) for r in stored}
    }
    columns = [name for name in batch.header.dtype.names or () if name != "row"]
    assert batch.header[columns].tolist() == loaded.header[columns].tolist()
    for kind, member in ((Kind.POSITION, "position"), (Kind.HEARTBEAT, "heartbeat"), (Kind.VITALS, "vitals"),
                         (Kind.SOS, "sos"), (Kind.FALL, "fall")):  # fmt: skip
        ours, theirs = getattr(batch, member), getattr(loaded, member)
        assert len(ours) == len(theirs) == len(batch.of_kind(kind))
        for name in ours.dtype.names:
            np.testing.assert_array_equal(ours[name], theirs[name])
    np.testing.assert_array_equal(batch.samples, loaded.samples)


def test_unknown_is_never_a_plausible_value() -> None:
    silent = Heading(Kind.HEARTBEAT, 0, T0, -1, T0, True, "b0", "s1", (None,) * 7, None)
    batch, _ = assemble([silent], first_pos=1)
    (row,) = batch.heartbeat
    assert math.isnan(row["battery_pct"])
    assert math.isnan(row["interval_s"])
    assert (row["charging"], row["worn"], row["steps"]) == (-1, -1, -1)
