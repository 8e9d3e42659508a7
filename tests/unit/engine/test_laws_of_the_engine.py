"""What holds for every stream: splitting, interleaving, undoing, replaying, compiled or not."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from alerts.engine import EPISODE_EVENT, Engine, IncompatibleSnapshot, KernelFault, Rule
from devices.batch import Records, empty_batch
from devices.kinds import Kind
from tests.reference.oracle import Told
from tests.reference.streams import (
    START,
    assignment,
    batch_of,
    beat,
    change,
    circle,
    device,
    fix,
    one_of_each,
    press,
    resident,
    said_in,
)

S = 1000
HOUR = 3600 * S


def community() -> Engine:
    engine = Engine()
    engine.apply(
        [
            *(change(resident(slot)) for slot in range(2)),
            *(change(device(slot)) for slot in range(4)),
            *(change(assignment(slot, slot % 2)) for slot in range(3)),
            change(circle(0)),
            change(circle(1, 200.0)),
        ]
    )
    return engine


steps = st.integers(0, 60).map(lambda step: START + step * 15 * S)
told = st.one_of(
    st.builds(fix, steps, st.sampled_from([0, 150, 290, 340, 900]), st.integers(0, 3), seq=st.integers(0, 5)),
    st.builds(
        beat, steps, st.integers(0, 3), battery_pct=st.sampled_from([None, 4.0, 14.0, 60.0]),
        interval_s=st.sampled_from([None, 60.0, 300.0]), charging=st.sampled_from([None, True, False]),
    ),
    st.builds(
        press, steps, st.integers(0, 3), kind=st.sampled_from([Kind.SOS, Kind.FALL]),
        cancel=st.sampled_from([False, False, True]), trusted=st.sampled_from([True, True, False]),
    ),
)  # fmt: skip
streams = st.lists(told, max_size=30)
NOW = START + 900 * S


def run(engine: Engine, *parts: list[Told], now: int = NOW) -> list[Records]:
    events = [engine.process(batch_of(part), now) for part in parts]
    return [*events, engine.advance(now, START)]


def without_index(events: list[Records]) -> Records:
    """All events in a row, their place in a batch left out."""
    joined = np.concatenate(events)
    joined["reading"] = 0
    return joined


def episodes(events: list[Records]) -> set[tuple[Any, ...]]:
    """Which episodes there are, and what became of them."""
    return {
        (said.rule, said.what, said.opening_t, said.opening_seq, said.resident, said.device if said.rule != 3 else -1)
        for said in said_in(np.concatenate(events))
    }


@settings(deadline=None)
@given(streams, st.integers(0, 30))
def test_splitting_a_batch_changes_nothing(stream: list[Told], at: int) -> None:
    whole, split = community(), community()
    expected = without_index(run(whole, stream))
    assert without_index(run(split, stream[:at], stream[at:])).tobytes() == expected.tobytes()
    whole.commit()
    split.commit()
    assert split.snapshot() == whole.snapshot()


@settings(deadline=None)
@given(streams, st.randoms(use_true_random=False))
def test_any_interleaving_of_devices_and_kinds_gives_the_same_episodes(stream: list[Told], random: Any) -> None:
    def lane(reading: Told) -> tuple[int, int]:
        return reading.device, int(reading.kind)

    lanes = {key: list(readings) for key, readings in groupby(sorted(stream, key=lane), key=lane)}
    order = [lane(reading) for reading in stream]
    random.shuffle(order)
    shuffled = [lanes[key].pop(0) for key in order]
    one, other = community(), community()
    for now in (NOW, NOW + 2 * HOUR):
        assert episodes(run(other, shuffled, now=now)) == episodes(run(one, stream, now=now))
        one.commit()
        other.commit()
        stream, shuffled = [], []


@settings(deadline=None)
@given(streams, streams)
def test_rollback_restores_every_bit(before: list[Told], undone: list[Told]) -> None:
    engine = community()
    run(engine, before)
    engine.commit()
    kept = engine.snapshot()
    first = run(engine, undone, now=NOW + 2 * HOUR)
    engine.rollback()
    assert engine.snapshot() == kept
    again = run(engine, undone, now=NOW + 2 * HOUR)
    assert without_index(again).tobytes() == without_index(first).tobytes()


def test_rollback_forgets_devices_that_the_batch_brought() -> None:
    engine = community()
    kept = engine.snapshot()
    assert len(engine.process(batch_of([press(NOW, 700)]), NOW)) == 1
    engine.rollback()
    assert engine.snapshot() == kept


@settings(deadline=None)
@given(streams, streams, streams)
def test_what_is_foreseen_comes_and_leaves_no_trace(
    before: list[Told], under_way: list[Told], next_: list[Told]
) -> None:
    engine, other = community(), community()
    for each in (engine, other):
        run(each, before)
        each.commit()
    kept = engine.snapshot()
    first = run(engine, under_way)
    foreseen = engine.foresee(batch_of(next_), NOW)
    assert engine.foresee(batch_of(next_), NOW).tobytes() == foreseen.tobytes()
    engine.rollback()
    assert engine.snapshot() == kept
    for each in (engine, other):
        assert without_index(run(each, under_way)).tobytes() == without_index(first).tobytes()
    engine.foresee(batch_of(next_), NOW)
    for each in (engine, other):
        each.commit()
        assert each.process(batch_of(next_), NOW).tobytes() == foreseen.tobytes()
        each.commit()
    assert engine.snapshot() == other.snapshot()


@pytest.mark.parametrize("committed", [True, False])
def test_what_is_foreseen_of_unknown_devices_leaves_no_trace(*, committed: bool) -> None:
    engine = community()
    if committed:
        engine.process(batch_of([press(NOW, 1)]), NOW)
        engine.commit()
    kept = engine.snapshot()
    engine.process(batch_of([press(NOW, slot) for slot in range(600)]), NOW)
    assert len(engine.foresee(batch_of([press(NOW, slot) for slot in range(900)]), NOW)) == 900
    engine.rollback()
    assert engine.snapshot() == kept


@settings(deadline=None)
@given(streams, streams)
def test_replay_from_a_snapshot_is_the_straight_run(before: list[Told], after: list[Told]) -> None:
    straight = community()
    run(straight, before)
    straight.commit()
    restored = Engine.restore(straight.snapshot())
    for now in (NOW + 100 * S, NOW + HOUR):
        assert (
            without_index(run(restored, after, now=now)).tobytes()
            == without_index(run(straight, after, now=now)).tobytes()
        )
        straight.commit()
        restored.commit()
    assert restored.snapshot() == straight.snapshot()


def test_advance_with_nothing_due_changes_nothing() -> None:
    engine = community()
    run(engine, [beat(START, 0), beat(START, 1)], now=START)
    engine.commit()
    kept = engine.snapshot()
    assert len(engine.advance(START + 100 * S, START)) == 0
    engine.commit()
    assert engine.snapshot() == kept


def test_a_damaged_or_foreign_snapshot_is_refused() -> None:
    data = community().snapshot()
    with pytest.raises(IncompatibleSnapshot):
        Engine.restore(data[:-1])
    with pytest.raises(IncompatibleSnapshot):
        Engine.restore(b"ANXIN1" + b"0" * len(Engine.key) + data[6 + len(Engine.key) :])
    with pytest.raises(IncompatibleSnapshot):
        Engine.restore(b"")


def test_a_fault_undoes_the_batch_and_names_the_detector() -> None:
    engine = community()
    kept = engine.snapshot()
    broken = batch_of([press(START, 0), fix(START, 10)])
    broken.header["row"][1] = 7
    with pytest.raises(KernelFault) as fault:
        engine.process(broken, START)
    assert fault.value.detector is Rule.WANDERING_ZONE_EXIT
    assert fault.value.reading == 1
    assert engine.snapshot() == kept


def test_a_disabled_detector_is_silent_and_the_others_go_on() -> None:
    engine = community()
    engine.disable(Rule.SOS_BUTTON)
    engine.disable(Rule.MISSED_CHECK_SILENT)
    readings = [beat(START, 0, battery_pct=3.0), press(START, 0), press(START, 0, kind=Kind.FALL)]
    events = run(engine, readings, now=START + HOUR)
    assert {said.rule for said in said_in(np.concatenate(events))} == {Rule.FALL_DEVICE, Rule.DEVICE_BATTERY_LOW}
    assert engine.disabled == (Rule.SOS_BUTTON, Rule.MISSED_CHECK_SILENT)
    assert Engine.restore(engine.snapshot()).disabled == engine.disabled


@pytest.mark.parametrize("slot", [-1, 1 << 24, 2_000_000_000])
def test_an_impossible_slot_is_a_fault_of_nobodys_detector(slot: int) -> None:
    engine = community()
    kept = engine.snapshot()
    with pytest.raises(KernelFault) as fault:
        engine.process(batch_of([press(START, 0), press(START, slot)]), START)
    assert fault.value.detector is None
    assert engine.snapshot() == kept


def test_registry_changes_inside_an_open_batch_are_refused() -> None:
    engine = community()
    engine.process(batch_of([press(START, 0)]), START)
    with pytest.raises(RuntimeError):
        engine.apply(one_of_each())


def test_an_empty_batch_is_nothing() -> None:
    events = community().process(empty_batch(), NOW)
    assert events.shape == (0,)
    assert events.dtype == EPISODE_EVENT


def test_ten_thousand_readings_in_one_batch_grow_every_buffer() -> None:
    engine = community()
    readings = [press(START + i * 100 * S, i % 3, kind=Kind.SOS, seq=i) for i in range(10_000)]
    assert len(engine.process(batch_of(readings), NOW)) == 10_000
    engine.rollback()
    assert len(engine.process(batch_of(readings), NOW)) == 10_000
