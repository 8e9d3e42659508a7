"""Falls by the motion of the wrist: who fell, when it is said, what is said afterwards, and what raises nothing."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from alerts.engine import EVIDENCE_FIELDS, Engine, KernelFault, Rule, Severity, SnapshotCopy, What
from devices.batch import ReadingBatch
from tests.reference.oracle import Told
from tests.reference.streams import (
    START,
    Samples,
    assignment,
    batch_of,
    beat,
    change,
    device,
    felt,
    parameter,
    resident,
    vital,
)
from tests.reference.wrists import S, Weights, certain, cut, engine_with, falls_in, flat, plain, play_to, thrown

SURE = certain(0.999)
LIKELY = certain(0.3, 0.3, 0.79)
"""Probable enough for the balanced working point at the last look alone."""
JOLT = START + 4_400
"""When ``thrown()`` meets the floor."""


def told_of(engine: Engine, readings: list[Told], *, ends_after_s: int = 0) -> list[Any]:
    """Each reading as it is received, and a look at the deadlines so long after the last."""
    said = [event for told in readings for event in play_to(engine, [told], told.received)]
    return said + play_to(engine, [], readings[-1].received + ends_after_s * S)


def evidence(event: Any) -> dict[str, float]:
    return dict(zip(EVIDENCE_FIELDS[Rule.FALL_MOTION], event["values"].tolist(), strict=True))


@pytest.mark.parametrize("rate_hz", [20.0, 25.0, 40.0, 50.0, 100.0])
def test_a_fall_is_told_at_the_jolt_whatever_the_rate(rate_hz: float) -> None:
    (opened, *_) = told_of(engine_with(SURE), cut(thrown(after_s=10, rate_hz=rate_hz), rate_hz=rate_hz))
    assert abs(int(opened["t"]) - JOLT) <= 50
    assert opened["what"] == What.OPENED
    told = evidence(opened)
    assert told["peak_g"] == pytest.approx(3.5)
    assert told["free_fall_ms"] == pytest.approx(400, abs=41)
    assert told["probability"] == pytest.approx(0.999)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 700), max_size=12, unique=True), st.sampled_from([20.0, 25.0, 50.0, 100.0]))
def test_where_windows_end_changes_nothing_but_their_numbers(at: list[int], rate_hz: float) -> None:
    samples = thrown(after_s=20, rate_hz=rate_hz)

    def said(at: list[int]) -> list[tuple[Any, ...]]:
        told = told_of(engine_with(LIKELY), cut(samples, rate_hz=rate_hz, at=at), ends_after_s=60)
        return [(*plain(event)[:3], event["opening_t"], *np.nan_to_num(event["values"])) for event in told]

    assert said([each for each in at if each < len(samples)]) == said([125])


def test_windows_that_overlap_are_one_stream() -> None:
    samples = thrown(after_s=20)
    overlapping = [
        felt(START + 40 * at, samples[max(0, at - 90) : at + 50], seq=at) for at in range(0, len(samples), 50)
    ]
    overlapping = [
        felt(START + 40 * max(0, told.seq - 90), told.fields["samples"], received=told.received) for told in overlapping
    ]
    once = told_of(engine_with(SURE), cut(samples, every=50))
    assert [plain(event)[2] for event in told_of(engine_with(SURE), overlapping)] == [plain(one)[2] for one in once]


def test_a_band_that_breaks_in_the_fall_alarms_when_nothing_comes_any_more() -> None:
    engine = engine_with(certain(0.9))
    broken = cut(thrown(after_s=1.0), every=25)
    assert told_of(engine, broken) == []
    now = broken[-1].received
    assert play_to(engine, [], now + 4_400) == []
    (opened,) = play_to(engine, [], now + 4_500)
    assert (opened["t"], opened["what"], opened["reading"]) == (JOLT, What.OPENED, -1)
    assert play_to(engine, [], now + 600 * S) == []


def test_motion_that_comes_after_all_is_no_second_fall() -> None:
    engine = engine_with(certain(0.9))
    whole = cut(thrown(after_s=20), every=25)
    said = told_of(engine, whole[:6], ends_after_s=30)
    assert [event["what"] for event in said] == [What.OPENED]
    assert [event["what"] for event in told_of(engine, whole[6:], ends_after_s=30)] == []


def test_a_restart_between_jolt_and_decision_loses_no_fall() -> None:
    engine = engine_with()
    engine._state.fall_weights[:]  # the package's: only such an engine has snapshots
    windows = cut(thrown(after_s=12), every=25)
    for told in windows[:6]:
        play_to(engine, [told], told.received)
    restored = Engine.restore(engine.snapshot())
    said = [[plain(event) for event in told_of(one, windows[6:], ends_after_s=60)] for one in (engine, restored)]
    assert said[0] == said[1]
    assert restored.snapshot() == engine.snapshot()


@pytest.mark.parametrize(("handed_over_ms", "whose"), [(-1000, 1), (-40, 1), (40, 0), (3000, 0)])
def test_who_wore_the_band_at_the_jolt_has_fallen(handed_over_ms: int, whose: int) -> None:
    engine = engine_with(SURE)
    at = JOLT + handed_over_ms
    engine.apply([change(resident(1)), change(assignment(0, 0, to_ms=at))])
    engine.apply([change(assignment(0, 1, id="next", from_ms=at))])
    (opened, *_) = told_of(engine, cut(thrown(after_s=10)))
    assert opened["resident"] == whose


def test_a_band_that_nobody_wears_and_one_that_charges_fall_without_anybody() -> None:
    engine = engine_with(SURE)
    engine.apply([change(device(5))])
    alone = [felt(told.t, told.fields["samples"], 5, received=told.received) for told in cut(thrown())]
    assert told_of(engine, alone, ends_after_s=60) == []
    play_to(engine, [beat(START, charging=True)], START)
    assert told_of(engine, cut(thrown()), ends_after_s=60) == []
    play_to(engine, [beat(START + 100 * S, charging=False)], START + 100 * S)
    assert told_of(engine, cut(thrown(), START + 101 * S))


def test_a_word_about_charging_from_long_ago_counts_for_nothing() -> None:
    engine = engine_with(SURE)
    play_to(engine, [beat(START, charging=True)], START)
    assert told_of(engine, cut(thrown(), START + 1800 * S))


def test_a_band_that_says_it_is_not_worn_is_judged_by_the_quiet_working_point() -> None:
    for worn, falls in ((True, 1), (False, 0)):
        engine = engine_with(LIKELY, point=1)
        play_to(engine, [beat(START, worn=worn)], START)
        assert len(told_of(engine, cut(thrown(after_s=10)), ends_after_s=60)) == falls


def test_the_working_point_is_each_residents_own() -> None:
    said = {}
    for point in range(3):
        engine = engine_with(LIKELY)
        engine.apply([change(parameter("fall.motion.working_point", point, "resident"))])
        said[point] = len(told_of(engine, cut(thrown(after_s=10))))
    assert said == {0: 1, 1: 1, 2: 0}


def test_it_is_critical_when_the_model_is_sure_and_high_when_it_is_not() -> None:
    for probable, severity in ((0.999, Severity.CRITICAL), (0.79, Severity.HIGH)):
        (opened, *_) = told_of(engine_with(certain(0.3, 0.3, probable)), cut(thrown(after_s=10)))
        assert opened["severity"] == severity


def test_a_later_look_that_is_surer_is_told_and_one_that_is_not_is_not() -> None:
    for opinions, whats in (((0.975, 0.9, 0.9), [0]), ((0.3, 0.94, 0.9999), [0, 1]), ((0.3, 0.3, 0.9), [0])):
        said = told_of(engine_with(certain(*opinions), hold_below=0), cut(thrown(after_s=10)))
        assert [event["what"] for event in said] == whats


def test_lying_still_is_told_once_after_half_a_minute() -> None:
    (_, still) = told_of(engine_with(SURE), cut(thrown(after_s=100)))
    assert still["what"] == What.EVIDENCE
    assert evidence(still)["still_s"] == 30
    assert 30 * S <= still["t"] - JOLT <= 33 * S
    assert still["opening_t"] == JOLT


def test_walking_is_told_once_and_shivering_is_no_walking() -> None:
    def after(hz: float) -> list[Any]:
        t = np.arange(60 * 25) / 25
        swing = np.outer(1 + 0.4 * np.sin(2 * np.pi * hz * t), [0, 0, 1000]).astype(np.int16)
        return told_of(engine_with(SURE), cut(np.concatenate([thrown(after_s=8), swing])))

    (_, walked) = after(1.8)
    assert evidence(walked)["walking_s"] == 10
    assert JOLT + 18 * S <= walked["t"] <= JOLT + 24 * S
    assert [hz for hz in (0.5, 1.0, 3.0, 4.0, 5.0, 6.0, 8.0, 11.0) if len(after(hz)) > 1] == []


@pytest.mark.parametrize("first", [True, False])
def test_the_first_heart_rate_after_a_fall_is_evidence_whichever_comes_first(*, first: bool) -> None:
    engine = engine_with(SURE)
    windows = cut(thrown(after_s=8))
    pulse = [vital(JOLT + 900, heart_rate_bpm=104.0), vital(JOLT + 30 * S, heart_rate_bpm=90.0)]
    readings = [windows[0], pulse[0], *windows[1:], pulse[1]] if first else [*windows, *pulse]
    (opened, *rest) = [event for told in readings for event in play_to(engine, [told], told.received)]
    assert (evidence((rest or [opened])[0]))["heart_rate_bpm"] == 104.0
    assert len(rest) == (0 if first else 1)


def test_a_heart_rate_without_a_fall_or_long_after_it_says_nothing() -> None:
    engine = engine_with(SURE)
    assert told_of(engine, [*cut(flat(250)), vital(START + 11 * S, heart_rate_bpm=80.0)]) == []
    told_of(engine, cut(thrown(after_s=8), START + 20 * S))
    assert play_to(engine, [vital(START + 400 * S, heart_rate_bpm=80.0)], START + 400 * S) == []


def test_a_jolt_within_ten_seconds_belongs_to_the_fall_and_a_later_one_is_another() -> None:
    for pause_s, opened in ((9, 1), (11, 2)):
        twice = np.concatenate([thrown(after_s=pause_s - 4.4), thrown(after_s=10)])
        said = told_of(engine_with(SURE), cut(twice))
        assert sum(event["what"] == What.OPENED for event in said) == opened


def test_what_came_late_raises_nothing_be_it_judged_later() -> None:
    engine = engine_with(SURE)
    samples = thrown(after_s=30)
    late, rest = cut(samples, at=[115])
    assert told_of(engine, [felt(late.t, late.fields["samples"], received=late.t + 601 * S)]) == []
    assert told_of(engine, [felt(rest.t, rest.fields["samples"], received=late.t + 602 * S)], ends_after_s=60) == []


def test_a_jolt_that_came_in_time_is_judged_before_what_comes_late_after_it() -> None:
    engine = engine_with(SURE)
    live, rest = cut(thrown(after_s=30), at=[125])
    assert told_of(engine, [live]) == []
    assert len(told_of(engine, [felt(rest.t, rest.fields["samples"], received=rest.t + 660 * S)])) == 1


def test_a_jolt_is_judged_though_nobody_knows_whether_anything_can_be_heard() -> None:
    engine = engine_with(SURE)
    (live, _) = cut(thrown(after_s=30), at=[125])
    play_to(engine, [live], live.received)
    assert len(falls_in(engine.advance(live.received + 30 * S, None))) == 1


def test_windows_of_a_clock_that_is_ahead_are_one_stream_though_they_arrive_together() -> None:
    for ahead_s in (0, 20, 60):
        windows = cut(thrown(after_s=10), START + ahead_s * S, every=50)
        together = [felt(told.t, told.fields["samples"], received=START + 15 * S) for told in windows]
        engine = engine_with(SURE)
        said = [event for told in together for event in play_to(engine, [told], START + 15 * S)]
        assert [int(event["what"]) for event in said][:1] == [What.OPENED], ahead_s


def test_a_rate_that_is_told_too_low_hides_no_fall_of_later_minutes() -> None:
    engine = engine_with(SURE)
    told_of(engine, [felt(START, flat(1500), rate_hz=1.0, received=START + 60 * S)])
    assert told_of(engine, cut(thrown(after_s=10), START + 180 * S))


def test_a_detector_that_is_off_says_nothing_and_begins_anew_when_it_is_on() -> None:
    engine = engine_with(SURE)
    windows = cut(thrown(after_s=20), every=25)
    assert told_of(engine, windows[:5]) == []
    engine.disable(Rule.FALL_MOTION)
    assert told_of(engine, windows[5:9], ends_after_s=60) == []
    engine.enable(Rule.FALL_MOTION)
    assert told_of(engine, windows[9:], ends_after_s=60) == []


def broken(name: str, value: int) -> ReadingBatch:
    batch = batch_of(cut(thrown())[:1])
    batch.motion[name] = value
    return batch


@pytest.mark.parametrize(("name", "value"), [("first", 1), ("first", -1), ("count", -1), ("count", 1 << 30)])
def test_a_window_without_its_samples_is_held_against_the_detector_alone(name: str, value: int) -> None:
    engine = engine_with(SURE)
    before = engine_with().snapshot()
    with pytest.raises(KernelFault) as fault:
        engine.process(broken(name, value), START)
    assert fault.value.detector == Rule.FALL_MOTION
    engine.switch_off(fault.value)
    assert len(engine.process(broken(name, value), START)) == 0
    assert before == engine_with().snapshot()


@pytest.mark.parametrize("rate_hz", [float("nan"), 0.0, -1.0, 0.5, 1e9, float("inf")])
def test_a_rate_that_cannot_be_says_nothing(rate_hz: float) -> None:
    assert told_of(engine_with(SURE), [felt(START, thrown(), rate_hz=rate_hz, received=START + 60 * S)]) == []


def test_a_copy_of_an_engine_that_hears_motion_meanwhile_is_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.engine.snapshot_copy._ROWS_AT_ONCE", 3)
    engine, copy = engine_with(), SnapshotCopy()
    engine.apply([change(device(slot)) for slot in range(1, 12)])

    def moving(t: int, slots: range, samples: Samples) -> None:
        engine.process(batch_of([felt(t, samples, slot) for slot in slots]), t + 5 * S)
        engine.commit()

    moving(START, range(12), flat(125))
    steps = 0
    while not engine.copy_into(copy):
        steps += 1
        moving(START + steps * 5 * S, range(steps % 9, steps % 9 + 2), flat(125, (0, steps, 990)))
    assert steps > 4
    assert copy.pack() == engine.snapshot()
    moving(START + 500 * S, range(4), flat(50))
    engine.process(batch_of([felt(START + 600 * S, flat(10), 3), felt(START + 600 * S, flat(10), 20)]), START + 605 * S)
    engine.rollback()
    while not engine.copy_into(copy):
        pass
    assert copy.pack() == engine.snapshot()


def test_an_engine_with_a_model_of_its_own_has_no_snapshot() -> None:
    weights: Weights = certain(0.5)
    with pytest.raises(RuntimeError, match="trying it out"):
        engine_with(weights).snapshot()


def test_motion_of_many_bands_in_one_batch_is_told_of_each() -> None:
    engine = engine_with(SURE)
    people = 70
    engine.apply([change(record) for slot in range(1, people) for record in (resident(slot), device(slot))])
    engine.apply([change(assignment(slot, slot)) for slot in range(1, people)])
    windows = [felt(START, thrown(after_s=10), slot, seq=slot) for slot in range(people)]
    said = falls_in(engine.process(batch_of(windows), START + 20 * S))
    assert [event["device"] for event in said if event["what"] == What.OPENED] == list(range(people))
