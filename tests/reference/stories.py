"""What happens to the residents of a small community: short stories, each a few readings of one device.

Every story begins at moment 0; ``told`` puts several of them into one life and lets the network spoil them:
readings that are held back, late, out of order, lost, told twice, or stamped by a clock that is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st

from devices.kinds import Kind
from tests.reference.oracle import Told
from tests.reference.streams import north_of

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR

BANDS = [0, 0, 1, 2, 7]
SPEAKING = [*BANDS, 3, 5, 9]

_maybe = st.sampled_from([None, True, False])
_worn_again: st.SearchStrategy[list[bool | None]] = st.sampled_from(
    [[], [None], [True], [True], [None, True], [True, False]]
)
_charged: st.SearchStrategy[list[float | None]] = st.sampled_from(
    [[], [20.0], [15.0, 25.0], [25.0], [None, 90.0], [90.0, 20.0]]
)

_OUT: dict[str, list[dict[str, float]]] = {
    "heart_rate": [{"heart_rate_bpm": bpm} for bpm in (131.0, 160.0, 40.0)],
    "spo2": [{"spo2_pct": pct} for pct in (91.0, 85.0)],
    "blood_pressure": [
        {"systolic_mmhg": 180.0, "diastolic_mmhg": 80.0},
        {"systolic_mmhg": 90.0},
        {"systolic_mmhg": 150.0, "diastolic_mmhg": 120.0},
    ],
    "temperature": [{"temperature_c": celsius} for celsius in (39.1, 40.3, 35.0)],
}
_WELL: dict[str, list[dict[str, float]]] = {
    "heart_rate": [{"heart_rate_bpm": bpm} for bpm in (126.0, 80.0, 45.0)],
    "spo2": [{"spo2_pct": pct} for pct in (93.0, 98.0)],
    "blood_pressure": [{"systolic_mmhg": 175.0, "diastolic_mmhg": 115.0}, {"systolic_mmhg": 95.0}],
    "temperature": [{"temperature_c": celsius} for celsius in (38.8, 36.6, 35.3)],
}
_BETWEEN: dict[str, list[dict[str, float]]] = {
    "heart_rate": [{"heart_rate_bpm": bpm} for bpm in (130.0, 126.5, 44.0)],
    "spo2": [{"spo2_pct": pct} for pct in (91.5, 92.9)],
    "blood_pressure": [{"systolic_mmhg": 178.0, "diastolic_mmhg": 80.0}, {"diastolic_mmhg": 116.0}, {}],
    "temperature": [{"temperature_c": celsius} for celsius in (39.0, 38.9, 35.2)],
}


@st.composite
def walks(draw: st.DrawFn) -> list[Told]:
    """Fixes of one band: away from home and perhaps back, each leg about as far as the others of its kind."""
    band = draw(st.sampled_from(BANDS))
    step = draw(st.sampled_from([10, 20, 45, 70])) * S
    away, home = st.sampled_from([310, 340, 700, 900]), st.sampled_from([0, 100, 270])
    legs = [(draw(away), draw(st.integers(2, 9))), (draw(home), draw(st.integers(0, 4)))]
    if draw(st.booleans()):
        legs += [(draw(st.one_of(away, home)), draw(st.integers(1, 4)))]
    walk: list[Told] = []
    for metres, fixes in legs:
        for _ in range(fixes):
            lat, lon = north_of(metres + draw(st.integers(0, 9)))
            accuracy = draw(st.sampled_from([5.0] * 9 + [None, 60.0, 500.0]))
            fields = {"lat": lat, "lon": lon, "accuracy_m": accuracy}
            walk.append(Told(band, Kind.POSITION, len(walk) * step, 0, len(walk), fields=fields))
    return walk


@st.composite
def measurements(draw: st.DrawFn, sign: str) -> list[Told]:
    """A vital sign of one device: out of the limits for a while, and then perhaps well."""
    band = draw(st.sampled_from([*BANDS, 3]))
    step = draw(st.sampled_from([30, 60, 120, 300, 310, 310, 900, 1000])) * S
    out, well = st.sampled_from(_OUT[sign]), st.sampled_from(_WELL[sign])
    between = st.one_of(out, well, st.sampled_from(_BETWEEN[sign]))
    lengths = draw(st.integers(1, 7)), draw(st.sampled_from([0, 0, 1, 3])), draw(st.sampled_from([0, 2, 2, 3]))
    values = [draw(kind) for kind, n in zip((out, between, well), lengths, strict=True) for _ in range(n)]
    beside = draw(st.sampled_from([{}, {}, {"heart_rate_bpm": 140.0}, {"spo2_pct": 88.0}]))
    return [Told(band, Kind.VITALS, i * step, 0, i, fields={**beside, **value}) for i, value in enumerate(values)]


@st.composite
def laid_aside(draw: st.DrawFn) -> list[Told]:
    """Heartbeats of a band that nobody wears, and perhaps the one with which it is worn again."""
    band = draw(st.sampled_from([*BANDS, 9]))
    step = draw(st.sampled_from([40 * MINUTE, 2 * HOUR, 2 * HOUR, 3 * HOUR, 25 * HOUR]))
    times = [i * step for i in range(draw(st.integers(2, 7)))]
    a_day = draw(st.sampled_from([24 * HOUR, 25 * HOUR]))
    times += [times[-1] + i * a_day for i in range(1, draw(st.integers(1, 3)))]
    charging = draw(_maybe)
    beats = [
        Told(band, Kind.HEARTBEAT, t, 0, i, fields={"worn": False, "charging": charging, "interval_s": 90_000.0})
        for i, t in enumerate(times)
    ]
    for i, value in enumerate(draw(_worn_again), start=1):
        beats.append(Told(band, Kind.HEARTBEAT, times[-1] + i * step, 0, fields={"worn": value}))
    return beats


@st.composite
def discharges(draw: st.DrawFn) -> list[Told]:
    """Heartbeats of a device whose battery runs down, is forgotten, and perhaps charged."""
    device = draw(st.sampled_from(SPEAKING))
    step = draw(st.sampled_from([5 * MINUTE, 12 * HOUR, 24 * HOUR]))
    low = draw(st.lists(st.sampled_from([14.0, 15.0, 3.0]), min_size=1, max_size=4))
    levels = [*low, *draw(_charged)]
    return [Told(device, Kind.HEARTBEAT, i * step, 0, i, fields={"battery_pct": pct}) for i, pct in enumerate(levels)]


@st.composite
def reports(draw: st.DrawFn) -> list[Told]:
    """A device that reports for a while, as often as it says, and then no more."""
    device = draw(st.sampled_from(SPEAKING))
    interval = draw(st.sampled_from([None, 60.0, 300.0, 1200.0, 200_000.0]))
    step = min(int((interval or 300.0) * S), HOUR)
    fields = {"interval_s": interval, "charging": draw(_maybe), "battery_pct": draw(st.sampled_from([None, 3.0, 80.0]))}
    beats = [Told(device, Kind.HEARTBEAT, i * step, 0, fields=fields) for i in range(draw(st.integers(1, 4)))]
    if draw(st.booleans()):
        lat, lon = north_of(draw(st.sampled_from([0, 20, 90, 250, 900])))
        beats.append(Told(device, Kind.POSITION, S, 0, fields={"lat": lat, "lon": lon, "accuracy_m": 10.0}))
    return beats


@st.composite
def presses(draw: st.DrawFn, kind: Kind) -> list[Told]:
    """One device's presses or falls, and those that are taken back."""
    device = draw(st.sampled_from([0, 0, 2, 3, 5, 6]))
    steps = draw(st.lists(st.sampled_from([5, 30, 60, 61, 540, 600]), min_size=1, max_size=4))
    trusted = draw(st.sampled_from([True] * 6 + [False]))
    cries = []
    t = 0
    for i, step in enumerate(steps):
        fields: dict[str, Any] = {"cancel": draw(st.sampled_from([None, False, True, True])) if i else None}
        if kind == Kind.FALL:
            fields["confidence"] = draw(st.sampled_from([None, 0.3, 0.8, 0.9]))
        cries.append(Told(device, kind, t, 0, i, trusted=trusted, fields=fields))
        t += step * S
    return cries


@st.composite
def mornings(draw: st.DrawFn) -> list[Told]:
    """What somebody does who promised to be heard of: presses, a walk, a machine, a pressure taken, or nothing."""
    device = draw(st.sampled_from([*BANDS, 3, 4, 9]))
    step = draw(st.sampled_from([10 * MINUTE, HOUR, HOUR, 3 * HOUR, 12 * HOUR]))
    deed = st.sampled_from(["press", "press", "walk", "walk", "move", "train", "ask", "measure", "rest"])
    told, steps = [], draw(st.sampled_from([0, 4000]))
    for i, what in enumerate(draw(st.lists(deed, min_size=1, max_size=6))):
        kind, fields = Kind.HEARTBEAT, dict[str, Any]()
        match what:
            case "press" | "train" | "ask":
                kind = {"press": Kind.CHECKIN, "train": Kind.EXERCISE, "ask": Kind.SERVICE}[what]
            case "walk":
                steps += draw(st.sampled_from([0, 100]))
                fields = {"steps": steps, "worn": draw(_maybe)}
            case "move":
                fields = {"activity": draw(st.sampled_from([0.0, 2.0])), "charging": draw(_maybe)}
            case "measure":
                kind, fields = Kind.VITALS, draw(st.sampled_from([{"systolic_mmhg": 130.0}, {"spo2_pct": 97.0}]))
        told.append(Told(device, kind, i * step, 0, i, fields=fields))
    return told


@st.composite
def rests(draw: st.DrawFn) -> list[Told]:
    """A band that counts steps, of somebody who takes none for a day, and perhaps again."""
    band = draw(st.sampled_from([0, 0, 1, 2, 9]))
    every = draw(st.sampled_from([HOUR, 2 * HOUR]))
    counted: dict[str, Any] = draw(st.sampled_from([{"steps": 7000}, {"steps": 7000}, {"activity": 0.0}]))
    beats = draw(st.integers(3, 26 * HOUR // every))
    fields = [{"interval_s": every / S, **counted} for _ in range(beats)]
    if draw(st.booleans()):
        fields[draw(st.integers(1, beats - 1))] |= {"worn": False}
    fields += draw(st.sampled_from([[], [{"steps": 7001}], [{"activity": 3.0}], [{"steps": 20, "charging": True}]]))
    return [Told(band, Kind.HEARTBEAT, i * every, 0, i, fields=each) for i, each in enumerate(fields)]


@st.composite
def odd_readings(draw: st.DrawFn) -> list[Told]:
    """One reading of any kind from any device, known or not, with any of its fields."""
    kind = draw(st.sampled_from(Kind))
    fields: dict[str, Any] = {}
    if kind == Kind.POSITION:
        lat, lon = north_of(draw(st.sampled_from([0, 150, 190, 270, 290, 310, 340, 420, 700, 900])))
        fields = {"lat": lat, "lon": lon + draw(st.sampled_from([0.0, 0.001])), "accuracy_m": 5.0}
    elif kind == Kind.HEARTBEAT:
        fields = {"battery_pct": draw(st.sampled_from([None, 25.0])), "worn": draw(_maybe), "charging": draw(_maybe)}
    elif kind == Kind.VITALS:
        fields = draw(st.sampled_from([{}, {"heart_rate_bpm": 20.0, "spo2_pct": 50.0}, {"temperature_c": 42.0}]))
    elif kind == Kind.MOTION:
        kind = Kind.CHECKIN
    trusted = draw(st.sampled_from([True] * 6 + [False]))
    return [Told(draw(st.integers(0, 9)), kind, 0, 0, draw(st.integers(-1, 3)), trusted=trusted, fields=fields)]


@st.composite
def on_the_way(draw: st.DrawFn, story: list[Told]) -> list[Told]:
    """The story as it arrives."""
    arrived = [replace(told, received=told.t) for told in story]
    fate = draw(st.sampled_from(["fine"] * 9 + ["held back", "late", "ahead", "behind", "mixed", "lost", "twice"]))
    match fate:
        case "held back":
            end = max(one.t for one in story) + S
            arrived = [replace(told, received=end) for told in story]
        case "late":
            delay = draw(st.sampled_from([20 * S, 600 * S, 601 * S, 630 * S, 630 * S, 4000 * S]))
            arrived = [replace(told, received=told.t + delay) for told in story]
        case "ahead" | "behind":
            wrong = draw(st.sampled_from([20 * S, 290 * S])) if fate == "ahead" else -draw(st.integers(1, 900)) * S
            arrived = [replace(told, t=told.t + wrong, received=told.t) for told in story]
        case "mixed":
            times = sorted(told.t for told in story)
            mixed = draw(st.permutations(story))
            arrived = [replace(told, received=max(t, told.t)) for told, t in zip(mixed, times, strict=True)]
        case "lost":
            arrived = [told for told in arrived if draw(st.booleans())]
        case "twice":
            arrived += [replace(told, seq=told.seq + 100, received=told.received + S) for told in arrived]
    return arrived


STORIES: list[st.SearchStrategy[list[Told]]] = [
    walks(), mornings(), mornings(), rests(), laid_aside(), discharges(), reports(), reports(), presses(Kind.SOS),
    presses(Kind.FALL), odd_readings(),
    *(measurements(sign) for sign in sorted(_OUT)),
]  # fmt: skip


@st.composite
def told(draw: st.DrawFn, begin: int, *, whole: bool) -> list[Told]:
    """Stories after or beside each other from ``begin`` (ms) on, in the order in which they arrive.

    Some, or one of each. No reading has the key of another: the gateway drops those before the engine sees them.
    """
    some = st.lists(st.sampled_from(STORIES), min_size=1, max_size=5)
    arrived: list[Told] = []
    at = begin
    for story in draw(st.permutations(STORIES) if whole else some):
        at += draw(st.sampled_from([0, 0, 5 * S, 400 * S, HOUR, 9 * HOUR]))
        in_order = draw(story)
        spoiled = draw(on_the_way(in_order))
        arrived += [replace(one, t=one.t + at, received=one.received + at) for one in spoiled]
    arrived.sort(key=lambda reading: reading.received)
    return list({(one.device, one.kind, one.t, one.seq): one for one in reversed(arrived)}.values())[::-1]
