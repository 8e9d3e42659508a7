"""A site of 5,000 whose network is away for two hours, through engine, episodes and folding, on virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from alerts.alarm import Alarm
from alerts.engine import Engine
from alerts.standing import Standing
from devices.batch import HEADER, HEARTBEAT, ReadingBatch, empty_batch
from devices.kinds import Kind
from devices.registry import Assignment, Device, Entity, Record, RegistryChange, Resident, Site
from gateway.directory import Directory
from gateway.episodes import to_episodes

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
START = 1_750_120_000_000
"""2025-06-17T08:26:40 in Shanghai."""
AWAY, BACK, END = START + HOUR, START + 3 * HOUR, START + 4 * HOUR
PEOPLE = 5_000
LOOK = 10 * S
GONE_BEFORE = frozenset(range(40))
"""Their bands fall silent one after the other in the hour before."""
HELPLESS = frozenset({100, 2_000, 4_998})
"""Their bands are not heard again."""
FIVE_MINUTES, ONE_MINUTE, AN_HOUR = 300 * S, 60 * S, HOUR


def pace_of(person: int) -> int:
    """Most bands report every five minutes, some every minute, a few once an hour."""
    return ONE_MINUTE if person % 50 == 48 else AN_HOUR if person % 50 == 49 else FIVE_MINUTES


@cache
def heartbeats() -> tuple[np.ndarray, np.ndarray]:
    """When each heartbeat is made, rising, and by whom."""
    rng = np.random.default_rng(7)
    times, people = [], []
    for person in range(PEOPLE):
        pace = pace_of(person)
        own = np.arange(START - int(rng.integers(1, pace + 1)), END, pace)
        if person in GONE_BEFORE:
            own = own[own < START + 10 * MINUTE + person * 30 * S]
        if person in HELPLESS:
            own = own[own < AWAY]
        times.append(own)
        people.append(np.full(len(own), person))
    t, who = np.concatenate(times), np.concatenate(people)
    order = np.argsort(t, kind="stable")
    return t[order], who[order]


@cache
def arrivals() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(received, t, who) in the order of arrival: what is made in the outage is stored, and comes when a band is back.

    Each band finds the network within five minutes of its return, and hands over the oldest first, one a second.
    """
    t, who = heartbeats()
    received = t.copy()
    returns = BACK + np.random.default_rng(8).integers(0, 5 * MINUTE, PEOPLE)
    for person in np.unique(who):
        own = np.flatnonzero((who == person) & (t >= AWAY) & (t < returns[person]))
        received[own] = returns[person] + S * np.arange(len(own))
    order = np.argsort(received, kind="stable")
    return received[order], t[order], who[order]


def batch(received: np.ndarray, t: np.ndarray, who: np.ndarray) -> ReadingBatch:
    header, beats = np.zeros(len(t), HEADER), np.zeros(len(t), HEARTBEAT)
    header["t"], header["received"], header["device"], header["seq"] = t, received, who, -1
    header["row"], header["kind"], header["trusted"] = np.arange(len(t)), int(Kind.HEARTBEAT), 1
    for name in ("battery_pct", "rssi_dbm", "activity"):
        beats[name] = np.nan
    beats["interval_s"] = [pace_of(int(person)) / S for person in who]
    for name in ("charging", "worn", "steps"):
        beats[name] = -1
    return empty_batch()._replace(header=header, heartbeat=beats)


def registry() -> list[RegistryChange]:
    records: list[tuple[Entity, Record]] = [("site", Site(id="s", name="s"))]
    for slot in range(PEOPLE):
        records += [
            ("resident", Resident(id=f"r{slot}", slot=slot, site="s", name="")),
            ("device", Device(id=f"d{slot}", slot=slot, site="s")),
            ("assignment", Assignment(id=f"a{slot}", device_slot=slot, resident_slot=slot, from_ms=START - 9 * HOUR)),
        ]
    return [
        RegistryChange(version=i, entity=entity, key=record.id, record=record)
        for i, (entity, record) in enumerate(records, start=1)
    ]


class Town:
    """The engine and the alarms that come of what it says."""

    def __init__(self) -> None:
        self.engine, self.directory, self.standing = Engine(), Directory(), Standing()
        changes = registry()
        self.engine.apply(changes)
        self.directory.apply(changes)

    def live(self, start: int, end: int, listening_since: int) -> None:
        received, t, who = arrivals()
        for now in range(start, end, LOOK):
            first, last = np.searchsorted(received, [now - LOOK, now])
            events = [
                self.engine.process(batch(received[first:last], t[first:last], who[first:last]), now),
                self.engine.advance(now, listening_since),
            ]
            self.engine.commit()
            for episode in to_episodes(np.concatenate(events), [], self.directory, now, self.engine.sites):
                self.standing.fold(episode, now)

    def alarms(self, start: int, end: int) -> list[Alarm]:
        return [alarm for alarm in self.standing.known.values() if start <= alarm.raised_at < end]


def rules(alarms: Sequence[Alarm]) -> Counter[str]:
    return Counter(alarm.rule for alarm in alarms)


@pytest.mark.parametrize("restarted_at", [None, AWAY + 5 * MINUTE, AWAY + HOUR, BACK + 2 * MINUTE])
def test_an_outage_of_a_site_is_one_alarm_and_whoever_is_not_back_after_it_is_told_of(
    restarted_at: int | None,
) -> None:
    town = Town()
    if restarted_at is None:
        town.live(START, END, START - HOUR)
    else:
        town.live(START, restarted_at, START - HOUR)
        town.engine = Engine.restore(town.engine.snapshot())
        town.live(restarted_at, END, restarted_at)

    before = town.alarms(START, AWAY)
    assert rules(before) == {"missed_check.silent": len(GONE_BEFORE)}
    (outage,) = town.alarms(AWAY, BACK)
    assert (outage.rule, outage.subject, outage.severity) == ("system.site_silent", "s", "high")
    after = town.alarms(BACK, END)
    assert {alarm.resident for alarm in after} == {f"r{person}" for person in HELPLESS}
    assert rules(after) == {"missed_check.silent": len(HELPLESS)}
    assert town.standing.known[outage.id].state == "resolved"
    standing = {alarm.resident for alarm in town.standing.active.values()}
    assert standing == {f"r{person}" for person in (*GONE_BEFORE, *HELPLESS)}
