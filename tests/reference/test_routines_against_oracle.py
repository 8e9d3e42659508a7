"""Weeks of ordinary life with their silences: the engine judges them as the oracle does, cut, undone and restored."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import HealthCheck, given, settings

from alerts.engine import Engine, What
from devices.kinds import Kind
from tests.reference.oracle import Oracle, Rule, Told
from tests.reference.play import agree
from tests.reference.speakers import verdicts_in
from tests.reference.streams import (
    START,
    assignment,
    batch_of,
    beat,
    change,
    device,
    felt,
    fix,
    press,
    resident,
    seen,
)

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
COMMUNITY = [
    *(change(resident(slot, timezone=zone)) for slot, zone in enumerate(("Europe/Berlin", "Nowhere/Atlantis"))),
    *(change(device(slot)) for slot in range(3)),
    *(change(assignment(slot, slot % 2)) for slot in range(3)),
]
"""Resident 0 wears two bands."""
APART_M = 97.0
"""Places so far apart that none is about 100 m from another: the engine keeps them to half a metre."""


def weeks(random: np.random.Generator, *, often: float, by: str, every: int) -> list[Told]:
    """What the bands report for two weeks and more of somebody who sleeps, rests, goes out, and falls silent.

    They rest on one day of the week.
    """
    told: list[Told] = []
    t, total, still_until = START, 5, 0
    while t < START + 16 * DAY:
        t += every
        hour = t % DAY // HOUR
        if random.random() < 0.004:
            still_until = t + int(random.integers(1, 20)) * HOUR
        if random.random() < 0.01:
            t += int(random.integers(1, 9)) * HOUR
        rests = not 6 <= hour < 22 or t // DAY % 7 == 1
        stirs = t > still_until and random.random() < (often / 20 if rests else often)
        total += int(stirs)
        moved = {"steps": total} if by == "steps" else {"activity": float(stirs)}
        band = int(random.choice([0, 0, 0, 2]))
        aside = {"worn": False} if random.random() < 0.02 else {}
        late = int(random.choice([0] * 30 + [2 * HOUR]))
        if by == "motion":
            samples = random.normal((0, 0, 1000), random.choice([5, 13, 14, 15]) + 30 * stirs, (30, 3)).astype(np.int16)
            told += [felt(t, samples, who, received=t + late) for who in (band, 1)]
            moved = {}
        if aside or by != "motion" or random.random() < 0.2:
            told += [beat(t, who, received=t + late, interval_s=every / S, **moved, **aside) for who in (band, 1)]
        match random.random():
            case chance if chance < 0.01:
                told.append(press(t - 3 * MINUTE, band, kind=Kind.CHECKIN, received=t + late))
            case chance if chance < 0.03:
                told.append(fix(t, APART_M * float(random.integers(0, 7)), band, received=t + late))
            case _:
                pass
    return sorted(told, key=lambda one: one.received)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([0.95, 0.5, 0.2]), st.sampled_from(["steps", "activity", "motion"]),
    st.sampled_from([5, 10, 30]),
)  # fmt: skip
def test_engine_judges_weeks_as_the_oracle_does(seed: int, often: float, by: str, minutes: int) -> None:
    random = np.random.default_rng(seed)
    engine, oracle = Engine(), Oracle()
    engine.apply(COMMUNITY)
    for one in COMMUNITY:
        oracle.apply(one)
    told = weeks(random, often=often, by=by, every=minutes * MINUTE)
    for first in range(0, len(told), 50):
        batch = told[first : first + 50]
        now = batch[-1].received
        if random.random() < 0.1:
            sighting = change(seen(int(random.integers(2)), now - HOUR))
            engine.apply([sighting])
            oracle.apply(sighting)
        if random.random() < 0.2:
            engine.process(batch_of(batch[:20]), now)
            engine.rollback()
        if random.random() < 0.1:
            engine = Engine.restore(engine.snapshot())
        said = verdicts_in(engine.process(batch_of(batch), now))
        engine.commit()
        mine = [one for one in said if one.said.rule == Rule.MISSED_CHECK_INACTIVITY]
        expected = [one for one in oracle.hear(batch, now) if one.said.rule == Rule.MISSED_CHECK_INACTIVITY]
        agree([mine], [expected])


def test_such_weeks_have_alarms_of_every_kind() -> None:
    said: set[int] = set()
    oracle = Oracle()
    for one in COMMUNITY:
        oracle.apply(one)
    random = np.random.default_rng(1)
    for told in weeks(random, often=0.95, by="activity", every=10 * MINUTE):
        verdicts = oracle.hear([told], told.received)
        said |= {one.said.what for one in verdicts if one.said.rule == Rule.MISSED_CHECK_INACTIVITY}
    assert said == {What.OPENED, What.EVIDENCE, What.RECOVERED}
