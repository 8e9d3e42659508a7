"""Random nights of two residents at home: the engine says what the oracle says until the second morning."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
from hypothesis import event, given, settings

from alerts.engine import Engine, What
from devices.registry import RegistryChange
from tests.reference.oracle import Oracle, Said, Told
from tests.reference.streams import OF_TODAY, assignment, batch_of, beat, change, circle, device, fix, resident, said_in

S = 1000
MINUTE = 60 * S
EVENINGS = [
    ("Asia/Shanghai", datetime(2025, 6, 15, 20, tzinfo=ZoneInfo("Asia/Shanghai"))),
    ("Europe/Berlin", datetime(2025, 3, 29, 20, tzinfo=ZoneInfo("Europe/Berlin"))),
    ("Europe/Berlin", datetime(2025, 10, 25, 20, tzinfo=ZoneInfo("Europe/Berlin"))),
    ("Australia/Lord_Howe", datetime(2025, 10, 4, 20, tzinfo=ZoneInfo("Australia/Lord_Howe"))),
]


def community(zone: str, evening: int) -> list[RegistryChange]:
    """Resident 0 with two bands and a circle, resident 1 with one band and a home only."""
    return [
        change(resident(0, timezone=zone)),
        change(resident(1, timezone=zone)),
        *(change(device(slot)) for slot in range(3)),
        *(change(assignment(slot, slot // 2, from_ms=evening - 60 * MINUTE)) for slot in range(3)),
        change(circle(0)),
    ]


@st.composite
def told_by(draw: st.DrawFn, now: int) -> list[Told]:
    """A few readings, most of somebody asleep at home, some of them old."""
    told = []
    for _ in range(draw(st.sampled_from([0, 0, 1, 2, 4]))):
        band = draw(st.integers(0, 2))
        t = now - draw(st.sampled_from([0, 0, 1, 10, 300])) * MINUTE
        if draw(st.booleans()):
            told.append(fix(t, draw(st.sampled_from([0, 20, 20, 20, 250, 400])), band, received=now))
        else:
            rare = st.sampled_from([None, None, None, True])
            told.append(
                beat(
                    t, band, received=now, charging=draw(rare), worn=None if draw(rare) is None else False,
                    battery_pct=draw(st.sampled_from([None, 50.0, 50.0, 3.0])),
                    interval_s=draw(st.sampled_from([None, None, 60.0, 7200.0])),
                )
            )  # fmt: skip
    return told


@st.composite
def nights(draw: st.DrawFn) -> tuple[str, int, list[tuple[int, list[Told], int | None]]]:
    """A zone, its evening, and batches: (now, readings, listening since)."""
    zone, at = draw(st.sampled_from(EVENINGS))
    evening = now = int(at.timestamp()) * S
    batches: list[tuple[int, list[Told], int | None]] = []
    asleep = [fix(now + 150 * MINUTE, 20, band) for band in draw(st.sets(st.integers(0, 2)))]
    for _ in range(draw(st.integers(2, 8))):
        now += draw(st.sampled_from([2, 11, 60, 150, 240, 420])) * MINUTE
        listening = draw(st.sampled_from([None, evening, evening, evening, now - MINUTE, now - 10 * MINUTE]))
        batches.append((now, [*asleep, *draw(told_by(now))] if now >= evening + 150 * MINUTE else [], listening))
        asleep = [] if now >= evening + 150 * MINUTE else asleep
    return zone, evening, batches


@settings(max_examples=300, deadline=None)
@given(nights(), st.booleans())
def test_engine_says_of_a_night_what_the_oracle_says(
    night: tuple[str, int, list[tuple[int, list[Told], int | None]]], restarted: bool
) -> None:
    zone, evening, batches = night
    engine, oracle = Engine(), Oracle()
    for entry in OF_TODAY:
        oracle.apply(entry)
    for entry in community(zone, evening):
        engine.apply([entry])
        oracle.apply(entry)
    heard: list[Said] = []
    for now, told, listening in batches:
        assert said_in(engine.process(batch_of(told), now)) == oracle.process(told, now)
        said = oracle.advance(now, listening)
        assert said_in(engine.advance(now, listening)) == said
        engine.rollback()
        engine.process(batch_of(told), now)
        assert said_in(engine.advance(now, listening)) == said
        engine.commit()
        heard += said
        if restarted:
            engine = Engine.restore(engine.snapshot())
    event(f"mornings: {sum(one.what == What.EVIDENCE for one in heard)}")
