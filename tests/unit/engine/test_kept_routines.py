"""What was learned of residents' routines is read whatever engine left it, and whatever else it left."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import msgspec
import numpy as np
import pytest

from alerts.engine import Engine, IncompatibleSnapshot, routines_in
from tests.reference.streams import START, assignment, batch_of, beat, change, device, resident

MINUTE = 60_000
SIZE_BYTES = 8


def routine_of(engine: Engine, slot: int) -> Any:
    state = engine._state
    return state.routine[state.resident[slot]["routine"]]


def community(*slots: int) -> Engine:
    engine = Engine()
    for slot in slots:
        engine.apply([change(resident(slot)), change(device(slot)), change(assignment(slot, slot))])
    return engine


def lived(engine: Engine, *slots: int, days: int = 3) -> Engine:
    """Everybody walks in the first half of each hour."""
    for i in range(days * 144):
        t = START + i * 10 * MINUTE
        told = [beat(t, slot, steps=1 + 10 * (i // 6) + min(3, i % 6), interval_s=600) for slot in slots]
        engine.process(batch_of(told), t)
        engine.commit()
    return engine


def foreign(snapshot: bytes) -> bytes:
    """The same from an engine of another layout, of which nothing but the end is understood."""
    kept = int.from_bytes(snapshot[-16:-8]) + 48
    return b"ANXIN9 of another key" + bytes(99) + snapshot[-kept:]


def test_another_layout_takes_up_each_residents_own_routine() -> None:
    before = lived(community(2, 0, 5), 0, 2)
    after = community(7, 5, 0, 2)
    assert after.adopt(routines_in(foreign(before.snapshot()))) == 3
    for slot in (0, 2, 5):
        assert routine_of(after, slot) == routine_of(before, slot)
    assert routine_of(after, 0)["days"] == 2
    assert routine_of(after, 7) == routine_of(community(7), 7)


def test_who_has_no_device_any_more_or_is_unknown_is_passed_over() -> None:
    kept = routines_in(lived(community(1, 9), 1, 9).snapshot())
    after = community(1)
    assert after.adopt(kept) == 1
    assert Engine().adopt(kept) == 0


def test_a_column_that_is_new_begins_blank_and_one_that_is_gone_is_passed_over() -> None:
    kept = routines_in(lived(community(0), 0).snapshot())
    kept.columns["gone"] = kept.columns.pop("top")
    after = community(0)
    after.adopt(kept)
    assert (routine_of(after, 0)["top"], routine_of(after, 0)["days"]) == (0, 2)
    kept.columns["signs"].width = 12
    after.adopt(kept)


def test_the_engines_own_snapshot_brings_them_back() -> None:
    engine = lived(community(4, 3), 3, 4)
    assert Engine.restore(engine.snapshot()).snapshot() == engine.snapshot()
    assert routine_of(Engine.restore(engine.snapshot()), 4) == routine_of(engine, 4)


@pytest.mark.parametrize("cut", [1, 8, 16, 40, 60])
def test_what_is_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(IncompatibleSnapshot):
        routines_in(community(0).snapshot()[:-cut])
    with pytest.raises(IncompatibleSnapshot):
        routines_in(community(0).snapshot()[-cut:])


def test_one_wrong_bit_is_refused() -> None:
    whole = community(0, 1).snapshot()
    random = np.random.default_rng(1)
    length = int.from_bytes(whole[-16:-8]) + 48
    for place in random.integers(len(whole) - length, len(whole), 50).tolist():
        octets = bytearray(whole)
        octets[place] ^= 1
        with pytest.raises(IncompatibleSnapshot):
            routines_in(bytes(octets))


@pytest.mark.parametrize(
    "stream", [b"no zlib", zlib.compress(b"\xc1"), zlib.compress(msgspec.msgpack.encode({"a": 1}))]
)
def test_what_is_not_understood_is_refused(stream: bytes) -> None:
    end = hashlib.sha256(stream).digest() + len(stream).to_bytes(SIZE_BYTES) + b"ROUTINE1"
    with pytest.raises(IncompatibleSnapshot, match="not understood"):
        routines_in(stream + end)


def test_of_nobody_there_are_none() -> None:
    assert Engine().adopt(routines_in(Engine().snapshot())) == 0
