"""Promised checks in the engine's arrays: undone, cut short, grouped otherwise, kept by a snapshot."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from alerts.engine import Engine, Rule, What
from devices.registry import RegistryChange
from tests.reference.oracle import Said, Told
from tests.reference.streams import (
    assignment,
    batch_of,
    beat,
    change,
    check_in,
    device,
    resident,
    said_in,
    seen,
    vital,
    window,
)

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EIGHT = 1_750_118_400_000
"""2025-06-17T08:00 in Shanghai."""
LONG_AGO = EIGHT - 30 * DAY
CHECKIN = int(Rule.MISSED_CHECK_CHECKIN)

community = [
    *(change(resident(slot, household="h")) for slot in range(3)),
    *(change(device(slot)) for slot in range(2)),
    change(device(2, type="box")),
    change(assignment(0, 0)),
    change(assignment(1, 1)),
    change(assignment(2, None)),
]
moments = st.integers(-6, 30).map(lambda step: EIGHT + step * 30 * MINUTE)
windows = st.builds(
    lambda key, slot, opens, lasts, by: change(
        window(slot, opens, opens + lasts * 30 * MINUTE, by=by, key=f"w{key}")
    ),
    st.integers(0, 4), st.integers(0, 2), moments, st.integers(1, 4), st.sampled_from(["button", "sign", "call"]),
)  # fmt: skip
edits = st.one_of(
    windows,
    windows,
    st.builds(lambda key: change(None, "check_window", f"w{key}"), st.integers(0, 4)),
    st.builds(lambda slot, at: change(seen(slot, at)), st.integers(0, 2), moments),
    st.builds(lambda slot: change(None, "sighting", f"r{slot}"), st.integers(0, 2)),
    st.builds(
        lambda slot, status, household: change(resident(slot, status=status, household=household)),
        st.integers(0, 2), st.sampled_from(["active", "hospital"]), st.sampled_from(["h", "g", None]),
    ),
    st.builds(lambda slot, kind: change(device(slot, type=kind)), st.integers(0, 1), st.sampled_from(["band", "box"])),
)  # fmt: skip
readings = st.one_of(
    st.builds(check_in, moments, st.integers(0, 2)),
    st.builds(lambda t, slot: vital(t, slot, systolic_mmhg=120.0), moments, st.integers(0, 1)),
    st.builds(lambda t, slot, steps: beat(t, slot, steps=steps), moments, st.integers(0, 1), st.integers(0, 3)),
)


def knowing(changes: list[RegistryChange]) -> Engine:
    engine = Engine()
    engine.apply(community)
    engine.apply(changes)
    return engine


def promises(engine: Engine, now: int, *told: Told) -> list[Said]:
    """What is said of promises of a batch and the look that follows it; not committed."""
    events = [engine.process(batch_of(told), now), engine.advance(now, LONG_AGO)]
    return [said for said in said_in(np.concatenate(events)) if said.rule == CHECKIN]


@settings(deadline=None, max_examples=200)
@given(st.lists(edits, max_size=8), st.lists(readings, max_size=8), st.lists(readings, max_size=8))
def test_what_was_undone_is_said_again_and_every_bit_is_as_before(
    changes: list[RegistryChange], before: list[Told], undone: list[Told]
) -> None:
    engine = knowing(changes)
    promises(engine, EIGHT + 2 * HOUR, *before)
    engine.commit()
    known = engine.snapshot()
    once = promises(engine, EIGHT + 9 * HOUR, *undone)
    engine.rollback()
    assert engine.snapshot() == known
    assert promises(engine, EIGHT + 9 * HOUR, *undone) == once
    engine.rollback()
    assert promises(Engine.restore(known), EIGHT + 9 * HOUR, *undone) == once


@settings(deadline=None, max_examples=200)
@given(st.lists(edits, max_size=8), st.lists(edits, max_size=8), st.lists(readings, max_size=8), st.integers(0, 8))
def test_how_changes_are_grouped_leaves_no_trace(
    known: list[RegistryChange], changes: list[RegistryChange], told: list[Told], at: int
) -> None:
    live, replay = knowing(known), knowing(known)
    for engine in (live, replay):
        promises(engine, EIGHT + 2 * HOUR, *told)
        engine.commit()
    live.apply(changes[:at])
    live.apply(changes[at:])
    for edit in changes:
        replay.apply([edit])
    now = EIGHT + 9 * HOUR
    assert promises(live, now) == promises(replay, now)
    live.commit()
    replay.commit()
    assert live.snapshot() == replay.snapshot()
    assert Engine.restore(live.snapshot()).snapshot() == live.snapshot()


def test_of_thousands_who_miss_the_same_morning_each_is_told_once() -> None:
    engine, many = Engine(), 3000
    engine.apply([change(each) for slot in range(many) for each in (resident(slot), window(slot, EIGHT, EIGHT + HOUR))])
    due = EIGHT + HOUR + 15 * MINUTE
    missed = promises(engine, due)
    engine.commit()
    assert [(said.what, said.resident, said.t) for said in missed] == [(What.OPENED, slot, due) for slot in range(many)]
    assert promises(engine, due + MINUTE) == []
    engine.apply([change(seen(slot, due)) for slot in range(many)])
    over = promises(engine, due + 2 * MINUTE)
    assert [(said.what, said.resident) for said in over] == [
        (what, slot) for slot in range(many) for what in (What.RECOVERED, What.KEPT)
    ]


def test_what_may_have_been_kept_before_anything_is_known_is_not_asked_for() -> None:
    engine = Engine(EIGHT)
    engine.apply([*community, *(change(window(0, EIGHT + day * DAY, EIGHT + day * DAY + HOUR)) for day in range(2))])
    engine = Engine.restore(engine.snapshot())
    assert promises(engine, EIGHT + DAY) == []
    engine.commit()
    (missed,) = promises(engine, EIGHT + DAY + 2 * HOUR)
    assert (missed.what, missed.opening_t) == (What.OPENED, EIGHT + DAY + HOUR)


def test_a_week_of_promises_moved_again_and_again_leaves_nothing_behind() -> None:
    engine = knowing([])
    for i in range(300):
        engine.apply(
            [change(window(0, EIGHT + day * DAY, EIGHT + day * DAY + HOUR + i, key=f"w{day}")) for day in range(7)]
        )
    assert len(engine._state.check) < 100
