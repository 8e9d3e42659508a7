"""A night of 200 residents and the morning after: bands on chargers, on bedside tables, asleep at home.

The desk can sleep too, and is not woken by those who put their band back on between 06:00 and 08:00.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alerts.engine import Engine, Rule, Severity, What
from tests.reference.oracle import Told
from tests.reference.streams import assignment, batch_of, beat, change, circle, device, fix, resident

EVENING = 1_750_075_200_000
"""2025-06-16T20:00 in Shanghai."""
MINUTE = 60_000
HOUR = 60 * MINUTE
DAWN = EVENING + 10 * HOUR
END = EVENING + 13 * HOUR
PEOPLE = 200


def night() -> list[Told]:
    """Heartbeats every 5 minutes and a fix an hour from 20:00 to 09:00, with the ordinary gaps of a night."""
    rng = np.random.default_rng(2025)
    told: list[Told] = []
    for person in range(PEOPLE):
        habit = person % 4
        bed = EVENING + int(rng.integers(2 * HOUR + 10 * MINUTE, 4 * HOUR))
        morning = EVENING + int(rng.integers(10 * HOUR, 12 * HOUR))
        battery = 90.0
        for t in range(EVENING + int(rng.integers(0, 5 * MINUTE)), END, 5 * MINUTE):
            asleep = bed <= t < morning
            said: dict[str, Any] = {"battery_pct": battery, "charging": False, "worn": True, "interval_s": 300.0}
            if habit == 0 and asleep:
                if t - bed < 5 * MINUTE:
                    told.append(beat(t, person, **{**said, "charging": True}))
                continue
            if habit == 1 and asleep:
                if t - bed < 5 * MINUTE:
                    told.append(beat(t, person, **{**said, "worn": False}))
                continue
            if habit == 2 and bed <= t < DAWN - 10 * MINUTE and rng.random() < 0.7:
                continue
            told.append(beat(t, person, **said))
            if t % HOUR < 5 * MINUTE:
                told.append(fix(t + 1, float(rng.normal(0, 15)), person, accuracy_m=20.0))
    return sorted(told, key=lambda reading: reading.t)


def test_a_night_of_two_hundred_residents_sounds_at_most_once() -> None:
    engine = Engine()
    for person in range(PEOPLE):
        records = (resident(person), device(person), assignment(person, person), circle(person))
        engine.apply([change(record) for record in records])
    told = night()
    sounding = fell_silent = 0
    at = 0
    for now in range(EVENING, END, MINUTE):
        until = at
        while until < len(told) and told[until].t <= now:
            until += 1
        events = [engine.process(batch_of(told[at:until]), now), engine.advance(now, EVENING)]
        engine.commit()
        at = until
        for event in np.concatenate(events):
            if event["what"] in (What.OPENED, What.EVIDENCE):
                fell_silent += event["rule"] == Rule.MISSED_CHECK_SILENT
                sounding += event["severity"] >= Severity.MEDIUM
    assert fell_silent >= PEOPLE // 2
    assert sounding <= 1
