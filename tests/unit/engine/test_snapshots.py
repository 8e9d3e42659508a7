"""Snapshots: taken in steps while the engine goes on, and refused when a single bit is wrong."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.engine import Engine, IncompatibleSnapshot, SnapshotCopy
from alerts.engine import snapshot as format_
from tests.reference.streams import (
    START,
    assignment,
    batch_of,
    beat,
    change,
    circle,
    device,
    fix,
    press,
    resident,
)

NOW = START + 900_000
HEAD_BYTES = len(b"ANXIN2") + len(Engine.key) + 32


def community(people: int = 3) -> Engine:
    engine = Engine()
    for slot in range(people):
        engine.apply(
            [change(resident(slot)), change(device(slot)), change(assignment(slot, slot)), change(circle(slot))]
        )
    return engine


def busy(engine: Engine, turn: int) -> None:
    """A batch that changes devices and residents."""
    t = START + turn * 15_000
    engine.process(batch_of([fix(t, 900, 0), beat(t, 1, battery_pct=4.0), press(t, 2)]), t)
    engine.advance(t, START)
    engine.commit()


def taken(engine: Engine, copy: SnapshotCopy) -> int:
    """Take a copy with nothing in between; returns how many steps it took."""
    steps = 1
    while not engine.copy_into(copy):
        steps += 1
    return steps


def test_a_copy_is_the_engine_at_its_last_step_whatever_happens_before_and_after() -> None:
    engine, copy = community(), SnapshotCopy()
    turn = 0
    while not engine.copy_into(copy):
        busy(engine, turn := turn + 1)
    expected = engine.snapshot()
    busy(engine, turn + 1)
    engine.apply([change(resident(9))])
    assert copy.pack() == expected != engine.snapshot()
    assert Engine.restore(expected).snapshot() == expected


def test_a_change_of_the_registry_between_two_steps_is_in_the_copy() -> None:
    whole = taken(community(), SnapshotCopy())
    for late in range(1, whole):
        engine, copy = community(), SnapshotCopy()
        for _ in range(late):
            assert not engine.copy_into(copy)
        engine.apply([change(resident(9)), change(device(9)), change(assignment(9, 9)), change(circle(9))])
        taken(engine, copy)
        assert copy.pack() == engine.snapshot()


def test_the_next_copy_writes_the_directory_again_only_when_it_has_changed() -> None:
    engine, copy = community(), SnapshotCopy()
    busy(engine, 1)
    busy(engine, 2)
    taken(engine, copy)
    busy(engine, 3)
    assert taken(engine, copy) == 1
    assert copy.pack() == engine.snapshot()
    engine.apply([change(resident(1, status="away"))])
    assert taken(engine, copy) > 1
    assert copy.pack() == engine.snapshot()


@pytest.mark.parametrize("entries", [1, 2, 3, 4])
def test_a_directory_in_several_parts_comes_back_whole(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = community(people=4)
    busy(engine, 1)
    whole = engine.snapshot()
    monkeypatch.setattr(format_, "PART_ENTRIES", entries)
    restored = Engine.restore(engine.snapshot())
    monkeypatch.undo()
    assert restored.snapshot() == whole


@settings(deadline=None)
@given(st.data())
def test_a_snapshot_with_one_wrong_bit_is_refused(data: st.DataObject) -> None:
    octets = bytearray(community().snapshot())
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(IncompatibleSnapshot):
        Engine.restore(bytes(octets))


@pytest.mark.parametrize("body", [b"", b"no zlib", zlib.compress(b"\x00\x00\x00\x01\xc1"), zlib.compress(b"\xff" * 9)])
def test_a_snapshot_whose_content_is_not_understood_is_refused(body: bytes) -> None:
    head = community().snapshot()[: HEAD_BYTES - 32]
    with pytest.raises(IncompatibleSnapshot, match="not understood"):
        Engine.restore(head + hashlib.sha256(body).digest() + body)
