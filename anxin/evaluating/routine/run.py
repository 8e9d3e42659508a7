"""The run: everybody's lives through the engine, as it runs in a gateway, and what it said when."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from zlib import crc32

import numpy as np

from alerts.engine import Engine, Rule, What
from anxin.evaluating.routine import plain_limit
from anxin.evaluating.routine.figures import Report, report_of
from anxin.evaluating.routine.lives import Life, ends_of, life_of, local_hours, told
from anxin.evaluating.routine.outcome import Outcome, Watched
from anxin.evaluating.routine.recordings import Person, Times
from devices.clock import HOUR_MS, MINUTE_MS
from devices.registry import Assignment, Device, Entity, Parameter, Record, RegistryChange, Resident

RULE: Final = Rule.MISSED_CHECK_INACTIVITY
STEP_MS: Final = MINUTE_MS
"""Readings of so long are heard together; a gateway hears them at once: a delay is up to a minute too long here."""
IDLE_STEP_MS: Final = 5 * MINUTE_MS
"""How often the engine is asked when nothing arrives; a gateway asks it each second."""

Told = Callable[[int, int], None]


def evaluate(
    people: Sequence[Person], *, trials: int, seed: int, parameters: Mapping[str, float], told_of: Told
) -> Report:  # fmt: skip
    """Evaluate everybody.

    Args:
        people: whose recordings; each is judged alone, by an engine that has never seen anybody.
        trials: how often the signs of each end.
        seed: of the chance by which they end; a person's trials do not depend on who else is there.
        parameters: other values of the rules' parameters, for everyone.
        told_of: hears how much of how much is done.

    Raises:
        EvaluationError: a recording is too short.
    """
    lives = [life_of(person) for person in people]
    work = [len(life.t) for life in lives]
    Engine.warm()
    began = time.perf_counter()
    found: list[Watched] = []
    for number, (person, life) in enumerate(zip(people, lives, strict=True)):
        chance = np.random.default_rng([seed, crc32(person.subject.encode())])
        ends = ends_of(life, trials, chance)
        learned = watched(life, ends, parameters)
        plain = plain_limit.judged(life, ends)
        found.append(Watched(person.subject, person.folder, life.days, local_hours(life, ends), learned, plain))
        told_of(sum(work[: number + 1]), sum(work))
    return report_of(
        found, trials=trials, seed=seed, parameters=dict(parameters), seconds=time.perf_counter() - began
    )  # fmt: skip


def watched(life: Life, ends: Times, parameters: Mapping[str, float]) -> Outcome:
    """What the engine says of one life: resident 0 lives it, resident ``1 + i`` until ``ends[i]``."""
    engine = Engine()
    engine.apply(_registry(1 + len(ends), life.timezone, parameters))
    batch = told(life, ends)
    start, recorded_to = int(life.t[0]), int(life.t[-1])
    arrivals = -(-(batch.header["t"] - start) // STEP_MS) * STEP_MS + start
    moments = np.union1d(arrivals, np.arange(start, int(arrivals[-1]), IDLE_STEP_MS))
    edges = np.searchsorted(batch.header["t"], moments, "right").tolist()
    alarms: list[list[tuple[int, int]]] = [[] for _ in range(1 + len(ends))]
    read = 0
    for now, edge in zip(moments.tolist(), edges, strict=True):
        events = [engine.process(batch.window(read, edge), now)] if edge > read else []
        events.append(engine.advance(now, start))
        engine.commit()
        read = edge
        for said in (row for rows in events if len(rows) for row in rows[rows["rule"] == RULE]):
            alarms[int(said["resident"])].append((now, int(said["what"])))
    false_alarms = sum(what == What.OPENED and now <= recorded_to for now, what in alarms[0])
    waits = [_wait_ms(said, end) for said, end in zip(alarms[1:], ends.tolist(), strict=True)]
    delays = np.array([np.inf if wait is None else wait / HOUR_MS for wait in waits])
    return Outcome(false_alarms, delays, sum(wait == 0 for wait in waits))


def _wait_ms(said: Sequence[tuple[int, int]], end: int) -> int | None:
    """From the end of the signs to an alarm that stands: 0 when one did already, None when none came."""
    standing = False
    for now, what in said:
        if what == What.OPENED and now > end:
            return now - end
        if what in (What.OPENED, What.RECOVERED):
            standing = what == What.OPENED
    return 0 if standing else None


def _registry(residents: int, timezone: str, parameters: Mapping[str, float]) -> list[RegistryChange]:
    """Everybody lives on a site of their own, so that no gap of the recording is taken for a failed network."""
    records: list[tuple[Entity, Record]] = [
        ("parameter", Parameter(id=f"everyone//{name}", scope="everyone", name=name, value=value))
        for name, value in parameters.items()
    ]
    for i in range(residents):
        records += [
            ("resident", Resident(id=f"r{i}", slot=i, site=f"s{i}", name="", timezone=timezone)),
            ("device", Device(id=f"d{i}", slot=i, site=f"s{i}")),
            ("assignment", Assignment(id=f"a{i}", device_slot=i, resident_slot=i, from_ms=0)),
        ]
    return [
        RegistryChange(version=1 + number, entity=entity, key=record.id, record=record)
        for number, (entity, record) in enumerate(records)
    ]
