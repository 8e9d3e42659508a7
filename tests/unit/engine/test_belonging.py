"""What a device did belongs to whoever wore it then: handing it on, and writing that down later, rewrites nothing."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from alerts.engine import Engine, Rule, Severity, What
from devices.registry import Fence, RegistryChange
from tests.reference.oracle import Said, Told
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
    parameter,
    press,
    resident,
    said_in,
)

S = 1000
NOON = START - 11 * 3600 * S
LONG_AGO = NOON - 10**9
HANDOVER = NOON + 600 * S
OTHER = (change(resident(1)), change(circle(1)))


def handed_on(at: int = HANDOVER) -> list[RegistryChange]:
    """The band of resident 0 is resident 1's from a moment on."""
    return [change(assignment(0, 0, to_ms=at)), change(assignment(0, 1, id="next", from_ms=at))]


def engine_of(*changes: RegistryChange) -> Engine:
    """An engine without patience: how loud a silence is can be said when it opens."""
    engine = Engine()
    engine.apply([*one_of_each(), *OTHER, change(parameter("missed_check.silent.loud_after_s", 0.0)), *changes])
    return engine


def hear(engine: Engine, *readings: Told, now: int | None = None) -> list[Said]:
    said = said_in(engine.process(batch_of(readings), readings[-1].received if now is None else now))
    engine.commit()
    return said


@pytest.mark.parametrize("planned", [True, False])
def test_a_cry_belongs_to_whoever_wore_it_however_late_it_comes(planned: bool) -> None:
    engine = engine_of(*(handed_on() if planned else []))
    hear(engine, beat(NOON))
    if not planned:
        engine.apply(handed_on())
    said = hear(engine, press(HANDOVER - 1, received=HANDOVER + S, seq=1), press(HANDOVER + S, seq=2))
    assert [(one.resident, one.what) for one in said] == [(0, What.OPENED), (1, What.OPENED)]


def test_the_wearer_of_ten_handovers_ago_is_still_known() -> None:
    shifts = [change(assignment(0, i % 2, id=f"s{i}", from_ms=NOON + i * S, to_ms=NOON + (i + 1) * S))
              for i in range(12)]  # fmt: skip
    engine = engine_of(*shifts)
    later = NOON + 60 * S
    said = [hear(engine, press(NOON + i * S, received=later, seq=i))[0] for i in range(12)]
    assert [one.resident for one in said] == [i % 2 for i in range(12)]


def test_a_household_that_gets_another_ones_box_does_not_get_its_cries() -> None:
    boxes = [
        change(device(5, type="box")),
        change(assignment(5, None, household="h", to_ms=HANDOVER)),
        change(assignment(5, None, household="g", id="next", from_ms=HANDOVER)),
    ]
    engine = engine_of(*boxes)
    said = hear(engine, press(HANDOVER - S, 5), press(HANDOVER + S, 5))
    assert [(one.what, one.severity) for one in said] == [(What.OPENED, Severity.CRITICAL)] * 2


def test_a_walk_begun_by_one_is_not_gone_on_with_by_the_next() -> None:
    engine = engine_of(*handed_on())
    walk = [fix(HANDOVER - 20 * S, 900), fix(HANDOVER + 20 * S, 900)]
    assert hear(engine, *walk) == []
    (said,) = hear(engine, fix(HANDOVER + 60 * S, 900))
    assert (said.rule, said.resident) == (Rule.WANDERING_ZONE_EXIT, 1)


def test_whoever_gets_a_silent_band_is_not_missed_by_what_the_last_one_did() -> None:
    engine = engine_of()
    hear(engine, beat(NOON), fix(NOON + S, 900))
    engine.apply(handed_on(NOON + 60 * S))
    assert len(engine.advance(NOON + 10**7, LONG_AGO)) == 0
    hear(engine, beat(NOON + 10**7))
    (said,) = said_in(engine.advance(NOON + 10**7 + 630 * S, LONG_AGO))
    assert (said.resident, said.severity) == (1, Severity.MEDIUM)


def test_whoever_gets_a_band_that_goes_on_reporting_is_missed_when_it_stops() -> None:
    engine = engine_of(*handed_on())
    hear(engine, beat(HANDOVER - 10 * S))
    assert len(engine.advance(HANDOVER + S, LONG_AGO)) == 0
    hear(engine, beat(HANDOVER + 20 * S))
    (said,) = said_in(engine.advance(HANDOVER + 650 * S, LONG_AGO))
    assert (said.rule, said.resident) == (Rule.MISSED_CHECK_SILENT, 1)


def test_whoever_loses_a_band_to_another_assignment_is_judged_by_the_rest() -> None:
    engine = engine_of(change(device(1)), change(assignment(1, 0)))
    hear(engine, beat(NOON, 1), beat(NOON + 1500 * S, 0))
    engine.advance(NOON + 1500 * S, LONG_AGO)
    engine.commit()
    engine.apply([change(assignment(0, 1, id="lent", from_ms=NOON, to_ms=NOON + 60 * S))])
    said = said_in(engine.advance(NOON + 1500 * S, LONG_AGO))[0]
    assert (said.rule, said.resident, said.device) == (Rule.MISSED_CHECK_SILENT, 0, 1)


def test_a_charger_of_the_last_wearer_does_not_quiet_the_next() -> None:
    engine = engine_of(*handed_on())
    hear(engine, beat(HANDOVER - S, charging=True), fix(HANDOVER + S, 10))
    (said,) = said_in(engine.advance(HANDOVER + 700 * S, LONG_AGO))
    assert (said.resident, said.severity) == (1, Severity.MEDIUM)


def test_a_band_that_comes_back_to_its_wearer_starts_anew() -> None:
    engine = engine_of(*handed_on(), change(assignment(0, 0, id="again", from_ms=HANDOVER + 600 * S)))
    hear(engine, beat(NOON))
    assert [one.resident for one in said_in(engine.advance(HANDOVER - 1 + 31 * S, LONG_AGO))] == []
    assert len(engine.advance(HANDOVER + 10**7, LONG_AGO)) == 0


def test_the_same_wearer_told_twice_is_one_wearing() -> None:
    same = [change(assignment(0, 0, to_ms=HANDOVER)), change(assignment(0, 0, id="on", from_ms=HANDOVER))]
    engine = engine_of(*same)
    hear(engine, beat(HANDOVER - S))
    (said,) = said_in(engine.advance(HANDOVER + 700 * S, LONG_AGO))
    assert (said.resident, said.t) == (0, HANDOVER - S + 630 * S)


def test_a_handover_entered_in_the_past_moves_what_came_since_and_nothing_else() -> None:
    engine = engine_of()
    hear(engine, beat(NOON), beat(HANDOVER + 60 * S))
    engine.apply(handed_on())
    (said,) = said_in(engine.advance(HANDOVER + 690 * S, LONG_AGO))
    assert (said.rule, said.resident) == (Rule.MISSED_CHECK_SILENT, 1)
    assert [one.resident for one in hear(engine, press(NOON + S, received=HANDOVER + 700 * S))] == [0]


def test_a_handover_taken_back_is_as_if_it_had_not_been() -> None:
    engine = engine_of()
    hear(engine, beat(NOON), beat(HANDOVER + 60 * S))
    engine.apply(handed_on())
    engine.apply([change(None, "assignment", "next"), change(assignment(0, 0))])
    (said,) = said_in(engine.advance(HANDOVER + 690 * S, LONG_AGO))
    assert (said.resident, said.t) == (0, HANDOVER + 690 * S)


def test_a_planned_handover_changes_nothing_before_its_time() -> None:
    engine = engine_of(*handed_on(NOON + 10**7))
    hear(engine, fix(NOON, 900), beat(NOON + S))
    assert [one.resident for one in hear(engine, fix(NOON + 60 * S, 900))] == [0]
    (said,) = said_in(engine.advance(NOON + 700 * S, LONG_AGO))
    assert (said.rule, said.resident, said.severity) == (Rule.MISSED_CHECK_SILENT, 0, Severity.HIGH)


def test_a_silence_outlives_the_band_and_ends_with_the_next_one() -> None:
    engine = engine_of(change(device(1)))
    hear(engine, beat(NOON))
    (silence,) = said_in(engine.advance(NOON + 630 * S, LONG_AGO))
    engine.commit()
    engine.apply([change(assignment(0, 0, to_ms=NOON + 700 * S)), change(assignment(1, 0, from_ms=NOON + 700 * S))])
    (said,) = hear(engine, beat(NOON + 800 * S, 1))
    assert (said.what, said.opening_t, said.device) == (What.RECOVERED, silence.t, 1)


moments = st.integers(0, 40).map(lambda step: NOON + step * 60 * S)
readings = st.one_of(
    st.builds(beat, moments, st.integers(0, 1), interval_s=st.sampled_from([None, 60.0])),
    st.builds(fix, moments, st.sampled_from([0, 250, 900]), st.integers(0, 1)),
    st.builds(press, moments, st.integers(0, 1)),
)
edits = st.lists(
    st.one_of(
        st.builds(
            lambda key, slot, who, start, length: change(
                assignment(slot, who, id=key, from_ms=start, to_ms=None if length is None else start + length * 60 * S)
            ),
            st.sampled_from("abc"), st.integers(0, 1), st.sampled_from([0, 1, None]), moments,
            st.sampled_from([None, 5, 20]),
        ),
        st.builds(lambda key: change(None, "assignment", key), st.sampled_from("abc")),
        st.builds(lambda slot, status: change(resident(slot, status=status)),
                  st.integers(0, 1), st.sampled_from(["active", "away", "deceased"])),
        st.builds(lambda kind: change(device(1, type=kind)), st.sampled_from(["band", "box", "rower"])),
        st.builds(lambda name, metres: change(circle(0, metres, name=name)), st.sampled_from("xyz"),
                  st.sampled_from([100.0, 300.0])),
        st.builds(lambda name: change(None, "fence", f"f0{name}"), st.sampled_from("xyz")),
    ),
    max_size=8,
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(readings, max_size=12), edits, st.lists(readings, max_size=6), st.integers(0, 8))
def test_how_changes_are_grouped_leaves_no_trace(
    before: list[Told], changes: list[RegistryChange], after: list[Told], at: int
) -> None:
    """A replay applies at once what the live run read in several turns: both must know the same afterwards."""
    live, replay = engine_of(change(device(1))), engine_of(change(device(1)))
    for engine in (live, replay):
        engine.process(batch_of(before), NOON + 3000 * S)
        engine.commit()
    live.apply(changes[:at])
    live.apply(changes[at:])
    for edit in changes:
        replay.apply([edit])
    for now in (NOON + 3000 * S, NOON + 9000 * S):
        for engine in (live, replay):
            engine.process(batch_of(after), now)
        assert live.advance(now, LONG_AGO).tobytes() == replay.advance(now, LONG_AGO).tobytes()
        live.commit()
        replay.commit()
    assert live.snapshot() == replay.snapshot()
    assert Engine.restore(live.snapshot()).snapshot() == live.snapshot()


def test_changing_fences_again_and_again_leaves_nothing_behind() -> None:
    engine = engine_of()
    yard = Fence(id="p", resident_slot=0, name="p", polygon=((31.2, 121.4), (31.2, 121.41), (31.21, 121.41)))
    for i in range(300):
        engine.apply([change(circle(0, 100.0 + i, name="z")), change(yard), change(assignment(0, i % 2))])
    state = engine._state
    assert max(len(rows) for rows in (state.fence, state.vertex, state.span, state.ward)) < 300
