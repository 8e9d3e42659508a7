"""Random lives of a small community: the engine says what the oracle says, whatever comes."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, event, given, settings

from alerts.engine import Engine, Rule, What
from devices.kinds import Kind
from devices.registry import Fence, RegistryChange
from tests.reference.oracle import Oracle, Told
from tests.reference.streams import (
    HOME,
    OF_TODAY,
    START,
    assignment,
    batch_of,
    change,
    circle,
    device,
    north_of,
    resident,
    said_in,
)

S = 1000
WEST, EAST = HOME[1] - 0.002, HOME[1] + 0.006
YARD = tuple((north_of(metres)[0], lon) for metres, lon in ((155, WEST), (155, EAST), (505, EAST), (505, WEST)))
COMMUNITY: list[RegistryChange] = [
    *(change(resident(slot)) for slot in range(3)),
    *(change(device(slot)) for slot in range(3)),
    change(device(3, type="box")),
    change(device(4, type="rower")),
    change(device(5, type="watch")),
    change(device(7, type="pendant")),
    change(assignment(0, 0)),
    change(assignment(1, 0)),
    change(assignment(2, 1)),
    change(assignment(3, None)),
    change(assignment(4, 2)),
    change(assignment(7, 1)),
    change(circle(0)),
    change(circle(1, 200.0)),
    change(Fence(id="f1p", resident_slot=1, name="p", polygon=YARD)),
]  # fmt: skip
"""Resident 0 with two bands and a circle, 1 with a band, a pendant, a circle and a polygon, 2 with a machine;
device 3 is the box of a household, 5 a watch of nobody, 6 never entered."""

LATER = START + 600 * S
CHANGES: list[RegistryChange] = [
    change(resident(0, status="hospital")),
    change(resident(0)),
    change(resident(1, timezone="Europe/Berlin")),
    change(None, "resident", "r1"),
    change(circle(0, 600.0)),
    change(None, "fence", "f1p"),
    change(assignment(2, 0, id="later", from_ms=LATER)),
    change(assignment(2, 1, to_ms=LATER)),
    change(assignment(2, 0, id="past", from_ms=START - 900 * S, to_ms=START - 300 * S)),
    change(assignment(2, 1, id="back", from_ms=START - 300 * S)),
    change(None, "assignment", "past"),
    change(None, "assignment", "a1"),
    change(assignment(1, 0, from_ms=START - 86_400 * S, to_ms=START + 60 * S)),
    change(assignment(1, 0, id="same", from_ms=START + 60 * S)),
    change(assignment(1, 2, id="lent", from_ms=START + 30 * S, to_ms=LATER)),
    change(assignment(1, None, id="lent", from_ms=START + 30 * S)),
    change(assignment(3, None, household="g", id="moved", from_ms=LATER)),
    change(assignment(3, 1, id="given", from_ms=START)),
    change(None, "assignment", "a3"),
    change(assignment(5, 2)),
    change(assignment(5, 0, from_ms=LATER)),
    change(device(0, revoked=True)),
    change(device(1, type="walker")),
    change(device(3, type="band")),
    change(device(0)),
    change(None, "device", "d7"),
]

times = st.integers(0, 400).map(lambda step: START + step * 5 * S)
ages = st.sampled_from([0, 0, 0, 0, -200 * S, 20 * S, 700 * S, 4000 * S])
maybe = st.sampled_from([None, True, False])


@st.composite
def readings(draw: st.DrawFn, now: int) -> Told:
    kind = draw(
        st.sampled_from([Kind.POSITION] * 4 + [Kind.HEARTBEAT] * 3 + [Kind.SOS, Kind.FALL, Kind.CHECKIN, Kind.PRESENCE])
    )
    received = now - draw(st.sampled_from([0, 0, 3 * S]))
    t = received - draw(ages) - 5 * S * draw(st.integers(0, 12))
    fields: dict[str, Any] = {}
    if kind == Kind.POSITION:
        metres = draw(st.sampled_from([0, 150, 190, 270, 290, 310, 340, 420, 700, 900]))
        lat, lon = north_of(metres)
        accuracy = draw(st.sampled_from([5.0, 5.0, 5.0, None, 60.0, 500.0]))
        fields = {"lat": lat, "lon": lon + draw(st.sampled_from([0.0, 0.001])), "accuracy_m": accuracy}
    elif kind == Kind.HEARTBEAT:
        fields = {
            "battery_pct": draw(st.sampled_from([None, 3.0, 15.0, 20.0, 25.0, 90.0])),
            "interval_s": draw(st.sampled_from([None, 60.0, 300.0, 1200.0])),
            "charging": draw(maybe),
            "worn": draw(maybe),
        }
    elif kind in (Kind.SOS, Kind.FALL):
        fields = {"cancel": draw(st.sampled_from([None, None, False, True]))}
        if kind == Kind.FALL:
            fields["confidence"] = draw(st.sampled_from([None, 0.3, 0.9]))
    return Told(
        device=draw(st.integers(0, 7)),
        kind=kind,
        t=t,
        received=received,
        seq=draw(st.integers(-1, 3)),
        trusted=draw(st.sampled_from([True] * 6 + [False])),
        fields=fields,
    )


@st.composite
def walks(draw: st.DrawFn, now: int) -> list[Told]:
    """Some fixes of one band in a row, all about as far away."""
    band = draw(st.sampled_from([0, 0, 1, 2, 7]))
    metres = draw(st.sampled_from([0, 100, 270, 700, 900]))
    count = draw(st.integers(2, 5))
    step = draw(st.sampled_from([10, 20, 45])) * S
    delay = draw(st.sampled_from([0, 0, 0, 900 * S]))
    walk = []
    for i in range(count):
        lat, lon = north_of(metres + draw(st.integers(0, 20)))
        t = now - delay - (count - 1 - i) * step
        fields = {"lat": lat, "lon": lon, "accuracy_m": 5.0}
        walk.append(Told(band, Kind.POSITION, t, t + delay, i, fields=fields))
    return walk


@st.composite
def beats(draw: st.DrawFn, now: int) -> list[Told]:
    """One band that reports alone for a while."""
    band = draw(st.sampled_from([0, 1, 2, 3, 7]))
    interval = draw(st.sampled_from([None, 60.0, 300.0]))
    t = now - draw(st.sampled_from([0, 0, 100, 300])) * S
    return [Told(band, Kind.HEARTBEAT, t, now, fields={"interval_s": interval})]


@st.composite
def presses(draw: st.DrawFn, now: int) -> list[Told]:
    """One band's presses and cancels within a few minutes."""
    band = draw(st.sampled_from([0, 0, 3, 5]))
    kind = draw(st.sampled_from([Kind.SOS, Kind.FALL]))
    offsets = draw(st.lists(st.integers(0, 10), min_size=1, max_size=5))
    return [
        Told(
            band,
            kind,
            now - 300 * S + offset * 30 * S,
            now,
            i,
            fields={"cancel": draw(st.sampled_from([None, None, True]))},
        )
        for i, offset in enumerate(offsets)
    ]


@st.composite
def told_by(draw: st.DrawFn, now: int) -> list[Told]:
    """What arrives in one batch."""
    parts = draw(
        st.lists(st.one_of(readings(now).map(lambda one: [one]), walks(now), beats(now), presses(now)), max_size=4)
    )
    return [told for part in parts for told in part]


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, list[Told], RegistryChange | None, int | None]]:
    """Batches: (now, readings, a registry change before it, listening since)."""
    now = START
    batches = []
    for _ in range(draw(st.integers(1, 8))):
        now += draw(st.sampled_from([1, 5, 20, 35, 90, 300, 1500, 1500, 23_000, 40_000])) * S
        told = draw(told_by(now))
        before = draw(st.sampled_from([None] * 30 + CHANGES))
        listening = draw(st.sampled_from([None, START, START, START, now - 100 * S]))
        batches.append((now, told, before, listening))
    return batches


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives(), st.booleans(), st.booleans())
def test_engine_says_what_the_oracle_says(
    life: list[tuple[int, list[Told], RegistryChange | None, int | None]], restarted: bool, undone: bool
) -> None:
    engine, oracle = Engine(), Oracle()
    engine.apply(COMMUNITY)
    for entry in [*COMMUNITY, *OF_TODAY]:
        oracle.apply(entry)
    rules: set[tuple[int, int]] = set()
    for now, told, before, listening in life:
        if before is not None:
            engine.apply([before])
            oracle.apply(before)
        if undone:
            engine.process(batch_of(told), now)
            engine.advance(now, listening)
            engine.rollback()
        assert said_in(engine.process(batch_of(told), now)) == oracle.process(told, now)
        said = oracle.advance(now, listening)
        assert said_in(engine.advance(now, listening)) == said
        rules |= {(one.rule, one.what) for one in said}
        engine.commit()
        if restarted:
            engine = Engine.restore(engine.snapshot())
    event(f"judged: {sorted(f'{Rule(rule).public_name} {What(what).name}' for rule, what in rules)}")
