"""Random nights of two residents at home: the engine says what the oracle says until the second morning."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
from hypothesis import event, given, settings

from alerts.engine import What
from devices.registry import RegistryChange
from tests.reference.changes import SETTINGS
from tests.reference.lives import Mishap, Turn
from tests.reference.oracle import Rule, Told
from tests.reference.oracle.words import OF_WAYS
from tests.reference.play import Play, Work
from tests.reference.streams import assignment, beat, change, circle, device, fix, parameter, resident

S = 1000
MINUTE = 60 * S
EVENINGS = [
    (zone, int(datetime(2025, month, day, 20, tzinfo=ZoneInfo(zone)).timestamp()) * S)
    for zone, month, day in (
        ("Asia/Shanghai", 6, 15),
        ("Europe/Berlin", 3, 29),
        ("Europe/Berlin", 10, 25),
        ("Australia/Lord_Howe", 10, 4),
    )
]
"""Eight in the evening, before nights of 8, 7, 9 and 7.5 hours."""

habits = st.lists(st.sampled_from([one for one in SETTINGS if ".silent." in one.key]), max_size=2)
mishaps: st.SearchStrategy[Mishap] = st.sampled_from(["none", "undone whole", "undone half", "restarted", "crashed"])


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


def community(zone: str, evening: int) -> list[RegistryChange]:
    """Resident 0 with two bands and a circle, resident 1 with one band and a home only."""
    return [
        change(resident(0, timezone=zone)),
        change(resident(1, timezone=zone)),
        *(change(device(slot)) for slot in range(3)),
        *(change(assignment(slot, slot // 2, from_ms=evening - 60 * MINUTE)) for slot in range(3)),
        change(circle(0)),
        *(change(parameter(f"{rule.public_name}.enabled", 0.0)) for rule in OF_WAYS),
    ]


COMMUNITIES = [(evening, community(zone, evening)) for zone, evening in EVENINGS]


@st.composite
def nights(draw: st.DrawFn) -> tuple[list[RegistryChange], list[Turn]]:
    """A community and its night: bands that report from the evening on, most of them until they do not."""
    evening, people = draw(st.sampled_from(COMMUNITIES))
    now = evening
    asleep = [fix(now + 150 * MINUTE, 20, band) for band in sorted(draw(st.sets(st.integers(0, 2))))]
    turns = []
    for i in range(draw(st.integers(2, 8))):
        now += draw(st.sampled_from([2, 11, 31, 60, 150, 240, 420])) * MINUTE
        told: list[Told] = []
        if now >= evening + 150 * MINUTE:
            told, asleep = [*asleep, *draw(told_by(now))], []
        turns.append(
            Turn(
                now=now, told=tuple(told), changes=tuple(draw(habits)) if i == 0 else (), switched=(), cuts=(),
                listening_since=draw(st.sampled_from([None, *[evening] * 4, now - MINUTE, now - 10 * MINUTE])),
                advances=1, later=(), mishap=draw(mishaps), keep=draw(st.booleans()),
            )
        )  # fmt: skip
    return people, turns


@settings(max_examples=150, deadline=None)
@given(nights())
def test_engine_says_of_a_night_what_the_oracle_says(night: tuple[list[RegistryChange], list[Turn]]) -> None:
    people, turns = night
    play = Play(people)
    play.live(turns)
    event(f"mornings: {play.work[Work(Rule.MISSED_CHECK_SILENT, What.EVIDENCE)]}")
